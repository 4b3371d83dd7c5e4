// lower_type.c: the only place that chooses LLVM types for values. A value that does not exist
// (REP_NONE) has a register all the same, so that code nobody reaches needs no special cases.
#include "lower_internal.h"

LLVMTypeRef lower_type(LowerCtx *cx, Rep rep) {
    switch (rep) {
    case REP_F64: return cx->f64;
    case REP_I64:
    case REP_ANY:
    case REP_NONE: return cx->i64;
    case REP_STRING:
    case REP_LIST:
    case REP_PACKED:
    case REP_MAP:
    case REP_FUNCTION: return cx->ptr;
    }
    UNREACHABLE("a value has a representation");
}

bool lower_is_counted_rep(Rep rep) {
    switch (rep) {
    case REP_NONE:
    case REP_F64:
    case REP_I64: return false;
    case REP_STRING:
    case REP_LIST:
    case REP_PACKED:
    case REP_MAP:
    case REP_FUNCTION:
    case REP_ANY: return true;
    }
    UNREACHABLE("a value has a representation");
}

LLVMTypeRef lower_signature(LowerCtx *cx, const Instance *instance) {
    const Function *function = instance->function;
    uint32_t captured = function->captures.len, count = captured + function->param_count;
    LLVMTypeRef *types = ARENA_ARRAY(cx->arena, LLVMTypeRef, count + 1);
    for (uint32_t i = 0; i < captured; i++)
        types[i] = lower_type(cx, type_rep(instance->captures[i]));
    for (uint32_t i = 0; i < function->param_count; i++)
        types[captured + i] = lower_type(cx, type_rep(instance->params[i]));
    return LLVMFunctionType(lower_type(cx, type_rep(instance->result)), types, count, 0);
}
