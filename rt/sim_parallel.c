// sim_parallel.c: a simulation on several threads: who takes part, which module runs where, and for
// how many cycles before that is thought over.
//
// The threads are those of the parallel loops: a loop of one iteration a thread, whose iterations
// are the parties. The first one to come is the leader; it begins alone, measuring what modules
// cost, and takes the others in, as they come, at the next phase. So nobody waits for a thread that
// the system did not give.
#include "pool.h"
#include "sim_staged.h"
#include "sys.h"

enum {
    MEASURED_CYCLES = 8,       // alone, before the first assignment
    PHASE_MOST = 1 << 29,      // cycles; fewer than an epoch can count
    WAIT_FOR_OTHERS_US = 5000, // for so long they are expected at every moment
    SPIN_US = 50,              // about a sleep and a wake-up
    MEMBERS = 128,             // more than threads
};

typedef struct Party {
    RtiSimStaged *staged;
    int32_t wanted;
    uint64_t random_places;
    bool crowded; // more threads than processors: waiting is sleeping
    _Atomic int32_t arrived;
    RtiWord phase; // see change_phase
} Party;

// --- the parties ---------------------------------------------------------------------------------

static void forget_costs(RtiSimStaged *staged) {
    size_t size = (size_t)staged->model->module_count * sizeof(uint64_t);
    for (int32_t t = 0; t < staged->made; t++) rti_set(staged->workers[t].costs, 0, size);
}

// Ticks that a thread looks for a change before it sleeps.
static uint64_t spin_of(const Party *party) {
    return RTI_STRESSED || party->crowded ? 0 : rti_ticks_of_us(SPIN_US);
}

static bool is_over(const RtiSimStaged *staged) {
    return staged->stop.set || staged->cycle >= staged->end || staged->idle >= staged->idle_limit;
}

static int32_t members_now(Party *party) {
    // relaxed: only a number; the change of `phase` publishes what the phase needs
    int32_t arrived = atomic_load_explicit(&party->arrived, memory_order_relaxed);
    return arrived < party->wanted ? arrived : party->wanted;
}

// phase:  (number of the phase * 128 + threads that take part in it, 0: there is none any more) << 1
//         | sleepers' mark (futex.c)
// Who does not take part, by what the word itself says, is not waited for, and so looks at nothing
// else.
static void change_phase(Party *party, int32_t members) {
    // relaxed: only the leader changes it
    uint32_t word = atomic_load_explicit(&party->phase, memory_order_relaxed);
    uint32_t number = word / 2 / MEMBERS + 1;
    rti_wake_change(&party->phase, (number * MEMBERS + (uint32_t)members) * 2);
}

// One phase up to this cycle; the other threads are told, and meet the leader in it.
static void lead_phase(Party *party, int64_t end) {
    RtiSimStaged *staged = party->staged;
    int64_t last = staged->end;
    if (end < last) staged->end = end;
    // relaxed, all: the change of `phase` publishes them
    atomic_store_explicit(&staged->last, INT64_MAX, memory_order_relaxed);
    atomic_store_explicit(&staged->pause, INT64_MAX, memory_order_relaxed);
    for (int32_t t = 0; t < staged->thread_count; t++)
        atomic_store_explicit(&staged->workers[t].epoch, 0, memory_order_relaxed);
    if (staged->thread_count > 1) change_phase(party, staged->thread_count);
    rti_staged_phase(staged, 0);
    staged->end = last;
    rti_staged_merge(staged);
}

// The threads of a pipeline went on behind the end, so their states are of no use. All that was
// decided and written stands; only the state is missing, and the direct engine still has the one
// that they began with.
static void repeat(RtiSimStaged *staged, int64_t first, int64_t idle) {
    RtiSimThread thread = {.keeps_all = true};
    RtiSimStop none = {0};
    thread.run = (RtSimRun){
        .cycle = first, .end = staged->cycle, .idle = idle, .idle_limit = staged->idle_limit};
    staged->model->cycles(&thread.run);
    rti_sim_stop_least(&none, &thread.stop);
    rti_sim_stop_forget(&none);
    rti_sink_free(&thread.text.sink);
    rti_free(thread.text.segments);
}

// Cycles up to this one with one assignment, from the direct engine's state and back to it.
static void lead_stretch(Party *party, int64_t until) {
    RtiSimStaged *staged = party->staged;
    int64_t first = staged->cycle, idle = staged->idle;
    rti_staged_load(staged);
    do {
        lead_phase(party, until);
    } while (staged->cycle < until && !is_over(staged)); // it pauses for text
    if (staged->went_too_far)
        repeat(staged, first, idle);
    else
        rti_staged_store(staged);
}

// Until the others are there, for which nobody waits (but in tests): cycles alone.
static void lead_alone(Party *party) {
    RtiSimStaged *staged = party->staged;
    uint64_t start = rti_ticks(), last = start;
    int64_t length = 1;
    rti_staged_assign(staged, 1, 0);
    while (!is_over(staged) && members_now(party) < party->wanted &&
           last - start < rti_ticks_of_us(WAIT_FOR_OTHERS_US)) {
        if (!party->random_places) lead_stretch(party, staged->cycle + length);
        uint64_t now = rti_ticks();
        if (now - last < rti_ticks_of_us(SPIN_US)) length *= 2;
        last = now;
    }
}

// How many cycles the next stretch has. States are saved at its end, so what a pipeline may have to
// repeat is a small part of what ran before.
static int64_t next_length(const RtiSimStaged *staged) {
    int64_t length = staged->stretch, ran = staged->ran;
    int64_t more = length < MEASURED_CYCLES * 8 ? length * 2 : length * 4;
    if (staged->is_pipeline && more > ran / 8) more = ran / 8 > length ? ran / 8 : length;
    return more < PHASE_MOST ? more : PHASE_MOST;
}

static void lead(Party *party) {
    RtiSimStaged *staged = party->staged;
    int64_t first = staged->cycle - staged->ran;
    uint64_t random = party->random_places;
    staged->spin = spin_of(party);
    if (!staged->has_costs) {
        staged->has_costs = true;
        rti_staged_assign(staged, 1, 0);
        lead_stretch(party, staged->cycle + MEASURED_CYCLES);
        staged->stretch = MEASURED_CYCLES;
    }
    lead_alone(party);
    while (!is_over(staged)) {
        rti_staged_assign(staged, members_now(party), random);
        forget_costs(staged); // hardware that fills step by step works elsewhere by now
        lead_stretch(party, staged->cycle + (random ? 5 : staged->stretch));
        if (random) random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        staged->ran = staged->cycle - first;
        staged->stretch = next_length(staged);
    }
    change_phase(party, 0);
}

static void follow(Party *party, int32_t index) {
    uint32_t seen = 0;
    for (;;) {
        rti_wait_change(&party->phase, seen, spin_of(party));
        // acquire: pairs with the release in rti_wake_change, which publishes the phase
        seen = atomic_load_explicit(&party->phase, memory_order_acquire) & ~RTI_SLEEPERS;
        int32_t members = (int32_t)(seen / 2 % MEMBERS);
        if (members == 0) return;
        if (index < members) rti_staged_phase(party->staged, index);
    }
}

static void take_part(void *captures, int64_t begin, int64_t end, int64_t block) {
    Party *party = captures;
    (void)block;
    for (int64_t i = begin; i < end; i++) {
        // acq_rel: the leader's workers are made before; a number for each
        int32_t index = atomic_fetch_add_explicit(&party->arrived, 1, memory_order_acq_rel);
        if (index == 0)
            lead(party);
        else
            follow(party, index);
    }
}

void rti_sim_threads(RtiSimStaged *staged, int32_t threads, uint64_t random_places) {
    RtiCpus cpus;
    Party party = {.staged = staged, .wanted = threads, .random_places = random_places};
    RtParLoop loop = {.body = take_part,
                      .captures = &party,
                      .count = threads,
                      .threads = threads,
                      .flags = RT_PAR_COUNTED};
    party.crowded = threads > rti_cpus_allowed(&cpus);
    rt_par_for(&loop);
}
