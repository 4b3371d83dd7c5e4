// consteval.c: constants: literals, and expressions of constants, folded to literals.
//
// Only what gives the same bits everywhere is folded here; the rest (division by zero, powers that
// are not exact) is left to the program's run, and such a definition is an ordinary variable.
#include "sema_internal.h"
#include <math.h>

// Deeper expressions and longer texts and lists are left to the run.
enum { DEEPEST = 200, LONGEST = 1 << 16 };

static Node *fold(Sema *s, const Node *node, uint32_t depth);

bool sema_is_constant_name(const Name *name) {
    bool capital = false;
    for (uint32_t i = 0; i < name->len; i++) {
        if (name->text[i] >= 'a' && name->text[i] <= 'z') return false;
        if (name->text[i] >= 'A' && name->text[i] <= 'Z') capital = true;
    }
    return capital;
}

static Node *number(Sema *s, const Node *at, double value) {
    Node *node = ast_new(s->arena, NODE_NUMBER, at->span);
    node->number.value = value;
    return node;
}

// --- integers of the bit operators --------------------------------------------------------------

static int64_t to_int(double value) {
    if (isnan(value)) return 0;
    if (value >= 0x1p63) return INT64_MAX;
    if (value < -0x1p63) return INT64_MIN;
    return (int64_t)value;
}

static double from_bits(uint64_t bits) {
    return bits <= INT64_MAX ? (double)(int64_t)bits : -(double)(~bits) - 1;
}

static double fold_bits(BinaryOp op, double left, double right) {
    uint64_t a = (uint64_t)to_int(left), b = (uint64_t)to_int(right);
    unsigned count = (unsigned)(b & 63), rest = (64 - count) & 63;
    switch ((int)op) {
    case BINARY_SHL: return from_bits(a << count);
    case BINARY_SHR: return from_bits(a >> count);
    case BINARY_ROL: return from_bits(count == 0 ? a : a << count | a >> rest);
    case BINARY_ROR: return from_bits(count == 0 ? a : a >> count | a << rest);
    case BINARY_BAND: return from_bits(a & b);
    case BINARY_BOR: return from_bits(a | b);
    case BINARY_BXOR: return from_bits(a ^ b);
    }
    UNREACHABLE("only bit operators come here");
}

// --- operators ----------------------------------------------------------------------------------

static bool truth(double value) {
    return value != 0 && !isnan(value);
}

// base ** exponent when every step is exact, else NaN.
static double exact_power(double base, double exponent) {
    if (base != floor(base) || exponent != floor(exponent) || exponent < 0 || exponent > 64)
        return NAN;
    double result = 1;
    for (double i = 0; i < exponent; i++) {
        result *= base;
        if (fabs(result) > 0x1p53) return NAN;
    }
    return result;
}

static Node *fold_numbers(Sema *s, const Node *node, double a, double b) {
    switch (node->binary.op) {
    case BINARY_ADD: return number(s, node, a + b);
    case BINARY_SUB: return number(s, node, a - b);
    case BINARY_MUL: return number(s, node, a * b);
    case BINARY_DIV: return b == 0 ? NULL : number(s, node, a / b);
    case BINARY_MOD: return b == 0 ? NULL : number(s, node, fmod(a, b));
    case BINARY_POW: {
        double power = exact_power(a, b);
        return isnan(power) ? NULL : number(s, node, power);
    }
    case BINARY_LT: return number(s, node, a < b);
    case BINARY_LE: return number(s, node, a <= b);
    case BINARY_GT: return number(s, node, a > b);
    case BINARY_GE: return number(s, node, a >= b);
    case BINARY_EQ: return number(s, node, a == b);
    case BINARY_NE: return number(s, node, a != b);
    case BINARY_AND: return number(s, node, truth(a) && truth(b));
    case BINARY_OR: return number(s, node, truth(a) || truth(b));
    case BINARY_XOR: return number(s, node, truth(a) != truth(b));
    case BINARY_SHL:
    case BINARY_SHR:
    case BINARY_ROL:
    case BINARY_ROR:
    case BINARY_BAND:
    case BINARY_BOR:
    case BINARY_BXOR: return number(s, node, fold_bits(node->binary.op, a, b));
    case BINARY_FUSED:
    case BINARY_CARRY:
    case BINARY_IN:
    case BINARY_NOT_IN:
    case BINARY_CONS:
    case BINARY_OP_COUNT: return NULL;
    }
    UNREACHABLE("a binary operator is one of the list");
}

static Node *join_strings(Sema *s, const Node *node, const Node *a, const Node *b) {
    if (a->string.len > LONGEST || b->string.len > LONGEST) return NULL;
    uint32_t len = a->string.len + b->string.len;
    char *bytes = arena_alloc(s->arena, (size_t)len + 1);
    for (uint32_t i = 0; i < a->string.len; i++) bytes[i] = a->string.bytes[i];
    for (uint32_t i = 0; i < b->string.len; i++) bytes[a->string.len + i] = b->string.bytes[i];
    Node *joined = ast_new(s->arena, NODE_STRING, node->span);
    joined->string.bytes = bytes;
    joined->string.len = len;
    return joined;
}

static Node *join_lists(Sema *s, const Node *node, const Node *a, const Node *b) {
    if (a->list.items.len > LONGEST || b->list.items.len > LONGEST) return NULL;
    Node *joined = ast_new(s->arena, NODE_LIST, node->span);
    for (uint32_t i = 0; i < a->list.items.len; i++)
        vec_push(s->arena, &joined->list.items, a->list.items.items[i]);
    for (uint32_t i = 0; i < b->list.items.len; i++)
        vec_push(s->arena, &joined->list.items, b->list.items.items[i]);
    return joined;
}

static Node *fold_binary(Sema *s, const Node *node, uint32_t depth) {
    const Node *a = fold(s, node->binary.left, depth + 1);
    if (a == NULL) return NULL;
    const Node *b = fold(s, node->binary.right, depth + 1);
    if (b == NULL || a->kind != b->kind) return NULL;
    if (a->kind == NODE_NUMBER) return fold_numbers(s, node, a->number.value, b->number.value);
    if (node->binary.op != BINARY_ADD) return NULL;
    return a->kind == NODE_STRING ? join_strings(s, node, a, b) : join_lists(s, node, a, b);
}

static Node *fold_unary(Sema *s, const Node *node, uint32_t depth) {
    const Node *a = fold(s, node->unary.operand, depth + 1);
    if (a == NULL) return NULL;
    bool is_number = a->kind == NODE_NUMBER;
    switch (node->unary.op) {
    case UNARY_NEG: return is_number ? number(s, node, -a->number.value) : NULL;
    case UNARY_NOT: return is_number ? number(s, node, !truth(a->number.value)) : NULL;
    case UNARY_BNOT:
        return is_number ? number(s, node, from_bits(~(uint64_t)to_int(a->number.value))) : NULL;
    case UNARY_LEN: return a->kind == NODE_LIST ? number(s, node, a->list.items.len) : NULL;
    case UNARY_HEAD:
    case UNARY_TAIL: return NULL;
    }
    UNREACHABLE("a unary operator is one of the list");
}

static Node *fold_list(Sema *s, const Node *node, uint32_t depth) {
    Node *folded = ast_new(s->arena, NODE_LIST, node->span);
    for (uint32_t i = 0; i < node->list.items.len; i++) {
        Node *item = fold(s, node->list.items.items[i], depth + 1);
        if (item == NULL) return NULL;
        vec_push(s->arena, &folded->list.items, item);
    }
    return folded;
}

static Node *fold(Sema *s, const Node *node, uint32_t depth) {
    if (depth > DEEPEST) return NULL;
    switch ((int)node->kind) {
    case NODE_NUMBER: return number(s, node, node->number.value);
    case NODE_STRING: {
        Node *copy = ast_new(s->arena, NODE_STRING, node->span);
        copy->string.bytes = node->string.bytes;
        copy->string.len = node->string.len;
        return copy;
    }
    case NODE_LIST: return fold_list(s, node, depth);
    case NODE_NAME: {
        const Symbol *symbol = node->name.symbol;
        return symbol != NULL && symbol->kind == SYMBOL_CONSTANT ? symbol->constant : NULL;
    }
    case NODE_UNARY: return fold_unary(s, node, depth);
    case NODE_BINARY: return fold_binary(s, node, depth);
    }
    return NULL;
}

Node *sema_fold(Sema *s, const Node *node) {
    return fold(s, node, 0);
}
