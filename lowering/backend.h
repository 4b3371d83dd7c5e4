// backend.h: what the files of lowering/ that turn a finished module into something share: target,
// passes, merging of the runtime, output files, linker, JIT. Private to lowering/.
//
// Order: target_open -> (lower_program) -> rt_link_merge -> pipeline_run -> emit_… / link_… /
// jit_…. Every function that gives bool reports its own failure as a diagnostic.
#ifndef FLAP_BACKEND_H
#define FLAP_BACKEND_H

#include "lowering.h"
#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

typedef enum Arch { ARCH_X86_64, ARCH_AARCH64, ARCH_RISCV64 } Arch;
#if defined(__x86_64__)
#define ARCH_OWN ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH_OWN ARCH_AARCH64
#else
#define ARCH_OWN ARCH_RISCV64
#endif

typedef struct Backend {
    Compilation *c;
    const LoweringOptions *options;
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMTargetMachineRef machine;
    const char *triple;
    Arch arch;
    bool for_jit;
    const char *features; // of the processor that code is made for, as far as their names are known
    bool failed; // LLVM reported an error through the context
} Backend;

// Bytes of this binary: an archive of the runtime, or its bitcode.
typedef struct Embedded {
    const unsigned char *begin;
    size_t size;
} Embedded;

// target.c: chooses triple, processor and code model and makes the target machine.
bool target_open(Backend *b);
// A machine of b's own, like that of `from`: for another thread.
void target_copy(Backend *b, const Backend *from);
// The numbers of target_open applied to the empty module: triple and data layout.
void target_mark(Backend *b);

// The attribute of functions that C may call (lower_export.c).
#define LOWER_EXPORTED "flap-exported"

// The global that keeps mathematics for vectors declared (lower_math.c).
#define LOWER_WIDE_MATH "llvm.compiler.used"

// rt_link.c: merges the runtime's small functions into the module and makes private everything that
// the rest of the executable does not name.
bool rt_link_merge(Backend *b);
// The archive that executables link: without libc, or with it; that is empty if this
// flapc was built without a C library for the processor.
Embedded rt_link_archive(Arch arch, bool hosted);
// libffi for those with libc; empty if this flapc was built without its archive.
Embedded rt_link_ffi(Arch arch);

// pipeline.c: optimises the module as the options say.
bool pipeline_run(Backend *b);

// emit.c: writes `size` bytes to `path`, beside it first and then renamed; "-" is standard output.
bool emit_bytes(Backend *b, const char *path, const void *bytes, size_t size);
// Whether `path` exists and is no regular file, so that nothing may be renamed over it.
bool emit_is_special(const char *path);
// Renames the complete file `half` to `path`; removes it when that fails.
bool emit_finish(Backend *b, const char *half, const char *path);
// The module as machine code; the caller disposes of the buffer. Null after a diagnostic.
LLVMMemoryBufferRef emit_code(Backend *b, LLVMCodeGenFileType type);
// Writes the module in the form that the options ask for (anything but an executable).
bool emit_module(Backend *b);

// link.c: links an object file in memory to the executable options->output.
bool link_executable(Backend *b, const void *object, size_t size);
// Says which construct needs what static linking cannot give, if there is one.
bool link_mode_possible(Backend *b);

// Machine code for the session.
typedef struct JitObject {
    LLVMMemoryBufferRef code;
    const char *table; // the symbol of its table of functions, or null: the program announces it
    uint32_t rows;     // of that
} JitObject;

typedef VEC(JitObject) JitObjects;

// jit_parts.c: compiles the merged module in parts, at once, and adds what they give to `objects`;
// leaves the module alone where that is not *worth it. Adds to *times those of the slowest part.
bool jit_compile_parts(Backend *b, JitObjects *objects, LoweringTimes *times, bool *worth);

// jit.c: loads object code into this process and runs it. Takes the code.
bool jit_run(Backend *b, JitObjects *objects, int argc, char **argv, int *status);

// lowering.c: the clock of the steps, in seconds; lowering_lap() adds the time since `*since` to
// `*sum` and starts anew. lowering_verify() stops with a bug of the compiler if the module is
// malformed, where that is looked for.
double lowering_now(void);
void lowering_lap(double *sum, double *since);
void lowering_verify(Backend *b, const char *after);

#endif
