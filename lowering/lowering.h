// lowering.h: the public face of the back end: analysed program in; files, or a run in memory, out.
// The only header of lowering/ that others include; it shows nothing of LLVM.
#ifndef FLAP_LOWERING_H
#define FLAP_LOWERING_H

#include "../frontend/frontend.h"

typedef enum EmitKind {
    EMIT_EXE, EMIT_OBJ, EMIT_ASM, EMIT_LLVM, EMIT_LLVM_UNOPT, EMIT_BC,
} EmitKind;

typedef enum LinkMode { LINK_AUTO, LINK_STATIC, LINK_DYNAMIC } LinkMode;

// Seconds spent in each step, for --time-passes.
typedef struct LoweringTimes {
    double lower, merge, passes, code, link;
} LoweringTimes;

typedef struct LoweringOptions {
    EmitKind emit;
    int optimize;         // 0 … 3
    bool optimize_size;   // -Os
    bool fast_math, verify, time_passes, verbose, debug_info;
    const char *target;   // triple; null: this machine's
    const char *sysroot; // where the target\'s C library is; null: in this system\'s folders
    const char *cpu;      // "native", a name, or null: the target's baseline
    const char *features; // --mattr, or null
    const char *output;   // path; "-" writes text forms to standard output
    LinkMode link;
    bool strip;
    VEC(const char *) libraries, library_paths; // -l, -L
    LoweringTimes *times;                       // null, or where to add up durations
    void (*before_run)(void *context); // null, or called when compiling is over, before the program starts
    void *before_run_context;
} LoweringOptions;

// Where output for `output` is written before it is complete and renamed. A process that is about to
// die can remove that file, if there is one.
void lowering_half_written(const char *output, char *path, size_t size);

// Tells LLVM what holds for the whole process: to be called once, before the functions below.
void lowering_start(void);

// Lowers c->program, optimises and writes options->output. Failures of the system (no linker, full
// disk, unwritable place) are reported as diagnostics and leave no file. False if there were any.
bool lowering_emit(Compilation *c, const LoweringOptions *options);

// Lowers c->program, optimises, links in memory and runs it with these arguments. Gives the exit
// status in *status; false, with diagnostics, when it could not be started. A program that ends by
// exit or by a stop ends the process.
// After a run nothing is torn down, since values may point into the program: the process should end.
bool lowering_run(Compilation *c, const LoweringOptions *options, int argc, char **argv, int *status);

// "19.1.7"
const char *lowering_llvm_version(void);

#endif
