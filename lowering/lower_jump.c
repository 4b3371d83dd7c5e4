// lower_jump.c: calls in tail position that leave nothing of the caller behind: what it holds is
// released before, so the callee can take its frame. Calls of values go through flap.jump.<n>, whose
// arguments and the function are its own; a closure that can be called so has, beside its code for the
// runtime, code that takes everything in registers (RtFunctionInfo.tail).
//
// Not here: self calls, which are jumps within a function (lower_self_tail); calls inside blocks with
// deferred ones or arenas, and of values with more than LOWER_JUMP_ARGS arguments, which are plain calls.
#include "lower_internal.h"
#include "../rt/rt_layout.h"
#include <stddef.h>

// --- known functions -----------------------------------------------------------------------------

static bool nothing_to_clean(LowerCtx *cx) {
    for (uint32_t i = 0; i < cx->fs->cleanups.len; i++)
        if (cx->fs->cleanups.items[i].active) return false;
    return true;
}

static bool may_leave(LowerCtx *cx) {
    VEC_EACH(Cleanup, cleanup, &cx->fs->cleanups)
    if (cleanup.active && (cleanup.defer || cleanup.arena)) return false;
    return !cx->fs->plan && !cx->fs->deferred;
}

// It borrows, as captures, what would be released.
static bool is_captured_here(const LowerCtx *cx, const Instance *callee) {
    const SymbolVec *captures = &callee->function->captures;
    bool all = lower_takes_captures(cx->fs->instance);
    for (uint32_t i = 0; i < captures->len; i++)
        if ((all || captures->items[i]->owner == cx->fs->function) &&
            !captures->items[i]->is_global && lower_is_counted_rep(type_rep(callee->captures[i])))
            return true;
    return false;
}

// A value that outlives the function's own.
static bool is_outer(LowerCtx *cx, const Node *node) {
    const Symbol *symbol = node->kind == NODE_NAME ? node->name.symbol : NULL;
    return symbol && symbol->kind == SYMBOL_PARAMETER && symbol->owner == cx->fs->function &&
           cx->fs->slots[symbol->index].borrowed;
}

// Whether all that the function holds can be released before this call in tail position, so that
// the call can take its frame.
bool lower_may_jump(LowerCtx *cx, const Instance *callee, const LVal *args, Node *const *nodes) {
    const Function *function = callee->function;
    bool clean = nothing_to_clean(cx);
    if (!may_leave(cx) || type_rep(callee->result) != type_rep(cx->fs->instance->result))
        return false;
    for (uint32_t i = 0; i < function->param_count; i++) {
        if (function->params.items[i]->taken || !lower_is_counted(args[i])) continue;
        if (args[i].owned) return false;
        if (!clean && !is_outer(cx, nodes[i])) return false;
    }
    return clean || !is_captured_here(cx, callee);
}

// --- values --------------------------------------------------------------------------------------

bool lower_takes_captures(const Instance *instance) {
    return instance->boxed && instance->function->jumps;
}

static LLVMTypeRef tail_type(LowerCtx *cx) { // closure, arguments
    LLVMTypeRef params[1 + LOWER_JUMP_ARGS] = {cx->ptr};
    for (uint32_t i = 1; i <= LOWER_JUMP_ARGS; i++) params[i] = cx->i64;
    return LLVMFunctionType(cx->i64, params, 1 + LOWER_JUMP_ARGS, 0);
}

static LLVMValueRef add_code(LowerCtx *cx, const char *name, LLVMTypeRef type) {
    LLVMValueRef function = LLVMAddFunction(cx->module, name, type);
    LLVMSetLinkage(function, LLVMInternalLinkage);
    LLVMSetFunctionCallConv(function, LLVMFastCallConv);
    lower_code_attributes(cx, function);
    return function;
}

static LLVMValueRef tail_call(LowerCtx *cx, LLVMTypeRef type, LLVMValueRef code,
                              LLVMValueRef *values, uint32_t count) {
    lower_roots_leave(cx);
    LLVMValueRef call = LLVMBuildCall2(cx->builder, type, code, values, count, "");
    LLVMSetInstructionCallConv(call, LLVMFastCallConv);
    LLVMSetTailCall(call, 1);
    return LLVMBuildRet(cx->builder, call);
}

// A function that does not jump on is called and what it only borrowed is released after it.
static void call_and_release(LowerCtx *cx, const Instance *instance, LLVMValueRef *values,
                             uint32_t count, LVal closure) {
    const Function *source = instance->function;
    LVal args[LOWER_JUMP_ARGS] = {0};
    for (uint32_t i = 0; i < source->param_count; i++) {
        Type type = instance->params[i];
        bool own = !source->params.items[i]->taken && lower_is_counted_rep(type_rep(type));
        args[i] = lower_val(type_rep(type), type, values[source->captures.len + i], own);
        args[i] = lower_rooted(cx, args[i]);
    }
    closure = lower_rooted(cx, closure);
    LLVMValueRef call = LLVMBuildCall2(cx->builder, cx->signatures[instance->number],
                                       cx->functions[instance->number], values, count, "");
    LLVMSetInstructionCallConv(call, LLVMFastCallConv);
    lower_release_all(cx, args, source->param_count);
    lower_drop(cx, closure);
    LVal result = lower_val(type_rep(instance->result), instance->result, call, true);
    lower_roots_leave(cx);
    LLVMBuildRet(cx->builder, lower_word(cx, result));
}

LLVMValueRef lower_tail_entry(LowerCtx *cx, Instance *instance) {
    const Function *source = instance->function;
    uint32_t captured = source->captures.len, count = captured + source->param_count;
    if (!cx->c->program->jumps || source->param_count > LOWER_JUMP_ARGS) return NULL;
    const char *name = arena_printf(cx->arena, "flap.%s.tail", instance->link_name);
    LLVMValueRef function = add_code(cx, name, tail_type(cx));
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs;
    lower_begin_plain(cx, &fs, function, source->name ? source->name->text : "<lambda>");
    fs.shared = cx->c->program->parallel;
    fs.gives_up = source->given_up;
    LLVMValueRef *values = ARENA_ARRAY(cx->arena, LLVMValueRef, count + 1);
    lower_load_captures(cx, instance, values);
    for (uint32_t i = 0; i < source->param_count; i++) {
        Type type = instance->params[i];
        LVal arg = lower_val(REP_ANY, type, LLVMGetParam(function, 1 + i), true);
        values[captured + i] = lower_convert(cx, arg, type_rep(type)).v;
    }
    LVal closure =
        lower_val(REP_FUNCTION, type_of_kind(KIND_FUNCTION), LLVMGetParam(function, 0), true);
    if (source->jumps && type_rep(instance->result) == REP_ANY) {
        lower_drop(cx, closure);
        tail_call(cx, cx->signatures[instance->number], cx->functions[instance->number], values,
                  count);
    } else {
        call_and_release(cx, instance, values, count, closure);
    }
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    return function;
}

// What cannot be jumped to is called as any value.
static void call_plainly(LowerCtx *cx, LLVMValueRef function, uint32_t count) {
    LVal values[1 + LOWER_JUMP_ARGS];
    for (uint32_t i = 0; i <= count; i++)
        values[i] =
            lower_rooted(cx, lower_val(REP_ANY, type_any(), LLVMGetParam(function, i), true));
    LLVMValueRef words = lower_pack(cx, values + 1, count);
    LLVMValueRef result = RT(cx, rt_call, values[0].v, words, lower_i64(cx, count),
                             LLVMGetParam(function, 1 + LOWER_JUMP_ARGS));
    lower_release_all(cx, values, count + 1);
    lower_roots_leave(cx);
    LLVMBuildRet(cx->builder, result);
}

static LLVMValueRef info_field(LowerCtx *cx, LLVMValueRef word, LLVMTypeRef type, size_t offset) {
    LLVMValueRef closure =
        lower_convert(cx, lower_val(REP_ANY, type_of_kind(KIND_FUNCTION), word, false),
                      REP_FUNCTION)
            .v;
    LLVMValueRef info = LLVMBuildLoad2(
        cx->builder, cx->ptr, lower_field(cx, closure, (int64_t)offsetof(RtClosure, info)), "info");
    return LLVMBuildLoad2(cx->builder, type, lower_field(cx, info, (int64_t)offset), "");
}

// flap.jump.<n>: (function, arguments, place), all but the place its own.
static LLVMTypeRef jump_type(LowerCtx *cx) {
    LLVMTypeRef params[2 + LOWER_JUMP_ARGS];
    for (uint32_t i = 0; i <= LOWER_JUMP_ARGS; i++) params[i] = cx->i64;
    params[1 + LOWER_JUMP_ARGS] = cx->ptr;
    return LLVMFunctionType(cx->i64, params, 2 + LOWER_JUMP_ARGS, 0);
}

static LLVMValueRef jump_code(LowerCtx *cx, uint32_t count) {
    if (cx->jumps[count]) return cx->jumps[count];
    LLVMValueRef function =
        add_code(cx, arena_printf(cx->arena, "flap.jump.%u", count), jump_type(cx));
    // Its words for the plain way, in the caller's frame, would bind that frame.
    lower_fn_attr(cx, function, "noinline", 0);
    cx->jumps[count] = function;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs;
    lower_begin_plain(cx, &fs, function, "<call>");
    fs.shared = cx->c->program->parallel;
    fs.gives_up = cx->c->program->values_given_up;
    LLVMValueRef word = LLVMGetParam(function, 0);
    LLVMBasicBlockRef look = lower_block_new(cx, "function"), can = lower_block_new(cx, "fits");
    LLVMBasicBlockRef jump = lower_block_new(cx, "jump"), plain = lower_block_new(cx, "plain");
    lower_branch(cx, lower_is_tag(cx, word, RT_TAG_FUNCTION), look, plain);
    lower_at(cx, look);
    LLVMValueRef least = info_field(cx, word, cx->i64, offsetof(RtFunctionInfo, least));
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntEQ, least, lower_i64(cx, count), ""), can,
                 plain);
    lower_at(cx, can);
    LLVMValueRef code = info_field(cx, word, cx->ptr, offsetof(RtFunctionInfo, tail));
    lower_branch(cx, LLVMBuildIsNull(cx->builder, code, ""), plain, jump);
    lower_at(cx, jump);
    LLVMValueRef values[1 + LOWER_JUMP_ARGS];
    LVal closure = lower_val(REP_ANY, type_of_kind(KIND_FUNCTION), word, true);
    values[0] = lower_convert(cx, closure, REP_FUNCTION).v;
    for (uint32_t i = 1; i <= LOWER_JUMP_ARGS; i++) values[i] = LLVMGetParam(function, i);
    tail_call(cx, tail_type(cx), code, values, 1 + LOWER_JUMP_ARGS);
    lower_at(cx, plain);
    call_plainly(cx, function, count);
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    return function;
}

bool lower_may_jump_to_value(LowerCtx *cx, uint32_t args) {
    return args <= LOWER_JUMP_ARGS && may_leave(cx) && cx->fs->function->jumps &&
           type_rep(cx->fs->instance->result) == REP_ANY;
}

LVal lower_jump_to_value(LowerCtx *cx, LVal *values, Node *const *nodes, uint32_t count,
                         Span span) {
    LLVMValueRef words[2 + LOWER_JUMP_ARGS];
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) lower_take(cx, nodes[i], &values[i]);
        words[i] = lower_word(cx, lower_own(cx, values[i]));
    }
    for (uint32_t i = count; i <= LOWER_JUMP_ARGS; i++) words[i] = lower_i64(cx, 0);
    words[1 + LOWER_JUMP_ARGS] = lower_place(cx, span);
    lower_clean(cx, 0);
    tail_call(cx, jump_type(cx), jump_code(cx, count - 1), words, 2 + LOWER_JUMP_ARGS);
    lower_at(cx, lower_block_new(cx, "dead"));
    return lower_val(REP_NONE, TYPE_NEVER, lower_i64(cx, 0), false);
}
