// lower_spawn.c: calls in child processes. The runtime forks in the middle of the function; the child goes
// on with the call, in a branch that ends the process and so never meets the parent's code again.
//
// Invariant: what the function holds when the child begins stays where it is. The child releases nothing
// of it, and hands none of it on (last_use.c).
#include "lower_internal.h"

static void lower_child(LowerCtx *cx, Node *call) {
    FuncState *fs = cx->fs;
    uint32_t mark = lower_scope(cx), in_flight = fs->in_flight;
    bool was = fs->in_child;
    fs->in_child = true;
    LVal value = lower_own(cx, lower_expr(cx, call));
    fs->in_child = was;
    RT(cx, rt_spawn_end, lower_word(cx, value), lower_place(cx, call->span));
    LLVMBuildUnreachable(cx->builder);
    fs->cleanups.len = mark;
    fs->in_flight = in_flight;
}

LVal lower_spawn(LowerCtx *cx, Node *node) {
    LLVMValueRef result = lower_alloca(cx, cx->i64, "spawn");
    LLVMValueRef is_child = RT(cx, rt_spawn, lower_i32(cx, node->spawn.waits), result);
    LLVMBasicBlockRef child = lower_block_new(cx, "child"), parent = lower_block_new(cx, "parent");
    lower_branch(cx, lower_bit_of(cx, is_child), child, parent);
    lower_at(cx, child);
    lower_child(cx, node->spawn.call);
    lower_at(cx, parent);
    LLVMValueRef word = LLVMBuildLoad2(cx->builder, cx->i64, result, "");
    return lower_val(REP_ANY, lower_node_type(cx, node), word, true);
}
