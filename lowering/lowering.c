// lowering.c: the steps from an analysed program to a file or a run, in order.
//
// Owns LLVM's context, module and target machine for one compilation and lets go of them again.

#include "backend.h"
#include "llvm_compat.h"
#include "lower_internal.h"
#include <llvm-c/Analysis.h>
#include <time.h>

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

// Adds the time since `*since` to `*sum` and starts anew.
static void clock_lap(double *sum, double *since) {
    double now = seconds_now();
    *sum += now - *since;
    *since = now;
}

static void verify(Backend *b, const char *after) {
    if (!FLAP_VERIFY && !b->options->verify) return;
    char *message = NULL;
    if (LLVMVerifyModule(b->module, LLVMReturnStatusAction, &message))
        compiler_bug(
            "LLVMVerifyModule", 0,
            arena_printf(&b->c->unit, "the module is malformed after %s: %s", after, message));
    LLVMDisposeMessage(message);
}

static bool backend_open(Backend *b) {
    b->context = LLVMContextCreate();
    compat_catch_errors(b);
    b->module = LLVMModuleCreateWithNameInContext("flap", b->context);
    if (!target_open(b)) return false;
    target_mark(b);
    return true;
}

static void backend_close(Backend *b) {
    if (b->machine) LLVMDisposeTargetMachine(b->machine);
    LLVMDisposeModule(b->module);
    LLVMContextDispose(b->context);
}

// Program to optimised module.
static bool backend_make(Backend *b, LoweringTimes *times) {
    double since = seconds_now();
    if (!lower_program(b->c, b->options, b->features, b->context, b->module)) return false;
    clock_lap(&times->lower, &since);
    verify(b, "lowering");
    if (!b->for_jit && b->options->emit == EMIT_LLVM_UNOPT) return true;
    if (!rt_link_merge(b)) return false;
    clock_lap(&times->merge, &since);
    if (!pipeline_run(b)) return false;
    lower_function_table(b->module);
    verify(b, "the passes");
    clock_lap(&times->passes, &since);
    return true;
}

static bool make_executable(Backend *b, LoweringTimes *times) {
    double since = seconds_now();
    LLVMMemoryBufferRef object = emit_code(b, LLVMObjectFile);
    if (!object) return false;
    clock_lap(&times->code, &since);
    bool good = link_executable(b, LLVMGetBufferStart(object), LLVMGetBufferSize(object));
    clock_lap(&times->link, &since);
    LLVMDisposeMemoryBuffer(object);
    return good;
}

bool lowering_emit(Compilation *c, const LoweringOptions *options) {
    Backend b = {.c = c, .options = options};
    LoweringTimes ignored = {0}, *times = options->times ? options->times : &ignored;
    bool executable = options->emit == EMIT_EXE;
    bool good =
        backend_open(&b) && (!executable || link_mode_possible(&b)) && backend_make(&b, times);
    if (good && executable) {
        good = make_executable(&b, times);
    } else if (good) {
        double since = seconds_now();
        good = emit_module(&b);
        clock_lap(&times->code, &since);
    }
    backend_close(&b);
    return good;
}

bool lowering_run(Compilation *c, const LoweringOptions *options, int argc, char **argv,
                  int *status) {
    Backend *b = ARENA_NEW(&c->unit, Backend);
    *b = (Backend){.c = c, .options = options, .for_jit = true};
    LoweringTimes ignored = {0}, *times = options->times ? options->times : &ignored;
    LLVMMemoryBufferRef object = NULL;
    if (backend_open(b) && backend_make(b, times)) {
        double since = seconds_now();
        object = emit_code(b, LLVMObjectFile);
        clock_lap(&times->code, &since);
    }
    if (object && jit_run(b, object, argc, argv, status)) return true;
    backend_close(b);
    return false;
}
