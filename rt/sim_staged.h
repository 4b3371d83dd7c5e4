// sim_staged.h: the engine for any number of threads, or for modules in random order.
//
// A phase is a run of cycles with a fixed assignment of modules to threads. In it, a thread at cycle
// c applies the slots of c - 1 to its own copy of what its modules read, and runs its modules, which
// write slots of c. Slots are a ring of cycles; a thread says by its epoch how many cycles of the
// phase it has done, and waits for epochs of others:
//
// - together: for all of them, after each cycle. A ring of two suffices: nobody writes what somebody
//   still reads, since a thread is in cycle c + 1 only when all have finished c, and with that have
//   applied c - 1.
// - as a pipeline, when the modules are cut so that nothing goes back (RtSimModule.part): a thread runs
//   a cycle when the one before it has, and is ahead of the last one by less than the ring's length.
//   What happened in a cycle is told from thread to thread; the last one decides about going on. When
//   that comes out as no, threads in front may have run too far: the direct engine then repeats the
//   cycles since the states were loaded, whose text is known already.
//
// Everything else (assignments, merged text, the results) happens between phases, when only the
// leader runs.
#ifndef FLAP_RT_SIM_STAGED_H
#define FLAP_RT_SIM_STAGED_H

#include "futex.h"
#include "sim.h"

enum { RTI_SIM_THREADS_MOST = 64, RTI_SIM_RING_MOST = 128 };

// What is told of a cycle.
enum { RTI_SIM_ACTIVE = 1, RTI_SIM_ENDS = 2 };

// A target that a thread keeps and that changes.
typedef struct RtiSimChanged {
    const RtSimTarget *target;
    int32_t kind, bytes;
    char *at;         // in the thread's state
    uint64_t *stamps; // the same, or null
    int64_t writer_count;
    RtSimWriter only;     // the first writer
    int64_t block, taken; // ports and events: where their module says what it took, and the bit
} RtiSimChanged;

typedef struct RtiSimWorker {
    RtiSimThread thread;
    RtiSimText waves;           // of a traced simulation: what changed, by (cycle, wave)
    char *state_memory, *state; // RtSim.state_size bytes; null: made when first needed
    int32_t *modules;           // ranks in random order within levels, else ascending
    int64_t module_count;
    int32_t *kept; // numbers of the targets that its state holds
    int64_t kept_count;
    RtiSimChanged *changed; // of these those that change
    int64_t changed_count;
    uint64_t *costs; // ticks that each rank took while they were measured
    int64_t reached; // at the end of a phase: the cycle that it would have run next,
    int64_t idle;    // and cycles in a row, up to there, in which nothing happened
    // Written by this thread, read by others:
    _Alignas(RTI_CACHE_LINE) RtiWord epoch;   // cycles of the phase that it has done, << 1
    _Atomic uint32_t told[RTI_SIM_RING_MOST]; // by place in the ring
} RtiSimWorker;

typedef struct RtiSimStaged {
    const RtSim *model;
    char *memory, *slots; // as allocated, and on a cache line's beginning
    int64_t ring;         // cycles that slots are kept for, a power of two
    void *workers_memory;
    RtiSimWorker *workers;
    int32_t made;         // workers
    int32_t thread_count; // of the present phase
    bool is_pipeline;
    int32_t *owner;     // by target: the worker whose state is the one that counts; -1: none
    int32_t *thread_of; // by rank
    bool random_order;
    uint64_t seed, delays; // delays: injected ones, for tests; 0: none
    uint64_t spin;         // ticks that a thread looks before it sleeps
    int64_t cycle, end;    // of the phase: next cycle, and where it ends at the latest
    int64_t idle, idle_limit;
    bool has_costs;       // of modules, from an earlier stretch
    int64_t stretch, ran; // cycles of the next stretch, of all so far
    bool went_too_far;    // the states are not those of `cycle`
    RtiSimTrace *trace;   // or null
    RtiSimStop stop;
    // Written by several threads in a phase:
    _Alignas(RTI_CACHE_LINE) _Atomic int64_t last; // pipeline: the cycle after which all end
    _Atomic int64_t pause;                         // the cycle before which they end, to merge text
} RtiSimStaged;

// --- sim_staged.c: states, and what cycles do to them --------------------------------------------

void rti_staged_begin(RtiSimStaged *staged, const RtSim *model, int32_t threads);
void rti_staged_end(RtiSimStaged *staged);
// Between phases: gives each thread its modules (thread_of), and fills their states from the direct
// engine's variables; and brings everything back there.
void rti_staged_load(RtiSimStaged *staged);
void rti_staged_store(RtiSimStaged *staged);
// What happened in `cycle` becomes the state of the next one.
void rti_staged_apply(const RtiSimStaged *staged, RtiSimWorker *worker, int64_t cycle);
static inline char *rti_staged_slots(const RtiSimStaged *staged, int64_t cycle) {
    return staged->slots + (cycle & (staged->ring - 1)) * staged->model->slots_size;
}

// --- sim_cycles.c: one thread's part of a phase --------------------------------------------------

// All return when it is over; only then, in the first one, the members of `staged` are up to date.
void rti_staged_phase(RtiSimStaged *staged, int32_t index);

// --- sim_merge.c ---------------------------------------------------------------------------------

// Text of all threads in order, to standard output and the trace; what comes after the stop is
// dropped.
void rti_staged_merge(RtiSimStaged *staged);

// --- sim_places.c --------------------------------------------------------------------------------

// Modules to at most so many threads, by what they cost; `random`: by chance, for tests; 0: no.
void rti_staged_assign(RtiSimStaged *staged, int32_t threads, uint64_t random);

// --- sim_parallel.c ------------------------------------------------------------------------------

// Runs cycles on up to so many threads, from staged->cycle to staged->end, or until something ends
// the simulation. `random_places`: seed of assignments by chance, for tests; 0: by cost.
void rti_sim_threads(RtiSimStaged *staged, int32_t threads, uint64_t random_places);

// --- sim_trace.c ---------------------------------------------------------------------------------

// The trace into that file, begun or continued.
RtiSimTrace *rti_trace_to(const RtSim *model, RtStr *path, const RtPlace *place);
// Notes what has another value than before: what the thread's state holds at the start of the
// cycle, and, after its modules ran, what they exposed.
void rti_trace_state(const RtiSimStaged *staged, int32_t index, int64_t cycle);
void rti_trace_exposed(const RtiSimStaged *staged, int32_t index, int64_t cycle);
// A change in the file; cycles come in order.
void rti_trace_write(RtiSimTrace *trace, int64_t cycle, const char *text, size_t length);
// All cycles before this one were written.
void rti_trace_until(RtiSimTrace *trace, int64_t cycle);
// The end of a run: the state after it, unless it failed.
void rti_trace_last(RtiSimStaged *staged);

#endif
