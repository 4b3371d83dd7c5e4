// lower_plain.c: `@@` loops that are too small to share run as the loop without the prefix, a copy of its own:
// no record of captures, no changes that are kept, no blocks. Its result is the same, which is the promise of
// the prefix. Estimates decide where they know what an iteration takes, else the runtime, by what iterations
// took before (rt_par_plain).
//
// Not so: loops with a number of threads, which are engaged whatever it costs; those with `max`; sums of doubles
// whose blocks are not single iterations, since their last digits are those of blocks; bodies with parallel
// loops of their own, which have copies themselves, and large bodies, beside which nothing else counts.
#include "lower_par.h"
#include "../rt/rt_layout.h"

// Nodes of a body; instructions up to which a loop that may be left is not shared, since each block that it is
// made of waits for those before it, up to which an iteration of one is less than keeping a change, and up to
// which one is less than finding a text's code point for it.
enum { MOST_NODES = 400, LEAVING_COST = 1000000, KEEPING_COST = 200, POINT_COST = 40 };

// Nanoseconds that are too few to share, of loops whose iterations the runtime has timed: such without order; in
// whose order blocks wait for each other; that put together lists or texts, a part for each block; that
// sum up, for which blocks one after the other are almost the loop without the prefix; and over texts, whose code
// points would have to be put in a list first.
enum {
    FEW_NS = 3000,
    FEW_ORDERED_NS = 25000,
    FEW_JOINED_NS = 250000,
    FEW_SUMMED_NS = 8000,
    FEW_POINTS_NS = 1000000
};

#ifdef FLAP_STRESS
enum { STRESSED = 1 }; // what is seldom shared is shared
#else
enum { STRESSED = 0 };
#endif

typedef struct Content {
    uint32_t nodes;
    bool loops, parallel;
} Content;

static void look_at(void *context, Node **child) {
    Content *content = context;
    Node *node = *child;
    if (!node) return;
    content->nodes++;
    if (node->kind == NODE_LOOP) content->loops = true;
    if (node->kind == NODE_LOOP && node->loop->plan) content->parallel = true;
    if (node->kind == NODE_PIPE && node->pipe.op == PIPE_PARALLEL) content->parallel = true;
    ast_children(node, look_at, content);
}

static bool changes_something(const ParPlan *plan) {
    for (uint32_t i = 0; i < plan->captures.len; i++) {
        ParUse use = plan->captures.items[i].use;
        if (use == PAR_ELEMENT || use == PAR_KEPT) return true;
    }
    return false;
}

static int64_t few_ns(LowerCtx *cx, const Par *par) {
    int64_t few = par->plan->effects & EFFECT_OUTPUT ? FEW_ORDERED_NS : FEW_NS;
    if (par->source.v && par->source.rep == REP_STRING) return FEW_POINTS_NS;
    for (uint32_t i = 0; i < par->plan->captures.len; i++) {
        const ParVariable *variable = &par->plan->captures.items[i];
        if (!lower_par_keeps(cx, variable)) continue;
        if (few < FEW_ORDERED_NS) few = FEW_ORDERED_NS;
        Type type = lower_slot(cx, variable->symbol)->type;
        if (variable->use == PAR_REDUCE && type_may(type, KIND_LIST | KIND_STRING))
            few = FEW_JOINED_NS;
    }
    bool laned = few == FEW_NS && lower_reductions_plain(cx, par, true) != INT64_MAX;
    return laned ? FEW_SUMMED_NS : few;
}

// The most iterations of that cost (known) for which the loop is not worth sharing.
static int64_t not_worth(const Par *par, int32_t cost) {
    if (par->source.v && par->source.rep == REP_STRING && cost < POINT_COST) return INT64_MAX;
    if (!par->loop->left) return LOWER_PLAIN_COST / cost;
    return cost < KEEPING_COST && changes_something(par->plan) ? INT64_MAX : LEAVING_COST / cost;
}

static void run_it(LowerCtx *cx, Par *par) {
    bool want_value = par->result != NULL;
    LVal value;
    if (par->loop->kind == LOOP_RANGE) {
        LLVMValueRef high = LLVMBuildNSWAdd(cx->builder, par->low, par->count, "");
        value = lower_range_between(cx, par->node, par->low, high, want_value);
    } else {
        value = lower_loop_over(cx, par->node, par->source, want_value);
    }
    if (!want_value) return;
    value = lower_own(cx, lower_convert(cx, value, par->result_rep));
    LLVMBuildStore(cx->builder, value.v, par->result);
}

static LLVMValueRef at_most(LowerCtx *cx, const Par *par, int64_t most) {
    return LLVMBuildICmp(cx->builder, LLVMIntSLE, par->count, lower_i64(cx, most), "");
}

LLVMValueRef lower_plain_ask(LowerCtx *cx, Par *par, LLVMValueRef count, int64_t few,
                             LLVMBasicBlockRef on) {
    LLVMBasicBlockRef ask = lower_block_new(cx, "ask"), plain = lower_block_new(cx, "plain");
    LLVMBasicBlockRef before = LLVMGetInsertBlock(cx->builder);
    LLVMValueRef none = lower_i64(cx, 0), history = lower_par_history(cx, par);
    LLVMValueRef many = LLVMBuildICmp(cx->builder, LLVMIntSGT, count, lower_i64(cx, few), "");
    lower_branch(cx, many, ask, plain);
    lower_at(cx, ask);
    LLVMValueRef asked = RT(cx, rt_par_plain, history, count, lower_i64(cx, few_ns(cx, par)));
    LLVMBasicBlockRef from = LLVMGetInsertBlock(cx->builder);
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSGE, asked, none, ""), plain, on);
    lower_at(cx, plain);
    LLVMValueRef start = LLVMBuildPhi(cx->builder, cx->i64, "start");
    LLVMAddIncoming(start, &none, &before, 1);
    LLVMAddIncoming(start, &asked, &from, 1);
    par->asks = true;
    return start;
}

void lower_plain_tell(LowerCtx *cx, Par *par, LLVMValueRef count, LLVMValueRef start) {
    LLVMBasicBlockRef timed = lower_block_new(cx, "timed"), out = lower_block_new(cx, "told");
    LLVMValueRef none = lower_i64(cx, 0);
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSGT, start, none, ""), timed, out);
    lower_at(cx, timed);
    RT(cx, rt_par_plain_end, lower_par_history(cx, par), start, count);
    lower_go(cx, out);
}

// By what iterations took before: goes on at `end`, or in parallel at `on`.
static void run_remembered(LowerCtx *cx, Par *par, int32_t cost, int64_t most, LLVMBasicBlockRef on,
                           LLVMBasicBlockRef end) {
    // So that what stops in either copy is told with the same functions around it.
    lower_fn_attr(cx, cx->fs->value, "noinline", 0);
    if (most != INT64_MAX) {
        LLVMBasicBlockRef fits = lower_block_new(cx, "fits");
        lower_branch(cx, at_most(cx, par, most), fits, on);
        lower_at(cx, fits);
    }
    int64_t few = cost > 0 ? LOWER_PLAIN_COST / cost : 1;
    LLVMValueRef start = lower_plain_ask(cx, par, par->count, few, on);
    run_it(cx, par);
    lower_plain_tell(cx, par, par->count, start);
    LLVMBuildBr(cx->builder, end);
}

static bool keeps_something(LowerCtx *cx, const ParPlan *plan) {
    for (uint32_t i = 0; i < plan->captures.len; i++)
        if (lower_par_keeps(cx, &plan->captures.items[i])) return true;
    return false;
}

LLVMBasicBlockRef lower_plain(LowerCtx *cx, Par *par) {
    const LoopNode *loop = par->loop;
    if (STRESSED || (loop->kind != LOOP_RANGE && !par->source.v)) return NULL;
    if (loop->prefix != PREFIX_ALL || loop->max || par->plan->parts.len || cx->unlikely)
        return NULL;
    Content content = {0};
    Node *body = loop->body;
    look_at(&content, &body);
    int64_t most = lower_reductions_plain(cx, par, content.loops);
    if (content.parallel || content.nodes > MOST_NODES) return NULL;
    if (most == 0 && par->result) return NULL; // that it has none is told by the loop's end
    LLVMBasicBlockRef on = lower_block_new(cx, "many"), end = lower_block_new(cx, "ran.plain");
    int32_t cost = lower_par_cost(cx, loop->body);
    if (most == 0) { // but where there is none at all
        LLVMValueRef none =
            LLVMBuildICmp(cx->builder, LLVMIntSLE, par->count, lower_i64(cx, 0), "");
        lower_branch(cx, none, end, on);
    } else if (cost > 0 && (loop->left || !keeps_something(cx, par->plan))) {
        int64_t enough = not_worth(par, cost);
        LLVMBasicBlockRef few = lower_block_new(cx, "few");
        lower_branch(cx, at_most(cx, par, enough < most ? enough : most), few, on);
        lower_at(cx, few);
        run_it(cx, par);
        LLVMBuildBr(cx->builder, end);
    } else {
        run_remembered(cx, par, cost, most, on, end);
    }
    lower_at(cx, on);
    return end;
}
