// consteval.c: constants: literals, and expressions of constants, folded to literals.
//
// Only what gives the same bits everywhere is folded here; the rest (division by zero, powers that
// are not exact) is left to the program's run, and such a definition is an ordinary variable.
#include "sema_internal.h"
#include <math.h>
#include <string.h>

// Deeper values, and longer texts and lists, are left to the run.
enum { DEEPEST = 200, LONGEST = 1 << 16 };

static Node *fold(Sema *s, const Node *node);
static const Node *element(Sema *s, const Node *node);

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

static Node *fold_binary(Sema *s, const Node *node) {
    const Node *a = fold(s, node->binary.left);
    if (a == NULL) return NULL;
    const Node *b = fold(s, node->binary.right);
    if (b == NULL || a->kind != b->kind) return NULL;
    if (a->kind == NODE_NUMBER) return fold_numbers(s, node, a->number.value, b->number.value);
    if (node->binary.op != BINARY_ADD) return NULL;
    return a->kind == NODE_STRING ? join_strings(s, node, a, b) : join_lists(s, node, a, b);
}

static Node *fold_unary(Sema *s, const Node *node) {
    const Node *a = fold(s, node->unary.operand);
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

static Node *fold_list(Sema *s, const Node *node) {
    Node *folded = ast_new(s->arena, NODE_LIST, node->span);
    for (uint32_t i = 0; i < node->list.items.len; i++) {
        Node *item = fold(s, node->list.items.items[i]);
        if (item == NULL) return NULL;
        vec_push(s->arena, &folded->list.items, item);
    }
    return folded;
}

// What an expression of constants is, where it need not be folded as a whole: the map of `LIMITS.rows`.
static const Node *known(Sema *s, const Node *node) {
    if (node->kind == NODE_INDEX) return element(s, node);
    if (node->kind != NODE_NAME || node->name.symbol == NULL) return node;
    const Symbol *symbol = node->name.symbol;
    if (symbol->kind == SYMBOL_CONSTANT) return symbol->constant;
    return symbol->fixed ? map_get(&s->values, symbol) : NULL;
}

static bool same_literal(const Node *a, const Node *b) {
    if (a->kind != b->kind) return false;
    if (a->kind == NODE_NUMBER) return a->number.value == b->number.value;
    return a->kind == NODE_STRING && a->string.len == b->string.len &&
           memcmp(a->string.bytes, b->string.bytes, a->string.len) == 0;
}

static const Node *element(Sema *s, const Node *node) {
    const Node *base = known(s, node->index.base), *index = fold(s, node->index.index);
    if (base == NULL || index == NULL) return NULL;
    if (base->kind == NODE_LIST && index->kind == NODE_NUMBER) {
        double at = index->number.value;
        bool inside = at >= 0 && at < base->list.items.len;
        return inside ? base->list.items.items[(uint32_t)at] : NULL;
    }
    const Node *found = NULL; // of several entries with one key the last one
    for (uint32_t i = 0; base->kind == NODE_MAP && i < base->map.entries.len; i++) {
        const Node *key = fold(s, base->map.entries.items[i].key);
        if (key == NULL) return NULL;
        if (same_literal(key, index)) found = base->map.entries.items[i].value;
    }
    return found;
}

// Remembered, since elements of constants may be made of elements of constants, and so on.
static Node *fold_index(Sema *s, const Node *node) {
    const Node *found = element(s, node);
    if (found == NULL) return NULL;
    Node *folded = map_get(&s->folded, found);
    if (folded != NULL) return folded;
    folded = fold(s, found);
    if (folded != NULL) map_put(&s->folded, found, folded);
    return folded;
}

// A chain of operators that was read in pieces (parse_expr.c): each piece has a constant's name.
static Node *fold_pieces(Sema *s, const Node *block) {
    const NodeVec *statements = &block->block.statements;
    if (statements->len == 0) return NULL;
    for (uint32_t i = 0; i + 1 < statements->len; i++) {
        const Node *piece = statements->items[i];
        if (piece->kind != NODE_DEFINE || piece->define->symbols.len != 1 ||
            piece->define->symbols.items[0]->kind != SYMBOL_CONSTANT)
            return NULL;
    }
    return fold(s, statements->items[statements->len - 1]);
}

static Node *fold(Sema *s, const Node *node) {
    switch ((int)node->kind) {
    case NODE_NUMBER: return number(s, node, node->number.value);
    case NODE_STRING: {
        Node *copy = ast_new(s->arena, NODE_STRING, node->span);
        copy->string.bytes = node->string.bytes;
        copy->string.len = node->string.len;
        return copy;
    }
    case NODE_LIST: return fold_list(s, node);
    case NODE_NAME: {
        const Symbol *symbol = node->name.symbol;
        return symbol != NULL && symbol->kind == SYMBOL_CONSTANT ? symbol->constant : NULL;
    }
    case NODE_INDEX: return fold_index(s, node);
    case NODE_UNARY: return fold_unary(s, node);
    case NODE_BINARY: return fold_binary(s, node);
    case NODE_BLOCK: return fold_pieces(s, node);
    }
    return NULL;
}

Node *sema_fold(Sema *s, const Node *node) {
    return fold(s, node);
}

// --- definitions ---------------------------------------------------------------------------------

// Whether a folded value is no deeper than `depth` and has at most *nodes parts. Constants that are
// made of constants ([A, A], [B, B] …) would otherwise grow without bound.
static bool is_within(const Node *value, uint32_t depth, uint32_t *nodes) {
    if (depth == 0 || *nodes == 0) return false;
    --*nodes;
    if (value->kind != NODE_LIST) return true;
    for (uint32_t i = 0; i < value->list.items.len; i++)
        if (!is_within(value->list.items.items[i], depth - 1, nodes)) return false;
    return true;
}

static bool is_fixed(const Node *node);

static bool are_fixed(const NodeVec *nodes) {
    for (uint32_t i = 0; i < nodes->len; i++)
        if (!is_fixed(nodes->items[i])) return false;
    return true;
}

static bool is_fixed_map(const Node *map) {
    for (uint32_t i = 0; i < map->map.entries.len; i++) {
        const MapEntry *entry = &map->map.entries.items[i];
        if (!is_fixed(entry->key) || !is_fixed(entry->value)) return false;
    }
    return true;
}

// Whether this is a literal or an expression of constants, folded or not.
static bool is_fixed(const Node *node) {
    switch ((int)node->kind) {
    case NODE_NUMBER:
    case NODE_STRING: return true;
    case NODE_LIST: return are_fixed(&node->list.items);
    case NODE_MAP: return is_fixed_map(node);
    case NODE_NAME: return node->name.symbol != NULL && sema_is_constant(node->name.symbol);
    case NODE_UNARY: return is_fixed(node->unary.operand);
    case NODE_BINARY: return is_fixed(node->binary.left) && is_fixed(node->binary.right);
    case NODE_BLOCK: return node->block.statements.len > 0 && are_fixed(&node->block.statements);
    case NODE_DEFINE:
        return node->define->symbols.len == 1 && sema_is_constant(node->define->symbols.items[0]);
    }
    return false;
}

bool sema_is_constant(const Symbol *symbol) {
    return symbol->kind == SYMBOL_CONSTANT || symbol->fixed;
}

void sema_define_constant(Sema *s, const DefineNode *define, Symbol *symbol) {
    if (define->is_mutable || define->or_return || define->to_f32 || define->names.len != 1 ||
        !sema_is_constant_name(symbol->name))
        return;
    symbol->fixed = is_fixed(define->value);
    Node *value = sema_fold(s, define->value);
    const Span span = define->value->span;
    uint32_t nodes = LONGEST + (span.end - span.begin);
    if (value == NULL || !is_within(value, DEEPEST, &nodes)) return;
    symbol->kind = SYMBOL_CONSTANT;
    symbol->constant = value;
}
