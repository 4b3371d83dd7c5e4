// lower_closure.c: functions as values. A closure's code is a wrapper that takes captures out of
// the closure and arguments out of an array and calls the boxed instance. A function that captures
// nothing has one constant closure.
#include "lower_internal.h"
#include "../rt/rt_layout.h"
#include <stddef.h>

static const int64_t CAPTURES_AT = offsetof(RtClosure, words);

void lower_snapshots(LowerCtx *cx, Function *function) {
    for (uint32_t i = 0; i < function->snapshots.len; i++)
        lower_define(cx, function->snapshots.items[i],
                     lower_symbol(cx, function->sources.items[i]));
}

static LLVMValueRef add_wrapper(LowerCtx *cx, const char *name) {
    LLVMTypeRef params[] = {cx->ptr, cx->ptr, cx->i64, cx->ptr};
    LLVMTypeRef type = LLVMFunctionType(cx->i64, params, 4, 0);
    LLVMValueRef function = LLVMAddFunction(cx->module, name, type);
    LLVMSetLinkage(function, LLVMInternalLinkage);
    lower_code_attributes(cx, function);
    LLVMSetValueName2(LLVMGetParam(function, 0), "closure", 7);
    LLVMSetValueName2(LLVMGetParam(function, 1), "args", 4);
    LLVMSetValueName2(LLVMGetParam(function, 2), "count", 5);
    LLVMSetValueName2(LLVMGetParam(function, 3), "place", 5);
    return function;
}

static LLVMValueRef load_word(LowerCtx *cx, LLVMValueRef object, int64_t offset, Type type,
                              Rep rep) {
    LLVMValueRef word = LLVMBuildLoad2(cx->builder, cx->i64, lower_field(cx, object, offset), "");
    return lower_convert(cx, lower_val(REP_ANY, type, word, false), rep).v;
}

void lower_load_captures(LowerCtx *cx, const Instance *instance, LLVMValueRef *values) {
    LLVMValueRef closure = LLVMGetParam(cx->fs->value, 0);
    for (uint32_t i = 0; i < instance->function->captures.len; i++) {
        Type type = instance->captures[i];
        values[i] = load_word(cx, closure, CAPTURES_AT + 8 * (int64_t)i, type, type_rep(type));
        if (lower_takes_captures(instance))
            lower_retain(cx, lower_val(type_rep(type), type, values[i], false));
    }
}

LVal *lower_captures_of(LowerCtx *cx, LVal closure, const Instance *instance) {
    uint32_t count = instance->function->captures.len;
    LVal *captures = ARENA_ARRAY(cx->arena, LVal, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        Type type = instance->captures[i];
        Rep rep = type_rep(type);
        LLVMValueRef value = load_word(cx, closure.v, CAPTURES_AT + 8 * (int64_t)i, type, rep);
        captures[i] = lower_val(rep, type, value, false);
    }
    return captures;
}

bool lower_holds_counted(const Instance *instance) {
    for (uint32_t i = 0; i < instance->function->captures.len; i++)
        if (lower_is_counted_rep(type_rep(instance->captures[i]))) return true;
    return false;
}

bool lower_is_through_closure(const Node *callee, const Instance *instance) {
    bool named = callee->kind == NODE_LAMBDA ||
                 (callee->kind == NODE_NAME && callee->name.symbol && callee->name.symbol->function);
    return !named && instance->function->captures.len > 0;
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
    lower_load_captures(cx, instance, values);
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

static LLVMValueRef info_of(LowerCtx *cx, Instance *instance) {
    const Function *function = instance->function;
    LLVMValueRef info = map_get(&cx->infos, instance);
    if (info) return info;
    const char *name = function->name ? function->name->text : "<lambda>";
    info = lower_info(cx, name, function->param_count, function->param_count,
                      lower_tail_entry(cx, instance));
    map_put(&cx->infos, instance, info);
    return info;
}

// A closure that lasts as long as the call that it is made for: it counts neither itself nor what it
// holds, which are variables that last longer.
LLVMValueRef lower_frame_closure(LowerCtx *cx, const Function *function, LLVMValueRef code,
                                 LLVMValueRef info) {
    uint32_t count = function->captures.len;
    LLVMValueRef closure = lower_words_alloca(cx, CAPTURES_AT / 8 + count, "closure");
    LLVMBuildStore(cx->builder, lower_header(cx, RT_KIND_FUNCTION, 0, 0), closure);
    LLVMBuildStore(cx->builder, code, lower_field(cx, closure, offsetof(RtClosure, code)));
    LLVMBuildStore(cx->builder, info, lower_field(cx, closure, offsetof(RtClosure, info)));
    LLVMBuildStore(cx->builder, lower_i64(cx, count),
                   lower_field(cx, closure, offsetof(RtClosure, captured)));
    for (uint32_t i = 0; i < count; i++) {
        LVal capture = lower_symbol(cx, function->captures.items[i]);
        LLVMBuildStore(cx->builder, lower_word(cx, capture),
                       lower_field(cx, closure, CAPTURES_AT + 8 * (int64_t)i));
    }
    return closure;
}

LVal lower_function_value(LowerCtx *cx, Node *node, Function *function) {
    Instance *instance = lower_callee(cx, node);
    if (!instance) // only in code that is never reached
        return lower_val(REP_NONE, TYPE_NEVER, lower_i64(cx, 0), false);
    Type type = type_of_kind(KIND_FUNCTION);
    LLVMValueRef code = lower_entry(cx, instance), info = info_of(cx, instance);
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
    if (node->in_frame)
        return lower_val(REP_FUNCTION, type, lower_frame_closure(cx, function, code, info), false);
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

// The code of a builtin that takes its arguments as words: what it was given, and how many.
typedef struct Given {
    const Builtin *builtin;
    LLVMValueRef words, count;
} Given;

static LVal word_at(LowerCtx *cx, const Given *given, uint32_t position) {
    LLVMValueRef word = load_word(cx, given->words, 8 * (int64_t)position, type_any(), REP_ANY);
    return lower_val(REP_ANY, type_any(), word, false);
}

static LLVMValueRef of_so_many(LowerCtx *cx, const Given *given, uint32_t count) {
    LVal *args = ARENA_ARRAY(cx->arena, LVal, count + 1);
    for (uint32_t i = 0; i < count; i++) args[i] = word_at(cx, given, i);
    BuiltinCall call = {
        .builtin = given->builtin, .args = args, .count = count, .type = type_any()};
    return lower_word(cx, lower_builtin(cx, call));
}

// min and max of any number: of the first two, then of that and the next.
static LLVMValueRef of_any_number(LowerCtx *cx, const Given *given) {
    LLVMValueRef at = lower_alloca(cx, cx->i64, "at"), so_far = lower_words_alloca(cx, 1, "so.far");
    LLVMBuildStore(cx->builder, of_so_many(cx, given, 2), so_far);
    LLVMBuildStore(cx->builder, lower_i64(cx, 2), at);
    LLVMBasicBlockRef head = lower_block_new(cx, "head"), body = lower_block_new(cx, "body"),
                      end = lower_block_new(cx, "end");
    lower_go(cx, head);
    LLVMValueRef i = LLVMBuildLoad2(cx->builder, cx->i64, at, "i");
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSLT, i, given->count, ""), body, end);
    lower_at(cx, body);
    LLVMValueRef from = LLVMBuildInBoundsGEP2(cx->builder, cx->i64, given->words, &i, 1, "");
    LVal args[] = {
        lower_val(REP_ANY, type_any(), LLVMBuildLoad2(cx->builder, cx->i64, so_far, ""), false),
        lower_val(REP_ANY, type_any(), LLVMBuildLoad2(cx->builder, cx->i64, from, ""), false)};
    BuiltinCall call = {.builtin = given->builtin, .args = args, .count = 2, .type = type_any()};
    LVal next = lower_own(cx, lower_builtin(cx, call));
    lower_release(cx, lower_val(REP_ANY, type_any(), args[0].v, true)); // an error, perhaps
    LLVMBuildStore(cx->builder, lower_word(cx, next), so_far);
    LLVMBuildStore(cx->builder, LLVMBuildNSWAdd(cx->builder, i, lower_i64(cx, 1), ""), at);
    LLVMBuildBr(cx->builder, head);
    lower_at(cx, end);
    return LLVMBuildLoad2(cx->builder, cx->i64, so_far, "");
}

static LLVMValueRef of_least_or_most(LowerCtx *cx, const Given *given) {
    const Builtin *builtin = given->builtin;
    if (builtin->least == builtin->most) return of_so_many(cx, given, (uint32_t)builtin->least);
    LLVMValueRef result = lower_words_alloca(cx, 1, "result");
    LLVMBasicBlockRef least = lower_block_new(cx, "least"), most = lower_block_new(cx, "most"),
                      end = lower_block_new(cx, "end");
    LLVMValueRef few =
        LLVMBuildICmp(cx->builder, LLVMIntEQ, given->count, lower_i64(cx, builtin->least), "");
    lower_branch(cx, few, least, most);
    lower_at(cx, least);
    LLVMBuildStore(cx->builder, of_so_many(cx, given, (uint32_t)builtin->least), result);
    lower_go(cx, end);
    LLVMBasicBlockRef behind = LLVMGetInsertBlock(cx->builder);
    lower_at(cx, most);
    LLVMBuildStore(cx->builder, of_so_many(cx, given, (uint32_t)builtin->most), result);
    LLVMBuildBr(cx->builder, end);
    LLVMPositionBuilderAtEnd(cx->builder, behind);
    return LLVMBuildLoad2(cx->builder, cx->i64, result, "");
}

static LLVMValueRef print_given(LowerCtx *cx, const Given *given) {
    BuiltinId id = given->builtin->id;
    bool error = id == BUILTIN_eprintln || id == BUILTIN_eprintf;
    LLVMValueRef file = lower_i32(cx, error ? 2 : 1);
    if (id == BUILTIN_printf || id == BUILTIN_eprintf) {
        LLVMValueRef rest = LLVMBuildNSWSub(cx->builder, given->count, lower_i64(cx, 1), "");
        RT(cx, rt_printf, file, word_at(cx, given, 0).v, lower_field(cx, given->words, 8), rest,
           cx->fs->place);
    } else {
        RT(cx, rt_print, file, given->words, given->count, lower_i32(cx, id != BUILTIN_print));
    }
    return lower_i64(cx, 0);
}

static LLVMValueRef of_given(LowerCtx *cx, const Given *given) {
    if (given->builtin->lowering == BY_WORDS)
        return lower_rt_words(cx, given->builtin, given->words, given->count, cx->fs->place);
    switch ((int)given->builtin->id) {
    case BUILTIN_println:
    case BUILTIN_print:
    case BUILTIN_eprintln:
    case BUILTIN_printf:
    case BUILTIN_eprintf: return print_given(cx, given);
    case BUILTIN_min:
    case BUILTIN_max: return of_any_number(cx, given);
    }
    return of_least_or_most(cx, given);
}

static LLVMValueRef builtin_wrapper(LowerCtx *cx, const Builtin *builtin) {
    const char *name = arena_printf(cx->arena, "flap.builtin.%s", builtin->name);
    LLVMValueRef function = add_wrapper(cx, name);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs;
    lower_begin_plain(cx, &fs, function, builtin->name);
    fs.place = LLVMGetParam(function, 3);
    Given given = {builtin, LLVMGetParam(function, 1), LLVMGetParam(function, 2)};
    LLVMBuildRet(cx->builder, of_given(cx, &given));
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    return function;
}

LVal lower_builtin_value(LowerCtx *cx, const Builtin *builtin) {
    LLVMValueRef closure = map_get(&cx->closures, builtin);
    if (!closure) {
        LLVMValueRef code = builtin_wrapper(cx, builtin);
        LLVMValueRef info = lower_info(cx, builtin->name, builtin->least, builtin->most, NULL);
        const char *name = arena_printf(cx->arena, "flap.builtin.%s.closure", builtin->name);
        closure = lower_static_closure(cx, code, info, name);
        map_put(&cx->closures, builtin, closure);
    }
    return lower_val(REP_FUNCTION, type_of_kind(KIND_FUNCTION), closure, false);
}
