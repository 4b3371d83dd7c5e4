// lower_speculate.c: the copy of a loop that runs on integers (sema.h, Speculation). It is entered when
// the variables hold whole numbers; before each iteration everything that the loop updates is noted.
// Where a result leaves the integers that a double holds exactly, what was noted is put back as
// doubles and the loop as it stands goes on from there. So results are those of doubles, always.
//
// Invariant: bodies of such loops change nothing but variables of numbers, so an iteration that is
// begun anew cannot be told from one that is not; no counted value is held inside.
#include "lower_internal.h"
#include <math.h>

// An updated variable as the iteration found it.
typedef struct Noted {
    SymSlot *slot;
    LLVMValueRef at;
} Noted;

typedef struct Active {
    LLVMValueRef *bad; // where an arm that may not be taken notes inexact results, or null
    Speculation *speculation;
    SymSlot saved[16]; // of the outer variables that are integers meanwhile
    VEC(Noted) noted;
    LLVMBasicBlockRef give_up;
} Active;

Type *lower_guess(LowerCtx *cx, const Symbol *symbol) {
    const Speculation *now = cx->fs->speculation;
    for (uint32_t i = 0; now && i < now->symbols.len; i++)
        if (now->symbols.items[i] == symbol) return &now->types[i];
    return NULL;
}

static Speculation *speculation_of(LowerCtx *cx, const LoopNode *loop) {
    const Instance *instance = cx->fs->instance;
    VEC_EACH(Speculation *, speculation, &instance->speculations)
    if (speculation->loop == loop) return speculation;
    return NULL;
}

static bool is_plain(LowerCtx *cx, Symbol *symbol) {
    if (!lower_is_defined(cx, symbol)) return false;
    const SymSlot *slot = lower_slot(cx, symbol);
    return slot->at && !slot->kept && !slot->undo && (slot->rep == REP_F64 || slot->rep == REP_I64);
}

static bool is_possible(LowerCtx *cx, const Speculation *speculation) {
    if (cx->rarely_run[cx->fs->instance->number]) return false;
    if (cx->options->optimize < 1 || cx->fs->deferred || cx->fs->speculation) return false;
    for (uint32_t i = 0; i < speculation->outer; i++) {
        if (!is_plain(cx, speculation->symbols.items[i])) return false;
        if (lower_slot(cx, speculation->symbols.items[i])->rep != REP_F64) return false;
    }
    VEC_EACH(Symbol *, symbol, &speculation->updated)
    if (!is_plain(cx, symbol)) return false;
    return true;
}

// --- entering and leaving -------------------------------------------------------------------------

LLVMValueRef lower_whole(LowerCtx *cx, LLVMValueRef number, Type type, LLVMValueRef *integer) {
    LLVMBuilderRef b = cx->builder;
    LVal v = lower_val(REP_F64, type_number(), number, false);
    *integer = lower_position(cx, v, (Span){0, 0});
    LLVMValueRef back = LLVMBuildSIToFP(b, *integer, cx->f64, "");
    LLVMValueRef bits = LLVMBuildBitCast(b, number, cx->i64, "");
    LLVMValueRef same =
        LLVMBuildICmp(b, LLVMIntEQ, LLVMBuildBitCast(b, back, cx->i64, ""), bits, ""); // not -0
    LLVMValueRef low = LLVMBuildICmp(b, LLVMIntSGE, *integer, lower_i64(cx, (int64_t)type.low), "");
    LLVMValueRef high =
        LLVMBuildICmp(b, LLVMIntSLE, *integer, lower_i64(cx, (int64_t)type.high), "");
    return LLVMBuildAnd(b, same, LLVMBuildAnd(b, low, high, ""), "");
}

// Branches to `slow` unless all variables hold integers; from here on their slots do.
static void enter(LowerCtx *cx, Active *active, LLVMBasicBlockRef slow) {
    Speculation *speculation = active->speculation;
    LLVMValueRef all = LLVMConstInt(cx->i1, 1, 0), integers[16];
    for (uint32_t i = 0; i < speculation->outer; i++) {
        LLVMValueRef number = lower_symbol(cx, speculation->symbols.items[i]).v;
        LLVMValueRef good = lower_whole(cx, number, speculation->types[i], &integers[i]);
        all = LLVMBuildAnd(cx->builder, all, good, "");
    }
    LLVMBasicBlockRef fast = lower_block_new(cx, "integers");
    lower_branch(cx, all, fast, slow);
    lower_at(cx, fast);
    for (uint32_t i = 0; i < speculation->outer; i++) {
        SymSlot *slot = lower_slot(cx, speculation->symbols.items[i]);
        active->saved[i] = *slot;
        slot->rep = REP_I64;
        slot->type = speculation->types[i];
        slot->value = NULL;
        slot->at = lower_alloca(cx, cx->i64, "integer");
        LLVMBuildStore(cx->builder, integers[i], slot->at);
    }
}

// Their slots are as they were, and hold what the integers are.
static void leave(LowerCtx *cx, const Active *active) {
    const Speculation *speculation = active->speculation;
    for (uint32_t i = 0; i < speculation->outer; i++) {
        SymSlot *slot = lower_slot(cx, speculation->symbols.items[i]);
        LVal now = lower_symbol(cx, speculation->symbols.items[i]);
        LLVMBuildStore(cx->builder, lower_convert(cx, now, REP_F64).v, active->saved[i].at);
        *slot = active->saved[i];
    }
    // The loop's own variables are defined anew in the other copy.
    for (uint32_t i = speculation->outer; i < speculation->symbols.len; i++) {
        Symbol *symbol = speculation->symbols.items[i];
        SymSlot *slot = symbol->is_global ? &cx->globals[symbol->index] : lower_slot(cx, symbol);
        if (!symbol->is_global) *slot = (SymSlot){0};
    }
}

static void note(LowerCtx *cx, Active *active) {
    VEC_EACH(Symbol *, symbol, &active->speculation->updated) {
        SymSlot *slot = lower_slot(cx, symbol);
        Noted noted = {slot, lower_alloca(cx, lower_type(cx, slot->rep), "noted")};
        vec_push(cx->arena, &active->noted, noted);
    }
}

void lower_iteration_noted(LowerCtx *cx) {
    const Active *active = cx->fs->active;
    if (!active) return;
    for (uint32_t i = 0; i < active->noted.len; i++) {
        const Noted *noted = &active->noted.items[i];
        LLVMTypeRef type = lower_type(cx, noted->slot->rep);
        LLVMBuildStore(cx->builder, LLVMBuildLoad2(cx->builder, type, noted->slot->at, ""),
                       noted->at);
    }
}

// What was noted goes back to the variables, which are integers still as far as slots tell.
static void put_back(LowerCtx *cx, const Active *active, LLVMBasicBlockRef slow) {
    lower_at(cx, active->give_up);
    for (uint32_t i = 0; i < active->noted.len; i++) {
        const Noted *noted = &active->noted.items[i];
        LLVMTypeRef type = lower_type(cx, noted->slot->rep);
        LLVMBuildStore(cx->builder, LLVMBuildLoad2(cx->builder, type, noted->at, ""),
                       noted->slot->at);
    }
    leave(cx, active);
    LLVMBuildBr(cx->builder, slow);
}

// --- results that are looked at -------------------------------------------------------------------

void lower_give_up_if(LowerCtx *cx, LLVMValueRef condition) {
    const Active *active = cx->fs->active;
    LLVMValueRef *bad = active ? active->bad : NULL;
    if (bad) {
        *bad = *bad ? LLVMBuildOr(cx->builder, *bad, condition, "") : condition;
        return;
    }
    LLVMBasicBlockRef on = lower_rare(cx, condition, "inexact");
    if (active)
        LLVMBuildBr(cx->builder, active->give_up);
    else
        lower_give_up(cx);
    lower_at(cx, on);
}

static LLVMValueRef product(LowerCtx *cx, LLVMValueRef x, LLVMValueRef y, Type type) {
    if (type.low >= -0x1p62 && type.high <= 0x1p62)
        return lower_integer_operation(cx, BINARY_MUL, x, y);
    LLVMValueRef operands[] = {x, y};
    LLVMValueRef both = lower_intrinsic(cx, "llvm.smul.with.overflow", cx->i64, operands, 2);
    lower_give_up_if(cx, LLVMBuildExtractValue(cx->builder, both, 1, ""));
    return LLVMBuildExtractValue(cx->builder, both, 0, "");
}

static void look_at(LowerCtx *cx, LLVMValueRef result, bool below, bool above) {
    LLVMBuilderRef b = cx->builder;
    int64_t most = (int64_t)TYPE_MAX_INTEGER;
    if (above)
        lower_give_up_if(cx, LLVMBuildICmp(b, LLVMIntSGT, result, lower_i64(cx, most), "above"));
    if (below)
        lower_give_up_if(cx, LLVMBuildICmp(b, LLVMIntSLT, result, lower_i64(cx, -most), "below"));
}

LLVMValueRef lower_checked(LowerCtx *cx, BinaryOp op, LLVMValueRef x, LLVMValueRef y, Type type) {
    LLVMValueRef result =
        op == BINARY_MUL ? product(cx, x, y, type) : lower_integer_operation(cx, op, x, y);
    look_at(cx, result, type.low < -TYPE_MAX_INTEGER, type.high > TYPE_MAX_INTEGER);
    return result;
}

// -2^53 is the least of operators on bits.
LLVMValueRef lower_checked_bits(LowerCtx *cx, LLVMValueRef result, Type type) {
    if (lower_is_checked(cx, type))
        look_at(cx, result, type.low < -0x1p53, type.high > TYPE_MAX_INTEGER);
    return result;
}

LLVMValueRef lower_integer_operation(LowerCtx *cx, BinaryOp op, LLVMValueRef x, LLVMValueRef y) {
    LLVMBuilderRef b = cx->builder;
    bool wraps = cx->fs->active && cx->fs->active->bad; // in an arm that is not taken, of anything
    if (op == BINARY_ADD) return wraps ? LLVMBuildAdd(b, x, y, "") : LLVMBuildNSWAdd(b, x, y, "");
    if (op == BINARY_SUB) return wraps ? LLVMBuildSub(b, x, y, "") : LLVMBuildNSWSub(b, x, y, "");
    return wraps ? LLVMBuildMul(b, x, y, "") : LLVMBuildNSWMul(b, x, y, "");
}

bool lower_is_checked(LowerCtx *cx, Type type) {
    bool checks = cx->fs->active || (cx->fs->instance && cx->fs->instance->checked);
    return checks && type.integer &&
           (type.low < -TYPE_MAX_INTEGER || type.high > TYPE_MAX_INTEGER);
}

// --- both arms of a match -------------------------------------------------------------------------

enum { MOST_CHEAP = 24, MOST_CHANGED = 6 };

typedef struct Arms {
    LowerCtx *cx;
    SymbolVec changed;
    uint32_t nodes;
    bool cheap, turns; // the condition is one of remainders or bits, which no processor foresees
} Arms;

static bool is_cheap_operator(const Node *node) {
    BinaryOp op = node->binary.op;
    double by = 0;
    if (op == BINARY_DIV || op == BINARY_MOD) {
        bool literal = lower_number_literal(node->binary.right, &by) && by >= 1;
        return literal && by <= 0x1p32 && by == exp2(logb(by));
    }
    return op == BINARY_ADD || op == BINARY_SUB || op == BINARY_MUL ||
           (op >= BINARY_LT && op <= BINARY_NE) || (op >= BINARY_BAND && op <= BINARY_BXOR);
}

static bool is_integer(const Arms *arms, const Node *node) {
    return type_rep(lower_node_type(arms->cx, node)) == REP_I64;
}

static bool is_cheap_update(Arms *arms, const Node *node) {
    const Node *target = node->update.target;
    Symbol *symbol = target->kind == NODE_NAME ? target->name.symbol : NULL;
    if (!symbol || !lower_guess(arms->cx, symbol) || !lower_is_defined(arms->cx, symbol))
        return false;
    if (node->update.op > UPDATE_MUL || !is_integer(arms, node->update.value)) return false;
    VEC_EACH(Symbol *, other, &arms->changed) if (other == symbol) return true;
    vec_push(arms->cx->arena, &arms->changed, symbol);
    return arms->changed.len <= MOST_CHANGED && is_plain(arms->cx, symbol);
}

static void look_at_arm(void *context, Node **child) {
    Arms *arms = context;
    const Node *node = *child;
    if (!node || !arms->cheap) return;
    arms->cheap = ++arms->nodes <= MOST_CHEAP;
    if (node->kind == NODE_BINARY)
        arms->cheap &= is_cheap_operator(node) && is_integer(arms, node);
    else if (node->kind == NODE_UPDATE)
        arms->cheap &= is_cheap_update(arms, node);
    else if (node->kind == NODE_NAME)
        arms->cheap &= is_integer(arms, node);
    else if (node->kind != NODE_NUMBER && node->kind != NODE_BLOCK)
        arms->cheap = false;
    ast_children(*child, look_at_arm, arms);
}

static void look_for_turns(void *context, Node **child) {
    Arms *arms = context;
    const Node *node = *child;
    if (!node) return;
    if (node->kind == NODE_BINARY &&
        (node->binary.op == BINARY_MOD || node->binary.op == BINARY_BAND))
        arms->turns = true;
    ast_children(*child, look_for_turns, arms);
}

// What the arm makes of the variables that some arm changes, which are then what they were; and its
// value, if `value` is not null. Gives whether some result was inexact.
static LLVMValueRef run_arm(LowerCtx *cx, Node *body, const SymbolVec *changed,
                            LLVMValueRef *values, LLVMValueRef *value) {
    LLVMValueRef before[MOST_CHANGED], bad = NULL;
    for (uint32_t i = 0; i < changed->len; i++) {
        SymSlot *slot = lower_slot(cx, changed->items[i]);
        before[i] = slot->at;
        slot->at = lower_alloca(cx, cx->i64, "arm");
        LLVMBuildStore(cx->builder, LLVMBuildLoad2(cx->builder, cx->i64, before[i], ""), slot->at);
    }
    cx->fs->active->bad = &bad;
    if (value)
        *value = body ? lower_convert(cx, lower_expr(cx, body), REP_I64).v : lower_i64(cx, 0);
    else if (body)
        lower_effect(cx, body);
    cx->fs->active->bad = NULL;
    for (uint32_t i = 0; i < changed->len; i++) {
        SymSlot *slot = lower_slot(cx, changed->items[i]);
        values[i] = LLVMBuildLoad2(cx->builder, cx->i64, slot->at, "");
        slot->at = before[i];
    }
    return bad ? bad : LLVMConstInt(cx->i1, 0, 0);
}

static LLVMValueRef choose(LowerCtx *cx, LLVMValueRef truth, LLVMValueRef yes, LLVMValueRef no) {
    LLVMValueRef chosen = LLVMBuildSelect(cx->builder, truth, yes, no, "");
    unsigned kind = LLVMGetMDKindIDInContext(cx->context, "unpredictable", 13);
    LLVMMetadataRef nothing = LLVMMDNodeInContext2(cx->context, NULL, 0);
    if (LLVMIsASelectInst(chosen))
        LLVMSetMetadata(chosen, kind, LLVMMetadataAsValue(cx->context, nothing));
    return chosen;
}

// The bodies of the two arms, if both are to be computed.
static bool find_arms(LowerCtx *cx, Node *node, Node **bodies, Arms *arms) {
    if (!cx->fs->active || cx->fs->active->bad || node->match.on_result) return false;
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        const MatchArm *arm = &node->match.arms.items[i];
        if (arm->kind != ARM_THEN && arm->kind != ARM_DEFAULT) return false;
        bodies[arm->kind == ARM_DEFAULT] = arm->body;
    }
    *arms = (Arms){.cx = cx, .cheap = bodies[0] != NULL};
    arms->cheap = arms->cheap && is_integer(arms, node->match.subject);
    look_for_turns(arms, &node->match.subject);
    for (int i = 0; i < 2; i++) look_at_arm(arms, &bodies[i]);
    return arms->cheap && arms->turns;
}

bool lower_both_arms(LowerCtx *cx, Node *node, LVal *result) {
    Node *bodies[2] = {NULL, NULL};
    Arms arms;
    if (!find_arms(cx, node, bodies, &arms)) return false;
    if (result)
        for (int i = 0; i < 2; i++)
            if (bodies[i] && !is_integer(&arms, bodies[i])) return false;
    LVal subject = lower_expr(cx, node->match.subject);
    LLVMValueRef truth = lower_truth(cx, subject, node->match.subject->span);
    LLVMValueRef values[2][MOST_CHANGED], given[2], bad[2];
    for (int i = 0; i < 2; i++)
        bad[i] = run_arm(cx, bodies[i], &arms.changed, values[i], result ? &given[i] : NULL);
    lower_give_up_if(cx, LLVMBuildSelect(cx->builder, truth, bad[0], bad[1], "inexact"));
    for (uint32_t i = 0; i < arms.changed.len; i++)
        LLVMBuildStore(cx->builder, choose(cx, truth, values[0][i], values[1][i]),
                       lower_slot(cx, arms.changed.items[i])->at);
    if (result)
        *result = lower_val(REP_I64, lower_node_type(cx, node),
                            choose(cx, truth, given[0], given[1]), false);
    return true;
}

// --- the loop -------------------------------------------------------------------------------------

LVal lower_speculate(LowerCtx *cx, Node *node, LowerLoop *loop) {
    Speculation *speculation = speculation_of(cx, node->loop);
    if (!speculation || !is_possible(cx, speculation)) return loop(cx, node);
    Active active = {.speculation = speculation};
    LLVMBasicBlockRef slow = lower_block_new(cx, "numbers"), end = lower_block_new(cx, "either");
    active.give_up = lower_block_new(cx, "give.up");
    enter(cx, &active, slow);
    note(cx, &active);
    cx->fs->speculation = speculation;
    cx->fs->active = &active;
    loop(cx, node);
    cx->fs->speculation = NULL;
    cx->fs->active = NULL;
    SymSlot *slots[16], inside[16];
    for (uint32_t i = 0; i < speculation->outer; i++) {
        slots[i] = lower_slot(cx, speculation->symbols.items[i]);
        inside[i] = *slots[i];
    }
    leave(cx, &active);
    LLVMBuildBr(cx->builder, end);
    for (uint32_t i = 0; i < speculation->outer; i++) *slots[i] = inside[i];
    put_back(cx, &active, slow);
    lower_at(cx, slow);
    LVal value = loop(cx, node);
    lower_go(cx, end);
    return value;
}
