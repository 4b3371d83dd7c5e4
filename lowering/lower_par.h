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
    bool exact;            // the same in whatever order it is made
    LLVMValueRef partials; // array in the function that the loop stands in
    LLVMValueRef inside;   // the same, in the body
    LLVMValueRef root;     // of words that may be errors; or null
    LLVMValueRef local;    // the block's result so far: one value, or LANES of them
    LLVMValueRef value;    // of a laned one: what a single iteration gives,
    LLVMValueRef place;    // and where such values are kept
    LLVMValueRef values[LANES],
        total; // where the caller runs all blocks: those of the block in hand, and the sum
} Reduction;

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
    LVal base_held;
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
    LVal source; // what a loop that is over no range goes over: a list, string or map, held
    LVal list;   // the same by position: a list; over pairs: the keys
    LVal values; // of a loop over pairs
    LLVMValueRef list_inside, values_inside;
    LLVMValueRef ascii, ascii_inside,
        text_inside; // i64: of a text whose bytes are its code points, the list is empty
    VEC(Taken) taken;
    VEC(Reduction) reductions;
    bool by_runs; // exact reductions have a result for a run of blocks, laned ones for a block
    bool valued;  // the code being emitted gives results of single iterations
    LLVMValueRef runs,
        runs_inside; // where there are exact ones: for a run's first block, the one behind it
    KeptVec kept;
    bool now;            // the code being emitted makes all changes at once
    LLVMValueRef direct; // in the body: i1, that changes are made at once
    VEC(Exit) exits;
    LLVMBasicBlockRef exit;                // of the body: where it ends
    LLVMValueRef loop_record, loop_inside; // the RtParLoop
    LLVMValueRef history;                  // see lower_par_history()
    bool asks;                             // by lower_plain_ask()
    LLVMValueRef loop_root;                // of the value in it; or null
    const EachBody *each; // of lower_parallel_each(), which has no loop and no plan
    LLVMValueRef result;  // alloca, or null
    Rep result_rep;
    LoopFrame frame;
    LLVMValueRef function, begin, end, block;
    LLVMValueRef record; // of captures, in the function being filled
} Par;

// --- lower_par_blocks.c ---------------------------------------------------------------------------
// A loop over i64s from `from` up to `to`; `fill` emits its body, `after` is set to where it stopped.
typedef void ParCount(LowerCtx *cx, Par *par, LLVMValueRef i, LLVMValueRef extra);
void lower_par_count(LowerCtx *cx, Par *par, LLVMValueRef from, LLVMValueRef to, int64_t step,
                     ParCount *fill, LLVMValueRef extra, LLVMValueRef after);
// True if the body goes from block to block by itself.
bool lower_par_walks(const Par *par);
// In the body: all iterations of its run of blocks. Block -1: all there are, by the caller alone, which there is
// code for up to so many iterations; 0: none.
void lower_par_blocks(LowerCtx *cx, Par *par);
int64_t lower_par_alone(const Par *par);
// How many blocks have fewer than `most` iterations together, whichever they are; and where a block begins.
LLVMValueRef lower_par_fitting(LowerCtx *cx, LLVMValueRef count, int64_t most);
LLVMValueRef lower_par_begin(LowerCtx *cx, LLVMValueRef count, LLVMValueRef block);
LLVMValueRef lower_smaller(LowerCtx *cx, LLVMValueRef a, LLVMValueRef b);
Symbol *lower_loop_symbol(const LoopNode *loop, uint32_t i);

// --- lower_par.c ----------------------------------------------------------------------------------
// The word in which the runtime notes how long iterations of the loop take.
LLVMValueRef lower_par_history(LowerCtx *cx, Par *par);

// --- lower_plain.c --------------------------------------------------------------------------------
enum { LOWER_PLAIN_COST = 40000 }; // instructions: what 1024 blocks cost beside their iterations
// Once it is known what the loop goes over: the loop without its prefix, for when that is as good. The builder
// is left where it goes on in parallel; gives where both end, or null.
LLVMBasicBlockRef lower_plain(LowerCtx *cx, Par *par);
// Asks the runtime by what iterations took before: goes on at `on`, or falls through and gives what lower_plain_tell()
// is told when the loop has run. Up to `few` iterations are not asked for.
LLVMValueRef lower_plain_ask(LowerCtx *cx, Par *par, LLVMValueRef count, int64_t few,
                             LLVMBasicBlockRef on);
void lower_plain_tell(LowerCtx *cx, Par *par, LLVMValueRef count, LLVMValueRef start);

// --- lower_cost.c ---------------------------------------------------------------------------------
// Instructions of the body, as estimated; 0: not known, as it has loops, calls or values of any size.
int32_t lower_par_cost(LowerCtx *cx, Node *body);
// True for bodies so small that eight iterations at a time are worth having.
bool lower_par_is_small(Node *body);

// --- lower_reduce.c -------------------------------------------------------------------------------
// Before the loop: finds them, and makes room for a result per block.
void lower_reductions_find(LowerCtx *cx, Par *par);
// Then, when it is known which changes are kept: how results are joined, and room for that.
void lower_reductions_decide(LowerCtx *cx, Par *par);
// In the body: room for its own results; these neutral, an iteration's lane, and the result kept, each for those
// that have one for a run, or for a block.
typedef enum ReducePer { REDUCE_PER_RUN, REDUCE_PER_BLOCK } ReducePer;
void lower_reductions_start(LowerCtx *cx, Par *par);
void lower_reductions_reset(LowerCtx *cx, Par *par, ReducePer per);
void lower_reductions_lane(LowerCtx *cx, Par *par, LLVMValueRef lane);
void lower_reductions_finish(LowerCtx *cx, Par *par, ReducePer per);
// Values of iterations: the one just made goes to `at` in the reduction's place; and the blocks' results made of
// them, from `block` on to the iteration `end`.
void lower_reductions_put(LowerCtx *cx, Par *par, LLVMValueRef at);
void lower_reductions_join(LowerCtx *cx, Par *par, LLVMValueRef block, LLVMValueRef end);
// Where the caller runs all blocks: the total is taken over, or given back; the next iteration's value is that
// lane's; and a block of so many is added to the total.
void lower_reductions_total(LowerCtx *cx, Par *par, bool begins);
void lower_reductions_value(LowerCtx *cx, Par *par, int64_t lane);
void lower_reductions_add(LowerCtx *cx, Par *par, int64_t count);
bool lower_reductions_have(const Par *par, bool laned);
// After the loop: adds what all blocks gave.
void lower_reductions_combine(LowerCtx *cx, Par *par, LLVMValueRef blocks);
// Before (in) and after a call of the body for all blocks in their order: hands it the sums, and takes them back.
void lower_reductions_hand(LowerCtx *cx, Par *par, bool in);
// How many iterations the loop may have so that it has the same bits without its prefix: INT64_MAX, one for each
// block, or 0. `loops`: there are some in the body. May be asked first.
int64_t lower_reductions_plain(LowerCtx *cx, const Par *par, bool loops);

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
// Before a loop that can be left: makes its record, which has no value yet.
void lower_exits_begin(LowerCtx *cx, Par *par);
// How many blocks' results count.
LLVMValueRef lower_blocks_wanted(LowerCtx *cx, const Par *par, LLVMValueRef blocks);

#endif
