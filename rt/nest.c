// nest.c: parallel loops that are met inside parallel loops. The thread that meets one runs it, and
// opens it to threads that have nothing to do: workers that found nothing more to claim in the loop
// that has the pool, workers that are not engaged there, the caller of that loop waiting for its
// end, and those that wait for the end of a loop which this one is part of. While all are busy, or
// the loop is too small to share, it costs a look at them now and then and nothing else.
//
// A loop that is open has one range of blocks, from which its owner and its helpers claim in
// ascending order. So every block before one that was claimed was claimed too, by a thread that runs
// it: whoever waits for its turn waits for threads that run, and never has to claim an earlier block.
//
// A thread that waits for a loop helps only that loop: when it waits, every block of the loop has been claimed,
// so what is left to help with are loops met inside those blocks, which are part of the loop's own work. What it
// gains over waiting idly is the loop of few long blocks with loops of their own. It keeps what the rule is for:
// - Stacks are bounded. Of two blocks on one thread's stack the upper one lies inside the lower one, in the tree
//   of loops, whether it was met there or helped with. So no stack has more frames than the program run on one
//   thread would have, and those of this file for each loop that a loop lies in.
// - Nobody waits for ever. Of the blocks that were claimed and have not finished, and that no such block lies
//   inside of, take the first one in the order of the sequential program. It is on top of its thread's stack,
//   since what lies above it would lie inside it; and it has its turn, since what comes before it is finished or
//   claimed, and if claimed would come first. So it runs on. With help for any loop it could lie buried
//   under a block that waits for it.
// - A waiter is back as soon as what it waits for needs nobody: what it helps with must finish before.
//
// A worker helps only when it has got its blocks of the loop that has the pool, and run them: a helper may have
// to wait for its turn, and nobody else would run them. Nobody waits for a helper to come, so one that is late
// costs nothing: the owner can always finish alone.
#include "pool.h"

#include "sys.h"

enum {
    NESTS = 64,           // open at once; further ones run on the thread that meets them
    LOOK_US = 20,         // how long a loop runs alone between looks for idle threads
    TRIAL_US = 3,         // how long before the first look
    FEW_BLOCKS = 64,      // loops of fewer blocks may be long ones of few iterations: no trial
    SMALL_COST = 20000,   // but for those that are known to be small
    WORTH_LOOKING_US = 2, // what is left of a loop that is worth sharing with threads that look,
    WORTH_ASLEEP_US = 40, // that must be woken,
    WORTH_UNBORN_US = 60, // that must be made
    OWNER_SPIN_US = 50,   // how long the owner looks before it sleeps for those still running
};

// The range word:
//   bits 0–10 begin, 11–21 end: the blocks that nobody has claimed
//   bits 22–32: how many more threads may come
//   bits 33–63: the generation, counted in each nest
//
//   state                      changes to
//   g, no blocks               g + 1, blocks, room: by a new owner (store)
//   g, blocks, room r          fewer blocks: by the owner and by those who have come (CAS)
//                              fewer blocks, room r - 1: by one who comes (CAS)
// While a claimed block of a generation is not finished, the nest has no other loop: so one who has
// claimed may read the job until it has added the block to `finished`.
struct RtiNest {
    _Alignas(RTI_CACHE_LINE) _Atomic uint64_t range;
    _Atomic uint64_t finished; // blocks, ever
    RtiJob job;                // by the owner, before the range
    _Atomic uint64_t around;   // the nests that the loop is part of, a bit each; likewise
    _Atomic uint64_t base;     // the generation of the loop that has the pool; likewise
    _Atomic int32_t length;    // of the first run of blocks that a thread claims; likewise
    _Alignas(RTI_CACHE_LINE) _Atomic uint64_t done[RTI_DONE_WORDS]; // in a loop without order
};

static RtiNest nests[NESTS];
static _Atomic uint64_t taken; // nests that have an owner, a bit each

enum { ROOM_SHIFT = 22, GENERATION_SHIFT = 33, ROOM_MOST = 2047 };
#define ONE_ROOM ((uint64_t)1 << ROOM_SHIFT)

static int32_t range_room(uint64_t range) {
    return (int32_t)(range >> ROOM_SHIFT & ROOM_MOST);
}

static uint64_t range_generation(uint64_t range) {
    return range >> GENERATION_SHIFT;
}

static uint64_t bit_of(const RtiNest *nest) {
    return (uint64_t)1 << (nest - nests);
}

// --- opening and closing -------------------------------------------------------------------------

static RtiNest *take_nest(void) {
    // relaxed: the compare-and-swap decides
    uint64_t now = atomic_load_explicit(&taken, memory_order_relaxed);
    while (~now) {
        int at = __builtin_ctzll(~now);
        // acquire: pairs with the release in give_nest
        if (atomic_compare_exchange_weak_explicit(&taken, &now, now | (uint64_t)1 << at,
                                                  memory_order_acquire, memory_order_relaxed))
            return &nests[at];
    }
    return NULL;
}

static void give_nest(const RtiNest *nest) {
    // release: the next owner finds everything as this one left it
    (void)atomic_fetch_and_explicit(&taken, ~bit_of(nest), memory_order_release);
}

// No more blocks to give, or no more room: by a thread that has claimed a block and not finished it,
// or by the owner, so that it is this loop that is closed.
static void close_nest(const RtiNest *nest) {
    uint64_t bit = bit_of(nest);
    // relaxed, both: the bit is a hint
    if (atomic_load_explicit(&rti_pool.open, memory_order_relaxed) & bit)
        (void)atomic_fetch_and_explicit(&rti_pool.open, ~bit, memory_order_relaxed);
}

// --- running -------------------------------------------------------------------------------------

static void run(RtiNest *nest, RtiRun run) {
    const RtiJob *job = &nest->job;
    RtParState state = {.job = job, .first = run.begin};
    rti_blocks_run(&state, run.end);
    if (!job->order) rti_blocks_mark(nest->done, run);
    // seq_cst: releases what the blocks did to the owner, and comes before the look at `event` in
    // rti_order_notify, as a waiter's mark comes before its look here. Behind it nothing of the loop
    // is touched.
    atomic_fetch_add_explicit(&nest->finished, (uint64_t)(run.end - run.begin),
                              memory_order_seq_cst);
    rti_order_notify();
}

// Claims blocks of that generation.
static bool claim(RtiNest *nest, uint64_t generation, const RtiPace *pace, RtiRun *run) {
    // relaxed: the compare-and-swap decides
    uint64_t range = atomic_load_explicit(&nest->range, memory_order_relaxed);
    for (;;) {
        int32_t left = rti_range_left(range);
        if (range_generation(range) != generation || left <= 0) return false;
        int32_t take = rti_pace_take(pace, left);
        // acq_rel: as in claim of parfor.c
        if (!atomic_compare_exchange_weak_explicit(&nest->range, &range, range + (uint64_t)take,
                                                   memory_order_acq_rel, memory_order_relaxed))
            continue;
        *run = (RtiRun){rti_range_begin(range), rti_range_begin(range) + take};
        if (take == left) close_nest(nest);
        return true;
    }
}

static void work(RtiNest *nest, uint64_t generation, RtiPace *pace) {
    RtiRun blocks;
    while (claim(nest, generation, pace, &blocks)) {
        run(nest, blocks);
        if (RTI_STRESSED) (void)rti_sys_sched_yield();
        rti_pace_adapt(pace, blocks);
    }
}

// --- helping -------------------------------------------------------------------------------------

// Wakes sleeping workers, `most` of them at most.
static void wake(int32_t most) {
    int32_t started = rti_pool_started();
    for (int32_t i = 1; i <= started && most > 0; ++i) {
        RtiWorker *worker = &rti_pool.workers[i];
        // seq_cst: see go_to_sleep in pool.c
        if (!(atomic_load_explicit(&worker->range, memory_order_seq_cst) & RTI_RANGE_ASLEEP))
            continue;
        rti_pool_wake(worker);
        --most;
    }
}

// True when a thread that waits for the loops `around` (0: has nothing to do) may help this one.
static bool may_help(const RtiWorker *self, const RtiNest *nest, uint64_t around) {
    // relaxed, all: see best_nest; `engaged` was stored before that loop's ranges were published
    if (around) return atomic_load_explicit(&nest->around, memory_order_relaxed) & around;
    if (self->index == 0) return true; // the caller of the loop, which waits for its end
    return self->seen == atomic_load_explicit(&nest->base, memory_order_relaxed) ||
           self->index >= atomic_load_explicit(&rti_pool.engaged, memory_order_relaxed);
}

// The open nest with most blocks left, of those that this thread may help; its word, or 0.
static RtiNest *best_nest(const RtiWorker *self, uint64_t around, uint64_t *word) {
    RtiNest *best = NULL;
    // relaxed: the words decide
    uint64_t open = atomic_load_explicit(&rti_pool.open, memory_order_relaxed);
    for (; open; open &= open - 1) {
        RtiNest *nest = &nests[__builtin_ctzll(open)];
        // acquire: what may_help reads is then of this loop or of a later one, and if of a later
        // one the compare-and-swap of this word fails
        uint64_t range = atomic_load_explicit(&nest->range, memory_order_acquire);
        if (!range_room(range)) continue;
        if (rti_range_left(range) <= (best ? rti_range_left(*word) : 0)) continue;
        if (!may_help(self, nest, around)) continue;
        best = nest;
        *word = range;
    }
    return best;
}

// Comes to a loop and works for it; false when there is none.
static bool help_one(uint64_t around, RtiWorker *self) {
    uint64_t range = 0;
    RtiNest *nest;
    do {
        nest = best_nest(self, around, &range);
        if (!nest) return false;
        // acq_rel: as in claim
    } while (!atomic_compare_exchange_weak_explicit(&nest->range, &range, range + 1 - ONE_ROOM,
                                                    memory_order_acq_rel, memory_order_relaxed));
    // relaxed: a hint for others
    int32_t idle = atomic_exchange_explicit(&self->idle, RTI_BUSY, memory_order_relaxed);
    int32_t left = rti_range_left(range) - 1, room = range_room(range) - 1;
    if (!left || !room) close_nest(nest);
    if (left > 1 && room) wake(room < 2 ? room : 2); // more helpers, as a tree
    uint64_t generation = range_generation(range);
    // relaxed: stored before the range
    RtiPace pace = rti_pace_start(atomic_load_explicit(&nest->length, memory_order_relaxed));
    RtiRun first = {rti_range_begin(range), rti_range_begin(range) + 1};
    run(nest, first);
    rti_pace_adapt(&pace, first);
    work(nest, generation, &pace);
    atomic_store_explicit(&self->idle, idle, memory_order_relaxed); // as above
    return true;
}

bool rti_nest_help(const RtiNest *around) {
    RtiWorker *self = &rti_pool.workers[rti_self()->id];
    bool any = false;
    while (help_one(around ? bit_of(around) : 0, self)) any = true;
    return any;
}

int32_t rti_nest_lowest(const RtiNest *nest) {
    // seq_cst: pairs with the count in run, before which the bits were set
    (void)atomic_load_explicit(&nest->finished, memory_order_seq_cst);
    for (int32_t i = 0; i < RTI_DONE_WORDS; ++i) {
        // acquire: pairs with the release in rti_blocks_mark
        uint64_t open = ~atomic_load_explicit(&nest->done[i], memory_order_acquire);
        if (open) return i * 64 + __builtin_ctzll(open);
    }
    return RT_PAR_MAX_BLOCKS;
}

// --- the owner -----------------------------------------------------------------------------------

typedef struct Wait {
    const RtiNest *nest;
    uint64_t target; // what `finished` is when all blocks are
} Wait;

static bool has_finished(void *what) {
    const Wait *wait = what;
    // seq_cst: acquires what the blocks did; and see run
    return atomic_load_explicit(&wait->nest->finished, memory_order_seq_cst) == wait->target;
}

static void wait_finished(const RtiNest *nest, uint64_t target) {
    Wait wait = {nest, target};
    RtiWorker *self = &rti_pool.workers[rti_self()->id];
    uint64_t start = rti_ticks(), budget = rti_ticks_of_us(OWNER_SPIN_US);
    // relaxed, here and below: hints
    if (RTI_STRESSED || atomic_load_explicit(&rti_pool.crowded, memory_order_relaxed)) budget = 0;
    for (uint32_t turn = 1; !has_finished(&wait); ++turn) {
        rti_pause();
        if (turn % 16 && budget) continue;
        atomic_store_explicit(&self->idle, RTI_LOOKING, memory_order_relaxed);
        if (atomic_load_explicit(&rti_pool.open, memory_order_relaxed) && rti_nest_help(nest))
            start = rti_ticks();
        if (rti_ticks() - start >= budget) rti_order_sleep(&has_finished, &wait);
    }
    atomic_store_explicit(&self->idle, RTI_BUSY, memory_order_relaxed);
}

static uint64_t nests_around(const RtParState *state) {
    uint64_t bits = 0;
    for (; state; state = state->job->parent)
        if (state->job->nest) bits |= bit_of(state->job->nest);
    return bits;
}

// Opens the loop from block `first` on; gives the count of finished blocks that ends it.
static uint64_t open_nest(RtiNest *nest, const RtiJob *job, RtiOrder *order, int32_t first,
                          int32_t threads, int32_t length) {
    nest->job = *job;
    nest->job.nest = nest;
    nest->job.order = order;
    // relaxed, all: the store of the range below publishes them
    atomic_store_explicit(&nest->around, nests_around(job->parent), memory_order_relaxed);
    atomic_store_explicit(&nest->base, rti_pool.generation & RTI_GENERATION_MASK,
                          memory_order_relaxed);
    atomic_store_explicit(&nest->length, length, memory_order_relaxed);
    if (!nest->job.order) {
        for (int32_t i = 0; i < RTI_DONE_WORDS; ++i)
            atomic_store_explicit(&nest->done[i], 0, memory_order_relaxed);
        rti_blocks_mark(nest->done, (RtiRun){0, first});
    }
    // relaxed, both: this thread owns the nest, and nobody changes these while it has no blocks
    uint64_t target = atomic_load_explicit(&nest->finished, memory_order_relaxed) +
                      (uint64_t)(job->blocks - first);
    uint64_t range = atomic_load_explicit(&nest->range, memory_order_relaxed);
    range = (range_generation(range) + 1) << GENERATION_SHIFT |
            (uint64_t)(threads - 1) << ROOM_SHIFT | (uint64_t)job->blocks << 11 | (uint64_t)first;
    // release: pairs with the acquiring loads and claims of helpers
    atomic_store_explicit(&nest->range, range, memory_order_release);
    // seq_cst: before the looks at the sleepers' marks; see go_to_sleep and rti_order_sleep
    (void)atomic_fetch_or_explicit(&rti_pool.open, bit_of(nest), memory_order_seq_cst);
    rti_order_notify();
    return target;
}

// In stress builds: until somebody has come, or a while.
static void wait_for_another(const RtiNest *nest, int32_t threads) {
    for (int32_t k = 0; k < RTI_STRESS_YIELDS; ++k) {
        // relaxed: nothing is done with what it tells
        uint64_t range = atomic_load_explicit(&nest->range, memory_order_relaxed);
        if (range_room(range) < threads - 1) return;
        (void)rti_sys_sched_yield();
    }
}

// Shares the loop from block `first` on; false when there is no nest for it.
static bool share(const RtiJob *job, int32_t first, int32_t threads, int32_t length) {
    // First, as there may be no memory for it.
    RtiOrder *order = job->flags & RTI_PAR_ORDERED ? rti_order_new(first, job->blocks) : NULL;
    RtiNest *nest = take_nest();
    if (!nest) {
        rti_order_free(order);
        return false;
    }
    RtThread *self = rti_self();
    // In a trial of the loop that has the pool nobody has said so yet. relaxed: as in parfor.c
    bool only = !job->parent;
    if (only) atomic_fetch_add_explicit(&rti_process.parallel, 1, memory_order_relaxed);
    uint64_t target = open_nest(nest, job, order, first, threads, length);
    uint64_t generation =
        range_generation(atomic_load_explicit(&nest->range, memory_order_relaxed)); // its own store
    wake(threads - 1 < 4 ? threads - 1 : 4);
    if (RTI_STRESSED) wait_for_another(nest, threads);
    RtiPace pace = rti_pace_start(length);
    work(nest, generation, &pace);
    close_nest(nest);
    wait_finished(nest, target);
    if (order) {
        rti_order_leave(&nest->job);
        rti_order_free(order);
    }
    give_nest(nest);
    if (only) atomic_fetch_sub_explicit(&rti_process.parallel, 1, memory_order_relaxed);
    self->sink = rti_order_sink(self->par); // a helper may have taken the turn of the block around
    if (rti_order_lost(self->par)) rti_order_abandon();
    return true;
}

// How long the rest of a loop must be for sharing it with up to `threads` threads, this one among
// them, in ticks; UINT64_MAX: there is nobody to share it with.
static uint64_t worth_of_sharing(int32_t threads) {
    int32_t started = rti_pool_started(), me = rti_self()->id;
    bool asleep = false;
    for (int32_t i = 0; i <= started; ++i) {
        // relaxed: a hint
        int32_t idle = atomic_load_explicit(&rti_pool.workers[i].idle, memory_order_relaxed);
        if (i == me || idle == RTI_BUSY) continue;
        if (idle == RTI_LOOKING) return rti_ticks_of_us(WORTH_LOOKING_US);
        asleep = true;
    }
    if (asleep) return rti_ticks_of_us(WORTH_ASLEEP_US);
    return started < threads - 1 ? rti_ticks_of_us(WORTH_UNBORN_US) : UINT64_MAX;
}

static int32_t first_length(const RtiJob *job, int32_t first, int32_t threads) {
    if (job->flags & RTI_PAR_ORDERED) return 0;
    int32_t length = (job->blocks - first) / threads / 16;
    return length > 0 && !RTI_STRESSED ? length : 1;
}

// Alone, block by block, until somebody has time and the rest is worth it.
static void run_until_help(const RtParLoop *loop, const RtiJob *job, int32_t threads, bool trial) {
    int32_t at = 0, blocks = job->blocks, length = trial ? blocks / 64 : 1;
    uint64_t start = rti_ticks(), spent = 0;
    if (length < 1) length = 1;
    for (;;) {
        if (at > 0 || !trial) {
            uint64_t worth = worth_of_sharing(threads);
            uint64_t rest = at ? spent / (uint64_t)at * (uint64_t)(blocks - at) : UINT64_MAX - 1;
            if (worth < rest) {
                (void)rti_pool_grow(threads - 1);
                if (share(job, at, threads, first_length(job, at, threads))) return;
            }
        }
        int32_t end = blocks - at < length ? blocks : at + length;
        rti_blocks_call(job, at, end);
        at = end;
        spent = rti_ticks() - start + 1;
        rti_loop_remember(loop, job, spent, at);
        if (at == blocks || rti_order_unwanted(job, blocks)) return;
        uint64_t next = rti_ticks_of_us(spent < rti_ticks_of_us(TRIAL_US) ? TRIAL_US : LOOK_US);
        int64_t fit = (int64_t)(next * (uint64_t)at / spent) + 1;
        length = fit < at * 4 ? (int32_t)fit : at * 4;
    }
}

void rti_nest_run(const RtParLoop *loop, RtiJob *job, int64_t cost) {
    int32_t threads = loop->flags & RT_PAR_COUNTED ? (int32_t)loop->threads : rti_pool_default();
    if (threads > job->blocks) threads = job->blocks;
    // One that holds a mutex keeps its iterations to itself: on another thread they would wait for
    // it for ever.
    if (threads == 1 || !rti_pool_here() || rti_self()->held) {
        rti_blocks_call(job, 0, job->blocks);
        return;
    }
    bool trial = !(loop->flags & RT_PAR_COUNTED) && !RTI_STRESSED &&
                 (job->blocks >= FEW_BLOCKS || cost <= SMALL_COST);
    run_until_help(loop, job, threads, trial);
}
