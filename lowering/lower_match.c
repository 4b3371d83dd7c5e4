// lower_match.c: match blocks. Without guards the subject's truth chooses; with guards they are
// tried from top to bottom, but many literals in a row by one switch. The arms' values meet in a slot
// of the representation that the match has.
#include "lower_internal.h"
#include "../rt/rt_layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SWITCH_LEAST = 5 }; // literals in a row that are worth a switch

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
    LVal guard = lower_rooted(cx, lower_expr(cx, arm->guard));
    LLVMValueRef truth = arm->literal_guard ? lower_equal(cx, subject, guard)
                                            : lower_truth(cx, guard, arm->guard->span);
    lower_release(cx, guard);
    return truth;
}

// --- many literals -------------------------------------------------------------------------------

typedef enum CaseKind { CASE_NONE, CASE_NUMBER, CASE_STRING } CaseKind;

static Node *literal_of(const MatchArm *arm) {
    Node *guard = arm->guard;
    bool constant = guard->kind == NODE_NAME && guard->name.symbol && guard->name.symbol->constant;
    return constant ? guard->name.symbol->constant : guard;
}

// What a guard can be a case of: a switch on whole numbers, or on strings.
static CaseKind case_kind(const MatchArm *arm) {
    double value;
    if (arm->kind != ARM_GUARD || !arm->literal_guard) return CASE_NONE;
    if (literal_of(arm)->kind == NODE_STRING) return CASE_STRING;
    if (!lower_number_literal(literal_of(arm), &value)) return CASE_NONE;
    return value == trunc(value) && fabs(value) <= 0x1p53 ? CASE_NUMBER : CASE_NONE;
}

static uint32_t count_cases(const Node *node, uint32_t from) {
    const MatchArm *arms = node->match.arms.items;
    CaseKind kind = case_kind(&arms[from]);
    uint32_t count = 0;
    if (kind == CASE_NONE) return 0;
    while (from + count < node->match.arms.len && case_kind(&arms[from + count]) == kind) count++;
    return count;
}

static bool fits_cases(LVal subject, CaseKind kind) {
    if (subject.rep == REP_ANY) return true;
    bool number = subject.rep == REP_I64 || subject.rep == REP_F64;
    return kind == CASE_NUMBER ? number && !subject.bit : subject.rep == REP_STRING;
}

// Goes on where the condition holds, else to `none`.
static void go_on_if(LowerCtx *cx, LLVMValueRef condition, LLVMBasicBlockRef none) {
    LLVMBasicBlockRef on = lower_block_new(cx, "case");
    lower_branch(cx, condition, on, none);
    lower_at(cx, on);
}

// The subject as an integer; to `none` where it is no whole number.
static LLVMValueRef number_key(LowerCtx *cx, LVal subject, LLVMBasicBlockRef none) {
    if (subject.rep == REP_I64) return lower_convert(cx, subject, REP_I64).v;
    LLVMValueRef number = subject.v;
    if (subject.rep == REP_ANY) {
        go_on_if(cx, lower_is_number(cx, subject.v), none);
        number = LLVMBuildBitCast(cx->builder, subject.v, cx->f64, "");
    }
    LVal value = lower_val(REP_F64, type_number(), number, false);
    LLVMValueRef key = lower_integer(cx, value, "a match", (Span){0, 0});
    LLVMValueRef back = LLVMBuildSIToFP(cx->builder, key, cx->f64, "");
    go_on_if(cx, LLVMBuildFCmp(cx->builder, LLVMRealOEQ, back, number, ""), none);
    return key;
}

static int compare_literals(const Node *a, const Node *b) {
    double x = 0, y = 0;
    if (lower_number_literal(a, &x) && lower_number_literal(b, &y)) return (x > y) - (x < y);
    if (a->string.len != b->string.len) return a->string.len < b->string.len ? -1 : 1;
    return memcmp(a->string.bytes, b->string.bytes, a->string.len);
}

static int compare_cases(const void *left, const void *right) {
    const MatchArm *a = *(const MatchArm *const *)left, *b = *(const MatchArm *const *)right;
    int order = compare_literals(literal_of(a), literal_of(b));
    return order != 0 ? order : (a > b) - (a < b);
}

// The arms in the order of their literals, as rt_str_find_among wants strings; of equal ones the
// first arm alone: the others are never reached.
static const MatchArm **sorted_cases(LowerCtx *cx, const MatchArm *arms, uint32_t *count) {
    const MatchArm **order = ARENA_ARRAY(cx->arena, const MatchArm *, *count);
    for (uint32_t i = 0; i < *count; i++) order[i] = &arms[i];
    qsort(order, *count, sizeof(order[0]), compare_cases);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < *count; i++) {
        if (compare_literals(literal_of(order[kept - 1]), literal_of(order[i])) != 0)
            order[kept++] = order[i];
    }
    *count = kept;
    return order;
}

// Which string of the sorted ones the subject is; -1: none, and to `none` where it is no string.
static LLVMValueRef string_key(LowerCtx *cx, LVal subject, const MatchArm *const *sorted,
                               uint32_t count, LLVMBasicBlockRef none) {
    if (subject.rep == REP_ANY) {
        go_on_if(cx, lower_is_tag(cx, subject.v, RT_TAG_STRING), none);
        subject = lower_val(REP_ANY, type_of_kind(KIND_STRING), subject.v, false);
        subject = lower_convert(cx, subject, REP_STRING);
    }
    LLVMValueRef *strings = ARENA_ARRAY(cx->arena, LLVMValueRef, count);
    for (uint32_t i = 0; i < count; i++) {
        const Node *literal = literal_of(sorted[i]);
        strings[i] = lower_str(cx, literal->string.bytes, literal->string.len);
    }
    LLVMValueRef table =
        lower_private(cx, LLVMConstArray2(cx->ptr, strings, count), "flap.cases", 8);
    return RT(cx, rt_str_find_among, subject.v, table, lower_i64(cx, count));
}

// One switch for `count` arms; goes on where the subject is none of their literals.
static void by_switch(LowerCtx *cx, const MatchArm *arms, uint32_t count, LVal subject,
                      const Meeting *meeting) {
    LLVMBasicBlockRef none = lower_block_new(cx, "guard");
    bool strings = case_kind(&arms[0]) == CASE_STRING;
    const MatchArm **order = sorted_cases(cx, arms, &count);
    LLVMValueRef key =
        strings ? string_key(cx, subject, order, count, none) : number_key(cx, subject, none);
    LLVMValueRef choice = LLVMBuildSwitch(cx->builder, key, none, count);
    for (uint32_t i = 0; i < count; i++) {
        double value = i;
        if (!strings) lower_number_literal(literal_of(order[i]), &value);
        LLVMBasicBlockRef block = lower_block_new(cx, "arm");
        LLVMAddCase(choice, lower_i64(cx, (int64_t)value), block);
        lower_at(cx, block);
        lower_arm(cx, meeting, order[i], subject);
    }
    lower_at(cx, none);
}

// --- guards --------------------------------------------------------------------------------------

// Tries the guards in order; goes on where none is true.
static void try_guards(LowerCtx *cx, Node *node, LVal subject, const Meeting *meeting) {
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        MatchArm *arm = &node->match.arms.items[i];
        if (!is_guard(arm)) continue;
        uint32_t cases = count_cases(node, i);
        if (cases >= SWITCH_LEAST && fits_cases(subject, case_kind(arm))) {
            by_switch(cx, arm, cases, subject, meeting);
            i += cases - 1;
            continue;
        }
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
    LVal chosen = lower_zero(cx);
    if (!tail && lower_both_arms(cx, node, want_value ? &chosen : NULL)) return chosen;
    uint32_t mark = lower_scope(cx);
    bool guarded = false;
    for (uint32_t i = 0; i < node->match.arms.len; i++)
        guarded |= is_guard(&node->match.arms.items[i]);
    LVal subject = lower_rooted(cx, lower_expr(cx, node->match.subject));
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
