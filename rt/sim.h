// sim.h: what the files of the simulator share (rt_layout.h has what generated code shares with it).
//
// sim.c runs simulations: options, the choice of an engine, results. sim_state.c owns the registers
// between runs; sim_text.c collects what modules log and why they stop; sim_staged.c applies slots.
//
// Between runs the direct engine's variables hold the state. The staged engine works on copies: one
// state for each of its threads, filled before it starts and brought back when it ends.
#ifndef FLAP_RT_SIM_H
#define FLAP_RT_SIM_H

#include "value.h"

// Why a simulation stops. Of several in one cycle the least counts, by (rank, class, object, a):
// finish() comes before what else a module's own code runs into, and that before what its effects
// meet at the end of the cycle.
typedef struct RtiSimStop {
    bool set;
    int64_t cycle, rank;
    const RtSimSite *site; // null: finish()
    int64_t a, b;
    char *text; // of an assertion, with a NUL
} RtiSimStop;

// Text of one module in one cycle: from here to the next segment.
typedef struct RtiSimSegment {
    int64_t cycle, rank;
    size_t begin;
} RtiSimSegment;

typedef struct RtiSimText {
    RtSink sink;
    RtiSimSegment *segments;
    size_t segment_count, segment_room;
} RtiSimText;

// A thread of a simulation. Generated code sees the first member.
typedef struct RtiSimThread {
    RtSimRun run;
    RtiSimStop stop;
    RtiSimText text;
    bool keeps_all; // staged: all segments are kept until texts are merged
} RtiSimThread;

typedef struct RtiSimTrace RtiSimTrace; // sim_trace.c

typedef struct RtiSim {
    const RtSim *model;                // null: the program has no hardware
    int64_t cycle;                     // the next one
    RtiSimTrace *trace;                // of the last traced run, or null
    const char *parallel, *trace_path; // what the program's own arguments ask for, or null
} RtiSim;
extern RtiSim rti_sim;

typedef enum RtiSimParallel { RTI_SIM_ALONE, RTI_SIM_PARALLEL, RTI_SIM_AUTO } RtiSimParallel;

typedef struct RtiSimOptions {
    int64_t cycles, idle, seed;
    RtiSimParallel parallel;
    int32_t threads; // 0: as for `@@`
    bool random_order, progress;
    RtStr *trace; // a file's name, or null; owned
    // For tests, from the environment only: seeds of assignments by chance and of delays; 0: none.
    uint64_t places, delays;
} RtiSimOptions;

// --- sim_options.c: what `simulate` is given, and what overrides it.
RtiSimOptions rti_sim_options(const uint64_t *args, int64_t count, const RtPlace *place);

// --- sim_state.c ---------------------------------------------------------------------------------

// An element of `bytes` bytes as a number of the target's type.
int64_t rti_sim_get(const RtSimTarget *target, const void *elements, int64_t index);
void rti_sim_set(const RtSimTarget *target, void *elements, int64_t index, int64_t value);
// Everything as at the start.
void rti_sim_reset(void);

// --- sim_trace.c: closes the file, and forgets it.
void rti_sim_trace_end(void);

// --- sim_text.c ----------------------------------------------------------------------------------

// What is written from now on is text of that module in that cycle.
void rti_sim_segment(RtiSimText *text, int64_t cycle, int64_t rank);
// "out", "out[3]", "add.a"
void rti_sim_element_name(RtSink *to, const RtSimTarget *target, int64_t index);
// Drops what was written after the stop, writes the rest out, and forgets it.
void rti_sim_text_finish(RtiSimText *text, const RtiSimStop *stop);
// Takes over `stop` if it comes before the one that is there.
void rti_sim_stop_least(RtiSimStop *least, RtiSimStop *stop);
void rti_sim_stop_forget(RtiSimStop *stop);
// Ends the program with the stop's message.
_Noreturn void rti_sim_stop_now(const RtiSimStop *stop);

#endif
