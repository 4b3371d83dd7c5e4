// lower_sim_staged.c: the engine for any number of threads: each module as a function
// void (RtSimRun *, state, slots, cycle), RtSimStep of rt_layout.h. It reads its thread's copy of
// the state, which nobody changes during a cycle, and writes its own slots; who calls it on which
// thread, and who applies the slots, is the runtime's affair.
#include "lower_sim.h"

static LLVMTypeRef step_type(LowerCtx *cx) {
    LLVMTypeRef types[] = {cx->ptr, cx->ptr, cx->ptr, cx->i64};
    return LLVMFunctionType(cx->void_t, types, 4, 0);
}

static LLVMValueRef emit_step(LowerCtx *cx, SimLayout *layout, const SimModule *module) {
    const char *name = arena_printf(cx->arena, "flap.sim.step.%s", module->name->text);
    LLVMValueRef step = LLVMAddFunction(cx->module, name, step_type(cx));
    lower_code_attributes(cx, step);
    LLVMSetLinkage(step, LLVMInternalLinkage);
    FuncState fs;
    lower_begin_plain(cx, &fs, step, module->name->text);
    SimCode code = {.cx = cx, .layout = layout, .staged = true};
    code.run = LLVMGetParam(step, 0);
    code.state = LLVMGetParam(step, 1);
    code.slots = LLVMGetParam(step, 2);
    code.cycle = LLVMGetParam(step, 3);
    code.active = lower_alloca(cx, cx->i1, "active");
    sim_store(&code, LLVMConstInt(cx->i1, 0, 0), code.active);
    sim_module(&code, module);
    LLVMBuildRetVoid(cx->builder);
    lower_end(cx);
    return step;
}

void sim_staged(LowerCtx *cx, SimLayout *layout) {
    VEC_EACH(SimModule *, module, &layout->model->ranked)
    layout->steps[module->rank] = emit_step(cx, layout, module);
}
