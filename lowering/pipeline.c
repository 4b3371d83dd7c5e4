// pipeline.c: the optimiser. Pipelines are LLVM's own, named by text.
//
// Needs a module that the runtime's bitcode is merged into; gives the module that code is made of.
// What nothing refers to is dropped first, so that no time is spent on unused runtime functions.

#include "backend.h"
#include "llvm_compat.h"
#include <llvm-c/Transforms/PassBuilder.h>

static const char *pipeline_text(const LoweringOptions *options) {
    if (options->optimize_size) return "globaldce,default<Os>";
    switch (options->optimize) {
    case 0: return "globaldce,default<O0>,globaldce";
    case 1: return "globaldce,default<O1>";
    case 2: return "globaldce,default<O2>";
    default: return "globaldce,default<O3>";
    }
}

// In a flapc that runs under ThreadSanitizer, the programs that it runs are checked too: their loads
// and stores, and those of the runtime's inline functions, are reported to it.
static void mark_for_thread_sanitizer(Backend *b) {
    unsigned kind = LLVMGetEnumAttributeKindForName("sanitize_thread", 15);
    LLVMAttributeRef mark = LLVMCreateEnumAttribute(b->context, kind, 0);
    for (LLVMValueRef f = LLVMGetFirstFunction(b->module); f; f = LLVMGetNextFunction(f))
        if (!LLVMIsDeclaration(f))
            LLVMAddAttributeAtIndex(f, (unsigned)LLVMAttributeFunctionIndex, mark);
}

bool pipeline_run(Backend *b) {
    bool sanitize = FLAP_TSAN && b->for_jit;
    const char *text = pipeline_text(b->options);
    if (sanitize) {
        mark_for_thread_sanitizer(b);
        text = arena_printf(&b->c->unit, "%s,function(tsan)", text);
    }
    LLVMPassBuilderOptionsRef settings = LLVMCreatePassBuilderOptions();
    bool fast_code = b->options->optimize >= 2 || b->options->optimize_size;
    if (sanitize) fast_code = false; // of accesses by wide vectors the sanitizer sees nothing
    LLVMPassBuilderOptionsSetLoopInterleaving(settings, fast_code);
    LLVMPassBuilderOptionsSetLoopVectorization(settings, fast_code);
    LLVMPassBuilderOptionsSetSLPVectorization(settings, fast_code);
    LLVMPassBuilderOptionsSetLoopUnrolling(settings, fast_code);
    LLVMErrorRef error = LLVMRunPasses(b->module, text, b->machine, settings);
    LLVMDisposePassBuilderOptions(settings);
    return compat_succeeded(b->c, DIAG_E0606, error) && !b->failed;
}
