// pool.h: the persistent workers and what a parallel loop looks like to them. pool.c owns the
// threads (made, woken, idle, ended); parfor.c owns the loop (division, claims, thefts, the end of
// the loop); nest.c owns the loops that are met inside it; order.c owns what happens in the order
// of blocks (output, turns).
//
// One loop at a time uses the pool; loops inside its bodies run on the thread that meets them and
// those that have nothing to do; loops of threads that find the pool taken run on that thread. The
// invariant that everything rests on: a loop is over when every block has been finished, whoever
// ran it, and nobody reads the loop's data but between claiming a block and finishing it. So a late
// worker, which finds nothing to claim, touches nothing of a loop that is gone.
#ifndef FLAP_RT_POOL_H
#define FLAP_RT_POOL_H

#include "rt_internal.h"
#include "thread.h"

#include <stdatomic.h>

// Stress builds make the rare common: runs of one block, no spinning, no loop too small to share, and others
// come before a thread has done everything: it waits for the first of them, so many times at most, and yields
// after each run of blocks.
#ifdef RT_STRESS
enum { RTI_STRESSED = 1, RTI_STRESS_YIELDS = 200 };
#else
enum { RTI_STRESSED = 0, RTI_STRESS_YIELDS = 0 };
#endif

// Effects that happen in the order of blocks.
#define RTI_PAR_ORDERED (RT_PAR_OUTPUT | RT_PAR_WAITS | RT_PAR_KEEPS | RT_PAR_LEAVES)

// jump_*.S: notes where it is called from and gives 0; rti_jump() goes there, and it gives 1.
#ifdef RT_TSAN
// ThreadSanitizer keeps a record of calls, which its versions of libc's functions put right.
enum { RTI_JUMP_WORDS = 64 };
int _setjmp(void **resume) __attribute__((returns_twice));
_Noreturn void longjmp(void **resume, int value);
#define rti_jump_set(resume) _setjmp(resume)
#define rti_jump(resume)     longjmp(resume, 1)
#else
enum { RTI_JUMP_WORDS = 32 };
int rti_jump_set(void **resume) __attribute__((returns_twice));
_Noreturn void rti_jump(void **resume);
#endif

typedef struct RtiOrder RtiOrder; // order.c: null for loops without ordered effects
typedef struct RtiNest RtiNest;   // a loop met inside another one

// What a worker needs to run blocks of a loop; copied into each worker's own cache line.
typedef struct RtiJob {
    RtParBody *body;
    void *captures;
    int64_t count;  // iterations
    int32_t blocks; // B
    int32_t flags;
    RtiOrder *order;
    RtParLoop *loop; // of one that may be left early, else null
    RtiNest *nest;   // null: the loop has the pool
    // Of the thread that met the loop, at that moment.
    RtParState *parent; // the block that it is part of, or null
    RtDefer *defers;
    RtArena *arena;
    const RtDepths *depths;         // its caller's, who leaves them alone until the loop has ended
    const void *frame, *stack_high; // where it is on its stack, and where that ends
} RtiJob;

// A run of blocks [begin, end).
typedef struct RtiRun {
    int32_t begin, end;
} RtiRun;

// What the thread is doing in a loop: RtThread.par points here while a body runs on it.
//
// Of a block inside which another loop runs, `kept`, `changes`, `undo` and `has_turn` belong to
// whoever has the turn in that inner loop: what the inner loop does in order goes there. The turns
// hand them on (order.c), and the end of the inner loop gives them back.
struct RtParState {
    const RtiJob *job;
    uint64_t generation;
    int32_t first;  // of the run of blocks in hand: every earlier one must finish first
    bool has_turn;  // every earlier block of the loop has finished and its text is written
    RtSink kept;    // this block's text while it is not its turn
    RtSink changes; // and what rt_par_keep() was given (order.c)
    RtSink undo;    // and rt_par_undo()
    void *resume[RTI_JUMP_WORDS]; // where a block that is no longer wanted is abandoned to
    RtDefer *defers;              // the thread's chain before this block
    RtRoots *roots;               // the same
    struct RtCell *held;          // the mutexes that it had locked before this block
    struct RtiWorker *worker;     // of a loop that has the pool
};

// The range word:
//   bits 0–10 begin, 11–21 end: the blocks dealt to this worker that nobody has claimed
//   bits 22–62: the loop's generation
//   bit 63: the worker sleeps, or is about to, on the upper half
//
//   state                     changes to
//   generation g, blocks      claimed from the front (by the worker; by one who waits for its turn)
//   or
//                             the back (by thieves), by compare-and-swap; all blocks gone: empty
//   generation g, empty       blocks: by the worker, which has stolen them (same g)
//                             asleep: by the worker, by compare-and-swap
//                             generation g', blocks: by the loop's caller, by exchange, which keeps
//                             the sleep bit it saw; if the exchange gives back one that it did not
//                             see, the caller wakes the worker at once
//   …, asleep                 awake: by whoever wakes it (fetch_and, then the futex), or by itself
//   generation g', LEAVE      final
typedef _Atomic uint64_t RtiRange;
#define RTI_RANGE_LEAVE     2047 // as begin
#define RTI_RANGE_ASLEEP    ((uint64_t)1 << 63)
#define RTI_GENERATION_MASK (((uint64_t)1 << 41) - 1)

static inline int32_t rti_range_begin(uint64_t range) {
    return (int32_t)(range & 2047);
}
static inline int32_t rti_range_end(uint64_t range) {
    return (int32_t)(range >> 11 & 2047);
}
static inline int32_t rti_range_left(uint64_t range) {
    return rti_range_end(range) - rti_range_begin(range);
}
static inline uint64_t rti_range_generation(uint64_t range) {
    return range >> 22 & RTI_GENERATION_MASK;
}
static inline uint64_t rti_range_make(uint64_t generation, int32_t begin, int32_t end) {
    return (generation & RTI_GENERATION_MASK) << 22 | (uint64_t)end << 11 | (uint64_t)begin;
}

#define RTI_DONE_WORDS (RT_PAR_MAX_BLOCKS / 64)

// What a thread of the pool does, for those who have a loop to share (nest.c).
typedef enum RtiIdle { RTI_BUSY, RTI_LOOKING, RTI_ASLEEP } RtiIdle;

typedef struct RtiWorker {
    // The hand-over, one cache line: work goes out in it and the count of finished blocks comes
    // back.
    _Alignas(RTI_CACHE_LINE) RtiRange range;
    _Atomic uint64_t finished; // blocks, ever; by the worker only
    RtiJob job;                // by the caller, while no loop runs

    // By the worker; read by those who wait for their turn in a loop without order (order.c).
    _Alignas(RTI_CACHE_LINE) _Atomic uint64_t done_generation;
    _Atomic uint64_t done[RTI_DONE_WORDS]; // blocks that it finished in that generation

    // By the worker only, but for what its parent sets before it runs.
    _Alignas(RTI_CACHE_LINE) uint64_t seen; // the last generation it looked at
    uint64_t spin;                          // ticks before it sleeps
    int32_t index;                          // in the pool, which is also its thread's number
    _Atomic int32_t placed; // 1: its parent restricted its processors; give them back
    _Atomic int32_t idle;   // RtiIdle; a hint

    RtiThread thread; // by the caller
} RtiWorker;

typedef struct RtiPool {
    RtiWorker *workers;      // [0] stands for the caller; null before the first use
    _Atomic uint8_t *alive;  // a page that a fork wipes: 0 in a child, whose workers are not there
    _Atomic int32_t started; // workers that run, besides the caller
    int32_t processors;      // allowed to this process
    _Atomic int32_t default_threads; // of `@@`; 0: not asked yet
    _Atomic int32_t growing;         // 1: a thread is making workers
    uint64_t generation;             // of the last loop
    uint64_t retry_generation;       // no attempt to make more workers before it
    RtiCpus allowed;
    _Atomic uint64_t ticks_per_us;
    uint64_t epoch_ticks, epoch_ns; // a moment on both clocks, to measure ticks_per_us from
    RtiBarrier leaving;

    _Alignas(
        RTI_CACHE_LINE) _Atomic int32_t engaged; // threads of the present loop, with the caller
    _Atomic int32_t crowded;                     // more threads than processors: do not spin
    _Atomic int32_t length; // of the first run of blocks a thread claims; 0: always one block
    _Alignas(RTI_CACHE_LINE) _Atomic uintptr_t taken; // the RtThread of the loop's caller; 0: free
    _Alignas(RTI_CACHE_LINE) _Atomic uint64_t open;   // nests that have blocks to give (nest.c)

    // Something happened in the loop that somebody may wait for (order.c); bit 0: somebody does.
    _Alignas(RTI_CACHE_LINE) RtiWord event;
} RtiPool;
extern RtiPool rti_pool;

// --- pool.c --------------------------------------------------------------------------------------

// Takes the pool for a loop; false when another thread has it or there is no memory for it.
bool rti_pool_take(void);
void rti_pool_give(void);
// True when this thread has the pool.
bool rti_pool_mine(void);
// False in the child of a fork that has not taken the pool since: the workers are not there.
bool rti_pool_here(void);
// In the child of a fork that a thread in the middle of a loop may have made, as worker `own` (0: it was
// none): there is no loop, and there are no workers; it has the processors and signals of the first thread.
void rti_pool_forked(int32_t own);
// How many threads `@@` means.
int32_t rti_pool_default(void);
// Makes workers until there are `workers`; fewer when the system refuses, or while another thread
// makes some. Gives how many there are, at most `workers`.
int32_t rti_pool_grow(int32_t workers);
static inline int32_t rti_pool_started(void) {
    // acquire: pairs with the release in rti_pool_grow, behind which the worker's record is filled
    return atomic_load_explicit(&rti_pool.started, memory_order_acquire);
}
// True when that many workers run and none of them sleeps.
bool rti_pool_awake(int32_t workers);
// Hands a range to a worker; rti_pool_wake_children() and its like then wake those that sleep.
void rti_pool_publish(RtiWorker *worker, uint64_t range);
// Wakes the worker if it sleeps in this generation or before.
void rti_pool_wake(RtiWorker *worker);
// The workers that `index` wakes (0: the caller), a tree; these wake more.
void rti_pool_wake_children(int32_t index, int32_t engaged);
// All workers of the loop that has the pool.
void rti_pool_wake_engaged(void);
// Tells all workers to leave, joins them and frees everything. No loop is running.
void rti_pool_end(void);
static inline uint64_t rti_ticks_of_us(uint64_t us) {
    // relaxed: a number that is always plausible
    return us * atomic_load_explicit(&rti_pool.ticks_per_us, memory_order_relaxed);
}

// --- parfor.c ------------------------------------------------------------------------------------

// The worker's part of the loop of that generation, as far as there is something to claim or steal.
void rti_loop_work(RtiWorker *self, uint64_t generation);
// Claims the first block of whoever has it as the next to run; for those who wait for their turn.
bool rti_loop_claim_exactly(uint64_t generation, int32_t block);
// Runs blocks that were claimed, in the worker's name, and marks them as finished.
void rti_loop_run(RtiWorker *self, uint64_t generation, RtiRun run);
// Notes how long this thread needed for so many blocks, for the next time that the loop is run.
void rti_loop_remember(const RtParLoop *loop, const RtiJob *job, uint64_t ticks, int32_t blocks);
// Where block b begins: b * count / blocks.
int64_t rti_block_begin(const RtiJob *job, int32_t block);
// Calls the body for blocks [begin, end) as a part of what this thread does anyway.
void rti_blocks_call(const RtiJob *job, int32_t begin, int32_t end);
// Runs blocks from state->first up to `end` for the loop of state->job, whoever met it. The caller
// sets job, generation, first and worker.
void rti_blocks_run(RtParState *state, int32_t end);
// Notes blocks in a bit map; see RtiWorker.done.
void rti_blocks_mark(_Atomic uint64_t *done, RtiRun run);

// How long the runs of blocks are that a thread claims: such that one takes some microseconds.
typedef struct RtiPace {
    int32_t length; // of the next run
    int32_t rest;   // no more left than this: not worth halving
    bool single;    // always one block
    uint64_t last;  // when the last run ended
} RtiPace;
RtiPace rti_pace_start(int32_t length); // 0: always single blocks
void rti_pace_adapt(RtiPace *pace, RtiRun run);
// How many of the blocks that are left in a range to claim.
int32_t rti_pace_take(const RtiPace *pace, int32_t left);

// --- nest.c --------------------------------------------------------------------------------------

// A loop that this thread meets inside a loop: shares it with threads that have nothing to do.
void rti_nest_run(const RtParLoop *loop, RtiJob *job, int64_t cost);
// Runs blocks of such loops, as long as there are some to claim; false: there were none. `around`:
// only of loops that are part of that one; null: of any.
bool rti_nest_help(const RtiNest *around);
// The lowest block that has not finished, in a loop without order.
int32_t rti_nest_lowest(const RtiNest *nest);

// --- order.c -------------------------------------------------------------------------------------

// Something changed that a waiter may wait for: after a seq_cst write to what the waiter looks at.
void rti_order_notify(void);
// A waiter's side: marks, looks (`ready` reads with seq_cst), sleeps at most once.
typedef bool RtiReady(void *what);
void rti_order_sleep(RtiReady *ready, void *what);

// The record of a loop's texts and turns; blocks before `first` have been run.
RtiOrder *rti_order_new(int32_t first, int32_t blocks);
void rti_order_free(RtiOrder *order);
// Where text goes that this block may write; null: to standard output.
RtSink *rti_order_sink(RtParState *state);
// Around the body of one block of an ordered loop.
void rti_order_begin(RtParState *state);
void rti_order_end(RtParState *state);
// In place of the end: the block was abandoned, in its body or at its end.
void rti_order_abandoned(RtParState *state);
// True when an earlier block has left the loop.
bool rti_order_unwanted(const RtiJob *job, int32_t block);
// The same of the block in hand and of all blocks that it is part of.
bool rti_order_lost(const RtParState *state);
// Gives up the block that this thread runs: goes to state->resume.
_Noreturn void rti_order_abandon(void);
// True when blocks of the loop may be abandoned.
bool rti_order_may_abandon(const RtiJob *job);
// When all blocks have finished: drops what blocks did that should not have run, and notes the exit.
void rti_order_leave(const RtiJob *job);

#endif
