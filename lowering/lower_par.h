// lower_par.h: what the files that lower parallel loops share: the loop being lowered.
#ifndef FLAP_LOWER_PAR_H
#define FLAP_LOWER_PAR_H

#include "lower_internal.h"

enum { LANES = 8 };

typedef struct Reduction {
    Symbol *symbol;
    ReduceOp op;
    Rep rep;
    Type type;
    bool laned;            // sums and products of doubles
    LLVMValueRef partials; // array in the function that the loop stands in
    LLVMValueRef inside;   // the same, in the body
    LLVMValueRef local;    // the block's result so far: one value, or LANES of them
} Reduction;

// A variable whose changes are kept (lower_keep.c).
typedef struct Kept {
    Symbol *symbol;
    Rep rep;
    Type type;
    bool unique;           // a list whose elements are written: unshared, as long as it was
    LLVMValueRef room;     // where it lives while the loop runs
    LLVMValueRef length, length_inside; // of a unique one
    int64_t field;         // of the capture record: the room's address
} Kept;
typedef VEC(Kept) KeptVec;

// A way in which the body leaves the loop.
typedef struct Exit {
    ExitKind kind;
    LoopNode *loop;
    Type type; // of the value
} Exit;

typedef struct Par {
    Node *node;
    LoopNode *loop;
    ParPlan *plan;
    LLVMValueRef low, count; // i64
    LVal list;               // of a loop over a list; over pairs: the keys
    LVal values;             // of a loop over pairs
    LLVMValueRef list_inside, values_inside;
    VEC(Reduction) reductions;
    KeptVec kept;
    uint32_t changes; // functions made for them
    VEC(Exit) exits;
    LLVMBasicBlockRef exit; // of the body: where it ends
    LLVMValueRef loop_record, loop_inside; // the RtParLoop
    ParFill *each;       // of lower_parallel_each(), which has no loop and no plan
    void *context;
    LLVMValueRef result; // alloca, or null
    Rep result_rep;
    LoopFrame frame;
    LLVMValueRef function, begin, end, block;
} Par;

// --- lower_cost.c ---------------------------------------------------------------------------------
// Instructions of the body, as estimated; 0: not known, as it has loops, calls or values of any size.
int32_t lower_par_cost(LowerCtx *cx, Node *body);
// True for bodies so small that eight iterations at a time are worth having.
bool lower_par_is_small(Node *body);

// --- lower_reduce.c -------------------------------------------------------------------------------
// Before the loop: finds them, and makes room for a result per block.
void lower_reductions_find(LowerCtx *cx, Par *par);
// In the body: the block's own results, neutral at first; an iteration's lane; the block's result kept.
void lower_reductions_start(LowerCtx *cx, Par *par);
void lower_reductions_lane(LowerCtx *cx, Par *par, LLVMValueRef lane);
void lower_reductions_finish(LowerCtx *cx, Par *par);
// After the loop: adds what a block gave.
void lower_reductions_combine(LowerCtx *cx, Par *par, LLVMValueRef block);

// --- lower_keep.c ---------------------------------------------------------------------------------
// True for a variable whose changes are kept; any of the plan's.
bool lower_par_keeps(LowerCtx *cx, const ParVariable *variable);
bool lower_keeps_any(LowerCtx *cx, const ParPlan *plan);
// Before the loop, where its body begins, and after the loop.
void lower_kept_find(LowerCtx *cx, Par *par);
void lower_kept_start(LowerCtx *cx, Par *par);
void lower_kept_finish(LowerCtx *cx, Par *par);

// --- lower_leave.c --------------------------------------------------------------------------------
// After the loop: goes on from the exit that was taken; falls through when none was. `end`: behind it.
void lower_exits(LowerCtx *cx, Par *par, LLVMBasicBlockRef end);
// How many blocks' results count.
LLVMValueRef lower_blocks_wanted(LowerCtx *cx, const Par *par, LLVMValueRef blocks);

#endif
