// lower_bounds.c: bounds checks of a loop's element accesses, made once before the loop.
//
// In an innermost range loop, a position that grows with the loop variable (i, i + c, i * w + c, with
// c and w fixed for the loop) is inside the list for every iteration when it is so for the first and
// the last. If that holds of all such positions, a copy of the loop without checks runs, which LLVM
// can vectorise; else the loop as it stands, so that a miss or a stop happens where it should.
//
// Invariant: only lists that the loop keeps at hand (lower_hoist.c) are looked at, so their lengths
// are fixed; and what is evaluated before the loop is arithmetic on integers that cannot fail.
#include "lower_internal.h"

typedef struct Find {
    LowerCtx *cx;
    Symbol *variable;
    PtrMap written; // Symbol -> itself: changes within the loop
    NodeVec found;  // INDEX nodes whose positions can be judged before the loop
    bool nested;    // there is a loop or a function's code inside
} Find;

static void note_written(Find *find, const Symbol *symbol) {
    if (symbol) map_put(&find->written, symbol, (void *)(uintptr_t)1);
}

static void note_all(Find *find, const SymbolVec *symbols) {
    VEC_EACH(Symbol *, symbol, symbols) note_written(find, symbol);
}

static void note_target(Find *find, Node *target) {
    while (target->kind == NODE_INDEX) target = target->index.base;
    if (target->kind == NODE_NAME) note_written(find, target->name.symbol);
}

static void find_written(void *context, Node **child) {
    Find *find = context;
    Node *node = *child;
    if (!node) return;
    if (node->kind == NODE_LOOP || node->kind == NODE_LAMBDA) find->nested = true;
    if (node->kind == NODE_DEFINE) note_all(find, &node->define->symbols);
    if (node->kind == NODE_UPDATE) note_target(find, node->update.target);
    if (node->kind == NODE_SWAP) {
        note_target(find, node->swap.left);
        note_target(find, node->swap.right);
    }
    if (node->kind == NODE_MATCH)
        for (uint32_t i = 0; i < node->match.arms.len; i++)
            note_all(find, &node->match.arms.items[i].symbols);
    ast_children(node, find_written, find);
}

// --- positions --------------------------------------------------------------------------------------

static bool is_integer(Find *find, const Node *node) {
    return type_rep(lower_node_type(find->cx, node)) == REP_I64;
}

static bool is_arithmetic(const Node *node) {
    return node->kind == NODE_BINARY && (node->binary.op == BINARY_ADD ||
                                         node->binary.op == BINARY_SUB ||
                                         node->binary.op == BINARY_MUL);
}

// Integer arithmetic on literals and on variables that the loop leaves alone.
static bool is_fixed(Find *find, const Node *node) {
    if (!is_integer(find, node)) return false;
    if (node->kind == NODE_NUMBER) return true;
    if (is_arithmetic(node))
        return is_fixed(find, node->binary.left) && is_fixed(find, node->binary.right);
    if (node->kind != NODE_NAME) return false;
    const Symbol *symbol = node->name.symbol;
    if (!symbol || symbol == find->variable || map_get(&find->written, symbol)) return false;
    return symbol->kind == SYMBOL_CONSTANT || lower_is_defined(find->cx, symbol);
}

// Never falls while the loop variable grows.
static bool is_rising(Find *find, const Node *node) {
    if (!is_integer(find, node)) return false;
    if (is_fixed(find, node)) return true;
    if (node->kind == NODE_NAME) return node->name.symbol == find->variable;
    if (!is_arithmetic(node)) return false;
    const Node *left = node->binary.left, *right = node->binary.right;
    if (node->binary.op == BINARY_ADD) return is_rising(find, left) && is_rising(find, right);
    if (node->binary.op == BINARY_SUB) return is_rising(find, left) && is_fixed(find, right);
    Type a = lower_node_type(find->cx, left), b = lower_node_type(find->cx, right);
    if (is_fixed(find, right) && b.low >= 0) return is_rising(find, left);
    return is_fixed(find, left) && a.low >= 0 && is_rising(find, right);
}

static SymSlot *list_at_hand(Find *find, const Node *base) {
    if (base->kind != NODE_NAME) return NULL;
    const Symbol *symbol = base->name.symbol;
    if (!symbol || symbol->function || !lower_is_defined(find->cx, symbol)) return NULL;
    SymSlot *slot = lower_slot(find->cx, base->name.symbol);
    return slot->data ? slot : NULL;
}

static void find_positions(void *context, Node **child) {
    Find *find = context;
    Node *node = *child;
    if (!node) return;
    if (node->kind == NODE_INDEX && !node->observed && list_at_hand(find, node->index.base) &&
        is_rising(find, node->index.index))
        vec_push(find->cx->arena, &find->found, node);
    ast_children(node, find_positions, find);
}

// --- the check before the loop ------------------------------------------------------------------------

// The position when the loop variable is `i`. For a loop without iterations it may be anything.
static LLVMValueRef position_at(Find *find, Node *node, LLVMValueRef i) {
    LowerCtx *cx = find->cx;
    if (is_fixed(find, node)) return lower_convert(cx, lower_expr(cx, node), REP_I64).v;
    if (node->kind == NODE_NAME) return i;
    LLVMValueRef a = position_at(find, node->binary.left, i);
    LLVMValueRef b = position_at(find, node->binary.right, i);
    if (node->binary.op == BINARY_ADD) return LLVMBuildAdd(cx->builder, a, b, "");
    if (node->binary.op == BINARY_SUB) return LLVMBuildSub(cx->builder, a, b, "");
    return LLVMBuildMul(cx->builder, a, b, "");
}

static LLVMValueRef both(LowerCtx *cx, LLVMValueRef a, LLVMValueRef b) {
    return a ? LLVMBuildAnd(cx->builder, a, b, "") : b;
}

static LLVMValueRef all_inside(Find *find, LLVMValueRef low, LLVMValueRef high) {
    LowerCtx *cx = find->cx;
    LLVMValueRef last = LLVMBuildSub(cx->builder, high, lower_i64(cx, 1), "last"), all = NULL;
    VEC_EACH(Node *, node, &find->found) {
        const SymSlot *slot = list_at_hand(find, node->index.base);
        LLVMValueRef first = position_at(find, node->index.index, low);
        LLVMValueRef end = position_at(find, node->index.index, last);
        LLVMValueRef above = LLVMBuildICmp(cx->builder, LLVMIntSGE, first, lower_i64(cx, 0), "");
        LLVMValueRef below = LLVMBuildICmp(cx->builder, LLVMIntSLT, end, slot->length, "");
        all = both(cx, all, both(cx, above, below));
    }
    return all;
}

Bounds lower_bounds(LowerCtx *cx, LoopNode *loop, LLVMValueRef low, LLVMValueRef high) {
    Find find = {.cx = cx,
                 .variable = loop->symbols.len ? loop->symbols.items[0] : NULL,
                 .written = {.arena = cx->arena}};
    Bounds bounds = {0};
    if (!find.variable || loop->has_value || cx->options->optimize < 2) return bounds;
    Node *body = loop->body;
    find_written(&find, &body);
    if (find.nested) return bounds;
    find_positions(&find, &body);
    if (find.found.len == 0) return bounds;
    bounds.inside = all_inside(&find, low, high);
    VEC_EACH(Node *, node, &find.found) vec_push(cx->arena, &bounds.nodes, node);
    return bounds;
}

void lower_bounds_known(LowerCtx *cx, const Bounds *bounds, bool known) {
    VEC_EACH(Node *, node, &bounds->nodes)
        map_put(&cx->inside, node, known ? (void *)node : NULL);
}
