// lower_sim_direct.c: the engine for one thread: one function that runs cycle after cycle, straight
// through all modules in the planned order, then through the changes that had to wait.
//
// Big designs are cut into several functions, since the optimiser's time grows faster than a
// function's size.
#include "lower_sim.h"

enum { PART_WEIGHT = 4000 }; // nodes of bodies in one function

#define B(code) ((code)->cx->builder)

static LLVMValueRef i64(SimCode *code, int64_t value) {
    return lower_i64(code->cx, value);
}

static LLVMTypeRef part_type(LowerCtx *cx) {
    LLVMTypeRef types[] = {cx->ptr, cx->i64};
    return LLVMFunctionType(cx->i1, types, 2, 0);
}

// Modules order[from] … order[to - 1] in a function of their own.
static LLVMValueRef emit_part(LowerCtx *cx, SimLayout *layout, uint32_t from, uint32_t to) {
    const char *name = arena_printf(cx->arena, "flap.sim.part.%u", from);
    LLVMValueRef part = LLVMAddFunction(cx->module, name, part_type(cx));
    lower_code_attributes(cx, part);
    lower_fn_attr(cx, part, "noinline", 0);
    LLVMSetLinkage(part, LLVMInternalLinkage);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs;
    lower_begin_plain(cx, &fs, part, "simulate");
    SimCode code = {.cx = cx, .layout = layout};
    code.run = LLVMGetParam(part, 0);
    code.cycle = LLVMGetParam(part, 1);
    code.active = lower_alloca(cx, cx->i1, "active");
    sim_store(&code, LLVMConstInt(cx->i1, 0, 0), code.active);
    for (uint32_t i = from; i < to; i++) sim_module(&code, layout->order[i]);
    LLVMBuildRet(cx->builder, sim_load(&code, cx->i1, code.active));
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    return part;
}

static void call_part(SimCode *code, LLVMValueRef part) {
    LLVMValueRef args[] = {code->run, code->cycle};
    LLVMValueRef active = LLVMBuildCall2(B(code), part_type(code->cx), part, args, 2, "");
    LLVMValueRef before = sim_load(code, code->cx->i1, code->active);
    sim_store(code, LLVMBuildOr(B(code), before, active, ""), code->active);
}

static void emit_modules(SimCode *code, const SimModel *model) {
    uint32_t whole = 0, count = model->ranked.len;
    VEC_EACH(SimModule *, module, &model->ranked) whole += module->weight;
    if (whole <= PART_WEIGHT) {
        for (uint32_t i = 0; i < count; i++) sim_module(code, code->layout->order[i]);
        return;
    }
    for (uint32_t from = 0, to; from < count; from = to) {
        uint32_t weight = 0;
        for (to = from; to < count && (to == from || weight < PART_WEIGHT); to++)
            weight += code->layout->order[to]->weight;
        call_part(code, emit_part(code->cx, code->layout, from, to));
    }
}

// --- the end of the cycle ------------------------------------------------------------------------

static void commit_queue(SimCode *code, const SimTarget *target) {
    LLVMValueRef pushed = sim_queue(code, target, QUEUE_PUSHED);
    LLVMValueRef popped = sim_queue(code, target, QUEUE_POPPED);
    LLVMValueRef count = LLVMBuildAdd(B(code), sim_queue(code, target, QUEUE_COUNT), pushed, "");
    sim_store(code, LLVMBuildSub(B(code), count, popped, ""),
              sim_queue_at(code, target, QUEUE_COUNT));
    sim_store(code, i64(code, 0), sim_queue_at(code, target, QUEUE_PUSHED));
    sim_store(code, i64(code, 0), sim_queue_at(code, target, QUEUE_POPPED));
    if (target->kind == SIM_EVENTS) return;
    LLVMValueRef head = LLVMBuildAdd(B(code), sim_queue(code, target, QUEUE_HEAD), popped, "");
    head = LLVMBuildAnd(B(code), head, sim_queue(code, target, QUEUE_MASK), "");
    sim_store(code, head, sim_queue_at(code, target, QUEUE_HEAD));
}

static void commit_plain(SimCode *code, const SimTarget *target) {
    LLVMValueRef data = code->layout->places[target->number].data;
    LLVMValueRef next = lower_field(code->cx, data, 8);
    sim_store(code, sim_load(code, code->cx->i64, next), data);
    if (target->kind == SIM_EVENTS) sim_store(code, i64(code, 0), next);
}

// for (i = 0; i < count; i++) data[entries[i].index] = entries[i].value; count = 0
static void commit_array(SimCode *code, const SimTarget *target) {
    LowerCtx *cx = code->cx;
    const SimPlace *place = &code->layout->places[target->number];
    LLVMValueRef counter = lower_field(cx, place->next, 8), zero = i64(code, 0);
    LLVMValueRef count = sim_load(code, cx->i64, counter);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(B(code));
    LLVMBasicBlockRef body = lower_block_new(cx, "commit"), on = lower_block_new(cx, "on");
    lower_branch(cx, LLVMBuildICmp(B(code), LLVMIntSGT, count, zero, ""), body, on);
    lower_at(cx, body);
    LLVMValueRef i = LLVMBuildPhi(B(code), cx->i64, "i");
    LLVMValueRef skip = LLVMBuildShl(B(code), i, i64(code, 5), "");
    LLVMValueRef entry = LLVMBuildInBoundsGEP2(B(code), cx->i8, place->next, &skip, 1, "");
    LLVMValueRef index = sim_load(code, cx->i64, lower_field(cx, entry, 16));
    LLVMValueRef value = sim_load(code, cx->i64, lower_field(cx, entry, 24));
    value = LLVMBuildTruncOrBitCast(B(code), value, place->element, "");
    sim_store(code, value, sim_element_at(code, target, place->data, index));
    LLVMValueRef up = LLVMBuildAdd(B(code), i, i64(code, 1), "");
    sim_store(code, zero, counter);
    LLVMAddIncoming(i, &zero, &from, 1);
    LLVMAddIncoming(i, &up, &body, 1);
    lower_branch(cx, LLVMBuildICmp(B(code), LLVMIntSLT, up, count, ""), body, on);
    lower_at(cx, on);
}

static void commit(SimCode *code, const SimTarget *target) {
    const SimPlace *place = &code->layout->places[target->number];
    if (target->kind != SIM_REGISTER && !place->plain) {
        commit_queue(code, target);
    } else if (place->at_once) {
        return;
    } else if (target->kind != SIM_REGISTER) {
        commit_plain(code, target);
    } else if (target->is_array) {
        commit_array(code, target);
    } else {
        sim_store(code, sim_load(code, place->element, place->next), place->data);
    }
}

// --- the loop ------------------------------------------------------------------------------------

static LLVMValueRef member_at(SimCode *code, size_t offset) {
    return lower_field(code->cx, code->run, (int64_t)offset);
}

static LLVMValueRef member(SimCode *code, size_t offset) {
    return sim_load(code, code->cx->i64, member_at(code, offset));
}

// Whether the next cycle runs: no end was asked for, and something happened not too long ago.
static LLVMValueRef goes_on(SimCode *code, LLVMValueRef next) {
    LLVMValueRef active = sim_load(code, code->cx->i1, code->active);
    LLVMValueRef idle =
        LLVMBuildAdd(B(code), member(code, offsetof(RtSimRun, idle)), i64(code, 1), "");
    idle = LLVMBuildSelect(B(code), active, i64(code, 0), idle, "idle");
    sim_store(code, idle, member_at(code, offsetof(RtSimRun, idle)));
    LLVMValueRef busy =
        LLVMBuildICmp(B(code), LLVMIntSLT, idle, member(code, offsetof(RtSimRun, idle_limit)), "");
    LLVMValueRef more =
        LLVMBuildICmp(B(code), LLVMIntSLT, next, member(code, offsetof(RtSimRun, end)), "");
    LLVMValueRef open = LLVMBuildICmp(B(code), LLVMIntEQ, member(code, offsetof(RtSimRun, ending)),
                                      i64(code, 0), "");
    return LLVMBuildAnd(B(code), LLVMBuildAnd(B(code), busy, more, ""), open, "more");
}

// void (RtSimRun *): at least one cycle is to be run.
LLVMValueRef sim_direct(LowerCtx *cx, SimLayout *layout) {
    LLVMTypeRef type = LLVMFunctionType(cx->void_t, &cx->ptr, 1, 0);
    LLVMValueRef function = LLVMAddFunction(cx->module, "flap.sim.cycles", type);
    lower_code_attributes(cx, function);
    LLVMSetLinkage(function, LLVMInternalLinkage);
    FuncState fs;
    lower_begin_plain(cx, &fs, function, "simulate");
    SimCode code = {.cx = cx, .layout = layout, .run = LLVMGetParam(function, 0)};
    code.active = lower_alloca(cx, cx->i1, "active");
    LLVMBasicBlockRef loop = lower_block_new(cx, "cycle"), end = lower_block_new(cx, "end");
    LLVMValueRef first = member(&code, offsetof(RtSimRun, cycle));
    LLVMBasicBlockRef from = LLVMGetInsertBlock(cx->builder);
    lower_go(cx, loop);
    code.cycle = LLVMBuildPhi(cx->builder, cx->i64, "cycle");
    sim_store(&code, LLVMConstInt(cx->i1, 0, 0), code.active);
    emit_modules(&code, layout->model);
    VEC_EACH(SimTarget *, target, &layout->model->targets) commit(&code, target);
    LLVMValueRef next = LLVMBuildAdd(cx->builder, code.cycle, i64(&code, 1), "");
    sim_store(&code, next, member_at(&code, offsetof(RtSimRun, cycle)));
    LLVMValueRef more = goes_on(&code, next);
    LLVMBasicBlockRef last = LLVMGetInsertBlock(cx->builder);
    lower_branch(cx, more, loop, end);
    LLVMAddIncoming(code.cycle, &first, &from, 1);
    LLVMAddIncoming(code.cycle, &next, &last, 1);
    lower_at(cx, end);
    LLVMBuildRetVoid(cx->builder);
    lower_end(cx);
    return function;
}
