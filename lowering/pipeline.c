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

bool pipeline_run(Backend *b) {
    LLVMPassBuilderOptionsRef settings = LLVMCreatePassBuilderOptions();
    bool fast_code = b->options->optimize >= 2 || b->options->optimize_size;
    LLVMPassBuilderOptionsSetLoopInterleaving(settings, fast_code);
    LLVMPassBuilderOptionsSetLoopVectorization(settings, fast_code);
    LLVMPassBuilderOptionsSetSLPVectorization(settings, fast_code);
    LLVMPassBuilderOptionsSetLoopUnrolling(settings, fast_code);
    LLVMErrorRef error = LLVMRunPasses(b->module, pipeline_text(b->options), b->machine, settings);
    LLVMDisposePassBuilderOptions(settings);
    return compat_succeeded(b->c, DIAG_E0606, error) && !b->failed;
}
