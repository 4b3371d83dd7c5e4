// sim_staged.h: the engine for any number of threads, or for modules in random order.
//
// A phase is a run of cycles with a fixed assignment of modules to threads. In it, thread t at cycle
// c applies the slots of c - 1 to its own copy of what its modules read, runs its modules, which
// write slots of c, and meets the others once. Slots have two parities, so that nobody writes what
// somebody still reads: a thread is in cycle c + 1 only when all have finished c, and with that have
// applied c - 1. Everything else (assignments, merged text, the results) happens between phases, when
// only the leader runs.
#ifndef FLAP_RT_SIM_STAGED_H
#define FLAP_RT_SIM_STAGED_H

#include "futex.h"
#include "sim.h"

enum { RTI_SIM_THREADS_MOST = 64 };

// What a thread tells the others at the end of a cycle.
enum { RTI_SIM_ACTIVE = 1, RTI_SIM_ENDS = 2, RTI_SIM_PAUSE = 4 }; // PAUSE: its text is to be merged

typedef struct RtiSimWorker {
    RtiSimThread thread;
    char *state;        // RtSim.state_size bytes; null: made when first needed
    int32_t *modules;   // ranks, ascending
    int32_t *run_order; // the same, shuffled for random order
    int64_t module_count;
    int32_t *kept; // numbers of the targets that its state holds
    int64_t kept_count;
    uint64_t *costs; // ticks that each rank took while they were measured
    _Alignas(RTI_CACHE_LINE) _Atomic uint32_t told[2]; // by parity of cycles
} RtiSimWorker;

typedef struct RtiSimStaged {
    const RtSim *model;
    char *slots;
    RtiSimWorker *workers;
    int32_t made;         // workers
    int32_t thread_count; // of the present phase
    int32_t *owner;       // by target: the worker whose state is the one that counts; -1: none
    int32_t *thread_of;   // by rank
    bool random_order;
    uint64_t seed, delays; // delays: injected ones, for tests; 0: none
    uint64_t spin;         // ticks that a thread looks before it sleeps
    int64_t cycle, end;    // of the phase: next cycle, and where it ends at the latest
    int64_t idle, idle_limit;
    bool measures;
    int64_t ending; // RT_SIM_ flags of all
    RtiSimStop stop;
    RtiBarrier barrier;
} RtiSimStaged;

// --- sim_staged.c --------------------------------------------------------------------------------

void rti_staged_begin(RtiSimStaged *staged, const RtSim *model, int32_t threads);
void rti_staged_end(RtiSimStaged *staged);
// Between phases: gives each thread its modules (thread_of), and fills their states from the direct
// engine's variables; and brings everything back there.
void rti_staged_load(RtiSimStaged *staged);
// The same for one thread, which gets all targets, whoever uses them.
void rti_staged_load_all(RtiSimStaged *staged);
void rti_staged_store(RtiSimStaged *staged);
// One thread's part of a phase. All return when it is over; only then, in the first one, the
// members of `staged` are up to date.
void rti_staged_phase(RtiSimStaged *staged, int32_t index);
// Text of all threads in order, to standard output; what comes after the stop is dropped.
void rti_staged_merge(RtiSimStaged *staged);

// --- sim_parallel.c ------------------------------------------------------------------------------

// Runs cycles on up to so many threads, from staged->cycle to staged->end, or until something ends
// the simulation. `random_places`: seed of assignments by chance, for tests; 0: by cost.
void rti_sim_threads(RtiSimStaged *staged, int32_t threads, uint64_t random_places);

// --- sim_trace.c ---------------------------------------------------------------------------------

// The same on one thread, with what happens written into a file.
void rti_sim_traced(RtiSimStaged *staged, RtStr *path, const RtPlace *place);

#endif
