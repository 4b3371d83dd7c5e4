// lower_par.h: what the files that lower parallel loops share: the loop being lowered.
#ifndef FLAP_LOWER_PAR_H
#define FLAP_LOWER_PAR_H

#include "lower_internal.h"

enum { LANES = 8 };

typedef struct Reduction {
    Symbol *symbol;
    ReduceOp op;
    Rep rep, outer; // in the body, and of the variable itself
    Type type;
    bool last;             // the forms have the variable last: e + s
    bool laned;            // sums and products of doubles
    LLVMValueRef partials; // array in the function that the loop stands in
    LLVMValueRef inside;   // the same, in the body
    LLVMValueRef local;    // the block's result so far: one value, or LANES of them
} Reduction;

// How the changes of a variable are kept while they wait for their turn.
typedef enum KeptForm {
    KEPT_CHANGES, // one by one (lower_keep_change.c)
    KEPT_APPEND,  // a list, text or map grows at its end: the block's part is added as one,
    KEPT_PREPEND, // at its beginning
    KEPT_PUT,     // keys of a map are set: the block's are put in as one map
    KEPT_SUM, // numbers of a map are combined with others in any order: the same, where that is exact
    KEPT_LAST, // it is set: the block's last value counts
} KeptForm;

// A variable whose changes are kept (lower_keep.c).
typedef struct Kept {
    Symbol *symbol;
    const ParVariable *variable;
    Rep rep;
    Type type;
    KeptForm form;
    bool unique;       // a list whose elements are written: unshared, as long as it was
    LLVMValueRef room; // where it lives while the loop runs
    LLVMValueRef length, length_inside; // of a unique one
    int64_t field;                      // of the capture record: the room's address
    LLVMValueRef local; // of the body: what the block makes of it, in forms other than KEPT_CHANGES
    LLVMValueRef set;   // KEPT_LAST: i1, whether there is something in it
    LLVMValueRef most;  // i64: the length up to which it may wait
    LLVMValueRef exact,
        exact_inside; // KEPT_SUM, and lists with copies: i1, that the order does not matter
    LLVMValueRef base,
        base_inside;     // of a map whose own elements are read: as it was before the loop
    LLVMValueRef copies; // of a list of numbers that every thread may have a copy of; or null
    LLVMValueRef
        elements; // of the body: what may be changed at once; null pointer: changes are kept
    LLVMValueRef at_once; // i1: changes need not be kept one by one
    bool now;             // while an update is emitted for that case
} Kept;
typedef VEC(Kept) KeptVec;

// A way in which the body leaves the loop.
typedef struct Exit {
    ExitKind kind;
    LoopNode *loop;
    Type type; // of the value
} Exit;

// A part of a variable while a loop has it.
typedef struct Taken {
    const ParPart *part;
    Path path;   // where it is put back
    Node *nodes; // what stands in the body, of which the part's nodes are names meanwhile
} Taken;

typedef struct Par {
    Node *node;
    LoopNode *loop;
    ParPlan *plan;
    LLVMValueRef low, count; // i64
    LVal list;               // of a loop over a list; over pairs: the keys
    LVal values;             // of a loop over pairs
    LLVMValueRef list_inside, values_inside;
    VEC(Taken) taken;
    VEC(Reduction) reductions;
    KeptVec kept;
    bool now;            // the code being emitted makes all changes at once
    LLVMValueRef direct; // in the body: i1, that changes are made at once
    VEC(Exit) exits;
    LLVMBasicBlockRef exit;                // of the body: where it ends
    LLVMValueRef loop_record, loop_inside; // the RtParLoop
    ParFill *each; // of lower_parallel_each(), which has no loop and no plan
    void *context;
    LLVMValueRef result; // alloca, or null
    Rep result_rep;
    LoopFrame frame;
    LLVMValueRef function, begin, end, block;
    LLVMValueRef record; // of captures, in the function being filled
} Par;

// --- lower_cost.c ---------------------------------------------------------------------------------
// Instructions of the body, as estimated; 0: not known, as it has loops, calls or values of any size.
int32_t lower_par_cost(LowerCtx *cx, Node *body);
// True for bodies so small that eight iterations at a time are worth having.
bool lower_par_is_small(Node *body);

// --- lower_reduce.c -------------------------------------------------------------------------------
// True for variables that are reduced: numbers, or errors in their place.
bool lower_is_summed(Type type);
// Before the loop: finds them, and makes room for a result per block.
void lower_reductions_find(LowerCtx *cx, Par *par);
// In the body: room for a block's own results; for each block these neutral, an iteration's lane, and
// the block's result kept.
void lower_reductions_start(LowerCtx *cx, Par *par);
void lower_reductions_reset(LowerCtx *cx, Par *par);
void lower_reductions_lane(LowerCtx *cx, Par *par, LLVMValueRef lane);
void lower_reductions_finish(LowerCtx *cx, Par *par);
// After the loop: adds what a block gave.
void lower_reductions_combine(LowerCtx *cx, Par *par, LLVMValueRef block);

// --- lower_keep.c ---------------------------------------------------------------------------------
// True for a variable whose changes are kept.
bool lower_par_keeps(LowerCtx *cx, const ParVariable *variable);
// Before the loop (count: of its iterations), where its body begins, where an iteration ends, where
// the body ends, and after the loop.
void lower_kept_find(LowerCtx *cx, Par *par, LLVMValueRef count, LLVMValueRef threads);
void lower_kept_start(LowerCtx *cx, Par *par);
// i1: every change that is made one by one can be made at once in this run of blocks; null: there is none.
LLVMValueRef lower_kept_now(LowerCtx *cx, const Par *par);
void lower_kept_bound(LowerCtx *cx, Par *par);
void lower_kept_end(LowerCtx *cx, Par *par);
void lower_kept_finish(LowerCtx *cx, Par *par);
// The loop as a deferred block of its body sees it: that function's own, which is being filled, with what
// its changes of kept variables need of the body's.
Par *lower_kept_deferred(LowerCtx *cx, const Par *body);
// RT_PAR_KEEPS, or 0 where no change needs to be kept in this run of the loop.
LLVMValueRef lower_kept_flag(LowerCtx *cx, const Par *par);
// i1: more time would go into keeping changes than other threads could save.
LLVMValueRef lower_kept_alone(LowerCtx *cx, const Par *par);
// Puts the variable's slot at `at`, in the function being filled.
void lower_kept_slot(LowerCtx *cx, const Kept *kept, LLVMValueRef at);
// A function that changes the variable, `<body>.keep.<n>`: begins it, with the slot in the room, and
// ends it.
LLVMValueRef lower_kept_begin(LowerCtx *cx, const Kept *kept, FuncState *fs, LLVMValueRef *words);
void lower_kept_done(LowerCtx *cx, LLVMBasicBlockRef here);

// --- lower_part.c ---------------------------------------------------------------------------------
// Before and behind the loop, whose parts fit.
void lower_parts_take(LowerCtx *cx, Par *par);
void lower_parts_put(LowerCtx *cx, Par *par);
// True for a loop in a parallel body that changes what only the loop around can change in its order.
bool lower_parts_clash(LowerCtx *cx, const ParPlan *plan);

// --- lower_keep_change.c --------------------------------------------------------------------------
// An UPDATE of the variable, kept as a change of its own.
void lower_keep_change(LowerCtx *cx, const Kept *kept, Node *node);

// --- lower_leave.c --------------------------------------------------------------------------------
// After the loop: goes on from the exit that was taken; falls through when none was. `end`: behind it.
void lower_exits(LowerCtx *cx, Par *par, LLVMBasicBlockRef end);
// How many blocks' results count.
LLVMValueRef lower_blocks_wanted(LowerCtx *cx, const Par *par, LLVMValueRef blocks);

#endif
