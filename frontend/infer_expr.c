// infer_expr.c: the type of each kind of expression. One dispatch switch, a function per kind.
#include "infer_internal.h"
#include <math.h>

#define CODE_POINTS type_integer(0, 0x10FFFF)

static Type zero(void) {
    return type_integer(0, 0);
}

static Type infer_number(const Node *node) {
    double value = node->number.value;
    bool whole = value == trunc(value) && !(value == 0 && signbit(value));
    return whole ? type_integer(value, value) : type_number();
}

// A folded constant is shared by all functions: its nodes have no ids here.
static Type constant_type(Walk *w, const Node *node) {
    Type element = TYPE_NEVER;
    if (node->kind == NODE_NUMBER) return infer_number(node);
    if (node->kind == NODE_STRING) return type_of_kind(KIND_STRING);
    if (node->kind == NODE_LIST) {
        VEC_EACH(Node *, item, &node->list.items)
            element = type_join(w->infer->arena, element, constant_type(w, item));
        return type_list_ranged(w->infer->arena, element);
    }
    for (uint32_t i = 0; i < node->map.entries.len; i++)
        element = type_join(w->infer->arena, element,
                            constant_type(w, node->map.entries.items[i].value));
    Type map = type_list(w->infer->arena, element);
    map.kinds = KIND_MAP;
    return map;
}

static Type infer_name(Walk *w, Node *node) {
    Symbol *symbol = node->name.symbol;
    if (symbol == NULL) return type_any(); // already reported
    if (symbol->kind == SYMBOL_CONSTANT) return constant_type(w, symbol->constant);
    if (symbol->kind == SYMBOL_BUILTIN) return type_of_kind(KIND_FUNCTION);
    if (symbol->function != NULL) return infer_function_value(w, node, symbol->function);
    Type type = infer_symbol(w, symbol);
    for (uint32_t i = w->refinements.len; i-- > 0;)
        if (w->refinements.items[i].symbol == symbol && type.integer)
            return w->refinements.items[i].type;
    return type;
}

static Type infer_list(Walk *w, Node *node) {
    Type element = TYPE_NEVER;
    VEC_EACH(Node *, item, &node->list.items)
        element = type_join(w->infer->arena, element, infer_expr(w, item));
    return type_list_ranged(w->infer->arena, element);
}

static void infer_parts(Walk *w, Node *node) {
    for (uint32_t i = 0; i < node->fstring.parts.len; i++)
        if (node->fstring.parts.items[i].expr != NULL) infer_expr(w, node->fstring.parts.items[i].expr);
}

static Type infer_map(Walk *w, Node *node) {
    Type value = TYPE_NEVER;
    for (uint32_t i = 0; i < node->map.entries.len; i++) {
        infer_expr(w, node->map.entries.items[i].key);
        value = type_join(w->infer->arena, value, infer_expr(w, node->map.entries.items[i].value));
    }
    Type map = type_list(w->infer->arena, value);
    map.kinds = KIND_MAP;
    return map;
}

// --- operators ----------------------------------------------------------------------------------

static void report_unary(Walk *w, Node *node, Type operand) {
    static const char *const texts[] = {[UNARY_NEG] = "-",  [UNARY_NOT] = "not", [UNARY_BNOT] = "~b",
                                        [UNARY_LEN] = "#",  [UNARY_HEAD] = "^",  [UNARY_TAIL] = "&"};
    if (infer_may_report(w, node))
        diag_report(w->infer->c, DIAG_E0551, node->span, texts[node->unary.op],
                    type_kind_text(operand.kinds));
}

static Type infer_unary(Walk *w, Node *node, RangeUse use) {
    Type operand = infer_expr(w, node->unary.operand);
    uint8_t may = KIND_NUMBER;
    if (operand.kinds == 0) return TYPE_NEVER;
    switch (node->unary.op) {
    case UNARY_NEG: case UNARY_BNOT: break;
    case UNARY_NOT: return type_boolean();
    case UNARY_LEN: may = KIND_STRING | KIND_LIST | KIND_MAP; break;
    case UNARY_HEAD: case UNARY_TAIL: may = KIND_LIST | KIND_STRING; break;
    }
    if ((operand.kinds & (may | KIND_ERROR)) == 0) report_unary(w, node, operand);
    uint8_t error = operand.kinds & KIND_ERROR;
    Type result = TYPE_NEVER;
    if (node->unary.op == UNARY_HEAD) {
        result = type_join(w->infer->arena, type_element(operand), zero());
        if (type_may(operand, KIND_STRING))
            result = type_join(w->infer->arena, result, CODE_POINTS);
    } else if (node->unary.op == UNARY_TAIL) {
        result = operand;
        result.kinds &= may;
    } else {
        bool list = node->unary.op == UNARY_LEN && type_is(operand, KIND_LIST);
        if (!type_may(operand, KIND_NUMBER)) operand = type_number();
        result = range_unary(node->unary.op, operand, use);
        if (list) result.high = TYPE_MOST_ELEMENTS;
    }
    result.kinds |= error;
    return result;
}

static void report_binary(Walk *w, Node *node, BinaryOp op, Type a, Type b) {
    if (!infer_may_report(w, node)) return;
    Diag *diag = diag_report(w->infer->c, DIAG_E0550, node->span, binary_op_text[op],
                             type_kind_text(a.kinds), type_kind_text(b.kinds));
    bool text_and_number = (type_is(a, KIND_STRING) && type_is(b, KIND_NUMBER)) ||
                           (type_is(a, KIND_NUMBER) && type_is(b, KIND_STRING));
    if (op == BINARY_ADD && text_and_number)
        diag_help(w->infer->c, diag, "write an f-string: f\"{a}{b}\"");
}

static Type numbers(Type t) {
    Type number = t;
    number.kinds = KIND_NUMBER;
    number.element = NULL;
    number.function = NULL;
    return number;
}

static Type infer_add(Walk *w, Type a, Type b, RangeUse use) {
    Type result = TYPE_NEVER;
    uint8_t both = a.kinds & b.kinds;
    if ((both & KIND_NUMBER) != 0) result = range_binary(BINARY_ADD, numbers(a), numbers(b), use);
    if ((both & KIND_STRING) != 0)
        result = type_join(w->infer->arena, result, type_of_kind(KIND_STRING));
    if ((both & (KIND_LIST | KIND_MAP)) != 0) {
        Type joined =
            type_join(w->infer->arena, type_element_ranged(a), type_element_ranged(b));
        Type list = type_list_ranged(w->infer->arena, joined);
        list.kinds = both & (KIND_LIST | KIND_MAP);
        result = type_join(w->infer->arena, result, list);
    }
    return result;
}

static Type infer_multiply(Walk *w, Type a, Type b, RangeUse use) {
    Type result = TYPE_NEVER;
    if (!type_may(b, KIND_NUMBER)) return result;
    if (type_may(a, KIND_NUMBER)) result = range_binary(BINARY_MUL, numbers(a), numbers(b), use);
    if (type_may(a, KIND_STRING))
        result = type_join(w->infer->arena, result, type_of_kind(KIND_STRING));
    if (type_may(a, KIND_LIST))
        result = type_join(w->infer->arena, result,
                           type_list_ranged(w->infer->arena, type_element_ranged(a)));
    return result;
}

static bool can_order(Type a, Type b) {
    return (a.kinds & b.kinds & (KIND_NUMBER | KIND_STRING)) != 0 ||
           ((a.kinds | b.kinds) & KIND_ERROR) != 0;
}

Type infer_binary_types(Walk *w, Node *node, BinaryOp op, Type a, Type b, RangeUse use) {
    if (a.kinds == 0 || b.kinds == 0) return TYPE_NEVER;
    Type result = TYPE_NEVER;
    uint8_t error = (a.kinds | b.kinds) & KIND_ERROR;
    switch (op) {
    case BINARY_ADD: result = infer_add(w, a, b, use); break;
    case BINARY_MUL: result = infer_multiply(w, a, b, use); break;
    case BINARY_EQ: case BINARY_NE: case BINARY_AND: case BINARY_OR: case BINARY_XOR:
        return type_boolean();
    case BINARY_LT: case BINARY_LE: case BINARY_GT: case BINARY_GE:
        if (!can_order(a, b)) report_binary(w, node, op, a, b);
        return type_boolean();
    case BINARY_IN: case BINARY_NOT_IN:
        if ((b.kinds & (KIND_STRING | KIND_LIST | KIND_MAP | KIND_ERROR)) == 0)
            report_binary(w, node, op, a, b);
        return type_boolean();
    case BINARY_CONS:
        if (type_may(b, KIND_LIST))
            result = type_list(w->infer->arena,
                               type_join(w->infer->arena, a, type_element(b)));
        error = b.kinds & KIND_ERROR;
        break;
    case BINARY_SUB: case BINARY_DIV: case BINARY_MOD: case BINARY_POW: case BINARY_FUSED:
    case BINARY_CARRY: case BINARY_SHL: case BINARY_SHR: case BINARY_ROL: case BINARY_ROR:
    case BINARY_BAND: case BINARY_BOR: case BINARY_BXOR:
        if ((a.kinds & b.kinds & KIND_NUMBER) != 0)
            result = range_binary(op, numbers(a), numbers(b), use);
        break;
    case BINARY_OP_COUNT: UNREACHABLE("not an operator");
    }
    if (result.kinds == 0 && error == 0) {
        report_binary(w, node, op, a, b);
        return type_number();
    }
    result.kinds |= error;
    return result;
}

// Where -0 may count as 0, a product, remainder or negation of integers is an integer again.
static Type loosen(Walk *w, Node *node, Type type) {
    Type *types = w->instance->shared.node_types;
    Type loose = type;
    if (type.integer || !type_is(type, KIND_NUMBER)) return type;
    if (node->kind == NODE_BINARY && (node->binary.op == BINARY_MUL || node->binary.op == BINARY_MOD))
        loose = range_binary(node->binary.op, types[node->binary.left->id],
                             types[node->binary.right->id], infer_use(w, USE_SUM));
    else if (node->kind == NODE_UNARY && node->unary.op == UNARY_NEG)
        loose = range_unary(UNARY_NEG, types[node->unary.operand->id], infer_use(w, USE_SUM));
    types[node->id] = loose;
    return infer_checks(w) ? infer_checked(loose) : loose;
}

// -0 + x is x for every x but -0, and an integer is never -0. But -0 - 0 is -0.
static void loosen_operands(Walk *w, Node *node, Type *a, Type *b) {
    BinaryOp op = node->binary.op;
    bool compares = op >= BINARY_LT && op <= BINARY_NE;
    if (compares || (op == BINARY_ADD && b->integer)) *a = loosen(w, node->binary.left, *a);
    if (compares || ((op == BINARY_ADD || op == BINARY_SUB) && a->integer))
        *b = loosen(w, node->binary.right, *b);
}

static Type infer_logical(Walk *w, Node *node) {
    uint32_t mark = refine_mark(w);
    infer_expr(w, node->binary.left);
    refine_by(w, node->binary.left, node->binary.op == BINARY_AND);
    infer_expr(w, node->binary.right);
    refine_pop(w, mark);
    return type_boolean();
}

void infer_never_equal(Walk *w, Node *node, bool is_true, Type a, Type b) {
    Compilation *c = w->infer->c;
    if (a.kinds == 0 || b.kinds == 0 || (a.kinds & b.kinds) != 0) return;
    if (((a.kinds | b.kinds) & KIND_ERROR) != 0 || !infer_may_report(w, node)) return;
    const char *why = arena_printf(&c->unit, "%s is never equal to %s", type_kind_text(a.kinds),
                                   type_kind_text(b.kinds));
    Diag *diag = diag_report(c, DIAG_W0108, node->span, is_true ? "true" : "false", why);
    bool code_point = type_is(a, KIND_NUMBER) && type_is(b, KIND_STRING);
    if (code_point)
        diag_help(c, diag, "elements of a string are code points: compare with ord(\"a\"), or "
                           "compare a slice: s[i:i + 1] == \"a\"");
}

static bool is_literal(const Node *node) {
    return node->kind == NODE_NUMBER || node->kind == NODE_STRING || node->kind == NODE_LIST ||
           node->kind == NODE_MAP;
}

// Comparisons that are the same whatever the values are.
static void check_comparison(Walk *w, Node *node, Type a, Type b) {
    BinaryOp op = node->binary.op;
    const Node *left = node->binary.left, *right = node->binary.right;
    bool shown = is_literal(left) && is_literal(right); // to show what `==` does
    if ((op == BINARY_EQ || op == BINARY_NE) && !shown) infer_never_equal(w, node, op == BINARY_NE, a, b);
    bool length = left->kind == NODE_UNARY && left->unary.op == UNARY_LEN;
    bool zero_right = right->kind == NODE_NUMBER && right->number.value == 0;
    if (length && zero_right && (op == BINARY_LT || op == BINARY_GE) && infer_may_report(w, node))
        diag_report(w->infer->c, DIAG_W0108, node->span, op == BINARY_GE ? "true" : "false",
                    "a length is never negative");
}

static Type infer_binary(Walk *w, Node *node, RangeUse use) {
    BinaryOp op = node->binary.op;
    if (op == BINARY_AND || op == BINARY_OR) return infer_logical(w, node);
    RangeUse of_operands = op >= BINARY_SHL && op <= BINARY_BXOR ? USE_BITS : USE_VALUE;
    Type a = infer_used(w, node->binary.left, infer_use(w, of_operands));
    Type b = infer_used(w, node->binary.right, infer_use(w, of_operands));
    if ((op == BINARY_IN || op == BINARY_NOT_IN) && node->binary.right->kind == NODE_RANGE) {
        if (a.kinds != 0 && (a.kinds & (KIND_NUMBER | KIND_ERROR)) == 0 &&
            infer_may_report(w, node))
            diag_report(w->infer->c, DIAG_E0559, node->binary.left->span, "'in' a range",
                        type_kind_text(a.kinds));
        return type_boolean();
    }
    check_comparison(w, node, a, b);
    loosen_operands(w, node, &a, &b);
    if (op == BINARY_DIV && refine_divides(w, node->binary.left, node->binary.right))
        return type_integer(ceil(a.low / b.low), floor(a.high / b.low));
    return infer_binary_types(w, node, op, a, b, use);
}

// The numbers from `low` to `high`, in a list.
Type infer_range_list(Walk *w, Type low, Type high, bool inclusive) {
    Type element = type_number();
    if (low.integer && high.integer) {
        double most = high.high - (inclusive ? 0 : 1);
        element = type_integer(low.low, most < low.low ? low.low : most);
    }
    return type_list_ranged(w->infer->arena, element);
}

Type infer_bound(Walk *w, Node *node) {
    Type type = infer_expr(w, node);
    if (type.kinds != 0 && (type.kinds & (KIND_NUMBER | KIND_ERROR)) == 0 &&
        infer_may_report(w, node))
        diag_report(w->infer->c, DIAG_E0559, node->span, "a range", type_kind_text(type.kinds));
    return type;
}

// --- elements -----------------------------------------------------------------------------------

Type infer_element(Type list, const Node *node) {
    return node->kind == NODE_NAME ? type_element_ranged(list) : type_element(list);
}

static Type element_types(Walk *w, Type base, const Node *node) {
    Arena *arena = w->infer->arena;
    if (type_is(base, KIND_ERROR)) return base;
    Type result = zero(); // a miss
    Type element = infer_element(base, node);
    if (type_may(base, KIND_LIST | KIND_MAP)) result = type_join(arena, result, element);
    if (type_may(base, KIND_STRING)) result = type_join(arena, result, CODE_POINTS);
    result.kinds |= base.kinds & KIND_ERROR;
    return result;
}

void infer_check_index(Walk *w, Node *node, Type base, Type index) {
    Compilation *c = w->infer->c;
    Node *at = node->index.index;
    const char *kind = type_kind_text(base.kinds);
    if ((base.kinds & (KIND_MAP | KIND_ERROR)) != 0) return;
    bool has_elements = type_may(base, KIND_LIST | KIND_STRING);
    if (has_elements && (index.kinds & (KIND_NUMBER | KIND_ERROR)) != 0) return;
    if (!infer_may_report(w, has_elements ? at : node)) return;
    Diag *diag = NULL;
    if (at->kind == NODE_STRING)
        diag = diag_report(c, DIAG_E0558, at->span, kind, (int)at->string.len, at->string.bytes);
    else if (has_elements)
        diag_report(c, DIAG_E0553, at->span, type_kind_text(index.kinds));
    else
        diag = diag_report(c, DIAG_E0552, node->index.base->span, kind);
    if (diag == NULL || !type_may(base, KIND_NUMBER)) return;
    if (c->program->c_types) infer_help_address(w, node, diag);
    if (node->index.base->kind == NODE_INDEX && type_is(base, KIND_NUMBER))
        diag_help(c, diag, "what is missing in a map or list reads as 0: give it a value first");
}

static Type infer_index(Walk *w, Node *node) {
    Type base = infer_expr(w, node->index.base);
    Type index = infer_used(w, node->index.index,
                            infer_use(w, type_may(base, KIND_MAP) ? USE_VALUE : USE_POSITION));
    if (base.kinds == 0 || index.kinds == 0) return TYPE_NEVER;
    Type result;
    if (infer_access(w, node, base, &result)) return result;
    infer_check_index(w, node, base, index);
    result = element_types(w, base, node->index.base);
    if (node->observed) result.kinds |= KIND_ERROR;
    return result;
}

static Type infer_field(Walk *w, Node *node) {
    Type base = infer_expr(w, node->field.base);
    if (base.kinds == 0) return TYPE_NEVER;
    Type result;
    if (infer_access(w, node, base, &result)) return result;
    result = element_types(w, base, node->field.base);
    if (node->observed) result.kinds |= KIND_ERROR;
    return result;
}

static Type infer_slice(Walk *w, Node *node) {
    Type base = infer_expr(w, node->slice.base);
    Node *parts[] = {node->slice.low, node->slice.high, node->slice.step};
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (parts[i] != NULL) infer_expr(w, parts[i]);
    if (base.kinds == 0) return TYPE_NEVER;
    if ((base.kinds & (KIND_LIST | KIND_STRING | KIND_ERROR)) == 0 && infer_may_report(w, node))
        diag_report(w->infer->c, DIAG_E0552, node->slice.base->span, type_kind_text(base.kinds));
    Type result = base;
    result.kinds &= KIND_LIST | KIND_STRING | KIND_ERROR;
    result.integer = false;
    result.function = NULL;
    return result.kinds == 0 ? type_of_kind(KIND_STRING) : result;
}

// The code points of a string: those of a literal are known.
static Type points_of(const Node *node) {
    if (node->kind != NODE_STRING || node->string.len == 0) return CODE_POINTS;
    double low = 0x7F, high = 0;
    for (uint32_t i = 0; i < node->string.len; i++) {
        unsigned char byte = (unsigned char)node->string.bytes[i];
        if (byte >= 0x80) return CODE_POINTS;
        low = fmin(low, byte);
        high = fmax(high, byte);
    }
    return type_integer(low, high);
}

static Type cast_type(Walk *w, const Node *node, Type from) {
    CastKind to = node->cast.to;
    switch (to) {
    case CAST_STRING: case CAST_CSTR: return type_of_kind(KIND_STRING);
    case CAST_LIST: {
        Type element = type_may(from, KIND_MAP) ? type_element(from) : TYPE_NEVER;
        if (type_may(from, KIND_LIST))
            element = type_join(w->infer->arena, element, type_element(from));
        if (type_may(from, KIND_STRING))
            element = type_join(w->infer->arena, element, points_of(node->cast.operand));
        return type_list_ranged(w->infer->arena, element);
    }
    case CAST_I8: case CAST_I16: case CAST_I32: case CAST_I64: case CAST_U8: case CAST_U16:
    case CAST_U32: case CAST_U64: case CAST_F32: case CAST_F64: case CAST_PTR: case CAST_STRUCT:
        return range_cast(to, type_may(from, KIND_NUMBER) ? numbers(from) : type_number());
    }
    UNREACHABLE("a cast names a type");
}

static Type infer_cast(Walk *w, Node *node) {
    Type from = infer_expr(w, node->cast.operand);
    if (from.kinds == 0) return TYPE_NEVER;
    Type type = cast_type(w, node, from);
    if (node->cast.to == CAST_STRUCT) type.pointee = node->cast.type;
    if (node->cast.to != CAST_CSTR) type.kinds |= from.kinds & KIND_ERROR; // passes through
    return type;
}

// --- Results and values of loops ------------------------------------------------------------------

static Type infer_orelse(Walk *w, Node *node) {
    Type left = infer_expr(w, node->orelse.left);
    Type right = infer_expr(w, node->orelse.right);
    if (node->orelse.is_and) {
        right.kinds |= left.kinds & KIND_ERROR;
        return right;
    }
    bool returns = node->orelse.right->kind == NODE_STRING ||
                   node->orelse.right->kind == NODE_FSTRING;
    left.kinds &= (uint8_t)~KIND_ERROR;
    if (!returns || node->orelse.right->parenthesized)
        return type_join(w->infer->arena, left, right);
    infer_result(w, type_of_kind(KIND_ERROR));
    return left;
}

static Type infer_loop_value(Walk *w, Node *node) {
    LoopNode *loop = node->loop_value.loop;
    switch (node->loop_value.what) {
    case LOOP_FIRST: case LOOP_LAST: return type_boolean();
    case LOOP_COUNTER: case LOOP_CYCLE: return type_integer(0, 0x1p52);
    case LOOP_ITEM:
        if (loop == NULL || loop->symbols.len == 0) return type_integer(0, 0x1p52);
        return infer_symbol(w, loop->symbols.items[loop->symbols.len - 1]);
    }
    UNREACHABLE("a value of a loop");
}

static Type infer_block(Walk *w, Node *node) {
    Type last = zero();
    uint32_t mark = refine_mark(w);
    VEC_EACH(Node *, statement, &node->block.statements) {
        last = infer_expr(w, statement);
        refine_after(w, statement);
    }
    refine_pop(w, mark);
    return last;
}

// A jump has no value of its own.
static Type infer_jump(Walk *w, Node *node) {
    Arena *arena = w->infer->arena;
    if (node->kind == NODE_RET) {
        infer_result(w, node->ret.value != NULL ? infer_expr(w, node->ret.value) : zero());
    } else if (node->kind == NODE_LEAVE && node->leave.value != NULL) {
        Type value = infer_expr(w, node->leave.value);
        Type *slot = map_get(&w->loop_types, node->leave.loop);
        if (slot != NULL) *slot = type_join(arena, *slot, value);
    } else if (node->kind == NODE_ERR) {
        infer_expr(w, node->err.value);
        Type *slot = node->err.from_loop ? map_get(&w->loop_types, node->err.loop) : NULL;
        if (slot != NULL) *slot = type_join(arena, *slot, type_of_kind(KIND_ERROR));
        if (!node->err.from_loop) infer_result(w, type_of_kind(KIND_ERROR));
    }
    return TYPE_NEVER;
}

static Type infer_included(Walk *w, Node *node) {
    if (node->use.included != NULL) infer_expr(w, node->use.included);
    return zero();
}

static Type infer_kind(Walk *w, Node *node, RangeUse use) {
    switch ((NodeKind)node->kind) {
    case NODE_POISON: return type_any();
    case NODE_NUMBER: return infer_number(node);
    case NODE_STRING: return type_of_kind(KIND_STRING);
    case NODE_FSTRING: infer_parts(w, node); return type_of_kind(KIND_STRING);
    case NODE_NAME: return infer_name(w, node);
    case NODE_LIST: return infer_list(w, node);
    case NODE_MAP: return infer_map(w, node);
    case NODE_UNARY: return infer_unary(w, node, use);
    case NODE_BINARY: return infer_binary(w, node, use);
    case NODE_RANGE: {
        Type low = infer_bound(w, node->range.low), high = infer_bound(w, node->range.high);
        return infer_range_list(w, low, high, node->range.inclusive);
    }
    case NODE_INDEX: return infer_index(w, node);
    case NODE_SLICE: return infer_slice(w, node);
    case NODE_FIELD: return infer_field(w, node);
    case NODE_CALL: return infer_call(w, node);
    case NODE_CAST: return infer_cast(w, node);
    case NODE_LAMBDA: return infer_function_value(w, node, node->lambda.function);
    case NODE_BLOCK: return infer_block(w, node);
    case NODE_MATCH: return infer_match(w, node);
    case NODE_LOOP: return infer_loop(w, node);
    case NODE_PIPE: return infer_pipe(w, node);
    case NODE_ORELSE: return infer_orelse(w, node);
    case NODE_RESULT_TEST:
        if (node->result_test.operand != NULL) infer_expr(w, node->result_test.operand);
        return type_boolean();
    case NODE_LOOP_VALUE: return infer_loop_value(w, node);
    case NODE_DEFINE: return infer_define(w, node);
    case NODE_UPDATE: return infer_update(w, node);
    case NODE_SWAP: return infer_swap(w, node);
    case NODE_RET: case NODE_LEAVE: case NODE_NEXT: case NODE_ERR: return infer_jump(w, node);
    case NODE_DEFER: return infer_defer(w, node);
    case NODE_ARENA: return infer_expr(w, node->arena.body);
    case NODE_USE: return infer_included(w, node);
    case NODE_FOREIGN: return infer_foreign(node);
    case NODE_MEMORY: return infer_memory(w, node);
    case NODE_UNSAFE: return infer_unsafe(w, node);
    case NODE_IMPORT:
        if (node->import.included != NULL) infer_expr(w, node->import.included);
        return zero();
    case NODE_SPAWN: return infer_spawn(w, node);
    case NODE_SEND: case NODE_PORT:
    case NODE_CSTRUCT: case NODE_ALIAS: case NODE_APPEND: case NODE_REGISTER: case NODE_MODULE:
    case NODE_WAIT_UNTIL: case NODE_HOLD: return zero();
    case NODE_KIND_COUNT: break;
    }
    UNREACHABLE("a node has a kind");
}

Type infer_used(Walk *w, Node *node, RangeUse use) {
    Type type = infer_allowed(w->infer, infer_kind(w, node, use));
    w->instance->shared.node_types[node->id] = type;
    return infer_checks(w) ? infer_checked(type) : type;
}

Type infer_expr(Walk *w, Node *node) {
    return infer_used(w, node, infer_use(w, USE_VALUE));
}
