// sim_cycles.c: one thread's cycles in a phase, and how threads wait for each other (sim_staged.h).
//
// Memory orders: a thread's epoch is changed by a release and looked at by an acquire (futex.c), and
// whoever sees that a thread has done a cycle sees all that it wrote before: slots, and what it told.
// In a pipeline each thread sees the epoch of the one before it, and so, one through the other, the
// work of all before it.
#include "sim_staged.h"
#include "sys.h"

enum {
    PAUSE_AT = 256 * 1024, // bytes of a thread's text before it is merged
    SAMPLE_MASK = 31,
    SAMPLE_CYCLES = 4, // what modules cost is measured in 4 of 32 cycles, and in the first ones
    MEASURED_FIRST = 8,
    GONE = 0x40000000, // the epoch of a thread that has left the phase
};

typedef struct Turn {
    RtiSimStaged *staged;
    RtiSimWorker *self;
    int32_t index;
    int64_t first, cycle, idle;
    uint32_t before, behind; // epochs seen: of the thread before, of the last one
    bool more;
} Turn;

// --- modules -------------------------------------------------------------------------------------

static uint64_t mixed(uint64_t x) {
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

// Modules of one level change places; levels keep theirs.
static void shuffle(const RtiSimStaged *staged, RtiSimWorker *worker, int64_t cycle) {
    const RtSimModule *modules = staged->model->modules;
    uint64_t random = mixed(staged->seed ^ mixed((uint64_t)cycle));
    for (int64_t i = worker->module_count - 1, first = i + 1; i > 0; i--) {
        int64_t level = modules[worker->modules[i]].level;
        if (first > i) first = i;
        while (first > 0 && modules[worker->modules[first - 1]].level == level) first--;
        random = mixed(random);
        int64_t j = first + (int64_t)(random % (uint64_t)(i - first + 1));
        int32_t rank = worker->modules[i];
        worker->modules[i] = worker->modules[j];
        worker->modules[j] = rank;
    }
}

static void inject_delay(const RtiSimStaged *staged, int32_t index, int64_t cycle) {
    uint64_t random = mixed(staged->delays ^ mixed((uint64_t)cycle * 64 + (uint64_t)index));
    if (random % 4 != 0) return;
    for (uint64_t i = random / 4 % 2000; i > 0; i--) rti_pause();
    if (random / 8192 % 64 == 0) (void)rti_sys_sched_yield();
}

static void run_measured(const RtiSimStaged *staged, RtiSimWorker *worker, int64_t cycle) {
    char *slots = rti_staged_slots(staged, cycle);
    uint64_t start = rti_ticks();
    for (int64_t i = 0; i < worker->module_count; i++) {
        int32_t rank = worker->modules[i];
        staged->model->modules[rank].step(&worker->thread.run, worker->state, slots, cycle);
        uint64_t end = rti_ticks();
        worker->costs[rank] += end - start;
        start = end;
    }
}

static uint32_t run_modules(const Turn *turn) {
    const RtiSimStaged *staged = turn->staged;
    RtiSimWorker *worker = turn->self;
    int64_t cycle = turn->cycle;
    const RtSimModule *modules = staged->model->modules;
    char *slots = rti_staged_slots(staged, cycle);
    if (staged->random_order) shuffle(staged, worker, cycle);
    if (cycle - turn->first < MEASURED_FIRST || (cycle & SAMPLE_MASK) < SAMPLE_CYCLES)
        run_measured(staged, worker, cycle);
    else
        for (int64_t i = 0; i < worker->module_count; i++)
            modules[worker->modules[i]].step(&worker->thread.run, worker->state, slots, cycle);
    for (int64_t i = 0; i < worker->module_count; i++) {
        const RtSimOwn *own = (const void *)(worker->state + modules[worker->modules[i]].own);
        if (own->active == cycle + 1) return RTI_SIM_ACTIVE;
    }
    return 0;
}

// --- epochs --------------------------------------------------------------------------------------

// Waits until the thread has done so many cycles of the phase; gives how many it has.
static uint32_t wait_epoch(const RtiSimStaged *staged, int32_t index, uint32_t needed) {
    RtiWord *epoch = &staged->workers[index].epoch;
    for (;;) {
        // acquire: pairs with the release in rti_wake_change, by which the thread says so
        uint32_t word = atomic_load_explicit(epoch, memory_order_acquire);
        if (word >> 1 >= needed) return word >> 1;
        rti_wait_change(epoch, word, staged->spin);
    }
}

static uint32_t told_by(const RtiSimStaged *staged, int32_t index, int64_t cycle) {
    // relaxed: the epoch was waited for. The place is written again only after a further round of the
    // ring, which waits for this thread.
    return atomic_load_explicit(&staged->workers[index].told[cycle & (staged->ring - 1)],
                                memory_order_relaxed);
}

static void publish(Turn *turn, uint32_t told) {
    const RtiSimStaged *staged = turn->staged;
    _Atomic uint32_t *place = &turn->self->told[turn->cycle & (staged->ring - 1)];
    if (staged->thread_count == 1) return;
    atomic_store_explicit(place, told, memory_order_relaxed); // the epoch publishes it
    rti_wake_change(&turn->self->epoch, (uint32_t)(turn->cycle - turn->first + 1) << 1);
}

// --- pauses --------------------------------------------------------------------------------------

// All are to stop, at the same cycle, so that texts can be merged. Nobody has come that far, and all
// see it before they do: threads are less than a ring apart, and what this one writes now is seen by
// those who see that it has done the cycle.
static void ask_for_pause(Turn *turn) {
    RtiSimStaged *staged = turn->staged;
    int64_t wanted = turn->cycle + 2 * staged->ring;
    // relaxed, all: published with the epoch
    int64_t now = atomic_load_explicit(&staged->pause, memory_order_relaxed);
    while (wanted < now &&
           !atomic_compare_exchange_weak_explicit(&staged->pause, &now, wanted,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

static int64_t end_of(const RtiSimStaged *staged) {
    int64_t pause = atomic_load_explicit(&staged->pause, memory_order_relaxed); // as above
    return pause < staged->end ? pause : staged->end;
}

// --- together ------------------------------------------------------------------------------------

// After a cycle: waits for all others, who read the same and so come to the same decision.
static void meet(Turn *turn, uint32_t told) {
    const RtiSimStaged *staged = turn->staged;
    uint32_t done = (uint32_t)(turn->cycle - turn->first + 1);
    for (int32_t t = 0; t < staged->thread_count; t++) {
        if (t == turn->index) continue;
        (void)wait_epoch(staged, t, done);
        told |= told_by(staged, t, turn->cycle);
    }
    turn->idle = told & RTI_SIM_ACTIVE ? 0 : turn->idle + 1;
    turn->more = !(told & RTI_SIM_ENDS) && turn->idle < staged->idle_limit;
}

// --- as a pipeline -------------------------------------------------------------------------------

// Before a cycle: waits until the thread before has done it, which is then told of, and until the
// last one is near enough for the ring. False: the last one has decided to end earlier.
static bool keep_up(Turn *turn, uint32_t *told) {
    const RtiSimStaged *staged = turn->staged;
    uint32_t done = (uint32_t)(turn->cycle - turn->first), ring = (uint32_t)staged->ring;
    int32_t last = staged->thread_count - 1;
    if (turn->index > 0) {
        if (turn->before < done + 1) turn->before = wait_epoch(staged, turn->index - 1, done + 1);
        *told = told_by(staged, turn->index - 1, turn->cycle);
    }
    // Slots of the cycle a ring ago are done with when everybody has done the one after it.
    if (turn->index < last && done + 2 > ring && turn->behind < done + 2 - ring)
        turn->behind = wait_epoch(staged, last, done + 2 - ring);
    // relaxed: the last thread writes it before it leaves, and who has waited for an epoch of one
    // that has left sees it
    return turn->cycle <= atomic_load_explicit(&staged->last, memory_order_relaxed);
}

// After a cycle of which `told` tells all threads up to this one.
static void decide(Turn *turn, uint32_t told) {
    RtiSimStaged *staged = turn->staged;
    turn->more = !(told & RTI_SIM_ENDS);
    if (turn->index < staged->thread_count - 1) return;
    turn->idle = told & RTI_SIM_ACTIVE ? 0 : turn->idle + 1;
    turn->more = turn->more && turn->idle < staged->idle_limit;
    // relaxed: published by the epoch with which this thread leaves
    if (!turn->more) atomic_store_explicit(&staged->last, turn->cycle, memory_order_relaxed);
}

// --- the phase -----------------------------------------------------------------------------------

static uint32_t run_cycle(Turn *turn) {
    RtiSimStaged *staged = turn->staged;
    RtiSimWorker *self = turn->self;
    uint32_t told = 0;
    if (turn->cycle > turn->first) rti_staged_apply(staged, self, turn->cycle - 1);
    if (staged->trace) rti_trace_state(staged, turn->index, turn->cycle);
    if (!self->thread.stop.set) told = run_modules(turn);
    if (staged->trace) rti_trace_exposed(staged, turn->index, turn->cycle);
    if (self->thread.stop.set) told |= RTI_SIM_ENDS;
    if (self->thread.text.sink.length > PAUSE_AT || self->waves.sink.length > PAUSE_AT)
        ask_for_pause(turn);
    if (staged->delays) inject_delay(staged, turn->index, turn->cycle);
    return told;
}

// What the threads came to, when all have left.
static void gather(RtiSimStaged *staged) {
    int64_t last = atomic_load_explicit(&staged->last, memory_order_relaxed); // all have left
    const RtiSimWorker *end = &staged->workers[staged->thread_count - 1];
    staged->cycle = end->reached;
    staged->idle = end->idle;
    for (int32_t t = 0; t < staged->thread_count; t++) {
        RtiSimWorker *worker = &staged->workers[t];
        if (worker->reached != staged->cycle) staged->went_too_far = true;
        if (worker->thread.stop.cycle <= last)
            rti_sim_stop_least(&staged->stop, &worker->thread.stop);
        rti_sim_stop_forget(&worker->thread.stop);
        worker->thread.run.ending = 0;
    }
}

void rti_staged_phase(RtiSimStaged *staged, int32_t index) {
    bool pipeline = staged->is_pipeline;
    Turn turn = {.staged = staged, .self = &staged->workers[index], .index = index, .more = true};
    turn.first = turn.cycle = staged->cycle;
    turn.idle = staged->idle;
    while (turn.more && turn.cycle < end_of(staged)) {
        uint32_t told = 0;
        if (pipeline && !keep_up(&turn, &told)) break;
        told |= run_cycle(&turn);
        if (pipeline) decide(&turn, told);
        publish(&turn, told);
        if (!pipeline) meet(&turn, told);
        turn.cycle++;
    }
    rti_staged_apply(staged, turn.self, turn.cycle - 1);
    turn.self->reached = turn.cycle;
    turn.self->idle = turn.idle;
    rti_wake_change(&turn.self->epoch, (uint32_t)GONE << 1);
    if (index != 0) return;
    for (int32_t t = 1; t < staged->thread_count; t++) (void)wait_epoch(staged, t, GONE);
    gather(staged);
}
