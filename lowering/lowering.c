// lowering.c: the steps from an analysed program to a file or a run, in order.
//
// Owns LLVM's context, module and target machine for one compilation and lets go of them again.

#include "backend.h"
#include "llvm_compat.h"
#include "lower_internal.h"
#include <llvm-c/Analysis.h>
#include <time.h>

double lowering_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void lowering_lap(double *sum, double *since) {
    double now = lowering_now();
    *sum += now - *since;
    *since = now;
}

void lowering_verify(Backend *b, const char *after) {
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

// Program to module, the runtime's small functions merged into it.
static bool backend_lower(Backend *b, LoweringTimes *times) {
    double since = lowering_now();
    if (!lower_program(b->c, b->options, b->features, b->context, b->module)) return false;
    lowering_lap(&times->lower, &since);
    lowering_verify(b, "lowering");
    if (!b->for_jit && b->options->emit == EMIT_LLVM_UNOPT) return true;
    bool good = rt_link_merge(b);
    lowering_lap(&times->merge, &since);
    return good;
}

static bool backend_optimize(Backend *b, LoweringTimes *times) {
    double since = lowering_now();
    if (!b->for_jit && b->options->emit == EMIT_LLVM_UNOPT) return true;
    if (!pipeline_run(b)) return false;
    (void)lower_function_table(b->module, NULL);
    lowering_verify(b, "the passes");
    lowering_lap(&times->passes, &since);
    return true;
}

static bool make_executable(Backend *b, LoweringTimes *times) {
    double since = lowering_now();
    LLVMMemoryBufferRef object = emit_code(b, LLVMObjectFile);
    if (!object) return false;
    lowering_lap(&times->code, &since);
    bool good = link_executable(b, LLVMGetBufferStart(object), LLVMGetBufferSize(object));
    lowering_lap(&times->link, &since);
    LLVMDisposeMemoryBuffer(object);
    return good;
}

bool lowering_emit(Compilation *c, const LoweringOptions *options) {
    Backend b = {.c = c, .options = options};
    LoweringTimes ignored = {0}, *times = options->times ? options->times : &ignored;
    bool executable = options->emit == EMIT_EXE;
    bool good = backend_open(&b) && (!executable || link_mode_possible(&b)) &&
                backend_lower(&b, times) && backend_optimize(&b, times);
    if (good && executable) {
        good = make_executable(&b, times);
    } else if (good) {
        double since = lowering_now();
        good = emit_module(&b);
        lowering_lap(&times->code, &since);
    }
    backend_close(&b);
    return good;
}

// Module to object code, for a run.
static bool make_code(Backend *b, JitObjects *objects, LoweringTimes *times) {
    bool parts = false;
    if (!jit_compile_parts(b, objects, times, &parts)) return false;
    if (parts) return true;
    if (!backend_optimize(b, times)) return false;
    double since = lowering_now();
    JitObject object = {.code = emit_code(b, LLVMObjectFile)};
    lowering_lap(&times->code, &since);
    vec_push(&b->c->unit, objects, object);
    return object.code != NULL;
}

bool lowering_run(Compilation *c, const LoweringOptions *options, int argc, char **argv,
                  int *status) {
    Backend *b = ARENA_NEW(&c->unit, Backend);
    *b = (Backend){.c = c, .options = options, .for_jit = true};
    LoweringTimes ignored = {0}, *times = options->times ? options->times : &ignored;
    JitObjects objects = {0};
    if (backend_open(b) && backend_lower(b, times) && make_code(b, &objects, times) &&
        jit_run(b, &objects, argc, argv, status))
        return true;
    backend_close(b);
    return false;
}
