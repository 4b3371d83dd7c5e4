// infer_refine.c: narrower ranges of integer symbols where a condition is known to hold.
//
// Only integer ranges are narrowed, never kinds or representations, so code generation needs to know
// nothing of it. A refinement of a mutable symbol ends at its next update in program order; before a
// loop, refinements of everything that the loop updates end, because its body comes round again.
#include "infer_internal.h"
#include <math.h>

uint32_t refine_mark(const Walk *w) {
    return w->refinements.len;
}

void refine_pop(Walk *w, uint32_t mark) {
    w->refinements.len = mark;
}

void refine_end(Walk *w, const Symbol *symbol) {
    for (uint32_t i = 0; i < w->refinements.len; i++)
        if (w->refinements.items[i].symbol == symbol) w->refinements.items[i].symbol = NULL;
}

static Symbol *root_symbol(Node *target) {
    while (target != NULL && (target->kind == NODE_INDEX || target->kind == NODE_FIELD))
        target = target->kind == NODE_INDEX ? target->index.base : target->field.base;
    return target != NULL && target->kind == NODE_NAME ? target->name.symbol : NULL;
}

static void end_updated(void *context, Node **slot) {
    Walk *w = context;
    Node *node = *slot;
    if (node == NULL || node->kind == NODE_LAMBDA) return; // captures cannot be updated
    if (node->kind == NODE_UPDATE) refine_end(w, root_symbol(node->update.target));
    if (node->kind == NODE_SWAP) {
        refine_end(w, root_symbol(node->swap.left));
        refine_end(w, root_symbol(node->swap.right));
    }
    ast_children(node, end_updated, w);
}

void refine_end_updated(Walk *w, Node *node) {
    bool any = false;
    for (uint32_t i = 0; i < w->refinements.len && !any; i++) {
        const Symbol *symbol = w->refinements.items[i].symbol;
        any = symbol != NULL && symbol->is_mutable;
    }
    if (any) end_updated(w, &node);
}

static BinaryOp mirrored(BinaryOp op) {
    if (op == BINARY_LT) return BINARY_GT;
    if (op == BINARY_LE) return BINARY_GE;
    if (op == BINARY_GT) return BINARY_LT;
    return op == BINARY_GE ? BINARY_LE : op;
}

static void add_refinement(Walk *w, Symbol *symbol, Type narrow) {
    Refinement refinement = {symbol, narrow, 0};
    vec_push(w->infer->arena, &w->refinements, refinement);
}

// x * x <= n bounds x by the root of n; one more covers the rounding of a large product.
static void refine_square(Walk *w, const Node *square, BinaryOp op, const Node *other, bool is_true) {
    const Node *x = square->binary.left, *y = square->binary.right;
    bool below = is_true ? op == BINARY_LT || op == BINARY_LE : op == BINARY_GT || op == BINARY_GE;
    if (!below || x->kind != NODE_NAME || y->kind != NODE_NAME || x->name.symbol != y->name.symbol)
        return;
    const Type *types = w->instance->shared.node_types;
    Type root = types[x->id], limit = types[other->id];
    if (!type_is(root, KIND_NUMBER) || !type_is(limit, KIND_NUMBER)) return;
    if (x->name.symbol == NULL || !root.integer || !limit.integer || limit.high < 0) return;
    double most = floor(sqrt(limit.high)) + 1;
    Type narrow = range_refine(root, BINARY_LE, type_integer(most, most), true);
    narrow = range_refine(narrow, BINARY_GE, type_integer(-most, -most), true);
    add_refinement(w, x->name.symbol, narrow);
}

// a % c == 0: a is a multiple of c.
static void refine_multiple(Walk *w, const Node *rest, BinaryOp op, const Node *other, bool is_true) {
    const Type *types = w->instance->shared.node_types;
    const Node *name = rest->binary.left;
    Type by = types[rest->binary.right->id], zero = types[other->id], whole = types[name->id];
    bool equal = is_true ? op == BINARY_EQ : op == BINARY_NE;
    if (!equal || !zero.integer || zero.low != 0 || zero.high != 0) return;
    if (name->kind != NODE_NAME || name->name.symbol == NULL || !whole.integer) return;
    if (!by.integer || by.low != by.high || by.low <= 0) return;
    Refinement refinement = {name->name.symbol, whole, by.low};
    vec_push(w->infer->arena, &w->refinements, refinement);
}

bool refine_divides(Walk *w, const Node *name, const Node *divisor) {
    const Type *types = w->instance->shared.node_types;
    Type by = types[divisor->id];
    if (name->kind != NODE_NAME || name->name.symbol == NULL || !types[name->id].integer) return false;
    if (!by.integer || by.low != by.high || by.low <= 0) return false;
    for (uint32_t i = 0; i < w->refinements.len; i++) {
        const Refinement *known = &w->refinements.items[i];
        if (known->symbol == name->name.symbol && known->divisor == by.low) return true;
    }
    return false;
}

static void refine_side(Walk *w, Node *name, BinaryOp op, Node *other, bool is_true) {
    if (name->kind == NODE_BINARY && name->binary.op == BINARY_MUL)
        refine_square(w, name, op, other, is_true);
    if (name->kind == NODE_BINARY && name->binary.op == BINARY_MOD)
        refine_multiple(w, name, op, other, is_true);
    if (name->kind != NODE_NAME || name->name.symbol == NULL) return;
    Symbol *symbol = name->name.symbol;
    if (symbol->kind == SYMBOL_CONSTANT || symbol->kind == SYMBOL_BUILTIN) return;
    const Type *types = w->instance->shared.node_types;
    // What may be of another kind is unequal to every number, and says nothing about its range.
    if (!type_is(types[name->id], KIND_NUMBER) || !type_is(types[other->id], KIND_NUMBER)) return;
    Type narrow = range_refine(types[name->id], op, types[other->id], is_true);
    if (!narrow.integer || type_equal(narrow, types[name->id])) return;
    add_refinement(w, symbol, narrow);
}

// `n == 0 { ret 1 }`: whoever comes past it knows that the condition was false.
void refine_after(Walk *w, Node *statement) {
    if (statement->kind != NODE_MATCH || statement->match.arms.len != 1) return;
    const MatchArm *arm = &statement->match.arms.items[0];
    if (arm->kind != ARM_THEN || arm->body == NULL) return;
    if (w->instance->shared.node_types[arm->body->id].kinds != 0) return;
    refine_by(w, statement->match.subject, false);
}

// Deep chains of `and` are walked along their left spine; each right side is one comparison more.
void refine_by(Walk *w, Node *condition, bool is_true) {
    while (condition->kind == NODE_BINARY) {
        BinaryOp op = condition->binary.op;
        Node *left = condition->binary.left, *right = condition->binary.right;
        if (op >= BINARY_LT && op <= BINARY_NE) {
            refine_side(w, left, op, right, is_true);
            refine_side(w, right, mirrored(op), left, is_true);
            return;
        }
        if (op != (is_true ? BINARY_AND : BINARY_OR)) return;
        refine_by(w, right, is_true);
        condition = left;
    }
    if (condition->kind == NODE_UNARY && condition->unary.op == UNARY_NOT)
        refine_by(w, condition->unary.operand, !is_true);
}
