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
    MEASURED_CYCLES = 8,        // alone, before the first assignment
    PHASE_FIRST = 64,           // cycles; each later one is four times as long
    WAIT_FOR_OTHERS_US = 20000, // before the second phase
    SPIN_US = 50,               // about a sleep and a wake-up
};

typedef struct Party {
    RtiSimStaged *staged;
    int32_t wanted;
    uint64_t random_places;
    bool crowded; // more threads than processors: waiting is sleeping
    _Atomic int32_t arrived;
    RtiWord phase;   // changes when a phase begins, and at the end
    bool over;       // set before the last change
    int32_t members; // threads of the phase that began
} Party;

// --- places --------------------------------------------------------------------------------------

// Modules that must run on one thread: a downstream one and those that it reads.
static void join_groups(const RtSim *model, int32_t *group) {
    for (int32_t rank = 0; rank < model->module_count; rank++) group[rank] = rank;
    for (int32_t rank = 0; rank < model->module_count; rank++) {
        const RtSimModule *module = &model->modules[rank];
        for (int64_t i = 0; i < module->upstream_count; i++) {
            int32_t from = group[module->upstream[i]], to = group[rank];
            for (int32_t k = 0; k < model->module_count; k++)
                if (group[k] == from) group[k] = to;
        }
    }
}

static void forget_costs(RtiSimStaged *staged) {
    size_t size = (size_t)staged->model->module_count * sizeof(uint64_t);
    for (int32_t t = 0; t < staged->made; t++) rti_set(staged->workers[t].costs, 0, size);
}

static uint64_t cost_of(const RtiSimStaged *staged, int32_t rank) {
    uint64_t cost = (uint64_t)staged->model->modules[rank].weight + 1; // before it is known better
    for (int32_t t = 0; t < staged->made; t++) cost += staged->workers[t].costs[rank];
    return cost;
}

// Groups in the order of the source are cut into runs of about the same cost: neighbours, which
// usually talk to each other, stay together.
static void assign(RtiSimStaged *staged, int32_t threads, uint64_t random) {
    const RtSim *model = staged->model;
    size_t count = (size_t)model->module_count;
    int32_t *group = rti_alloc(count * sizeof *group + 1);
    int32_t *by_number = rti_alloc(count * sizeof *by_number + 1);
    int32_t *place = rti_alloc(count * sizeof *place + 1);
    uint64_t total = 0, sum = 0;
    join_groups(model, group);
    for (int32_t rank = 0; rank < model->module_count; rank++) {
        by_number[model->modules[rank].number] = rank;
        place[rank] = -1;
        total += cost_of(staged, rank);
    }
    for (int64_t number = 0; number < model->module_count; number++) {
        int32_t *at = &place[group[by_number[number]]];
        if (*at >= 0) continue;
        uint64_t cost = 0;
        for (int32_t rank = 0; rank < model->module_count; rank++)
            if (group[rank] == group[by_number[number]]) cost += cost_of(staged, rank);
        // Where the middle of the group falls.
        *at = (int32_t)((sum + cost / 2) / (total / (uint64_t)threads + 1));
        if (*at >= threads) *at = threads - 1;
        random =
            random ? random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407) : 0;
        if (random) *at = (int32_t)((random >> 33) % (uint64_t)threads);
        sum += cost;
    }
    for (int32_t rank = 0; rank < model->module_count; rank++)
        staged->thread_of[rank] = place[group[rank]];
    staged->thread_count = threads;
    rti_free(group);
    rti_free(by_number);
    rti_free(place);
}

// --- the parties ---------------------------------------------------------------------------------

// Ticks that a thread looks for a change before it sleeps.
static uint64_t spin_of(const Party *party) {
    return RTI_STRESSED || party->crowded ? 0 : rti_ticks_of_us(SPIN_US);
}

static bool is_over(const RtiSimStaged *staged) {
    return staged->ending || staged->cycle >= staged->end || staged->idle >= staged->idle_limit;
}

static int32_t members_now(Party *party) {
    // relaxed: only a number; the change of `phase` publishes what the phase needs
    int32_t arrived = atomic_load_explicit(&party->arrived, memory_order_relaxed);
    return arrived < party->wanted ? arrived : party->wanted;
}

static void wait_for_others(Party *party) {
    uint64_t start = rti_ticks();
    while (members_now(party) < party->wanted &&
           rti_ticks() - start < rti_ticks_of_us(WAIT_FOR_OTHERS_US))
        rti_pause();
}

// One phase with these threads, up to this cycle; the others are told, and meet the leader in it.
static void lead_phase(Party *party, int32_t members, int64_t end, bool measures) {
    RtiSimStaged *staged = party->staged;
    int64_t last = staged->end;
    if (end < last) staged->end = end;
    staged->measures = measures;
    party->members = members;
    if (members > 1) {
        rti_barrier_init(&staged->barrier, members);
        // relaxed: only the leader changes it
        uint32_t word = atomic_load_explicit(&party->phase, memory_order_relaxed);
        rti_wake_change(&party->phase, (word & ~RTI_SLEEPERS) + 2);
    }
    rti_staged_phase(staged, 0);
    staged->end = last;
    rti_staged_merge(staged);
}

static void lead(Party *party) {
    RtiSimStaged *staged = party->staged;
    int64_t length = PHASE_FIRST;
    uint64_t random = party->random_places;
    staged->spin = spin_of(party);
    assign(staged, 1, 0);
    rti_staged_load(staged);
    lead_phase(party, 1, staged->cycle + MEASURED_CYCLES, true);
    rti_staged_store(staged);
    if (!is_over(staged)) wait_for_others(party);
    while (!is_over(staged)) {
        int32_t members = members_now(party);
        int64_t until = staged->cycle + (random ? 5 : length);
        assign(staged, members, random);
        forget_costs(staged); // hardware that fills step by step works elsewhere by now
        if (random) random = random * UINT64_C(6364136223846793005) + 1;
        rti_staged_load(staged);
        while (staged->cycle < until && !is_over(staged)) // it pauses for text
            lead_phase(party, members, until, false);
        rti_staged_store(staged);
        length *= 4;
    }
    party->over = true;
    uint32_t word = atomic_load_explicit(&party->phase, memory_order_relaxed); // as above
    rti_wake_change(&party->phase, (word & ~RTI_SLEEPERS) + 2);
}

static void follow(Party *party, int32_t index) {
    uint32_t seen = 0;
    for (;;) {
        rti_wait_change(&party->phase, seen, spin_of(party));
        // acquire: pairs with the release in rti_wake_change; `over`, `members` and the phase are there
        seen = atomic_load_explicit(&party->phase, memory_order_acquire) & ~RTI_SLEEPERS;
        if (party->over) return;
        if (index < party->members) rti_staged_phase(party->staged, index);
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
