// lower_result.c: Results: errors as values. or! and! .err? .val? err =? <-? and matches that bind.
//
// A value that may be an error is a word; where it is known not to be one it is narrowed at once, so
// that what follows computes with plain numbers, strings and lists.
#include "lower_internal.h"
#include "../rt/rt_layout.h"

static bool may_be_error(LVal v) {
    return v.rep == REP_ANY && type_may(v.type, KIND_ERROR);
}

LLVMValueRef lower_is_error(LowerCtx *cx, LVal v) {
    if (!may_be_error(v)) return LLVMConstInt(cx->i1, 0, 0);
    return lower_is_tag(cx, v.v, RT_TAG_ERROR);
}

LVal lower_no_error(LowerCtx *cx, LVal v) {
    Type type = v.type;
    type.kinds &= (uint8_t)~KIND_ERROR;
    if (type.kinds == 0) type = type_integer(0, 0); // this branch is never taken
    return lower_as(cx, v, type);
}

// The function gives the error (a word, taken); at the top level it is the program's end.
static void fail_with(LowerCtx *cx, LLVMValueRef error) {
    if (cx->fs->function->parent == NULL) {
        LVal held = lower_val(REP_ANY, type_of_kind(KIND_ERROR), error, true);
        lower_rooted(cx, held); // the iteration may turn out not to be wanted
        RT(cx, rt_exit_error, error);
        lower_dead(cx);
        return;
    }
    lower_return(cx, lower_val(REP_ANY, type_of_kind(KIND_ERROR), error, true));
}

LVal lower_or_return(LowerCtx *cx, LVal v) {
    if (!may_be_error(v)) return v;
    v = lower_own(cx, v);
    LLVMBasicBlockRef on = lower_rare(cx, lower_is_error(cx, v), "failed");
    fail_with(cx, v.v);
    lower_rare_stop(cx, on);
    return lower_no_error(cx, v);
}

void lower_err(LowerCtx *cx, Node *node) {
    LVal message = lower_rooted(cx, lower_expr(cx, node->err.value));
    LLVMValueRef error = RT(cx, rt_error_of, lower_word(cx, message));
    lower_release(cx, message);
    if (!node->err.from_loop) {
        fail_with(cx, error);
        return;
    }
    lower_leave_with(cx, node->err.loop,
                     lower_val(REP_ANY, type_of_kind(KIND_ERROR), error, true));
}

void lower_discard(LowerCtx *cx, Node *node, LVal v) {
    v = lower_rooted(cx, v);
    if (may_be_error(v)) RT(cx, rt_discard, v.v, lower_place(cx, node->span));
    lower_release(cx, v);
}

LVal lower_result_test(LowerCtx *cx, Node *node) {
    LVal v = lower_expr(cx, node->result_test.operand);
    LLVMValueRef is = lower_is_error(cx, v);
    lower_release(cx, v);
    return lower_bit(cx, node->result_test.is_err ? is : LLVMBuildNot(cx->builder, is, ""));
}

// --- or! and! -------------------------------------------------------------------------------------

// `or! "text"` leaves the function with that error; ("text") is a value.
static bool returns_text(const Node *right) {
    return (right->kind == NODE_STRING || right->kind == NODE_FSTRING) && !right->parenthesized;
}

static void store_result(LowerCtx *cx, LVal v, Rep rep, LLVMValueRef slot) {
    LLVMBuildStore(cx->builder, lower_own(cx, lower_convert(cx, v, rep)).v, slot);
}

static void lower_right(LowerCtx *cx, Node *node, Rep rep, LLVMValueRef slot) {
    Node *right = node->orelse.right;
    uint32_t mark = lower_scope(cx);
    LVal value = lower_expr(cx, right);
    if (!node->orelse.is_and && returns_text(right)) {
        value = lower_rooted(cx, value);
        LLVMValueRef error = RT(cx, rt_error_of, lower_word(cx, value));
        lower_release(cx, value);
        fail_with(cx, error);
        value = lower_zero(cx);
    }
    store_result(cx, value, rep, slot);
    lower_scope_end(cx, mark);
}

LVal lower_orelse(LowerCtx *cx, Node *node) {
    LVal left = lower_expr(cx, node->orelse.left);
    if (!may_be_error(left)) {
        if (!node->orelse.is_and) return left;
        lower_discard(cx, node->orelse.left, left);
        return lower_expr(cx, node->orelse.right);
    }
    Type type = lower_node_type(cx, node);
    Rep rep = type_rep(type) == REP_NONE ? REP_ANY : type_rep(type);
    LLVMValueRef slot = lower_alloca(cx, lower_type(cx, rep), "or.else");
    LLVMBasicBlockRef failed = lower_block_new(cx, "error"), good = lower_block_new(cx, "value");
    LLVMBasicBlockRef end = lower_block_new(cx, "either");
    left = lower_own(cx, left);
    lower_branch(cx, lower_is_error(cx, left), failed, good);
    lower_at(cx, failed);
    if (node->orelse.is_and) {
        store_result(cx, left, rep, slot);
    } else {
        lower_release(cx, left);
        lower_right(cx, node, rep, slot);
    }
    LLVMBuildBr(cx->builder, end);
    lower_at(cx, good);
    if (node->orelse.is_and) {
        lower_release(cx, left);
        lower_right(cx, node, rep, slot);
    } else {
        store_result(cx, lower_no_error(cx, left), rep, slot);
    }
    lower_go(cx, end);
    LLVMValueRef v = LLVMBuildLoad2(cx->builder, lower_type(cx, rep), slot, "");
    return lower_val(rep, type, v, lower_is_counted_rep(rep));
}

// --- arms that bind -------------------------------------------------------------------------------

void lower_bind_arm(LowerCtx *cx, const MatchArm *arm, LVal subject) {
    if (arm->kind == ARM_BIND_ERROR) {
        Symbol *symbol = arm->symbols.len ? arm->symbols.items[0] : NULL;
        if (!symbol) return;
        LLVMValueRef text = RT(cx, rt_error_message, lower_word(cx, subject));
        lower_define(cx, symbol, lower_val(REP_STRING, type_of_kind(KIND_STRING), text, true));
    } else if (arm->kind == ARM_BIND_VALUE) {
        LVal value = lower_no_error(cx, subject);
        value.owned = false;
        if (arm->symbols.len == 1 && arm->symbols.items[0])
            lower_define(cx, arm->symbols.items[0], value);
        else if (arm->symbols.len > 1) lower_take_apart(cx, &arm->symbols, value, arm->span);
    }
}
