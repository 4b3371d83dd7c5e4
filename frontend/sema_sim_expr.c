// sema_sim_expr.c: expressions of the integer dialect: names, operators, elements, constants.
//
// Everything has a value of 64 bits; a node's type says of how many of them it is known to make use
// (sim.h), which `concat` and the warning about lost width ask for.
#include "sema_sim.h"
#include <math.h>
#include <string.h>

#define PLAIN ((SimType){0, true})
#define TRUTH ((SimType){1, false})

// --- nodes ---------------------------------------------------------------------------------------

SimNode *sim_new(SimBody *body, SimOp op, Span span) {
    SimNode *node = ARENA_NEW(body->s->arena, SimNode);
    node->op = (uint8_t)op;
    node->type = PLAIN;
    node->span = span;
    body->weight++;
    return node;
}

SimNode *sim_const(SimBody *body, int64_t value, Span span) {
    SimNode *node = sim_new(body, SIM_CONST, span);
    node->value = value;
    return node;
}

SimNode *sim_refuse(SimBody *body, Span span, const char *what) {
    const char *where = body->module != NULL ? "a module" : "a function that modules call";
    diag_report(body->s->c, DIAG_E0709, span, where, what);
    return sim_const(body, 0, span);
}

int64_t sim_cut(SimType type, int64_t value) {
    if (type.width == 0 || type.width == 64) return value;
    unsigned rest = 64u - type.width;
    uint64_t high = (uint64_t)value << rest;
    return type.is_signed ? (int64_t)high >> rest : (int64_t)(high >> rest);
}

static bool same_type(SimType a, SimType b) {
    return a.width == b.width && a.is_signed == b.is_signed;
}

bool sim_fits(SimType type, int64_t value) {
    return sim_cut(type, value) == value;
}

SimNode *sim_cut_to(SimBody *body, SimType type, SimNode *a, Span span) {
    if (a->op == SIM_CONST) {
        SimNode *node = sim_const(body, sim_cut(type, a->value), span);
        node->type = type;
        return node;
    }
    if (same_type(a->type, type)) return a;
    SimNode *node = sim_unary(body, SIM_CUT, a, span);
    node->type = type;
    return node;
}

SimNode *sim_unary(SimBody *body, SimOp op, SimNode *a, Span span) {
    if (a->op == SIM_CONST && op == SIM_NEG)
        return sim_const(body, (int64_t)(0 - (uint64_t)a->value), span);
    if (a->op == SIM_CONST && op == SIM_BNOT) return sim_const(body, ~a->value, span);
    if (a->op == SIM_CONST && op == SIM_NOT) return sim_const(body, a->value == 0, span);
    SimNode *node = sim_new(body, op, span);
    node->a = a;
    if (op == SIM_NOT) node->type = TRUTH;
    if (op == SIM_POPCOUNT || op == SIM_CLZ || op == SIM_CTZ) node->type = (SimType){7, false};
    return node;
}

// --- operators -----------------------------------------------------------------------------------

static int64_t rotate(uint64_t a, unsigned count) {
    return (int64_t)(count == 0 ? a : a << count | a >> (64 - count));
}

// False: left to the run (division by zero).
static bool fold(SimOp op, int64_t x, int64_t y, int64_t *result) {
    uint64_t a = (uint64_t)x, b = (uint64_t)y;
    unsigned count = (unsigned)(b & 63);
    switch ((int)op) {
    case SIM_ADD: *result = (int64_t)(a + b); return true;
    case SIM_SUB: *result = (int64_t)(a - b); return true;
    case SIM_MUL: *result = (int64_t)(a * b); return true;
    case SIM_DIV: *result = y == -1 ? (int64_t)(0 - a) : y == 0 ? 0 : x / y; return y != 0;
    case SIM_MOD: *result = y == -1 || y == 0 ? 0 : x % y; return y != 0;
    case SIM_AND: *result = (int64_t)(a & b); return true;
    case SIM_OR: *result = (int64_t)(a | b); return true;
    case SIM_XOR: *result = (int64_t)(a ^ b); return true;
    case SIM_SHL: *result = (int64_t)(a << count); return true;
    case SIM_SHR: *result = (int64_t)(a >> count); return true;
    case SIM_SRA: *result = x >> count; return true;
    case SIM_ROL: *result = rotate(a, count); return true;
    case SIM_ROR: *result = rotate(a, (64 - count) & 63); return true;
    case SIM_EQ: *result = x == y; return true;
    case SIM_NE: *result = x != y; return true;
    case SIM_LT: *result = x < y; return true;
    case SIM_LE: *result = x <= y; return true;
    case SIM_GT: *result = x > y; return true;
    case SIM_GE: *result = x >= y; return true;
    case SIM_LTU: *result = a < b; return true;
    case SIM_MIN: *result = x < y ? x : y; return true;
    case SIM_MAX: *result = x > y ? x : y; return true;
    case SIM_BOTH: *result = x != 0 && y != 0; return true;
    case SIM_EITHER: *result = x != 0 || y != 0; return true;
    }
    UNREACHABLE("a binary operation");
}

// The type of `a op b`, as far as one is known.
static SimType binary_type(SimOp op, const SimNode *a, const SimNode *b) {
    bool typed = a->type.width != 0 && same_type(a->type, b->type);
    switch ((int)op) {
    case SIM_EQ:
    case SIM_NE:
    case SIM_LT:
    case SIM_LE:
    case SIM_GT:
    case SIM_GE:
    case SIM_LTU:
    case SIM_BOTH:
    case SIM_EITHER: return TRUTH;
    case SIM_AND:
        if (typed) return a->type;
        if (a->type.width != 0 && !a->type.is_signed) return a->type;
        if (b->type.width != 0 && !b->type.is_signed) return b->type;
        return PLAIN;
    case SIM_OR:
    case SIM_XOR:
    case SIM_MIN:
    case SIM_MAX: return typed ? a->type : PLAIN;
    case SIM_SHR: return a->type.is_signed ? PLAIN : a->type;
    case SIM_SRA: return a->type;
    }
    return PLAIN;
}

SimNode *sim_binary(SimBody *body, SimOp op, SimNode *a, SimNode *b, Span span) {
    int64_t value;
    bool constant = a->op == SIM_CONST && b->op == SIM_CONST;
    if (constant && fold(op, a->value, b->value, &value)) return sim_const(body, value, span);
    SimNode *node = sim_new(body, op, span);
    node->a = a;
    node->b = b;
    node->type = binary_type(op, a, b);
    if (body->function != NULL && (op == SIM_DIV || op == SIM_MOD) &&
        (b->op != SIM_CONST || b->value == 0))
        body->function->may_stop = true;
    return node;
}

static bool sim_op_of(BinaryOp op, SimOp *result) {
    static const uint8_t ops[BINARY_OP_COUNT] = {
        [BINARY_ADD] = SIM_ADD,   [BINARY_SUB] = SIM_SUB,  [BINARY_MUL] = SIM_MUL,
        [BINARY_DIV] = SIM_DIV,   [BINARY_MOD] = SIM_MOD,  [BINARY_LT] = SIM_LT,
        [BINARY_LE] = SIM_LE,     [BINARY_GT] = SIM_GT,    [BINARY_GE] = SIM_GE,
        [BINARY_EQ] = SIM_EQ,     [BINARY_NE] = SIM_NE,    [BINARY_AND] = SIM_BOTH,
        [BINARY_OR] = SIM_EITHER, [BINARY_SHL] = SIM_SHL,  [BINARY_SHR] = SIM_SHR,
        [BINARY_ROL] = SIM_ROL,   [BINARY_ROR] = SIM_ROR,  [BINARY_BAND] = SIM_AND,
        [BINARY_BOR] = SIM_OR,    [BINARY_BXOR] = SIM_XOR,
    };
    *result = (SimOp)ops[op];
    return ops[op] != 0;
}

// x in low..<high
static SimNode *in_range(SimBody *body, Node *node) {
    Node *range = node->binary.right;
    if (range->kind != NODE_RANGE) return sim_refuse(body, node->span, "`in` without a range");
    SimLocal *x = sim_local(body, NULL, PLAIN, false);
    SimNode *block = sim_new(body, SIM_BLOCK, node->span);
    SimNode *first = sim_set(body, x, sim_expr(body, node->binary.left), node->span);
    SimNode *low = sim_binary(body, SIM_GE, sim_read_local(body, x, node->span),
                              sim_expr(body, range->range.low), node->span);
    SimNode *high = sim_binary(body, range->range.inclusive ? SIM_LE : SIM_LT,
                               sim_read_local(body, x, node->span),
                               sim_expr(body, range->range.high), node->span);
    SimNode *test = sim_binary(body, SIM_BOTH, low, high, node->span);
    if (node->binary.op == BINARY_NOT_IN) test = sim_unary(body, SIM_NOT, test, node->span);
    vec_push(body->s->arena, &block->items, first);
    vec_push(body->s->arena, &block->items, test);
    block->type = TRUTH;
    return block;
}

static SimNode *truth_of(SimBody *body, SimNode *a, Span span) {
    return sim_unary(body, SIM_NOT, sim_unary(body, SIM_NOT, a, span), span);
}

// Operators that stand on the left of each other are as many as the source is long.
static SimNode *binary(SimBody *body, Node *node) {
    NodeVec chain = {0};
    while (node->kind == NODE_BINARY) {
        vec_push(body->s->scratch, &chain, node);
        BinaryOp op = node->binary.op;
        if (op == BINARY_IN || op == BINARY_NOT_IN) break;
        node = node->binary.left;
    }
    SimNode *left = node->kind == NODE_BINARY ? NULL : sim_expr(body, node);
    for (uint32_t i = chain.len; i-- > 0;) {
        node = chain.items[i];
        BinaryOp op = node->binary.op;
        SimOp sim_op;
        if (op == BINARY_IN || op == BINARY_NOT_IN) {
            left = in_range(body, node);
            continue;
        }
        SimNode *right = sim_expr(body, node->binary.right);
        if (op == BINARY_XOR) {
            left = sim_binary(body, SIM_NE, truth_of(body, left, node->span),
                              truth_of(body, right, node->span), node->span);
        } else if (sim_op_of(op, &sim_op)) {
            left = sim_binary(body, sim_op, left, right, node->span);
        } else {
            left =
                sim_refuse(body, node->binary.op_span,
                           arena_printf(body->s->arena, "the operator `%s`", binary_op_text[op]));
        }
    }
    return left;
}

static SimNode *unary(SimBody *body, Node *node) {
    SimNode *a = sim_expr(body, node->unary.operand);
    switch (node->unary.op) {
    case UNARY_NEG: return sim_unary(body, SIM_NEG, a, node->span);
    case UNARY_NOT: return sim_unary(body, SIM_NOT, a, node->span);
    case UNARY_BNOT: return sim_unary(body, SIM_BNOT, a, node->span);
    case UNARY_LEN:
    case UNARY_HEAD:
    case UNARY_TAIL: break;
    }
    return sim_refuse(body, node->span, "an operator of lists");
}

// --- numbers -------------------------------------------------------------------------------------

bool sim_exact_literal(Sema *s, Span span, uint64_t *value) {
    const Source *source = source_find(&s->c->sources, span.begin);
    if (source == NULL) return false;
    const char *at = source->text + (span.begin - source->base);
    const char *end = source->text + (span.end - source->base);
    unsigned radix = 10;
    if (end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'b')) {
        radix = at[1] == 'x' ? 16 : 2;
        at += 2;
    }
    *value = 0;
    for (; at < end; at++) {
        if (*at == '_') continue;
        unsigned digit = *at >= '0' && *at <= '9'   ? (unsigned)(*at - '0')
                         : *at >= 'a' && *at <= 'f' ? (unsigned)(*at - 'a' + 10)
                         : *at >= 'A' && *at <= 'F' ? (unsigned)(*at - 'A' + 10)
                                                    : 99;
        if (digit >= radix || *value > (UINT64_MAX - digit) / radix) return false;
        *value = *value * radix + digit;
    }
    return true;
}

static SimNode *number(SimBody *body, const Node *node, Span span) {
    double value = node->number.value;
    uint64_t exact;
    if (value == floor(value) && fabs(value) <= 0x1p53 && !node->number.inexact)
        return sim_const(body, (int64_t)value, span);
    if (value == floor(value) && value >= 0 && sim_exact_literal(body->s, node->span, &exact))
        return sim_const(body, (int64_t)exact, span);
    diag_report(body->s->c, DIAG_E0710, span, value);
    return sim_const(body, 0, span);
}

bool sim_constant(SimBody *body, Node *node, const char *what, int64_t least, int64_t most,
                  int64_t *value) {
    uint32_t errors = body->s->c->errors;
    const SimNode *a = sim_expr(body, node);
    *value = a->op == SIM_CONST ? a->value : least;
    if (errors != body->s->c->errors) return false;
    if (a->op != SIM_CONST) {
        diag_report(body->s->c, DIAG_E0704, node->span, what, "a constant");
        return false;
    }
    if (*value >= least && *value <= most) return true;
    diag_report(body->s->c, DIAG_E0704, node->span, what,
                arena_printf(body->s->arena, "a whole number from %lld to %lld", (long long)least,
                             (long long)most));
    *value = least;
    return false;
}

void sim_check_width(SimBody *body, const SimNode *value, SimType to, const char *place) {
    SimType from = value->type;
    if (value->op == SIM_CONST) {
        SimType either = {to.width, !to.is_signed};
        if (sim_fits(to, value->value) || sim_fits(either, value->value)) return;
        Diag *diag = diag_report(body->s->c, DIAG_W0120, value->span, (long long)value->value,
                                 place, sim_type_text(body->s->arena, to));
        diag_help(body->s->c, diag, "the bits that do not fit are cut off: %lld is stored",
                  (long long)sim_cut(to, value->value));
        return;
    }
    if (from.width <= to.width) return;
    Diag *diag =
        diag_report(body->s->c, DIAG_W0121, value->span, sim_type_text(body->s->arena, from), place,
                    sim_type_text(body->s->arena, to));
    diag_help(body->s->c, diag, "`bits(x, %d, 0)` or `as` say that the upper bits may be lost",
              to.width - 1);
}

// --- names ---------------------------------------------------------------------------------------

Symbol *sim_find(const SimBody *body, const Name *name) {
    return map_get(&body->s->scope->names, name);
}

SimTarget *sim_find_port(const SimModule *module, const Name *name) {
    if (module == NULL) return NULL;
    VEC_EACH(SimTarget *, port, &module->ports)
    if (port->name == name) return port;
    return NULL;
}

SimLocal *sim_find_local(const SimBody *body, const Name *name) {
    for (uint32_t i = body->names.len; i-- > 0;)
        if (body->names.items[i].name == name) return body->names.items[i].local;
    return NULL;
}

SimNode *sim_read_local(SimBody *body, SimLocal *local, Span span) {
    SimNode *node = sim_new(body, SIM_LOCAL, span);
    node->local = local;
    node->type = local->type;
    return node;
}

SimNode *sim_set(SimBody *body, SimLocal *local, SimNode *value, Span span) {
    SimNode *node = sim_new(body, SIM_SET, span);
    node->local = local;
    node->a = value;
    return node;
}

static SimNode *of_target(SimBody *body, SimOp op, SimTarget *target, Span span) {
    SimNode *node = sim_new(body, op, span);
    node->target = target;
    node->type = op == SIM_VALID || op == SIM_READY ? TRUTH : target->type;
    return node;
}

static SimNode *unknown_name(SimBody *body, const Node *node) {
    const Name *name = node->name.name;
    Sema *s = body->s;
    Diag *diag = diag_report(s->c, DIAG_E0405, node->span, name->text);
    const Name *near = scope_nearest(s->scope, name, false);
    if (near != NULL) diag_help(s->c, diag, "did you mean `%s`?", near->text);
    return sim_const(body, 0, node->span);
}

static SimNode *ordinary_variable(SimBody *body, const Node *node, const Symbol *symbol) {
    Diag *diag = diag_report(body->s->c, DIAG_E0711, node->span, node->name.name->text);
    diag_note(body->s->c, diag, symbol->span, "a variable of ordinary code");
    diag_help(body->s->c, diag,
              "hardware knows constants (names in capitals, `N = 8`), registers, ports, and the "
              "names defined in the body");
    return sim_const(body, 0, node->span);
}

static SimNode *read_register(SimBody *body, const Node *node, SimTarget *target, SimNode *index) {
    if (body->module == NULL) {
        diag_report(body->s->c, DIAG_E0712, node->span, body->function->function->name->text,
                    "it reads a register");
        return sim_const(body, 0, node->span);
    }
    if (index == NULL && target->is_array)
        return sim_refuse(body, node->span, "an array of registers as a whole");
    SimNode *read = of_target(body, SIM_READ, target, node->span);
    read->a = index;
    target->used = true;
    return read;
}

static SimNode *name_value(SimBody *body, Node *node) {
    const Name *name = node->name.name;
    SimLocal *local = sim_find_local(body, name);
    if (local != NULL) return sim_read_local(body, local, node->span);
    SimTarget *port = sim_find_port(body->module, name);
    if (port != NULL) return of_target(body, SIM_HEAD, port, node->span);
    Symbol *symbol = sim_find(body, name);
    if (symbol == NULL) {
        symbol = map_get(&body->s->universe->names, name);
        if (symbol == NULL || symbol->constant == NULL) return unknown_name(body, node);
    }
    if (sema_is_poison(symbol)) return sim_const(body, 0, node->span);
    symbol->used = true;
    if (symbol->kind == SYMBOL_REGISTER) return read_register(body, node, symbol->target, NULL);
    if (symbol->kind == SYMBOL_MODULE)
        return sim_refuse(body, node->span, "a module's name as a value");
    if (symbol->kind == SYMBOL_CONSTANT && symbol->constant->kind == NODE_NUMBER)
        return number(body, symbol->constant, node->span);
    if (symbol->kind == SYMBOL_CONSTANT)
        return sim_refuse(body, node->span, "a constant that is no number as a whole");
    if (symbol->function != NULL) return sim_refuse(body, node->span, "a function as a value");
    return ordinary_variable(body, node, symbol);
}

// --- elements and fields -------------------------------------------------------------------------

static SimTable *table_of(SimBody *body, const Symbol *symbol, Span span) {
    SimModel *model = body->model;
    VEC_EACH(SimTable *, known, &model->tables)
    if (known->symbol == symbol) return known;
    SimTable *table = ARENA_NEW(body->s->arena, SimTable);
    const NodeVec *items = &symbol->constant->list.items;
    table->symbol = symbol;
    table->number = model->tables.len;
    table->count = items->len;
    table->values = ARENA_ARRAY(body->s->arena, int64_t, items->len + 1);
    for (uint32_t i = 0; i < items->len; i++) {
        if (items->items[i]->kind != NODE_NUMBER) {
            sim_refuse(body, span, "a constant list with anything but numbers");
            break;
        }
        table->values[i] = number(body, items->items[i], span)->value;
    }
    vec_push(body->s->arena, &model->tables, table);
    return table;
}

static SimNode *element(SimBody *body, Node *node) {
    const Node *base = node->index.base;
    if (base->kind != NODE_NAME) return sim_refuse(body, node->span, "an index here");
    Symbol *symbol = sim_find_local(body, base->name.name) != NULL ||
                             sim_find_port(body->module, base->name.name) != NULL
                         ? NULL
                         : sim_find(body, base->name.name);
    if (symbol == NULL) return sim_refuse(body, node->span, "an index of what is no array");
    symbol->used = true;
    if (symbol->kind == SYMBOL_REGISTER) {
        if (!symbol->target->is_array)
            return sim_refuse(body, node->span, "an index of a single register: `bits(x, i, i)`");
        return read_register(body, node, symbol->target, sim_expr(body, node->index.index));
    }
    if (symbol->kind == SYMBOL_CONSTANT && symbol->constant->kind == NODE_LIST) {
        SimNode *read = sim_new(body, SIM_TABLE, node->span);
        read->table = table_of(body, symbol, base->span);
        read->a = sim_expr(body, node->index.index);
        if (body->function != NULL) body->function->may_stop = true;
        return read;
    }
    if (sema_is_poison(symbol)) return sim_const(body, 0, node->span);
    return ordinary_variable(body, base, symbol);
}

Symbol *sim_find_module(const SimBody *body, const Node *node) {
    if (node->kind != NODE_NAME || sim_find_local(body, node->name.name) != NULL) return NULL;
    Symbol *symbol = sim_find(body, node->name.name);
    return symbol != NULL && symbol->kind == SYMBOL_MODULE ? symbol : NULL;
}

// a.valid?, m.a.ready?, m.name
static SimNode *field(SimBody *body, Node *node) {
    const Name *name = node->field.name;
    const Node *base = node->field.base;
    Sema *s = body->s;
    if (strcmp(name->text, "valid?") == 0) {
        SimTarget *port =
            base->kind == NODE_NAME ? sim_find_port(body->module, base->name.name) : NULL;
        if (port != NULL) return of_target(body, SIM_VALID, port, node->span);
        return sim_refuse(body, node->span, "`.valid?` of what is no port of its own");
    }
    if (strcmp(name->text, "ready?") == 0) {
        const Symbol *symbol =
            base->kind == NODE_FIELD ? sim_find_module(body, base->field.base) : NULL;
        SimTarget *port = symbol == NULL ? NULL : sim_find_port(symbol->module, base->field.name);
        if (port == NULL || body->module == NULL)
            return sim_refuse(body, node->span, "`.ready?` of what is no port: `m.a.ready?`");
        return of_target(body, SIM_READY, port, node->span);
    }
    if (body->in_wait) {
        diag_report(s->c, DIAG_E0721, node->span, "reads ports and registers, nothing else");
        return sim_const(body, 0, node->span);
    }
    return sim_result(body, node).value;
}

static SimNode *cast(SimBody *body, Node *node) {
    static const SimType types[] = {
        [CAST_I8] = {8, true},    [CAST_I16] = {16, true},  [CAST_I32] = {32, true},
        [CAST_I64] = {64, true},  [CAST_U8] = {8, false},   [CAST_U16] = {16, false},
        [CAST_U32] = {32, false}, [CAST_U64] = {64, false},
    };
    SimType type;
    if (node->cast.to <= CAST_U64) {
        type = types[node->cast.to];
    } else if (node->cast.to != CAST_STRUCT || !sim_type_of(node->cast.type_name, &type)) {
        return sim_refuse(body, node->span, "this type: u1 … u64, i1 … i64");
    }
    return sim_cut_to(body, type, sim_expr(body, node->cast.operand), node->span);
}

SimNode *sim_expr(SimBody *body, Node *node) {
    switch ((int)node->kind) {
    case NODE_POISON: return sim_const(body, 0, node->span);
    case NODE_NUMBER: return number(body, node, node->span);
    case NODE_NAME: return name_value(body, node);
    case NODE_UNARY: return unary(body, node);
    case NODE_BINARY: return binary(body, node);
    case NODE_INDEX: return element(body, node);
    case NODE_FIELD: return field(body, node);
    case NODE_CAST: return cast(body, node);
    case NODE_CALL: return sim_call(body, node);
    case NODE_MATCH: return sim_match(body, node);
    case NODE_BLOCK: return sim_block(body, &node->block.statements);
    case NODE_ORELSE: return sim_or_else(body, node);
    case NODE_RESULT_TEST: return sim_result_test(body, node);
    case NODE_LOOP_VALUE:
        if (node->loop_value.what == LOOP_CYCLE && body->module != NULL)
            return sim_new(body, SIM_CYCLE, node->span);
        return sim_refuse(body, node->span, "this value of a loop");
    case NODE_STRING:
    case NODE_FSTRING: return sim_refuse(body, node->span, "text, but in `log` and `assert`");
    case NODE_LIST:
    case NODE_RANGE:
    case NODE_SLICE: return sim_refuse(body, node->span, "a list");
    case NODE_MAP: return sim_refuse(body, node->span, "a map");
    case NODE_LAMBDA: return sim_refuse(body, node->span, "a function definition");
    case NODE_PIPE: return sim_refuse(body, node->span, "a pipe");
    case NODE_SPAWN: return sim_refuse(body, node->span, "`spawn`");
    }
    return sim_refuse(body, node->span, "this");
}
