// lower_match.c: match blocks. Without guards the subject's truth chooses; with guards they are
// tried from top to bottom. The arms' values meet in a slot of the representation that the match
// has.
#include "lower_internal.h"

typedef struct Meeting {
    LLVMBasicBlockRef end;
    LLVMValueRef slot; // null: nobody wants the value
    Rep rep;
    bool tail; // every arm returns from the function
} Meeting;

static void give(LowerCtx *cx, const Meeting *meeting, LVal value) {
    if (meeting->tail) {
        lower_return(cx, value);
        return;
    }
    if (meeting->slot) {
        value = lower_own(cx, lower_convert(cx, value, meeting->rep));
        LLVMBuildStore(cx->builder, value.v, meeting->slot);
    } else {
        lower_release(cx, value);
    }
}

static void finish_arm(LowerCtx *cx, const Meeting *meeting, uint32_t mark) {
    if (meeting->tail) {
        cx->fs->cleanups.len = mark;
        LLVMBuildUnreachable(cx->builder);
    } else {
        lower_scope_end(cx, mark);
        LLVMBuildBr(cx->builder, meeting->end);
    }
}

static void lower_arm(LowerCtx *cx, const Meeting *meeting, const MatchArm *arm, LVal subject) {
    Node *body = arm->body;
    uint32_t mark = lower_scope(cx);
    lower_bind_arm(cx, arm, subject);
    if (meeting->tail)
        lower_tail(cx, body);
    else if (meeting->slot)
        give(cx, meeting, lower_expr(cx, body));
    else
        lower_effect(cx, body);
    finish_arm(cx, meeting, mark);
}

static void lower_no_arm(LowerCtx *cx, const Meeting *meeting, LVal value) {
    uint32_t mark = lower_scope(cx);
    give(cx, meeting, value);
    finish_arm(cx, meeting, mark);
}

static MatchArm *find_arm(Node *node, ArmKind kind) {
    for (uint32_t i = 0; i < node->match.arms.len; i++)
        if (node->match.arms.items[i].kind == kind) return &node->match.arms.items[i];
    return NULL;
}

// The subject is true: the first arm; else the default.
static void by_truth(LowerCtx *cx, Node *node, LVal subject, const Meeting *meeting) {
    MatchArm *then = find_arm(node, ARM_THEN), *other = find_arm(node, ARM_DEFAULT);
    LLVMBasicBlockRef yes = lower_block_new(cx, "then"), no = lower_block_new(cx, "else");
    LLVMValueRef truth = lower_truth(cx, subject, node->match.subject->span);
    bool gives_subject = !then;
    if (!gives_subject) lower_release(cx, subject);
    lower_branch(cx, truth, yes, no);
    lower_at(cx, yes);
    if (then)
        lower_arm(cx, meeting, then, subject);
    else
        lower_no_arm(cx, meeting, subject);
    lower_at(cx, no);
    if (gives_subject) lower_release(cx, subject);
    if (other)
        lower_arm(cx, meeting, other, subject);
    else
        lower_no_arm(cx, meeting, lower_zero(cx));
}

static bool is_guard(const MatchArm *arm) {
    return arm->kind == ARM_GUARD || arm->kind == ARM_ERR_GUARD || arm->kind == ARM_VAL_GUARD;
}

static LLVMValueRef guard_truth(LowerCtx *cx, const MatchArm *arm, LVal subject) {
    if (arm->kind != ARM_GUARD) {
        LLVMValueRef is = lower_is_error(cx, subject);
        return arm->kind == ARM_ERR_GUARD ? is : LLVMBuildNot(cx->builder, is, "");
    }
    LVal guard = lower_expr(cx, arm->guard);
    LLVMValueRef truth = arm->literal_guard ? lower_equal(cx, subject, guard)
                                            : lower_truth(cx, guard, arm->guard->span);
    lower_release(cx, guard);
    return truth;
}

// Tries the guards in order; goes on where none is true.
static void try_guards(LowerCtx *cx, Node *node, LVal subject, const Meeting *meeting) {
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        MatchArm *arm = &node->match.arms.items[i];
        if (!is_guard(arm)) continue;
        uint32_t mark = lower_scope(cx);
        LLVMValueRef truth = guard_truth(cx, arm, subject);
        LLVMBasicBlockRef yes = lower_block_new(cx, "arm"), no = lower_block_new(cx, "guard");
        lower_scope_end(cx, mark);
        lower_branch(cx, truth, yes, no);
        lower_at(cx, yes);
        lower_arm(cx, meeting, arm, subject);
        lower_at(cx, no);
    }
}

static void first_of(LowerCtx *cx, Node *node, const Meeting *meeting, LVal subject, ArmKind kind,
                     ArmKind otherwise, LVal none) {
    MatchArm *arm = find_arm(node, kind);
    if (!arm) arm = find_arm(node, otherwise);
    if (arm)
        lower_arm(cx, meeting, arm, subject);
    else
        lower_no_arm(cx, meeting, none);
}

static void by_guards(LowerCtx *cx, Node *node, LVal subject, const Meeting *meeting) {
    try_guards(cx, node, subject, meeting);
    first_of(cx, node, meeting, subject, ARM_DEFAULT, ARM_DEFAULT, lower_zero(cx));
}

// A match that binds asks first whether the subject is an error; guards are of values.
static void by_result(LowerCtx *cx, Node *node, LVal subject, bool guarded,
                      const Meeting *meeting) {
    LLVMBasicBlockRef failed = lower_block_new(cx, "error"), good = lower_block_new(cx, "value");
    lower_branch(cx, lower_is_error(cx, subject), failed, good);
    lower_at(cx, failed);
    MatchArm *guard = find_arm(node, ARM_ERR_GUARD);
    if (guard)
        lower_arm(cx, meeting, guard, subject);
    else
        first_of(cx, node, meeting, subject, ARM_BIND_ERROR, ARM_DEFAULT, lower_zero(cx));
    lower_at(cx, good);
    LVal value = lower_no_error(cx, subject);
    value.owned = false; // the subject is held
    if (guarded) try_guards(cx, node, value, meeting);
    ArmKind last = guarded ? ARM_DEFAULT : ARM_THEN;
    first_of(cx, node, meeting, value, ARM_BIND_VALUE, last, guarded ? lower_zero(cx) : value);
}

LVal lower_match(LowerCtx *cx, Node *node, bool want_value, bool tail) {
    uint32_t mark = lower_scope(cx);
    bool guarded = false;
    for (uint32_t i = 0; i < node->match.arms.len; i++)
        guarded |= is_guard(&node->match.arms.items[i]);
    LVal subject = lower_expr(cx, node->match.subject);
    Type type = lower_node_type(cx, node);
    Meeting meeting = {.end = lower_block_new(cx, "matched"),
                       .tail = tail,
                       .rep = type_rep(type) == REP_NONE ? REP_I64 : type_rep(type)};
    if (want_value && !tail) meeting.slot = lower_alloca(cx, lower_type(cx, meeting.rep), "match");
    if (guarded || node->match.on_result) {
        // Held to the last guard, and by jumps out of any arm.
        subject = lower_own(cx, subject);
        if (lower_is_counted(subject)) lower_hold(cx, subject);
        if (node->match.on_result)
            by_result(cx, node, subject, guarded, &meeting);
        else
            by_guards(cx, node, subject, &meeting);
    } else {
        by_truth(cx, node, subject, &meeting);
    }
    lower_at(cx, meeting.end);
    if (tail)
        cx->fs->cleanups.len = mark;
    else
        lower_scope_end(cx, mark);
    if (!meeting.slot) return lower_zero(cx);
    LLVMValueRef v = LLVMBuildLoad2(cx->builder, lower_type(cx, meeting.rep), meeting.slot, "");
    return lower_val(meeting.rep, type, v, lower_is_counted_rep(meeting.rep));
}
