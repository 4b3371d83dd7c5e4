// parfor.c: parallel loops. Cuts the iterations into blocks (by their number only, never by the
// threads), deals the blocks to the threads, and lets every thread claim runs of its own blocks and
// steal halves of others'. The caller works too and can finish alone, so a worker that is late,
// asleep or missing costs nothing. Order between blocks (output, turns) is order.c's; threads are
// pool.c's.
#include "pool.h"

#include "sys.h"

enum {
    RUN_US = 5,          // how long a run of blocks should take: the most that stealing waits for
    LARGE_COST = 200000, // instructions that take longer than handing them out, vectors or not
    TRIAL_US = 3,        // how long the caller tries alone before it extrapolates
    TRIAL_BLOCKS = 64,   // loops with fewer blocks may be long ones of few iterations: no trial
    SMALL_NS = 2500,     // loops that took less when they were last run are run on the caller alone
    ASLEEP_NS = 20000, // the same while workers sleep, of loops that have a copy without the prefix
    WORTH_AWAKE_US = 3,   // work that is worth sharing with workers that are awake,
    WORTH_ASLEEP_US = 40, // that must be woken,
    WORTH_UNBORN_US = 60, // that must be made
    CALLER_SPIN_US = 50,  // how long the caller looks before it sleeps for those still running
};

// --- blocks --------------------------------------------------------------------------------------

int64_t rti_block_begin(const RtiJob *job, int32_t block) {
    int64_t whole = job->count / job->blocks, rest = job->count % job->blocks;
    return block * whole + block * rest / job->blocks; // block * count / blocks without overflow
}

void rti_blocks_call(const RtiJob *job, int32_t begin, int32_t end) {
    if (!(job->flags & (RT_PAR_PER_BLOCK | RT_PAR_LEAVES))) {
        job->body(job->captures, rti_block_begin(job, begin), rti_block_begin(job, end), begin);
        return;
    }
    int64_t from = rti_block_begin(job, begin);
    for (int32_t block = begin; block < end; ++block) {
        int64_t to = rti_block_begin(job, block + 1);
        job->body(job->captures, from, to, block);
        if (rti_order_unwanted(job, end)) return; // it left: there is nothing more to run
        from = to;
    }
}

// --- finishing -----------------------------------------------------------------------------------

void rti_blocks_mark(_Atomic uint64_t *done, RtiRun run) {
    for (int32_t at = run.begin; at < run.end;) {
        int32_t word = at / 64, bit = at % 64;
        int32_t count = run.end - at < 64 - bit ? run.end - at : 64 - bit;
        uint64_t bits = (count == 64 ? ~UINT64_C(0) : ((UINT64_C(1) << count) - 1)) << bit;
        // release: pairs with the acquiring loads of those who look for the lowest block, which
        // then see what the blocks did. An addition, because the map of a nest has many writers.
        atomic_fetch_or_explicit(&done[word], bits, memory_order_release);
        at += count;
    }
}

// Notes blocks in the worker's own bit map, which those read who wait for their turn.
static void mark_done(RtiWorker *self, uint64_t generation, RtiRun run) {
    // relaxed: only this thread writes it
    if (atomic_load_explicit(&self->done_generation, memory_order_relaxed) != generation) {
        for (int32_t i = 0; i < RTI_DONE_WORDS; ++i)
            atomic_store_explicit(&self->done[i], 0, memory_order_relaxed);
        // release: a reader that sees this generation sees the map cleared; pairs with order.c
        atomic_store_explicit(&self->done_generation, generation, memory_order_release);
    }
    rti_blocks_mark(self->done, run);
}

// --- running -------------------------------------------------------------------------------------

// The body for blocks up to `end`, and what ends a block of an ordered loop; false when they were
// abandoned. Not inlined: what is kept in registers here is lost by the jump.
__attribute__((noinline)) static bool run_body(RtParState *state, int32_t end) {
    if (rti_order_may_abandon(state->job) && rti_jump_set(state->resume)) return false;
    rti_blocks_call(state->job, state->first, end);
    if (state->job->order) rti_order_end(state);
    return true;
}

// The same from where nothing of an earlier block is left over.
static void run_blocks(RtParState *state, int32_t end) {
    if (rti_order_lost(state)) return;
    RtThread *thread = rti_self();
    RtDefer *defers = thread->defers;
    RtArena *arena = thread->arena;
    if (state->job->order) rti_order_begin(state);
    if (run_body(state, end)) return;
    thread->defers = defers; // what iterations deferred that should not have run is not run
    while (thread->arena != arena) rt_arena_leave();
    rti_free(thread->depths); // it counts calls that were not come back from
    thread->depths = rti_depths_copy(state->job->depths);
    if (state->job->order) {
        rti_order_abandoned(state);
    } else {
        thread->par = thread->running = state;
    }
}

void rti_blocks_run(RtParState *state, int32_t end) {
    RtThread *thread = rti_self();
    RtSink *sink = thread->sink;
    RtParState *par = thread->par, *running = thread->running;
    RtArena *arena = thread->arena;
    RtDepths *depths = thread->depths;
    state->defers = thread->defers;
    state->roots = thread->roots;
    state->held = thread->held;
    thread->par = thread->running = state;
    thread->sink = NULL;
    thread->arena = state->job->arena;
    thread->depths = rti_depths_copy(state->job->depths);
    if (state->job->order) {
        for (; state->first < end; ++state->first) run_blocks(state, state->first + 1);
    } else {
        run_blocks(state, end);
    }
    thread->par = par;
    thread->running = running;
    thread->sink = sink;
    thread->arena = arena;
    rti_free(thread->depths);
    thread->depths = depths;
}

void rti_loop_run(RtiWorker *self, uint64_t generation, RtiRun run) {
    RtParState state = {
        .job = &self->job,
        .generation = generation,
        .first = run.begin,
        .worker = self,
    };
    rti_blocks_run(&state, run.end);
    if (!state.job->order) mark_done(self, generation, run);
    // seq_cst: releases what the blocks did to the caller, who sums these counts; and comes before
    // the look at `event` in rti_order_notify, as a waiter's mark comes before its look here
    atomic_fetch_add_explicit(&self->finished, (uint64_t)(run.end - run.begin),
                              memory_order_seq_cst);
    rti_order_notify();
}

// --- claiming and stealing -----------------------------------------------------------------------

RtiPace rti_pace_start(int32_t length) {
    return (RtiPace){.length = length ? length : 1, .single = length == 0, .last = rti_ticks()};
}

void rti_pace_adapt(RtiPace *pace, RtiRun run) {
    if (pace->single || RTI_STRESSED) return;
    uint64_t now = rti_ticks(), count = (uint64_t)(run.end - run.begin);
    uint64_t spent = now > pace->last ? now - pace->last : 1; // processors differ
    uint64_t fit = rti_ticks_of_us(RUN_US) * count / spent;
    int32_t most = pace->length * 4 < RT_PAR_MAX_BLOCKS ? pace->length * 4 : RT_PAR_MAX_BLOCKS;
    pace->length = fit < 1 ? 1 : fit < (uint64_t)most ? (int32_t)fit : most;
    pace->rest = fit / 32 < RT_PAR_MAX_BLOCKS ? (int32_t)(fit / 32) : RT_PAR_MAX_BLOCKS;
    pace->last = now;
}

// At most half of them, so that thieves find something.
int32_t rti_pace_take(const RtiPace *pace, int32_t left) {
    if (left <= pace->rest) return left;
    int32_t take = (left + 1) / 2;
    return take < pace->length ? take : pace->length;
}

// Claims the next blocks of this thread's own range.
static bool claim(RtiWorker *self, uint64_t generation, const RtiPace *pace, RtiRun *run) {
    // relaxed: the compare-and-swap decides
    uint64_t range = atomic_load_explicit(&self->range, memory_order_relaxed);
    for (;;) {
        int32_t left = rti_range_left(range);
        if (rti_range_generation(range) != generation || left <= 0) return false;
        int32_t take = rti_pace_take(pace, left);
        // acquire: pairs with the exchange of rti_pool_publish, which published the job; release
        // keeps the thieves' view of this word in one order
        if (atomic_compare_exchange_weak_explicit(&self->range, &range, range + (uint64_t)take,
                                                  memory_order_acq_rel, memory_order_relaxed)) {
            *run = (RtiRun){rti_range_begin(range), rti_range_begin(range) + take};
            return true;
        }
    }
}

// Takes the upper half of what the one with most left has left, into this thread's own range.
static bool steal(RtiWorker *self, uint64_t generation) {
    // relaxed: as in start_working
    int32_t engaged = atomic_load_explicit(&rti_pool.engaged, memory_order_relaxed);
    for (;;) {
        RtiWorker *victim = NULL;
        uint64_t range = 0;
        for (int32_t i = 0, at = self->index; i < engaged; ++i) {
            if (++at >= engaged) at = 0;
            // relaxed: the compare-and-swap decides
            uint64_t word = atomic_load_explicit(&rti_pool.workers[at].range, memory_order_relaxed);
            if (rti_range_generation(word) != generation) continue;
            if (rti_range_left(word) <= (victim ? rti_range_left(range) : 0)) continue;
            victim = &rti_pool.workers[at];
            range = word;
        }
        if (!victim) return false;
        int32_t end = rti_range_end(range), take = (rti_range_left(range) + 1) / 2;
        // acq_rel: as in claim
        if (!atomic_compare_exchange_strong_explicit(&victim->range, &range,
                                                     range - ((uint64_t)take << 11),
                                                     memory_order_acq_rel, memory_order_relaxed))
            continue;
        // The own word is empty, and nobody else changes an empty one while the loop runs, which it
        // does as long as these blocks are not finished. release: pairs with the claims of others.
        atomic_store_explicit(&self->range, rti_range_make(generation, end - take, end),
                              memory_order_release);
        return true;
    }
}

// Claims and runs one run of blocks, and tells which; false when nothing is left to claim.
static bool work_step(RtiWorker *self, uint64_t generation, RtiPace *pace, RtiRun *run) {
    while (!claim(self, generation, pace, run))
        if (!steal(self, generation)) return false;
    rti_loop_run(self, generation, *run);
    if (RTI_STRESSED) (void)rti_sys_sched_yield();
    rti_pace_adapt(pace, *run);
    return true;
}

static RtiPace start_working(void) {
    // relaxed: stored before the ranges were published, from where this thread came to know the
    // loop
    return rti_pace_start(atomic_load_explicit(&rti_pool.length, memory_order_relaxed));
}

void rti_loop_work(RtiWorker *self, uint64_t generation) {
    RtiPace pace = start_working();
    RtiRun run;
    while (work_step(self, generation, &pace, &run)) {
    }
}

bool rti_loop_claim_exactly(uint64_t generation, int32_t block) {
    // relaxed: as in start_working
    int32_t engaged = atomic_load_explicit(&rti_pool.engaged, memory_order_relaxed);
    for (int32_t i = 0; i < engaged; ++i) {
        RtiRange *word = &rti_pool.workers[i].range;
        uint64_t range = atomic_load_explicit(word, memory_order_relaxed); // decided below
        while (rti_range_generation(range) == generation && rti_range_left(range) > 0 &&
               rti_range_begin(range) == block)
            // acq_rel: as in claim
            if (atomic_compare_exchange_weak_explicit(word, &range, range + 1, memory_order_acq_rel,
                                                      memory_order_relaxed))
                return true;
    }
    return false;
}

// --- what loops took ------------------------------------------------------------------------------

// What an iteration took lately is remembered with each `@@` loop, in sixteenths of a tick: no estimate knows what
// calls and inner loops take.
enum { HISTORY_SCALE = 16 };
enum {
    BODY_TIME,  // of one thread, in the body
    PLAIN_TIME, // without the prefix
    WHOLE_TIME, // of all threads together, from the call to its end
    DECISIONS,  // how often the two above were compared
};
_Static_assert(DECISIONS + 1 == RT_PAR_HISTORY_WORDS, "as lowering makes them");

static uint64_t each(uint64_t ticks, int64_t iterations) {
    return ticks * HISTORY_SCALE / (uint64_t)iterations + 1;
}

// Follows longer times at once and shorter ones slowly, since a loop that is wrongly taken for a small one costs
// more than one that is shared in vain; and is seldom written, since a loop inside a loop is run by many threads.
static void note_time(uint64_t *word, uint64_t ticks, int64_t iterations) {
    if (iterations <= 0) return;
    uint64_t now = each(ticks, iterations);
    uint64_t was = __atomic_load_n(word, __ATOMIC_RELAXED); // a guess, here and below
    if (now <= was && now >= was - was / 4) return;
    if (now < was) now = was - was / 4;
    __atomic_store_n(word, now, __ATOMIC_RELAXED);
}

// The other way round, for times that are compared with each other, since threads are late for reasons of their own.
static void note_tried(uint64_t *word, uint64_t ticks, int64_t iterations) {
    uint64_t now = each(ticks, iterations), was = __atomic_load_n(word, __ATOMIC_RELAXED);
    if (was && now / 4 > was) now = was * 4;
    if (now != was) __atomic_store_n(word, now, __ATOMIC_RELAXED);
}

void rti_loop_remember(const RtParLoop *loop, const RtiJob *job, uint64_t ticks, int32_t blocks) {
    if (loop->history && !rti_order_unwanted(job, job->blocks))
        note_time(&loop->history[BODY_TIME], ticks, rti_block_begin(job, blocks));
}

// What so many iterations take by that, in the history's unit; UINT64_MAX: nobody knows.
static uint64_t time_before(const uint64_t *word, int64_t count) {
    uint64_t took = __atomic_load_n(word, __ATOMIC_RELAXED), all;
    return took == 0 || __builtin_mul_overflow(took, (uint64_t)count, &all) ? UINT64_MAX : all;
}

static uint64_t history_of_ns(uint64_t ns) {
    return rti_ticks_of_us(ns) * HISTORY_SCALE / 1000;
}

// Runs the loop on this thread if it was small. Looks at the clock only now and then: that takes as long as some
// of these loops do.
static bool run_small(const RtParLoop *loop, RtThread *self) {
    enum { WHEN_TIMED = 4 };
    if (loop->flags & (RT_PAR_COUNTED | RT_PAR_PER_BLOCK | RT_PAR_LEAVES) || !loop->history)
        return false;
    if (RTI_STRESSED || time_before(loop->history, loop->count) > history_of_ns(SMALL_NS))
        return false;
    if (++self->small_loops % WHEN_TIMED) {
        loop->body(loop->captures, 0, loop->count, 0);
        return true;
    }
    uint64_t start = rti_ticks();
    loop->body(loop->captures, 0, loop->count, 0);
    note_time(&loop->history[BODY_TIME], rti_ticks() - start, loop->count);
    return true;
}

// For loops that are not long, in which an order or parts of values may cost more than threads gain: what is faster,
// with the prefix or without. Both are tried, and again: soon at first, when threads had to be made or woken,
// later from time to time, more seldom what took twice as long.
static bool is_better_plain(uint64_t *words) {
    enum { NEAR = 32, FAR = 1024 };
    uint64_t plain = __atomic_load_n(&words[PLAIN_TIME], __ATOMIC_RELAXED); // guesses, all
    uint64_t whole = __atomic_load_n(&words[WHOLE_TIME], __ATOMIC_RELAXED);
    if (!plain || !whole) return !plain && whole;
    uint64_t decisions = __atomic_load_n(&words[DECISIONS], __ATOMIC_RELAXED) + 1;
    __atomic_store_n(&words[DECISIONS], decisions, __ATOMIC_RELAXED);
    uint64_t often = plain / 2 > whole || whole / 2 > plain ? FAR : NEAR;
    bool gains = plain - plain / 4 > whole; // threads do: no need to find that out again soon
    bool again = decisions % often == 0 || (!gains && (decisions & (decisions - 1)) == 0);
    return (plain <= whole) != again;
}

// Of loops that have a copy without the prefix. One that takes so little that a look at the clock counts is timed now
// and then, others always: they may take longer one day.
int64_t rt_par_plain(const void *history, int64_t count, int64_t few_ns) {
    enum { WHEN_TIMED = 8, SHORT_NS = 300, TRIED_NS = 500000 };
    uint64_t *words = (uint64_t *)(uintptr_t)history;
    if (RTI_STRESSED) return -1;
    uint64_t time = time_before(&words[PLAIN_TIME], count);
    if (time == UINT64_MAX) time = time_before(&words[BODY_TIME], count);
    if (time <= history_of_ns((uint64_t)few_ns)) {
        bool timed = time > history_of_ns(SHORT_NS) || ++rti_self()->small_loops % WHEN_TIMED == 0;
        return timed ? (int64_t)rti_ticks() : 0;
    }
    int32_t others = rti_pool_default() - 1;
    if (others == 0) return 0;
    if (time == UINT64_MAX || rti_self()->par) return -1;
    if (time <= history_of_ns(ASLEEP_NS) && !rti_pool_awake(others)) return (int64_t)rti_ticks();
    uint64_t whole = time_before(&words[WHOLE_TIME], count);
    if (whole > history_of_ns(TRIED_NS) || !is_better_plain(words)) return -1;
    return (int64_t)rti_ticks();
}

void rt_par_plain_end(const void *history, int64_t start, int64_t count) {
    uint64_t *words = (uint64_t *)(uintptr_t)history;
    note_tried(&words[PLAIN_TIME], rti_ticks() - (uint64_t)start, count);
}

// --- the caller ----------------------------------------------------------------------------------

typedef struct Shared {
    RtiWorker *self;
    uint64_t generation, target; // the sum of `finished` when all blocks are
    int32_t engaged;
} Shared;

static uint64_t sum_finished(int32_t engaged) {
    uint64_t sum = 0;
    for (int32_t i = 0; i < engaged; ++i)
        // seq_cst: acquires what the blocks did; and see rti_loop_run
        sum += atomic_load_explicit(&rti_pool.workers[i].finished, memory_order_seq_cst);
    return sum;
}

static bool all_finished(void *what) {
    const Shared *shared = what;
    return sum_finished(shared->engaged) == shared->target;
}

// The same, or there is something to help with. seq_cst: see rti_order_sleep
static bool is_needed(void *what) {
    return all_finished(what) || atomic_load_explicit(&rti_pool.open, memory_order_seq_cst);
}

static void wait_finished(Shared *shared) {
    uint64_t start = rti_ticks();
    uint64_t budget = rti_ticks_of_us(CALLER_SPIN_US);
    // relaxed: this thread wrote it
    if (RTI_STRESSED || atomic_load_explicit(&rti_pool.crowded, memory_order_relaxed)) budget = 0;
    // relaxed: hints for others
    atomic_store_explicit(&shared->self->idle, RTI_LOOKING, memory_order_relaxed);
    for (uint32_t turn = 1; !all_finished(shared); ++turn) {
        rti_pause();
        // relaxed: a hint; whoever opens a nest wakes those that sleep
        if (atomic_load_explicit(&rti_pool.open, memory_order_relaxed) && rti_nest_help(NULL))
            start = rti_ticks();
        if (turn % 16 && budget) continue;
        rti_loop_work(shared->self, shared->generation); // what was between two hands before
        if (rti_ticks() - start >= budget) rti_order_sleep(&is_needed, shared);
    }
    atomic_store_explicit(&shared->self->idle, RTI_BUSY, memory_order_relaxed);
}

// The blocks that thread t owns at first, of those from `first` on.
static RtiRun share(int32_t blocks, int32_t first, int32_t t, int32_t threads) {
    if (first > blocks / threads) { // the caller ran more than its share alone
        int32_t rest = blocks - first;
        return (RtiRun){first + t * rest / threads, first + (t + 1) * rest / threads};
    }
    int32_t begin = t * blocks / threads;
    return (RtiRun){begin > first ? begin : first, (t + 1) * blocks / threads};
}

// Hands blocks [first, B) out to `engaged` threads, this one among them, which all exist.
static void publish(Shared *shared, const RtiJob *job, int32_t first, int32_t length) {
    RtiWorker *workers = rti_pool.workers;
    int32_t engaged = shared->engaged;
    for (int32_t t = 1; t < engaged; ++t) __builtin_prefetch(&workers[t].range, 1, 3);
    shared->generation = ++rti_pool.generation & RTI_GENERATION_MASK;
    shared->target = sum_finished(engaged) + (uint64_t)(job->blocks - first);
    shared->self = &workers[0];
    // relaxed, all three: the exchanges below publish them. Written only when they change, because
    // the workers read them.
    if (atomic_load_explicit(&rti_pool.engaged, memory_order_relaxed) != engaged) {
        atomic_store_explicit(&rti_pool.engaged, engaged, memory_order_relaxed);
        atomic_store_explicit(&rti_pool.crowded, engaged > rti_pool.processors,
                              memory_order_relaxed);
    }
    if (atomic_load_explicit(&rti_pool.length, memory_order_relaxed) != length)
        atomic_store_explicit(&rti_pool.length, length, memory_order_relaxed);
    if (first > 0 && !job->order) mark_done(&workers[0], shared->generation, (RtiRun){0, first});
    // Downwards: a worker that sees its range wakes its children, which have higher numbers. Woken before they
    // have theirs, they would go back to sleep, and nobody would wake them again.
    for (int32_t t = engaged - 1; t >= 0; --t) {
        RtiRun run = share(job->blocks, first, t, engaged);
        workers[t].job = *job;
        rti_pool_publish(&workers[t], rti_range_make(shared->generation, run.begin, run.end));
    }
}

// In stress builds.
static void wait_for_another(const Shared *shared, const RtiJob *job, int32_t first) {
    rti_pool_wake_engaged();
    for (int32_t k = 0; k < RTI_STRESS_YIELDS; ++k) {
        for (int32_t t = 1; t < shared->engaged; ++t) {
            // relaxed: nothing is done with what it tells
            uint64_t range = atomic_load_explicit(&rti_pool.workers[t].range, memory_order_relaxed);
            RtiRun run = share(job->blocks, first, t, shared->engaged);
            if (rti_range_left(range) < run.end - run.begin) return;
        }
        (void)rti_sys_sched_yield();
    }
}

static void run_shared(const RtParLoop *loop, RtiJob *job, int32_t first, int32_t threads,
                       int32_t length) {
    Shared shared = {.engaged = 1 + rti_pool_grow(threads - 1)};
    if (shared.engaged == 1) {
        rti_blocks_call(job, first, job->blocks);
        return;
    }
    // relaxed: bodies learn of it by the exchange that gives them work
    atomic_fetch_add_explicit(&rti_process.parallel, 1, memory_order_relaxed);
    job->order = job->flags & RTI_PAR_ORDERED ? rti_order_new(first, job->blocks) : NULL;
    publish(&shared, job, first, length);
    rti_pool_wake_children(0, shared.engaged);
    if (RTI_STRESSED) wait_for_another(&shared, job, first);
    RtiPace pace = start_working();
    RtiRun run = {0, 0};
    uint64_t start = rti_ticks();
    if (work_step(shared.self, shared.generation, &pace, &run)) {
        uint64_t spent = rti_ticks() - start, handing = rti_ticks_of_us(1) / 4;
        rti_loop_remember(loop, job, spent > handing ? spent - handing : 0, run.end - run.begin);
        rti_pool_wake_engaged();
        while (work_step(shared.self, shared.generation, &pace, &run)) {
        }
    }
    wait_finished(&shared);
    if (job->order) {
        rti_order_leave(job);
        rti_order_free(job->order);
    }
    atomic_fetch_sub_explicit(&rti_process.parallel, 1, memory_order_relaxed); // as above
}

// --- deciding ------------------------------------------------------------------------------------

// Instructions of the whole loop; INT64_MAX when unknown.
static int64_t loop_cost(const RtParLoop *loop) {
    if (loop->cost <= 0 || loop->count > INT64_MAX / loop->cost) return INT64_MAX;
    return loop->cost * loop->count;
}

// Runs blocks on the caller alone until all are done or sharing the rest is worth it; gives the
// first block that was not run.
static int32_t trial(const RtParLoop *loop, const RtiJob *job, uint64_t worth_us) {
    int32_t blocks = job->blocks, at = 0, length = blocks / 64 + 1;
    uint64_t start = rti_ticks(), enough = rti_ticks_of_us(TRIAL_US),
             worth = rti_ticks_of_us(worth_us);
    for (;;) {
        int32_t end = blocks - at < length ? blocks : at + length;
        rti_blocks_call(job, at, end);
        at = end;
        uint64_t spent = rti_ticks() - start + 1;
        rti_loop_remember(loop, job, spent, at);
        if (at == blocks || rti_order_unwanted(job, blocks)) return blocks;
        if (spent < enough) {
            length *= 2;
            continue;
        }
        if (spent / (uint64_t)at * (uint64_t)(blocks - at) > worth) return at;
        length = (int32_t)(enough * (uint64_t)at / spent) + 1;
    }
}

// The same for a loop whose iterations are known to be so cheap that a single look is enough, after the
// first sixteenth: an estimate of instructions does not know which of them become vectors.
static int32_t sample(const RtParLoop *loop, const RtiJob *job, uint64_t worth_us) {
    int32_t blocks = job->blocks, at = blocks / 16 + 1;
    uint64_t start = rti_ticks();
    rti_blocks_call(job, 0, at);
    uint64_t spent = rti_ticks() - start;
    rti_loop_remember(loop, job, spent, at);
    if (rti_order_unwanted(job, blocks)) return blocks;
    if (spent * (uint64_t)(blocks - at) / (uint64_t)at > rti_ticks_of_us(worth_us)) return at;
    rti_blocks_call(job, at, blocks);
    return blocks;
}

// `@@`: how much of the loop the caller runs alone before the rest is shared.
static int32_t run_ahead(const RtParLoop *loop, const RtiJob *job, int64_t cost, int32_t threads) {
    if (RTI_STRESSED) return 0;
    bool awake = rti_pool_awake(threads - 1);
    uint64_t worth = WORTH_AWAKE_US;
    if (!awake) worth = rti_pool_started() < threads - 1 ? WORTH_UNBORN_US : WORTH_ASLEEP_US;
    if (cost <= LARGE_COST) return sample(loop, job, worth);
    if (awake || job->blocks < TRIAL_BLOCKS) return 0;
    return trial(loop, job, worth);
}

// How many blocks a thread claims first: few enough to learn from, not so few that a short loop is
// all claims.
static int32_t first_length(const RtiJob *job, int64_t cost, int32_t threads) {
    if (job->flags & RTI_PAR_ORDERED) return 0;
    if (RTI_STRESSED) return 1;
    int32_t length = job->blocks / threads / 8;
    if (cost != INT64_MAX) {
        int64_t fit = (int64_t)3000 * job->blocks / (cost + 1); // about 1 us
        if (fit < length) length = (int32_t)fit;
    } else {
        length /= 2;
    }
    return length > 0 ? length : 1;
}

// With the pool taken: shares the loop as far as that is worth it.
static void run_pooled(const RtParLoop *loop, RtiJob *job) {
    bool counted = loop->flags & RT_PAR_COUNTED;
    int64_t cost = loop_cost(loop);
    int32_t threads = counted ? (int32_t)loop->threads : rti_pool_default();
    if (threads > job->blocks) threads = job->blocks;
    int32_t first = 0;
    if (threads > 1 && !counted) first = run_ahead(loop, job, cost, threads);
    if (first == job->blocks) return;
    if (threads > 1) {
        run_shared(loop, job, first, threads, first_length(job, cost, threads));
    } else {
        rti_blocks_call(job, first, job->blocks);
    }
}

static void run_loop(const RtParLoop *loop) {
    bool counted = loop->flags & RT_PAR_COUNTED;
    if (counted && (loop->threads < 1 || loop->threads > RT_PAR_MAX_THREADS))
        rti_stop(loop->place, "the number of threads must be from 1 to %d, not %lld",
                 RT_PAR_MAX_THREADS, (long long)loop->threads);
    RtParLoop *left = loop->flags & RT_PAR_LEAVES ? (RtParLoop *)(uintptr_t)loop : NULL;
    if (left) {
        // relaxed: nobody else knows the loop yet
        __atomic_store_n(&left->left, RT_PAR_MAX_BLOCKS, __ATOMIC_RELAXED);
        left->exit = -1;
    }
    RtThread *self = rti_self();
    if (loop->count <= 0 || run_small(loop, self)) return;
    RtiJob job = {
        .body = loop->body,
        .captures = loop->captures,
        .count = loop->count,
        .blocks = loop->count < RT_PAR_MAX_BLOCKS ? (int32_t)loop->count : RT_PAR_MAX_BLOCKS,
        .flags = loop->flags,
        .loop = left,
        .parent = self->par,
        .defers = self->defers,
        .arena = self->arena,
        .depths = self->depths,
        .frame = __builtin_frame_address(0),
        .stack_high = self->stack_high,
    };
    int64_t cost = loop_cost(loop);
    bool alone = job.blocks == 1 || (counted && loop->threads == 1) ||
                 (!counted && cost <= RT_PAR_ALONE_COST);
    if (alone) {
        rti_blocks_call(&job, 0, job.blocks);
    } else if (self->par || rti_pool_mine()) {
        rti_nest_run(loop, &job, cost);
    } else if (rti_pool_take()) {
        run_pooled(loop, &job);
        rti_pool_give();
    } else {
        rti_blocks_call(&job, 0, job.blocks);
    }
}

void rt_par_for(const void *argument) {
    const RtParLoop *loop = argument;
    bool timed = loop->flags & RT_PAR_ASKED && loop->count > 0 && !rti_self()->par;
    uint64_t start = timed ? rti_ticks() : 0;
    run_loop(loop);
    if (timed) note_tried(&loop->history[WHOLE_TIME], rti_ticks() - start, loop->count);
}
