// lower_effort.c: which functions are worth LLVM's passes at -O1, where the first result counts. Code
// that is not optimised is compiled ten times as fast.
//
// How often a function runs is estimated over the calls from the top level, how much it does from the
// numbers of iterations of its loops, as far as their ranges bound them. Whatever may be often
// (recursion, calls through values or from C, loops without a bound) counts as such, so only what is
// surely done soon is left as it is. A large function without a loop is, too: it spends its time in the
// runtime and in what it calls.
//
// Invariant: what is decided here changes how fast code is, never what it does.
#include "lower_internal.h"
#include "../frontend/sim.h"
#include <math.h>

enum {
    LARGE_FUNCTION = 150, // instructions before optimisation
    // of a node on average: to optimise it takes as long as some ten thousand runs of it as it is
    RUNS_WORTH = 2000,
};

typedef struct Edge {
    const Instance *callee;
    double times; // for one run of the caller
} Edge;

typedef struct Estimate {
    VEC(Edge) calls;
    uint32_t callers; // edges whose caller is not known yet
    uint32_t nodes;
    double work; // nodes that one run evaluates
    double runs;
} Estimate;

typedef struct Look {
    LowerCtx *cx;
    const Instance *instance;
    Estimate *estimate, *all; // its own; by Instance.number
    double times;             // that what is looked at runs for one run of the function
} Look;

static double trips_of(const Look *look, const LoopNode *loop) {
    if (loop->kind != LOOP_RANGE) return INFINITY;
    const Type *types = look->instance->node_types;
    Type low = types[loop->low->id], high = types[loop->high->id];
    if (!low.integer || !high.integer) return INFINITY;
    return fmax(high.high - low.low + 1, 1);
}

static void add_call(const Look *look, const Instance *callee, bool once) {
    if (!callee) return;
    Edge edge = {callee, once ? look->times : INFINITY};
    vec_push(look->cx->arena, &look->estimate->calls, edge);
    look->all[callee->number].callers++;
}

static void look_at(void *context, Node **child) {
    Look *look = context;
    Node *node = *child;
    if (!node) return;
    look->estimate->nodes++;
    look->estimate->work += look->times;
    bool once = node->kind == NODE_CALL; // a pipe calls for each element, a value may be called often
    add_call(look, look->instance->callees[node->id], once);
    add_call(look, look->instance->parallel_callees[node->id], once);
    if (node->kind == NODE_LAMBDA) return;
    double outside = look->times;
    if (node->kind == NODE_LOOP) look->times *= trips_of(look, node->loop);
    ast_children(node, look_at, look);
    look->times = outside;
}

static void look_at_instance(LowerCtx *cx, Instance *instance, Estimate *all) {
    Function *function = instance->function;
    Look look = {cx, instance, &all[instance->number], all, 1};
    if (!function->has_clauses) {
        look_at(&look, &function->body);
        return;
    }
    for (uint32_t i = 0; i < function->node->lambda.clauses.len; i++)
        look_at(&look, &function->node->lambda.clauses.items[i].body);
}

// Callers before callees; what is in a circle of calls is never reached, and keeps its infinity.
static void add_up(LowerCtx *cx, Estimate *all) {
    InstanceVec ready = {0};
    vec_push(cx->arena, &ready, cx->c->program->instances.items[0]);
    for (uint32_t i = 0; i < ready.len; i++) {
        const Estimate *from = &all[ready.items[i]->number];
        cx->rarely_run[ready.items[i]->number] = from->work * from->runs <= RUNS_WORTH * from->nodes;
        for (uint32_t k = 0; k < from->calls.len; k++) {
            const Edge *edge = &from->calls.items[k];
            Estimate *to = &all[edge->callee->number];
            to->runs += edge->times * from->runs;
            if (--to->callers > 0) continue;
            vec_push(cx->arena, &ready, cx->c->program->instances.items[edge->callee->number]);
        }
    }
}

void lower_find_rarely_run(LowerCtx *cx) {
    Program *program = cx->c->program;
    cx->rarely_run = ARENA_ARRAY(cx->arena, bool, program->instances.len);
    if (cx->options->optimize != 1 || cx->options->optimize_size) return;
    if (program->sim && program->sim->modules.len > 0) return; // what hardware calls, it calls in each cycle
    Estimate *all = ARENA_ARRAY(cx->arena, Estimate, program->instances.len);
    all[0].runs = 1;
    VEC_EACH(Instance *, instance, &program->instances) look_at_instance(cx, instance, all);
    Look top = {cx, program->instances.items[0], &all[0], all, 1};
    add_call(&top, program->user_main_instance, true);
    VEC_EACH(Export *, export, &program->exports)
    if (export->instance) all[export->instance->number].callers++;
    add_up(cx, all);
}

static bool is_large(LLVMValueRef function) {
    uint32_t left = LARGE_FUNCTION;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef at = LLVMGetFirstInstruction(block); at; at = LLVMGetNextInstruction(at))
            if (--left == 0) return true;
    return false;
}

void lower_choose_effort(LowerCtx *cx) {
    const FuncState *fs = cx->fs;
    if (cx->options->optimize != 1 || cx->options->optimize_size) return;
    bool idle = !fs->repeats && !fs->function->self_tail_call && is_large(fs->value);
    if (!idle && !cx->rarely_run[fs->instance->number]) return;
    lower_fn_attr(cx, fs->value, "optnone", 0);
    lower_fn_attr(cx, fs->value, "noinline", 0);
}
