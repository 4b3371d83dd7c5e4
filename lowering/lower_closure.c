// lower_closure.c: functions as values. A closure's code is a wrapper that takes captures out of
// the closure and arguments out of an array and calls the boxed instance. A function that captures
// nothing has one constant closure.
#include "lower_internal.h"
#include "../rt/rt_layout.h"

void lower_snapshots(LowerCtx *cx, Function *function) {
    for (uint32_t i = 0; i < function->snapshots.len; i++)
        lower_define(cx, function->snapshots.items[i],
                     lower_symbol(cx, function->sources.items[i]));
}

static LLVMValueRef add_wrapper(LowerCtx *cx, const char *name) {
    LLVMTypeRef params[] = {cx->ptr, cx->ptr, cx->i64};
    LLVMTypeRef type = LLVMFunctionType(cx->i64, params, 3, 0);
    LLVMValueRef function = LLVMAddFunction(cx->module, name, type);
    LLVMSetLinkage(function, LLVMInternalLinkage);
    lower_code_attributes(cx, function);
    LLVMSetValueName2(LLVMGetParam(function, 0), "closure", 7);
    LLVMSetValueName2(LLVMGetParam(function, 1), "args", 4);
    LLVMSetValueName2(LLVMGetParam(function, 2), "count", 5);
    return function;
}

static LLVMValueRef load_word(LowerCtx *cx, LLVMValueRef object, int64_t offset, Type type,
                              Rep rep) {
    LLVMValueRef word = LLVMBuildLoad2(cx->builder, cx->i64, lower_field(cx, object, offset), "");
    return lower_convert(cx, lower_val(REP_ANY, type, word, false), rep).v;
}

LLVMValueRef lower_entry(LowerCtx *cx, Instance *instance) {
    if (cx->entries[instance->number]) return cx->entries[instance->number];
    const Function *source = instance->function;
    const char *name = arena_printf(cx->arena, "flap.%s.entry", instance->link_name);
    LLVMValueRef function = add_wrapper(cx, name);
    cx->entries[instance->number] = function;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs;
    lower_begin_plain(cx, &fs, function, source->name ? source->name->text : "<lambda>");
    fs.shared = cx->c->program->parallel;
    uint32_t captured = source->captures.len, count = captured + source->param_count;
    LLVMValueRef *values = ARENA_ARRAY(cx->arena, LLVMValueRef, count + 1);
    for (uint32_t i = 0; i < captured; i++)
        values[i] = load_word(cx, LLVMGetParam(function, 0), 32 + 8 * (int64_t)i,
                              instance->captures[i], type_rep(instance->captures[i]));
    for (uint32_t i = 0; i < source->param_count; i++) {
        Type type = instance->params[i];
        values[captured + i] =
            load_word(cx, LLVMGetParam(function, 1), 8 * (int64_t)i, type, type_rep(type));
        if (source->params.items[i]->taken)
            lower_retain(cx, lower_val(type_rep(type), type, values[captured + i], false));
    }
    LLVMValueRef call = LLVMBuildCall2(cx->builder, cx->signatures[instance->number],
                                       cx->functions[instance->number], values, count, "");
    LLVMSetInstructionCallConv(call, LLVMFastCallConv);
    LVal result = lower_val(type_rep(instance->result), instance->result, call, true);
    LLVMBuildRet(cx->builder, lower_word(cx, result));
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    return function;
}

static LLVMValueRef info_of(LowerCtx *cx, const Function *function) {
    LLVMValueRef info = map_get(&cx->infos, function);
    if (info) return info;
    const char *name = function->name ? function->name->text : "<lambda>";
    info = lower_info(cx, name, function->param_count);
    map_put(&cx->infos, function, info);
    return info;
}

LVal lower_function_value(LowerCtx *cx, Node *node, Function *function) {
    Instance *instance = lower_callee(cx, node);
    if (!instance) // only in code that is never reached
        return lower_val(REP_NONE, TYPE_NEVER, lower_i64(cx, 0), false);
    Type type = type_of_kind(KIND_FUNCTION);
    LLVMValueRef code = lower_entry(cx, instance), info = info_of(cx, function);
    uint32_t count = function->captures.len;
    if (count == 0) {
        LLVMValueRef closure = map_get(&cx->closures, instance);
        if (!closure) {
            const char *name = arena_printf(cx->arena, "flap.%s.closure", instance->link_name);
            closure = lower_static_closure(cx, code, info, name);
            map_put(&cx->closures, instance, closure);
        }
        return lower_val(REP_FUNCTION, type, closure, false);
    }
    LLVMValueRef words = lower_words_alloca(cx, count, "captured");
    for (uint32_t i = 0; i < count; i++) {
        LVal capture = lower_own(cx, lower_symbol(cx, function->captures.items[i]));
        LLVMBuildStore(cx->builder, lower_word(cx, capture),
                       lower_field(cx, words, 8 * (int64_t)i));
    }
    LLVMValueRef made = RT(cx, rt_closure_new, code, info, words, lower_i64(cx, count));
    return lower_val(REP_FUNCTION, type, made, true);
}

LVal lower_lambda(LowerCtx *cx, Node *node) {
    lower_snapshots(cx, node->lambda.function);
    return lower_function_value(cx, node, node->lambda.function);
}

// --- builtins as values --------------------------------------------------------------------------

static LLVMValueRef builtin_wrapper(LowerCtx *cx, const Builtin *builtin, uint32_t arity) {
    const char *name = arena_printf(cx->arena, "flap.builtin.%s", builtin->name);
    LLVMValueRef function = add_wrapper(cx, name), place = LLVMConstNull(cx->ptr);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs;
    lower_begin_plain(cx, &fs, function, builtin->name);
    LLVMValueRef words = LLVMGetParam(function, 1), count = LLVMGetParam(function, 2);
    LLVMValueRef result = lower_i64(cx, 0);
    if (builtin->lowering == BY_WORDS) {
        result = lower_rt_words(cx, builtin, words, count, place);
    } else if (builtin->id == BUILTIN_println || builtin->id == BUILTIN_print ||
               builtin->id == BUILTIN_eprintln) {
        RT(cx, rt_print, lower_i32(cx, builtin->id == BUILTIN_eprintln ? 2 : 1), words, count,
           lower_i32(cx, builtin->id != BUILTIN_print));
    } else {
        LVal *args = ARENA_ARRAY(cx->arena, LVal, arity + 1);
        for (uint32_t i = 0; i < arity; i++)
            args[i] = lower_val(REP_ANY, type_any(),
                                load_word(cx, words, 8 * (int64_t)i, type_any(), REP_ANY), false);
        result = lower_word(cx, lower_builtin(cx, (BuiltinCall){.builtin = builtin,
                                                                .args = args,
                                                                .count = arity,
                                                                .type = type_any()}));
    }
    LLVMBuildRet(cx->builder, result);
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    return function;
}

LVal lower_builtin_value(LowerCtx *cx, const Builtin *builtin) {
    LLVMValueRef closure = map_get(&cx->closures, builtin);
    if (!closure) {
        bool any = builtin->most < 0 || builtin->lowering == BY_WORDS;
        uint32_t arity = (uint32_t)builtin->least;
        bool fixed = builtin->least == builtin->most ||
                     (builtin->lowering != BY_WORDS && builtin->id != BUILTIN_println &&
                      builtin->id != BUILTIN_print && builtin->id != BUILTIN_eprintln);
        LLVMValueRef code = builtin_wrapper(cx, builtin, arity);
        LLVMValueRef info = lower_info(cx, builtin->name, fixed || !any ? (int64_t)arity : -1);
        const char *name = arena_printf(cx->arena, "flap.builtin.%s.closure", builtin->name);
        closure = lower_static_closure(cx, code, info, name);
        map_put(&cx->closures, builtin, closure);
    }
    return lower_val(REP_FUNCTION, type_of_kind(KIND_FUNCTION), closure, false);
}
