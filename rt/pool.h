// pool.h: the persistent workers and what a parallel loop looks like to them. pool.c owns the
// threads (made, woken, idle, ended); parfor.c owns the loop (division, claims, thefts, the end of
// the loop); order.c owns what happens in the order of blocks (output, turns).
//
// One loop at a time uses the pool; loops inside bodies, and of threads that find it taken, run on
// the thread that meets them. The invariant that everything rests on: a loop is over when every
// block has been finished, whoever ran it, and nobody reads the loop's data but between claiming a
// block and finishing it. So a late worker, which finds nothing to claim, touches nothing of a loop
// that is gone.
#ifndef FLAP_RT_POOL_H
#define FLAP_RT_POOL_H

#include "rt_internal.h"
#include "thread.h"

#include <stdatomic.h>

// Stress builds make the rare common: runs of one block, no spinning, no loop too small to share.
#ifdef RT_STRESS
enum { RTI_STRESSED = 1 };
#else
enum { RTI_STRESSED = 0 };
#endif

// Effects that happen in the order of blocks.
#define RTI_PAR_ORDERED (RT_PAR_OUTPUT | RT_PAR_WAITS | RT_PAR_KEEPS | RT_PAR_LEAVES)

// jump_*.S: notes where it is called from and gives 0; rti_jump() goes there, and it gives 1.
enum { RTI_JUMP_WORDS = 32 };
int rti_jump_set(void **resume) __attribute__((returns_twice));
_Noreturn void rti_jump(void **resume);

typedef struct RtiOrder RtiOrder; // order.c: null for loops without ordered effects

// What a worker needs to run blocks of a loop; copied into each worker's own cache line.
typedef struct RtiJob {
    RtParBody *body;
    void *captures;
    int64_t count;  // iterations
    int32_t blocks; // B
    int32_t flags;
    RtiOrder *order;
    RtParLoop *loop; // of one that may be left early, else null
} RtiJob;

// A run of blocks [begin, end).
typedef struct RtiRun {
    int32_t begin, end;
} RtiRun;

// What the thread is doing in a loop: RtThread.par points here while a body runs on it.
struct RtParState {
    const RtiJob *job;
    uint64_t generation;
    int32_t first;     // of the run of blocks in hand: every earlier one must finish first
    RtSink kept;       // this block's text while it is not its turn
    RtSink changes;    // and what rt_par_keep() was given (order.c)
    RtSink undo;       // and rt_par_undo()
    void *resume[RTI_JUMP_WORDS]; // where a block that is no longer wanted is abandoned to
    bool has_turn;     // every earlier block has finished and its text is written
    RtDefer *defers;   // of what stands around the loop on this thread,
    RtArena *arena;    // likewise
    RtParState *outer; // what the thread was doing before it took this block over
    struct RtiWorker *worker;
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

    RtiThread thread; // by the caller
} RtiWorker;

typedef struct RtiPool {
    RtiWorker *workers;      // [0] stands for the caller; null before the first use
    _Atomic uint8_t *alive;  // a page that a fork wipes: 0 in a child, whose workers are not there
    int32_t started;         // workers that run, besides the caller
    int32_t processors;      // allowed to this process
    int32_t default_threads; // of `@@`; 0: not asked yet
    uint64_t generation;     // of the last loop
    uint64_t retry_generation; // no attempt to make more workers before it
    RtiCpus allowed;
    _Atomic uint64_t ticks_per_us;
    uint64_t epoch_ticks, epoch_ns; // a moment on both clocks, to measure ticks_per_us from
    RtiBarrier leaving;

    _Alignas(
        RTI_CACHE_LINE) _Atomic int32_t engaged; // threads of the present loop, with the caller
    _Atomic int32_t crowded;                     // more threads than processors: do not spin
    _Atomic int32_t length; // of the first run of blocks a thread claims; 0: always one block
    _Alignas(RTI_CACHE_LINE) _Atomic int32_t taken; // by the caller of a loop
    // Where the caller entered the loop, and the end of its stack: for backtraces of workers. By the
    // caller, before it hands work out.
    const void *caller_frame, *caller_high;

    // Something happened in the loop that somebody may wait for (order.c); bit 0: somebody does.
    _Alignas(RTI_CACHE_LINE) RtiWord event;
} RtiPool;
extern RtiPool rti_pool;

// --- pool.c --------------------------------------------------------------------------------------

// Takes the pool for a loop; false when another thread has it or there is no memory for it.
bool rti_pool_take(void);
void rti_pool_give(void);
// How many threads `@@` means. The pool is taken.
int32_t rti_pool_default(void);
// Makes workers until there are `workers`; fewer when the system refuses. Gives how many there are.
int32_t rti_pool_grow(int32_t workers);
// True when that many workers run and none of them sleeps.
bool rti_pool_awake(int32_t workers);
// Hands a range to a worker; rti_pool_wake_some() then wakes those that sleep.
void rti_pool_publish(RtiWorker *worker, uint64_t range);
// Wakes the worker if it sleeps in this generation or before.
void rti_pool_wake(RtiWorker *worker);
// The workers that `index` wakes (0: the caller), a tree; these wake more.
void rti_pool_wake_children(int32_t index, int32_t engaged);
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
// Where block b begins: b * count / blocks.
int64_t rti_block_begin(const RtiJob *job, int32_t block);

// --- order.c -------------------------------------------------------------------------------------

// Something changed that a waiter may wait for: after a seq_cst write to what the waiter looks at.
void rti_order_notify(void);
// A waiter's side: marks, looks (`ready` reads with seq_cst), sleeps at most once.
typedef bool RtiReady(void *what);
void rti_order_sleep(RtiReady *ready, void *what);

// The record of a loop's texts and turns; blocks before `first` have been run.
RtiOrder *rti_order_new(int32_t first, int32_t blocks);
void rti_order_free(RtiOrder *order);
// Around the body of one block of an ordered loop.
void rti_order_begin(RtParState *state);
void rti_order_end(RtParState *state);
// In place of the end: the block was abandoned.
void rti_order_abandoned(RtParState *state);
// True when an earlier block has left the loop.
bool rti_order_unwanted(const RtiJob *job, int32_t block);
// When all blocks have finished: drops what blocks did that should not have run, and notes the exit.
void rti_order_leave(const RtiJob *job);

#endif
