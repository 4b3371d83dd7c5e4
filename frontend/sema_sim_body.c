// sema_sim_body.c: statements of bodies: definitions, updates, matches, loops, wait_until, hold.
//
// Scopes are the language's: a block's names end with it. A loop has constant bounds, so that a
// module can do only so much in a cycle.
#include "sema_sim.h"
#include <string.h>

#define PLAIN ((SimType){0, true})

static SimNode *nothing(SimBody *body, Span span) {
    return sim_const(body, 0, span);
}

SimLocal *sim_local(SimBody *body, Name *name, SimType type, bool is_mutable) {
    SimLocal *local = ARENA_NEW(body->s->arena, SimLocal);
    local->name = name;
    local->type = type;
    local->is_mutable = is_mutable;
    local->number = body->locals++;
    return local;
}

static void bind(SimBody *body, SimLocal *local) {
    SimBinding binding = {local->name, local};
    vec_push(body->s->scratch, &body->names, binding);
}

// --- definitions ---------------------------------------------------------------------------------

// False after a report: `name` may not be defined here.
static bool may_define(SimBody *body, const Name *name, Span span, bool is_mutable) {
    const SimLocal *seen = sim_find_local(body, name);
    const Symbol *symbol = sim_find(body, name);
    bool is_register = symbol != NULL && symbol->kind == SYMBOL_REGISTER;
    if (seen != NULL && is_mutable)
        diag_report(body->s->c, DIAG_E0403, span, name->text);
    else if ((seen != NULL && seen->is_mutable) || (seen == NULL && is_register))
        diag_report(body->s->c, DIAG_E0404, span, name->text);
    else
        return true;
    return false;
}

static SimNode *define(SimBody *body, Node *node) {
    DefineNode *define = node->define;
    if (define->names.len != 1) return sim_refuse(body, node->span, "several names at once");
    if (define->or_return || define->to_f32 || define->hot || define->exported)
        return sim_refuse(body, node->span, "this definition");
    if (define->value->kind == NODE_LAMBDA)
        return sim_refuse(body, node->span, "a function definition: define it outside");
    Name *name = define->names.items[0];
    SimNode *value = sim_tree(body, define->value);
    SimType type = define->is_mutable ? PLAIN : value->type;
    if (define->type_name != NULL) {
        if (!sim_type_of(define->type_name, &type))
            return sim_refuse(body, node->span, "this type: u1 … u64, i1 … i64");
        sim_check_width(body, value, type, name->text);
        value = sim_cut_to(body, type, value, node->span);
    }
    if (!may_define(body, name, define->name_spans.items[0], define->is_mutable)) return value;
    SimLocal *local = sim_local(body, name, type, define->is_mutable);
    bind(body, local);
    SimNode *set = sim_set(body, local, value, node->span);
    if (body->module == NULL || body->depth != 1 || define->is_mutable) return set;
    VEC_EACH(SimExposed *, exposed, &body->module->exposed) {
        if (exposed->name != name) continue;
        exposed->type = local->type;
        local->exposed = exposed;
    }
    return set;
}

// --- updates -------------------------------------------------------------------------------------

static SimNode *with_operator(SimBody *body, const Node *node, SimNode *old, SimNode *value) {
    switch (node->update.op) {
    case UPDATE_SET: return value;
    case UPDATE_ADD: return sim_binary(body, SIM_ADD, old, value, node->span);
    case UPDATE_SUB: return sim_binary(body, SIM_SUB, old, value, node->span);
    case UPDATE_MUL: return sim_binary(body, SIM_MUL, old, value, node->span);
    case UPDATE_DIV: return sim_binary(body, SIM_DIV, old, value, node->span);
    case UPDATE_MOD: return sim_binary(body, SIM_MOD, old, value, node->span);
    case UPDATE_POW: break;
    }
    return sim_refuse(body, node->span, "the operator `**`");
}

static SimNode *change(SimBody *body, SimOp op, SimTarget *target, SimNode *value, SimNode *index,
                       Span span) {
    SimNode *node = sim_new(body, op, span);
    node->target = target;
    node->a = value;
    node->b = index;
    sim_check_width(body, value, target->type, sim_target_text(body->s->arena, target));
    return node;
}

// m.a <- x
static SimNode *push(SimBody *body, Node *node) {
    const Node *target = node->update.target, *base = target->field.base;
    Symbol *symbol = base->kind == NODE_NAME && sim_find_local(body, base->name.name) == NULL
                         ? sim_find(body, base->name.name)
                         : NULL;
    if (symbol == NULL || symbol->kind != SYMBOL_MODULE || node->update.op != UPDATE_SET)
        return sim_refuse(body, node->span, "an update of a field: `module.port <- value`");
    SimTarget *port = sim_find_port(symbol->module, target->field.name);
    if (port == NULL) {
        Diag *diag = diag_report(body->s->c, DIAG_E0716, target->field.name_span,
                                 symbol->name->text, "port", target->field.name->text);
        diag_note(body->s->c, diag, symbol->span, "this module");
        return nothing(body, node->span);
    }
    symbol->module->partial = true;
    return change(body, SIM_PUSH, port, sim_tree(body, node->update.value), NULL, node->span);
}

static SimNode *no_register(SimBody *body, const Node *target, const Name *name) {
    const Symbol *symbol = sim_find(body, name);
    const SimLocal *local = sim_find_local(body, name);
    Diag *diag = diag_report(body->s->c, DIAG_E0713, target->span, name->text);
    if (local != NULL)
        diag_help(body->s->c, diag, "define it by `:=` to make it mutable");
    else if (sim_find_port(body->module, name) != NULL)
        diag_help(body->s->c, diag, "a port gets its values from callers: `%s.%s <- value`",
                  body->module->name->text, name->text);
    else if (symbol != NULL)
        diag_note(body->s->c, diag, symbol->span, "a variable of ordinary code");
    if (local == NULL)
        diag_help(body->s->c, diag,
                  "what modules remember and share are registers: `register %s: u32`", name->text);
    return nothing(body, target->span);
}

static SimNode *write_register(SimBody *body, Node *node, Symbol *symbol, Node *position) {
    SimTarget *target = symbol->target;
    if (target->is_array != (position != NULL))
        return sim_refuse(body, node->span,
                          target->is_array ? "an update of an array as a whole"
                                           : "an index of a single register");
    SimNode *index = position == NULL ? NULL : sim_expr(body, position), *again = NULL;
    SimNode *old = NULL;
    SimNode *block = NULL;
    if (node->update.op != UPDATE_SET) {
        if (index != NULL) { // evaluated once
            SimLocal *at = sim_local(body, NULL, PLAIN, false);
            block = sim_new(body, SIM_BLOCK, node->span);
            SimNode *set = sim_set(body, at, index, node->span);
            vec_push(body->s->arena, &block->items, set);
            index = sim_read_local(body, at, node->span);
            again = sim_read_local(body, at, node->span);
        }
        old = sim_new(body, SIM_READ, node->span);
        old->target = target;
        old->type = target->type;
        old->a = again;
        target->used = true;
    }
    SimNode *value = with_operator(body, node, old, sim_tree(body, node->update.value));
    SimNode *write = change(body, SIM_WRITE, target, value, index, node->span);
    if (block == NULL) return write;
    vec_push(body->s->arena, &block->items, write);
    return block;
}

static SimNode *update(SimBody *body, Node *node) {
    Node *target = node->update.target, *position = NULL;
    if (node->update.or_return) return sim_refuse(body, node->span, "`<-?`");
    if (target->kind == NODE_FIELD && body->module != NULL) return push(body, node);
    if (target->kind == NODE_INDEX) {
        position = target->index.index;
        target = target->index.base;
    }
    if (target->kind != NODE_NAME) return sim_refuse(body, node->span, "this update");
    const Name *name = target->name.name;
    SimLocal *local = sim_find_local(body, name);
    Symbol *symbol = sim_find(body, name);
    if (local == NULL && symbol != NULL && sema_is_poison(symbol)) return nothing(body, node->span);
    if (local != NULL && local->is_mutable && position == NULL) {
        SimNode *old = sim_read_local(body, local, node->span);
        SimNode *value = with_operator(body, node, old, sim_tree(body, node->update.value));
        return sim_set(body, local, sim_cut_to(body, local->type, value, node->span), node->span);
    }
    if (local != NULL || symbol == NULL || symbol->kind != SYMBOL_REGISTER ||
        body->module == NULL || sim_find_port(body->module, name) != NULL)
        return no_register(body, target, name);
    return write_register(body, node, symbol, position);
}

// --- blocks and matches --------------------------------------------------------------------------

SimNode *sim_block(SimBody *body, NodeVec *statements) {
    Span span = statements->len > 0 ? statements->items[0]->span : (Span){0, 0};
    SimNode *block = sim_new(body, SIM_BLOCK, span);
    uint32_t mark = body->names.len;
    body->depth++;
    VEC_EACH(Node *, statement, statements) {
        SimNode *item = sim_tree(body, statement);
        vec_push(body->s->arena, &block->items, item);
    }
    body->depth--;
    body->names.len = mark;
    if (block->items.len > 0) block->type = block->items.items[block->items.len - 1]->type;
    return block;
}

static bool is_literal_guard(const SimBody *body, const Node *guard) {
    if (guard->kind == NODE_UNARY)
        return guard->unary.op == UNARY_NEG && guard->unary.operand->kind == NODE_NUMBER;
    if (guard->kind == NODE_NUMBER) return true;
    if (guard->kind != NODE_NAME || sim_find_local(body, guard->name.name) != NULL) return false;
    const Symbol *symbol = sim_find(body, guard->name.name);
    if (symbol == NULL) symbol = map_get(&body->s->universe->names, guard->name.name);
    return symbol != NULL && symbol->constant != NULL;
}

// Arms open a scope each, and are not the top level of the body.
static SimNode *arm_body(SimBody *body, Node *node) {
    uint32_t mark = body->names.len;
    body->depth++;
    SimNode *value = sim_tree(body, node);
    body->depth--;
    body->names.len = mark;
    return value;
}

static void choose_type(SimNode *node) {
    SimType b = node->b->type, c = node->c == NULL ? PLAIN : node->c->type;
    bool same = b.width == c.width && b.is_signed == c.is_signed;
    if (node->c != NULL && same) node->type = b;
}

// A match asks for a Result when it binds one, or has a guard for one.
static bool asks_for_result(const Node *node) {
    bool asks = node->match.on_result;
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        ArmKind kind = node->match.arms.items[i].kind;
        asks = asks || kind == ARM_ERR_GUARD || kind == ARM_VAL_GUARD;
    }
    return asks;
}

typedef struct Matching {
    SimBody *body;
    SimNode *block;
    bool on_result;
    SimLocal *subject; // 0 when a Result is none
    SimLocal *ok;      // null: the subject is no Result
} Matching;

static SimLocal *kept(const Matching *matching, SimNode *value) {
    SimLocal *local = sim_local(matching->body, NULL, value->type, false);
    SimNode *set = sim_set(matching->body, local, value, value->span);
    vec_push(matching->body->s->arena, &matching->block->items, set);
    return local;
}

static void take_subject(Matching *matching, Node *node) {
    SimBody *body = matching->body;
    if (!asks_for_result(node)) {
        matching->subject = kept(matching, sim_expr(body, node->match.subject));
        return;
    }
    SimResult result = sim_result(body, node->match.subject);
    matching->on_result = node->match.on_result;
    matching->ok = kept(matching, result.ok);
    SimNode *value = sim_new(body, SIM_IF, node->span);
    value->a = sim_read_local(body, matching->ok, node->span);
    value->b = result.value;
    value->type = result.value->type;
    matching->subject = kept(matching, value);
}

static SimNode *guard_of(const Matching *matching, const MatchArm *arm) {
    SimBody *body = matching->body;
    SimNode *guard = sim_expr(body, arm->guard);
    if (!is_literal_guard(body, arm->guard)) return guard;
    SimNode *read = sim_read_local(body, matching->subject, arm->span);
    SimNode *equal = sim_binary(body, SIM_EQ, read, guard, arm->span);
    if (matching->ok == NULL) return equal;
    SimNode *both = sim_new(body, SIM_BOTH, arm->span); // an error equals nothing
    both->a = sim_read_local(body, matching->ok, arm->span);
    both->b = equal;
    return both;
}

static SimNode *condition_of(const Matching *matching, const MatchArm *arm) {
    SimBody *body = matching->body;
    bool by_ok = matching->on_result || arm->kind == ARM_ERR_GUARD || arm->kind == ARM_VAL_GUARD;
    if (arm->kind == ARM_GUARD) return guard_of(matching, arm);
    SimNode *read = sim_read_local(body, by_ok ? matching->ok : matching->subject, arm->span);
    return arm->kind == ARM_ERR_GUARD ? sim_unary(body, SIM_NOT, read, arm->span) : read;
}

// What an arm does, with the value bound to the name that it may have.
static SimNode *bound_arm(const Matching *matching, MatchArm *arm) {
    SimBody *body = matching->body;
    if (arm->binds.len == 0) return arm_body(body, arm->body);
    if (arm->kind != ARM_BIND_VALUE || arm->binds.len > 1)
        return sim_refuse(body, arm->span, "an arm that binds anything but one value");
    uint32_t mark = body->names.len;
    SimNode *block = sim_new(body, SIM_BLOCK, arm->span);
    SimLocal *local = sim_local(body, arm->binds.items[0], matching->subject->type, false);
    bind(body, local);
    SimNode *read = sim_read_local(body, matching->subject, arm->span);
    SimNode *set = sim_set(body, local, read, arm->span);
    vec_push(body->s->arena, &block->items, set);
    SimNode *value = arm_body(body, arm->body);
    vec_push(body->s->arena, &block->items, value);
    block->type = value->type;
    body->names.len = mark;
    return block;
}

SimNode *sim_match(SimBody *body, Node *node) {
    Matching matching = {.body = body, .block = sim_new(body, SIM_BLOCK, node->span)};
    take_subject(&matching, node);
    SimNode *first = NULL, **next = &first, *last = NULL;
    bool conditional = false; // some arm asks before the default
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        MatchArm *arm = &node->match.arms.items[i];
        if (arm->kind == ARM_DEFAULT || arm->kind == ARM_BIND_ERROR) {
            last = bound_arm(&matching, arm);
            continue;
        }
        SimNode *choice = sim_new(body, SIM_IF, arm->span);
        choice->a = condition_of(&matching, arm);
        choice->b = bound_arm(&matching, arm);
        conditional = true;
        *next = choice;
        next = &choice->c;
    }
    if (!conditional) { // only a default: the subject when it is true
        first = sim_new(body, SIM_IF, node->span);
        first->a =
            sim_read_local(body, matching.on_result ? matching.ok : matching.subject, node->span);
        first->b = sim_read_local(body, matching.subject, node->span);
        next = &first->c;
    }
    *next = last;
    for (SimNode *choice = first; choice != NULL && choice->op == SIM_IF && choice != last;
         choice = choice->c)
        choose_type(choice);
    vec_push(body->s->arena, &matching.block->items, first);
    matching.block->type = first->type;
    return matching.block;
}

// --- loops and jumps -----------------------------------------------------------------------------

static SimLoop *open_loop(SimBody *body, SimLocal *variable, int64_t low, int64_t count) {
    SimLoop *loop = ARENA_NEW(body->s->arena, SimLoop);
    loop->variable = variable;
    loop->low = low;
    loop->count = count < 0 ? 0 : count;
    loop->number = body->loops++;
    vec_push(body->s->scratch, &body->open, loop);
    return loop;
}

static SimNode *loop_body(SimBody *body, LoopNode *node, SimLoop *loop, Span span) {
    SimNode *result = sim_new(body, SIM_LOOP, span);
    result->loop = loop;
    uint32_t mark = body->names.len;
    loop->variable->name = node->names.len > 0 ? node->names.items[0] : NULL;
    if (loop->variable->name != NULL) bind(body, loop->variable);
    body->depth++;
    result->a = sim_block(body, &node->body->block.statements);
    body->depth--;
    body->names.len = mark;
    body->open.len--;
    return result;
}

static SimNode *loop(SimBody *body, Node *node) {
    LoopNode *loop = node->loop;
    if (loop->prefix != PREFIX_NONE)
        return sim_refuse(body, loop->header,
                          "a parallel loop: modules run in parallel themselves");
    if (loop->kind != LOOP_RANGE || loop->max != NULL || loop->max_inf) {
        Diag *diag = diag_report(body->s->c, DIAG_E0714, loop->header);
        diag_help(body->s->c, diag, "`@ i in 0..<8 { … }`");
        return nothing(body, node->span);
    }
    int64_t low, high;
    bool good =
        sim_constant(body, loop->low, "a bound of a loop in a module", -(1 << 24), 1 << 24, &low);
    good = sim_constant(body, loop->high, "a bound of a loop in a module", -(1 << 24), 1 << 24,
                        &high) &&
           good;
    if (!good) return nothing(body, node->span);
    SimLocal *variable = sim_local(body, NULL, PLAIN, false);
    SimLoop *made = open_loop(body, variable, low, high - low + loop->inclusive);
    return loop_body(body, loop, made, node->span);
}

static SimNode *jump(SimBody *body, SimOp op, uint32_t level, const Node *value, Span span) {
    if (value != NULL) return sim_refuse(body, span, "a loop with a value");
    if (body->open.len == 0 || level > body->open.len) {
        diag_report(body->s->c, DIAG_E0415, span, op == SIM_LEAVE ? "ret @" : "@++");
        return nothing(body, span);
    }
    SimNode *node = sim_new(body, op, span);
    node->loop = body->open.items[level == 0 ? body->open.len - 1 : level - 1];
    return node;
}

static SimNode *give_back(SimBody *body, Node *node) {
    if (node->ret.value != NULL && body->module != NULL)
        return sim_refuse(body, node->span, "a result: `ret` alone ends the module's work");
    SimNode *result = sim_new(body, SIM_RETURN, node->span);
    if (body->function != NULL)
        result->a =
            node->ret.value == NULL ? nothing(body, node->span) : sim_tree(body, node->ret.value);
    return result;
}

static SimNode *hold(SimBody *body, const Node *node) {
    SimTarget *port = sim_find_port(body->module, node->hold.name);
    if (port == NULL) {
        diag_report(body->s->c, DIAG_E0722, node->span, node->hold.name->text);
        return nothing(body, node->span);
    }
    SimNode *result = sim_new(body, SIM_HOLD, node->span);
    result->target = port;
    return result;
}

SimNode *sim_tree(SimBody *body, Node *node) {
    switch ((int)node->kind) {
    case NODE_DEFINE: return define(body, node);
    case NODE_UPDATE: return update(body, node);
    case NODE_LOOP: return loop(body, node);
    case NODE_RET: return give_back(body, node);
    case NODE_LEAVE: return jump(body, SIM_LEAVE, node->leave.level, node->leave.value, node->span);
    case NODE_NEXT: return jump(body, SIM_NEXT, node->next.level, NULL, node->span);
    case NODE_HOLD: return hold(body, node);
    case NODE_WAIT_UNTIL:
        diag_report(body->s->c, DIAG_E0721, node->span, "stands first in a module's body");
        return nothing(body, node->span);
    case NODE_SWAP: return sim_refuse(body, node->span, "a swap: write both registers");
    case NODE_ERR:
    case NODE_DEFER:
    case NODE_ARENA: return sim_refuse(body, node->span, "this statement");
    }
    return sim_expr(body, node);
}

// --- modules -------------------------------------------------------------------------------------

// Before any body is read: downstream modules may stand anywhere.
static void expose_names(Sema *s, SimModel *model, SimModule *module) {
    NodeVec *statements = &module->source->module.body->block.statements;
    VEC_EACH(Node *, node, statements) {
        if (node->kind != NODE_DEFINE || node->define->is_mutable || node->define->names.len != 1)
            continue;
        SimExposed *exposed = NULL;
        VEC_EACH(SimExposed *, known, &module->exposed)
        if (known->name == node->define->names.items[0]) exposed = known;
        if (exposed != NULL) continue;
        exposed = ARENA_NEW(s->arena, SimExposed);
        exposed->name = node->define->names.items[0];
        exposed->module = module;
        exposed->type = PLAIN;
        exposed->number = model->exposed.len;
        vec_push(s->arena, &model->exposed, exposed);
        vec_push(s->arena, &module->exposed, exposed);
    }
}

static void module_body(Sema *s, SimModel *model, SimModule *module) {
    SimBody body = {.s = s, .model = model, .module = module};
    Node *block = module->source->module.body;
    NodeVec rest = block->block.statements;
    if (rest.len > 0 && rest.items[0]->kind == NODE_WAIT_UNTIL) {
        if (module->kind == SIM_DOWNSTREAM)
            diag_report(s->c, DIAG_E0721, rest.items[0]->span,
                        "has no meaning in a downstream module, which never waits");
        body.in_wait = true;
        module->wait = sim_expr(&body, rest.items[0]->wait_until.condition);
        body.in_wait = false;
        rest.items++;
        rest.len--;
    }
    module->body = sim_block(&body, &rest);
    module->locals = body.locals;
    module->loops = body.loops;
    module->weight = body.weight;
}

void sim_bodies(Sema *s, SimModel *model) {
    VEC_EACH(SimModule *, module, &model->modules) {
        if (module->source->module.body->kind != NODE_BLOCK) return; // a syntax error was told
        expose_names(s, model, module);
    }
    // Types of exposed names are known when their modules have been read.
    for (int downstream = 0; downstream < 2; downstream++)
        VEC_EACH(SimModule *, module, &model->modules)
    if ((module->kind == SIM_DOWNSTREAM) == downstream) module_body(s, model, module);
}
