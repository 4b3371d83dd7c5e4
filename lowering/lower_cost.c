// lower_cost.c: how much work an iteration of a parallel loop is, in instructions: a guess that lets
// the runtime run small loops on the calling thread alone.
//
// Invariant: whatever may take any time (loops, calls, values whose size only the run tells) makes the
// estimate 0, "not known": a long loop is never taken for a small one.
#include "lower_par.h"

enum { SMALL_BODY = 60, COST_MOST = 1000000, MATH_COST = 40 };

typedef struct Cost {
    LowerCtx *cx;
    uint64_t count;
    bool loops, unknown;
} Cost;

static bool is_number(const Cost *cost, const Node *node) {
    return type_is(lower_node_type(cost->cx, node), KIND_NUMBER);
}

// A builtin of numbers, with a cost of its own.
static bool is_instruction(const Node *call) {
    const Node *callee = call->call.callee;
    if (callee->kind != NODE_NAME || !callee->name.symbol || !callee->name.symbol->builtin)
        return false;
    uint8_t lowering = callee->name.symbol->builtin->lowering;
    return lowering == BY_MATH || lowering == BY_INSTRUCTION;
}

// True if running the node itself (not its children) takes a known number of instructions.
static bool is_bounded(const Cost *cost, const Node *node) {
    switch ((int)node->kind) {
    case NODE_NUMBER:
    case NODE_STRING:
    case NODE_NAME:
    case NODE_BLOCK:
    case NODE_LOOP_VALUE:
    case NODE_NEXT:
    case NODE_LEAVE:
    case NODE_RET:
    case NODE_DEFINE: return true;
    case NODE_INDEX:
        return is_number(cost, node->index.index) && !node->observed &&
               !type_may(lower_node_type(cost->cx, node->index.base), KIND_STRING);
    case NODE_UNARY:
        return node->unary.op == UNARY_LEN || is_number(cost, node->unary.operand);
    case NODE_BINARY:
        if (node->binary.op == BINARY_AND || node->binary.op == BINARY_OR) return true;
        return is_number(cost, node->binary.left) && is_number(cost, node->binary.right);
    case NODE_CALL: return is_instruction(node);
    case NODE_CAST: return is_number(cost, node->cast.operand) && node->cast.to <= CAST_F64;
    case NODE_UPDATE: return is_number(cost, node->update.value);
    case NODE_MATCH: return true;
    }
    return false;
}

static bool has_callee(const Node *node) {
    return node->kind == NODE_CALL || node->kind == NODE_PIPE;
}

static void add_cost(void *context, Node **child) {
    Cost *cost = context;
    Node *node = *child;
    if (!node || cost->count > COST_MOST) return;
    if (node->kind == NODE_LOOP) cost->loops = true;
    bool in_range = node->kind == NODE_BINARY && node->binary.right->kind == NODE_RANGE;
    if (cost->cx && !in_range && !is_bounded(cost, node)) cost->unknown = true;
    cost->count += has_callee(node) ? MATH_COST : 1;
    if (in_range) { // x in a..<b: no list
        Node *range = node->binary.right;
        add_cost(cost, &node->binary.left);
        node = range;
    }
    ast_children(node, add_cost, cost);
}

static Cost cost_of(LowerCtx *cx, Node *body) {
    Cost cost = {.cx = cx};
    add_cost(&cost, &body);
    return cost;
}

int32_t lower_par_cost(LowerCtx *cx, Node *body) {
    Cost cost = cost_of(cx, body);
    if (cost.unknown || cost.loops || cost.count > COST_MOST) return 0;
    return (int32_t)cost.count;
}

bool lower_par_is_small(Node *body) {
    Cost cost = cost_of(NULL, body);
    return !cost.loops && cost.count < SMALL_BODY;
}
