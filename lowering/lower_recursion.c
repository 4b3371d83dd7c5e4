// lower_recursion.c: recursive functions that run on integers (sema.h, Instance.checked). A function with
// such a twin has three parts:
//   flap.f.-either   what everybody calls: if the arguments are whole it calls the twin, and if that
//                    gives up, or they are not, the function in doubles
//   flap.f.<n>       the twin: it and what it calls in a circle stay among checked instances
//   flap.f           in doubles: calls in a circle stay in doubles, so no work is begun anew twice
// A twin that gives up returns what is no result: -2^63, or, where results are never negative, any
// negative number; its callers then give up, too.
//
// After it gave up the twin is not asked again for the next AGAIN calls: a function whose results are
// never exact loses little.
#include "lower_internal.h"

enum { AGAIN = 15 };

// --- giving up ------------------------------------------------------------------------------------

static LLVMValueRef no_result(LowerCtx *cx) {
    return LLVMConstInt(cx->i64, UINT64_C(1) << 63, 0);
}

static LLVMValueRef is_no_result(LowerCtx *cx, const Instance *callee, LLVMValueRef result) {
    if (callee->result.low >= 0)
        return LLVMBuildICmp(cx->builder, LLVMIntSLT, result, lower_i64(cx, 0), "gave.up");
    return LLVMBuildICmp(cx->builder, LLVMIntEQ, result, no_result(cx), "gave.up");
}

static void return_nothing(LowerCtx *cx) {
    lower_clean(cx, 0);
    lower_roots_leave(cx);
    LLVMBuildRet(cx->builder, no_result(cx));
}

static bool holds_something(const LowerCtx *cx) {
    VEC_EACH(Cleanup, cleanup, &cx->fs->cleanups) if (cleanup.active) return true;
    return false;
}

void lower_give_up(LowerCtx *cx) {
    if (holds_something(cx)) {
        return_nothing(cx);
        return;
    }
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    if (!cx->fs->give_up) {
        cx->fs->give_up = lower_block_new(cx, "give.up");
        LLVMPositionBuilderAtEnd(cx->builder, cx->fs->give_up);
        return_nothing(cx);
        LLVMPositionBuilderAtEnd(cx->builder, here);
    }
    LLVMBuildBr(cx->builder, cx->fs->give_up);
}

void lower_checked_call(LowerCtx *cx, const Instance *callee, LLVMValueRef result) {
    if (callee->checked) lower_give_up_if(cx, is_no_result(cx, callee, result));
}

// --- several levels at once -----------------------------------------------------------------------

enum { MOST_NODES = 100, FEW_NODES = 40, MOST_CALLS = 4 }; // of one level

typedef struct Stops {
    const Instance *instance;
    bool may;
} Stops;

static bool may_be_zero(Type type) {
    return !type.integer || (type.low <= 0 && type.high >= 0);
}

static void look_for_stops(void *context, Node **child) {
    Stops *stops = context;
    const Node *node = *child;
    if (!node || stops->may) return;
    const Type *types = stops->instance->node_types;
    if (node->kind == NODE_BINARY &&
        (node->binary.op == BINARY_DIV || node->binary.op == BINARY_MOD))
        stops->may = may_be_zero(types[node->binary.right->id]);
    if (node->kind == NODE_UPDATE &&
        (node->update.op == UPDATE_DIV || node->update.op == UPDATE_MOD))
        stops->may = may_be_zero(types[node->update.value->id]);
    const Instance *callee = node->kind == NODE_CALL ? stops->instance->callees[node->id] : NULL;
    if (callee && callee != stops->instance && (callee->function->effects & EFFECT_STOP) != 0)
        stops->may = true;
    ast_children(*child, look_for_stops, stops);
}

// A small function that calls itself has the code of its next calls become part of it. Backtraces would
// miss these, so only where nothing can stop. What remains are calls: a stack that runs out is told.
uint32_t lower_levels(LowerCtx *cx, Instance *instance) {
    const Function *function = instance->function;
    if (!instance->checked || cx->options->optimize < 2 || cx->options->optimize_size) return 1;
    if (function->node_count > MOST_NODES) return 1;
    uint32_t calls = 0;
    for (uint32_t id = 0; id < function->node_count; id++)
        calls += instance->callees[id] == instance;
    if (calls == 0 || calls > MOST_CALLS || (calls == 1 && function->self_tail_call)) return 1;
    Stops stops = {instance, false};
    ast_children(function->node, look_for_stops, &stops);
    if (stops.may) return 1;
    if (function->node_count > FEW_NODES || calls > 2) return 2;
    return calls == 1 ? 4 : 3;
}

// --- the function that everybody calls ------------------------------------------------------------

LLVMValueRef lower_function_of(LowerCtx *cx, const Instance *callee) {
    const Instance *from = cx->fs->instance;
    if (cx->fs->self && callee == from) return cx->fs->self;
    bool circle = from && from->integers && callee->integers &&
                  from->function->group == callee->function->group;
    return circle ? cx->doubles[callee->number] : cx->functions[callee->number];
}

static LLVMValueRef call(LowerCtx *cx, const Instance *callee, LLVMValueRef function,
                         LLVMValueRef *inputs) {
    uint32_t count = callee->function->captures.len + callee->function->param_count;
    LLVMValueRef result =
        LLVMBuildCall2(cx->builder, cx->signatures[callee->number], function, inputs, count, "");
    LLVMSetInstructionCallConv(result, LLVMFastCallConv);
    return result;
}

// How many calls are not to ask the twin.
static LLVMValueRef add_pause(LowerCtx *cx, const Instance *instance) {
    const char *name = arena_printf(cx->arena, "flap.%s.pause", instance->link_name);
    LLVMValueRef pause = LLVMAddGlobal(cx->module, cx->i64, name);
    LLVMSetInitializer(pause, lower_i64(cx, 0));
    LLVMSetLinkage(pause, LLVMInternalLinkage);
    return pause;
}

// Threads may overtake each other here: then the twin is asked sooner or later.
static void set_pause(LowerCtx *cx, LLVMValueRef pause, LLVMValueRef value) {
    LLVMValueRef store = LLVMBuildStore(cx->builder, value, pause);
    LLVMSetOrdering(store, LLVMAtomicOrderingMonotonic);
    LLVMSetAlignment(store, 8);
}

static void ask_pause(LowerCtx *cx, LLVMValueRef pause, LLVMBasicBlockRef doubles) {
    LLVMValueRef left = LLVMBuildLoad2(cx->builder, cx->i64, pause, "pause");
    LLVMSetOrdering(left, LLVMAtomicOrderingMonotonic);
    LLVMSetAlignment(left, 8);
    LLVMValueRef some = LLVMBuildICmp(cx->builder, LLVMIntSGT, left, lower_i64(cx, 0), "");
    LLVMBasicBlockRef on = lower_rare(cx, some, "paused");
    set_pause(cx, pause, LLVMBuildSub(cx->builder, left, lower_i64(cx, 1), ""));
    LLVMBuildBr(cx->builder, doubles);
    lower_at(cx, on);
}

// The input as the twin takes it; *fits: null, or whether all so far are such numbers. Twins are made
// when types are about to be final: what was an integer then may have a larger range now.
static LLVMValueRef as_integers(LowerCtx *cx, LLVMValueRef input, Type from, Type to,
                                LLVMValueRef *fits) {
    if (type_rep(from) == type_rep(to)) {
        bool within = !from.integer || (from.low >= to.low && from.high <= to.high);
        if (within || type_rep(to) != REP_I64) return input;
        input = LLVMBuildSIToFP(cx->builder, input, cx->f64, "");
    }
    if (type_rep(to) != REP_I64)
        return lower_convert(cx, lower_val(type_rep(from), from, input, false), type_rep(to)).v;
    LLVMValueRef integer, good = lower_whole(cx, input, to, &integer);
    *fits = *fits ? LLVMBuildAnd(cx->builder, *fits, good, "") : good;
    return integer;
}

static LLVMValueRef convert_inputs(LowerCtx *cx, const Instance *instance,
                                   const LLVMValueRef *inputs, LLVMValueRef *integers) {
    uint32_t captured = instance->function->captures.len;
    LLVMValueRef fits = NULL;
    for (uint32_t i = 0; i < captured; i++)
        integers[i] = as_integers(cx, inputs[i], instance->captures[i],
                                  instance->integers->captures[i], &fits);
    for (uint32_t i = 0; i < instance->function->param_count; i++)
        integers[captured + i] = as_integers(cx, inputs[captured + i], instance->params[i],
                                             instance->integers->params[i], &fits);
    return fits;
}

void lower_either(LowerCtx *cx, Instance *instance) {
    const Instance *twin = instance->integers;
    if (!twin) return;
    uint32_t count = instance->function->captures.len + instance->function->param_count;
    LLVMValueRef *inputs = ARENA_ARRAY(cx->arena, LLVMValueRef, count);
    LLVMValueRef *integers = ARENA_ARRAY(cx->arena, LLVMValueRef, count);
    FuncState fs;
    lower_begin(cx, &fs, instance, cx->functions[instance->number]);
    for (uint32_t i = 0; i < count; i++) inputs[i] = LLVMGetParam(fs.value, i);
    LLVMValueRef pause = add_pause(cx, instance);
    LLVMBasicBlockRef doubles = lower_block_new(cx, "doubles");
    ask_pause(cx, pause, doubles);
    LLVMValueRef fits = convert_inputs(cx, instance, inputs, integers);
    if (fits) {
        LLVMBasicBlockRef whole = lower_block_new(cx, "whole");
        lower_branch(cx, fits, whole, doubles);
        lower_at(cx, whole);
    }
    LLVMValueRef result = call(cx, twin, cx->functions[twin->number], integers);
    LLVMSetTailCallKind(result, LLVMTailCallKindNoTail);
    lower_call_attr(cx, result, "noinline"); // whose frame has a name
    LLVMBasicBlockRef good = lower_rare(cx, is_no_result(cx, twin, result), "gave.up");
    set_pause(cx, pause, lower_i64(cx, AGAIN));
    LLVMBuildBr(cx->builder, doubles);
    lower_at(cx, good);
    LVal value = lower_val(REP_I64, twin->result, result, false);
    LLVMBuildRet(cx->builder, lower_convert(cx, value, type_rep(instance->result)).v);
    lower_at(cx, doubles);
    result = call(cx, instance, cx->doubles[instance->number], inputs);
    LLVMSetTailCall(result, 1);
    LLVMBuildRet(cx->builder, result);
    lower_end(cx);
}
