// lower_cost.c: how much work an iteration of a parallel loop is, in instructions: a guess that lets
// the runtime run small loops on the calling thread alone.
//
// Invariant: whatever may take any time (loops, recursion, functions that only the run knows, values whose
// size only the run tells) makes the estimate 0, "not known": a long loop is never taken for a small one.
#include "lower_par.h"

enum { SMALL_BODY = 60, COST_MOST = 1000000, DEEPEST_CALL = 4 };
enum { MATH_COST = 40, INSTRUCTION_COST = 4, CALL_COST = 8 };

typedef struct Cost {
    const Instance *instance; // whose code it is; null: only the size is asked for
    LowerCtx *cx;             // of the body itself, where it is lowered now
    int calls;                // how deep
    uint64_t count;
    bool loops, unknown;
} Cost;

static Type type_of(const Cost *cost, const Node *node) {
    return cost->cx ? lower_node_type(cost->cx, node) : cost->instance->node_types[node->id];
}

static bool is_number(const Cost *cost, const Node *node) {
    return type_is(type_of(cost, node), KIND_NUMBER);
}

// Of a builtin of numbers; 0: the call is of something else.
static uint64_t builtin_cost(const Node *call) {
    const Node *callee = call->call.callee;
    if (callee->kind != NODE_NAME || !callee->name.symbol || !callee->name.symbol->builtin)
        return 0;
    uint8_t lowering = callee->name.symbol->builtin->lowering;
    return lowering == BY_MATH ? MATH_COST : lowering == BY_INSTRUCTION ? INSTRUCTION_COST : 0;
}

// The function that the call is of, as parallel bodies call it; null: none that is known and has a body.
static const Instance *callee_of(const Cost *cost, const Node *call) {
    const Instance *from = cost->instance, *callee = NULL;
    if (call->call.callee->kind != NODE_NAME || lower_named_builtin(call->call.callee)) return NULL;
    if (!from->parallel) callee = from->parallel_callees[call->id];
    if (!callee) callee = from->callees[call->id];
    bool plain = callee && callee->function->body && !callee->function->has_clauses &&
                 !callee->function->jumps;
    return plain ? callee : NULL;
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
               !type_may(type_of(cost, node->index.base), KIND_STRING);
    case NODE_UNARY: return node->unary.op == UNARY_LEN || is_number(cost, node->unary.operand);
    case NODE_BINARY:
        if (node->binary.op == BINARY_AND || node->binary.op == BINARY_OR) return true;
        return is_number(cost, node->binary.left) && is_number(cost, node->binary.right);
    case NODE_CAST: return is_number(cost, node->cast.operand) && node->cast.to <= CAST_F64;
    case NODE_UPDATE: return is_number(cost, node->update.value);
    case NODE_MATCH: return true;
    }
    return false;
}

static void add_cost(void *context, Node **child);

// True if it is a call whose cost is known.
static bool add_call(Cost *cost, const Node *call) {
    uint64_t known = builtin_cost(call);
    if (known) {
        cost->count += known;
        return true;
    }
    const Instance *callee = callee_of(cost, call);
    if (!callee || cost->calls == DEEPEST_CALL) return false;
    Cost inside = {.instance = callee, .calls = cost->calls + 1, .count = cost->count + CALL_COST};
    Node *body = callee->function->body;
    add_cost(&inside, &body);
    cost->count = inside.count;
    return !inside.loops && !inside.unknown;
}

static void add_cost(void *context, Node **child) {
    Cost *cost = context;
    Node *node = *child;
    if (!node || cost->count > COST_MOST) return;
    if (node->kind == NODE_LOOP) cost->loops = true;
    bool in_range = node->kind == NODE_BINARY && node->binary.right->kind == NODE_RANGE;
    if (!cost->instance) {
        cost->count += node->kind == NODE_CALL || node->kind == NODE_PIPE ? MATH_COST : 1;
    } else if (node->kind == NODE_CALL) {
        cost->unknown |= !add_call(cost, node);
    } else {
        cost->unknown |= !in_range && !is_bounded(cost, node);
        cost->count++;
    }
    if (cost->unknown) return;
    if (in_range) { // x in a..<b: no list
        Node *range = node->binary.right;
        add_cost(cost, &node->binary.left);
        node = range;
    }
    ast_children(node, add_cost, cost);
}

int32_t lower_par_cost(LowerCtx *cx, Node *body) {
    Cost cost = {.instance = cx->fs->instance, .cx = cx};
    add_cost(&cost, &body);
    if (cost.unknown || cost.loops || cost.count > COST_MOST) return 0;
    return (int32_t)cost.count;
}

int32_t lower_call_cost(LowerCtx *cx, const Instance *callee) {
    if (!callee->function->body || callee->function->jumps) return 0;
    Cost cost = {.instance = callee, .cx = cx, .calls = 1, .count = CALL_COST};
    Node *body = callee->function->body;
    add_cost(&cost, &body);
    if (cost.unknown || cost.loops || cost.count > COST_MOST) return 0;
    return (int32_t)cost.count;
}

bool lower_par_is_small(Node *body) {
    Cost cost = {0};
    add_cost(&cost, &body);
    return !cost.loops && cost.count < SMALL_BODY;
}
