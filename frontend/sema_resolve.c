// sema_resolve.c: the walk over the tree: numbers the nodes and sends each kind to its rules.
//
// It follows the order of evaluation. Left operands (`a + b + …`, `f(1)(2)…`) are walked with a
// stack of its own, because a parser makes such chains as long as the source; everything else nests
// no deeper than the parser allows.
#include "sema_internal.h"

void sema_push_scope(Sema *s) {
    s->scope = scope_new(s->scratch, s->scope, s->function);
}

void sema_pop_scope(Sema *s) {
    s->scope = s->scope->parent;
}

// --- statements ---------------------------------------------------------------------------------

static bool defines_function(const Node *node) {
    return node->kind == NODE_DEFINE && node->define->value != NULL &&
           node->define->value->kind == NODE_LAMBDA;
}

static void warn_unreachable(Sema *s, const NodeVec *statements, uint32_t from) {
    for (uint32_t i = from; i < statements->len; i++) {
        const Node *node = statements->items[i];
        if (defines_function(node)) continue; // those are seen from everywhere
        diag_report(s->c, DIAG_W0103, node->span);
        return;
    }
}

static bool may_fail(const Builtin *builtin) { // gives errors, which stop when nobody looks
    return builtin->result == GIVES_NUMBER_OR_ERROR || builtin->result == GIVES_STRING_OR_ERROR ||
           builtin->result == GIVES_ZERO_OR_ERROR;
}

static void warn_value_of_builtin(Sema *s, const Node *node) {
    const Node *callee = node->call.callee;
    if (callee->kind != NODE_NAME || !callee->name.symbol) return;
    const Builtin *builtin = callee->name.symbol->builtin;
    if (!builtin || (builtin->effects & ~EFFECT_STOP) != 0 || may_fail(builtin) ||
        builtin->result == GIVES_ZERO || builtin->result == GIVES_NEVER)
        return;
    Diag *diag = diag_report(s->c, DIAG_W0104, node->span);
    diag_help(s->c, diag, "`%s` changes nothing: it gives a new value", builtin->name);
}

static bool is_function(const Sema *s, const Symbol *symbol) {
    bool by_lambda = symbol->kind == SYMBOL_VARIABLE && map_get(&s->values, symbol) == NULL;
    return by_lambda || symbol->kind == SYMBOL_BUILTIN;
}

// A statement whose value nobody sees and that does nothing else.
static void warn_no_effect(Sema *s, const Node *node) {
    Diag *diag;
    switch ((int)node->kind) {
    case NODE_BINARY:
        diag = diag_report(s->c, DIAG_W0104, node->span);
        if (node->binary.op == BINARY_EQ)
            diag_help(s->c, diag, "`==` compares; `=` defines a variable and `<-` updates one");
        return;
    case NODE_NAME:
        diag = diag_report(s->c, DIAG_W0104, node->span);
        if (node->name.symbol != NULL && !is_function(s, node->name.symbol)) return;
        diag_help(s->c, diag, "a function is called with brackets: `%s()`", node->name.name->text);
        return;
    case NODE_CALL: warn_value_of_builtin(s, node); return;
    case NODE_NUMBER:
    case NODE_STRING:
    case NODE_LIST:
    case NODE_LAMBDA:
    case NODE_INDEX:
    case NODE_UNARY:
    case NODE_FSTRING: diag_report(s->c, DIAG_W0104, node->span); return;
    }
}

bool sema_statements(Sema *s, NodeVec *statements, unsigned context) {
    bool ended = false, warned = false;
    for (uint32_t i = 0; i < statements->len; i++) {
        Node *node = statements->items[i];
        if (ended && !warned) {
            warn_unreachable(s, statements, i);
            warned = true;
        }
        unsigned here = i + 1 == statements->len ? context : CTX_STATEMENT;
        if (sema_visit(s, node, here)) ended = true;
        if ((here & CTX_VALUE) == 0 && !ended) warn_no_effect(s, node);
    }
    return ended;
}

static bool visit_block(Sema *s, Node *node, unsigned context) {
    sema_push_scope(s);
    s->scope->statements = &node->block.statements;
    sema_declare_functions(s, &node->block.statements);
    bool ended = sema_statements(s, &node->block.statements, context);
    sema_pop_scope(s);
    return ended;
}

// An included file's statements belong to the level that includes it.
static void visit_use(Sema *s, Node *node) {
    Node *block = node->use.included;
    if (block == NULL || block->kind != NODE_BLOCK) return;
    sema_number(s, block);
    block->statement = true;
    s->used_files++;
    sema_statements(s, &block->block.statements, CTX_STATEMENT);
    s->used_files--;
}

// A deferred block runs when the block around it is left, so no jump may leave it.
static void visit_defer(Sema *s, Node *node) {
    const Function *outer = s->defer_function;
    uint32_t outer_loops = s->defer_loops;
    s->defer_function = s->function;
    s->defer_loops = s->loops.len;
    sema_visit(s, node->defer.body, CTX_STATEMENT);
    s->defer_function = outer;
    s->defer_loops = outer_loops;
}

// --- operators ----------------------------------------------------------------------------------

// The operand that is evaluated first and may begin a long chain, or null.
static Node *left_operand(const Node *node) {
    switch ((int)node->kind) {
    case NODE_BINARY: return node->binary.left;
    case NODE_INDEX: return node->index.base;
    case NODE_SLICE: return node->slice.base;
    case NODE_FIELD: return node->field.base;
    case NODE_CALL: return node->call.callee;
    case NODE_CAST: return node->cast.operand;
    case NODE_PIPE: return node->pipe.left;
    }
    return NULL;
}

static bool is_number(const Node *node) {
    return node->kind == NODE_NUMBER;
}

static uint16_t binary_effects(const Node *node) {
    const Node *left = node->binary.left, *right = node->binary.right;
    switch (node->binary.op) {
    case BINARY_EQ:
    case BINARY_NE:
    case BINARY_AND:
    case BINARY_OR:
    case BINARY_XOR: return 0;
    case BINARY_DIV:
    case BINARY_MOD:
        if (is_number(right) && right->number.value != 0) return is_number(left) ? 0 : EFFECT_STOP;
        return EFFECT_STOP | EFFECT_DIVIDE;
    case BINARY_ADD:
    case BINARY_SUB:
    case BINARY_MUL:
    case BINARY_POW:
    case BINARY_FUSED:
    case BINARY_CARRY:
    case BINARY_LT:
    case BINARY_LE:
    case BINARY_GT:
    case BINARY_GE:
    case BINARY_SHL:
    case BINARY_SHR:
    case BINARY_ROL:
    case BINARY_ROR:
    case BINARY_BAND:
    case BINARY_BOR:
    case BINARY_BXOR: return is_number(left) && is_number(right) ? 0 : EFFECT_STOP;
    case BINARY_IN:
    case BINARY_NOT_IN:
    case BINARY_CONS: return EFFECT_STOP;
    case BINARY_OP_COUNT: break;
    }
    UNREACHABLE("a binary operator is one of the list");
}

// The rest of a node whose left operand was visited.
static bool finish_chain(Sema *s, Node *node, unsigned context) {
    switch ((int)node->kind) {
    case NODE_BINARY:
        sema_value(s, node->binary.right);
        *s->effects |= binary_effects(node);
        return false;
    case NODE_INDEX:
        sema_value(s, node->index.index);
        (void)sema_memory(s, node);
        break;
    case NODE_SLICE:
        sema_value(s, node->slice.low);
        sema_value(s, node->slice.high);
        sema_value(s, node->slice.step);
        break;
    case NODE_CAST: sema_cast_type(s, node); break;
    case NODE_FIELD:
        if (sema_memory(s, node)) break;
        sema_field_as_index(s, node);
        sema_value(s, node->index.index);
        break;
    case NODE_CALL:
    case NODE_PIPE: {
        sema_call_site(s, node, context);
        const Node *callee = node->kind == NODE_CALL ? node->call.callee : node->pipe.right;
        return callee->kind == NODE_NAME && callee->name.symbol != NULL &&
               callee->name.symbol->builtin != NULL &&
               callee->name.symbol->builtin->id == BUILTIN_exit;
    }
    }
    *s->effects |= EFFECT_STOP;
    return false;
}

static void visit_fstring(Sema *s, Node *node) {
    for (uint32_t i = 0; i < node->fstring.parts.len; i++) {
        FPart *part = &node->fstring.parts.items[i];
        if (part->expr == NULL) continue;
        sema_value(s, part->expr);
        if (part->spec == NULL) continue;
        uint32_t len = 0;
        while (part->spec[len] != 0) len++;
        if (sema_conversion(part->spec, len) == len) continue;
        Diag *diag = diag_report(s->c, DIAG_E0504, part->expr->span, part->spec);
        diag_help(s->c, diag,
                  "conversions are %%v %%s %%b %%d %%i %%u %%x %%X %%o %%c %%f %%e %%g "
                  "%%a %%p, with flags, width and precision: `{x:.2f}`");
    }
}

static void visit_map(Sema *s, Node *node) {
    for (uint32_t i = 0; i < node->map.entries.len; i++) {
        sema_value(s, node->map.entries.items[i].key);
        sema_value(s, node->map.entries.items[i].value);
    }
}

static void outside_module(Sema *s, Node *node, const char *what) {
    diag_report(s->c, DIAG_E0701, node->span, what, "in modules");
    sema_poison(node);
}

// Kinds that have no left chain.
static bool visit_leaf(Sema *s, Node *node, unsigned context) {
    switch ((NodeKind)node->kind) {
    case NODE_POISON:
    case NODE_NUMBER:
    case NODE_STRING:
    case NODE_ALIAS: return false;
    case NODE_FSTRING: visit_fstring(s, node); return false;
    case NODE_NAME: sema_resolve_name(s, node, (context & CTX_CALLEE) != 0); return false;
    case NODE_LIST: VEC_EACH(Node *, item, &node->list.items) sema_value(s, item); return false;
    case NODE_UNARY:
        if (node->unary.op != UNARY_NOT) *s->effects |= EFFECT_STOP;
        sema_value(s, node->unary.operand);
        return false;
    case NODE_RANGE:
        sema_value(s, node->range.low);
        sema_value(s, node->range.high);
        return false;
    case NODE_LAMBDA: sema_lambda(s, node, NULL, (context & CTX_CALLEE) == 0); return false;
    case NODE_BLOCK: return visit_block(s, node, context);
    case NODE_MATCH: return sema_match(s, node, context);
    case NODE_LOOP: return sema_loop(s, node, context);
    case NODE_LOOP_VALUE: sema_loop_value(s, node); return false;
    case NODE_DEFINE: sema_define(s, node); return false;
    case NODE_UPDATE: sema_update(s, node); return false;
    case NODE_SWAP: sema_swap(s, node); return false;
    case NODE_RET: sema_ret(s, node); return true;
    case NODE_LEAVE: sema_leave(s, node); return node->leave.loop != NULL;
    case NODE_NEXT: sema_next(s, node); return node->next.loop != NULL;
    case NODE_USE: visit_use(s, node); return false;
    case NODE_BINARY:
    case NODE_INDEX:
    case NODE_SLICE:
    case NODE_CALL:
    case NODE_CAST:
    case NODE_PIPE: UNREACHABLE("chains are walked by sema_visit");
    case NODE_MAP: visit_map(s, node); return false;
    case NODE_ORELSE: sema_orelse(s, node, context); return false;
    case NODE_RESULT_TEST: sema_result_test(s, node); return false;
    case NODE_ERR: sema_err(s, node); return !node->err.from_loop || node->err.loop != NULL;
    case NODE_DEFER: visit_defer(s, node); return false;
    case NODE_ARENA: return sema_visit(s, node->arena.body, context & (unsigned)~CTX_TAIL);
    case NODE_IMPORT: sema_import(s, node); return false;
    case NODE_CSTRUCT: sema_cstruct(s, node); return false;
    case NODE_APPEND: sema_append(s, node); return false;
    case NODE_FOREIGN: return false;
    case NODE_MEMORY:
    case NODE_FIELD: UNREACHABLE("chains are walked by sema_visit");
    case NODE_SPAWN: return sema_spawn(s, node, context);
    case NODE_SEND: UNREACHABLE("sema_refuse took these");
    case NODE_PORT: UNREACHABLE("sema_port made something else of it");
    case NODE_UNSAFE: sema_unsafe(s, node); return false;
    case NODE_REGISTER: sema_sim_register(s, node); return false;
    case NODE_MODULE: sema_sim_module(s, node); return false;
    case NODE_WAIT_UNTIL: outside_module(s, node, "`wait_until`"); return false;
    case NODE_HOLD: outside_module(s, node, "`hold`"); return false;
    case NODE_KIND_COUNT: break;
    }
    UNREACHABLE("every kind of node has its case");
}

void sema_field_as_index(Sema *s, Node *node) {
    if (node->kind != NODE_FIELD) return;
    Node *base = node->field.base, *key = ast_new(s->arena, NODE_STRING, node->field.name_span);
    key->string.bytes = node->field.name->text;
    key->string.len = node->field.name->len;
    node->kind = NODE_INDEX;
    node->index.base = base;
    node->index.index = key;
}

bool sema_visit(Sema *s, Node *node, unsigned context) {
    uint32_t base = s->spine.len;
    bool ended = false;
    for (;;) {
        sema_number(s, node);
        node->statement = s->spine.len == base && (context & CTX_VALUE) == 0;
        if (sema_refuse(s, node)) break;
        sema_sim_use(s, node);
        sema_port(s, node);
        unsigned here = context;
        if (s->spine.len > base) {
            const Node *up = s->spine.items[s->spine.len - 1];
            here = up->kind == NODE_CALL ? CTX_VALUE | CTX_CALLEE : CTX_VALUE;
        }
        if (sema_type_constant(s, node) || sema_member(s, node, here) ||
            sema_package_member(s, node, (here & CTX_CALLEE) != 0))
            break;
        sema_join_cast(s, node);
        Node *left = left_operand(node);
        if (left == NULL) {
            ended = visit_leaf(s, node, here);
            break;
        }
        vec_push(s->scratch, &s->spine, node);
        node = left;
    }
    while (s->spine.len > base) {
        node = s->spine.items[--s->spine.len];
        bool outermost = s->spine.len == base;
        if (finish_chain(s, node, outermost ? context : CTX_VALUE)) ended = true;
    }
    return ended;
}
