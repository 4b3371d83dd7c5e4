// lower_export.c: `export f = …`: functions with C symbols, in object files. Each takes and gives
// doubles, and is a frame around the instance of the function for numbers: the runtime lets one thread
// at a time in, and runs the program's top level before the first call.
#include "lower_internal.h"
#include "backend.h"

static void mark_exported(LowerCtx *cx, LLVMValueRef function) {
    LLVMAttributeRef mark =
        LLVMCreateStringAttribute(cx->context, LOWER_EXPORTED, sizeof LOWER_EXPORTED - 1, "", 0);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, mark);
}

static void export_one(LowerCtx *cx, const Symbol *symbol, const Instance *instance) {
    uint32_t count = instance->function->param_count;
    CHECK(instance->function->captures.len == 0, "what the top level captures is global");
    LLVMTypeRef *types = ARENA_ARRAY(cx->arena, LLVMTypeRef, count + 1);
    LLVMValueRef *values = ARENA_ARRAY(cx->arena, LLVMValueRef, count + 1);
    for (uint32_t i = 0; i < count; i++) types[i] = cx->f64;
    LLVMValueRef function =
        LLVMAddFunction(cx->module, symbol->name->text, LLVMFunctionType(cx->f64, types, count, 0));
    lower_code_attributes(cx, function);
    mark_exported(cx, function);
    FuncState fs;
    lower_begin_plain(cx, &fs, function, symbol->name->text);
    LLVMValueRef outer = RT(cx, rt_export_enter, cx->functions[0]);
    for (uint32_t i = 0; i < count; i++) {
        LVal given = lower_val(REP_F64, type_number(), LLVMGetParam(function, i), false);
        values[i] = lower_convert(cx, given, type_rep(instance->params[i])).v;
    }
    LLVMValueRef made = LLVMBuildCall2(cx->builder, cx->signatures[instance->number],
                                       cx->functions[instance->number], values, count, "");
    LLVMSetInstructionCallConv(made, LLVMFastCallConv);
    LVal result = lower_val(type_rep(instance->result), instance->result, made, false);
    bool never = instance->result.kinds == 0;
    LLVMValueRef number = never ? lower_f64(cx, 0) : lower_convert(cx, result, REP_F64).v;
    RT(cx, rt_export_leave, outer);
    LLVMBuildRet(cx->builder, number);
    lower_end(cx);
}

void lower_exports(LowerCtx *cx) {
    const Program *program = cx->c->program;
    // A program of its own is not called by anybody.
    if (cx->options->emit == EMIT_EXE || program->exports.len == 0) return;
    for (uint32_t i = 0; i < program->export_instances.len; i++)
        export_one(cx, program->exports.items[i], program->export_instances.items[i]);
    // Several such objects may be linked together.
    LLVMSetLinkage(cx->functions[0], LLVMInternalLinkage);
}
