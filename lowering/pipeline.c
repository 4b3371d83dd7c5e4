// pipeline.c: the optimiser. Pipelines are LLVM's own, named by text.
//
// Needs a module that the runtime's bitcode is merged into; gives the module that code is made of.
// What nothing refers to is dropped first, so that no time is spent on unused runtime functions.

#include "backend.h"
#include "llvm_compat.h"
#include <llvm-c/Support.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <pthread.h>

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

// ThreadSanitizer's functions run on the program's stack and hold locks: when a stack is full, that must show
// before they are called. So every function of the program looks at an address further down.
static void look_ahead(Backend *b, LLVMValueRef function) {
    enum { AHEAD = 16 << 10 };
    LLVMContextRef context = b->context;
    LLVMTypeRef pointer = LLVMPointerTypeInContext(context, 0),
                byte = LLVMInt8TypeInContext(context);
    LLVMTypeRef word = LLVMInt32TypeInContext(context);
    LLVMValueRef ahead = LLVMConstInt(LLVMInt64TypeInContext(context), (uint64_t)-AHEAD, true);
    unsigned id = LLVMLookupIntrinsicID("llvm.frameaddress", 17);
    LLVMValueRef frame = LLVMGetIntrinsicDeclaration(b->module, id, &pointer, 1);
    LLVMTypeRef type = LLVMIntrinsicGetType(context, id, &pointer, 1);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
    LLVMValueRef first = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function));
    while (LLVMIsAAllocaInst(first)) first = LLVMGetNextInstruction(first);
    LLVMPositionBuilderBefore(builder, first);
    LLVMValueRef level = LLVMConstInt(word, 0, false);
    LLVMValueRef at = LLVMBuildCall2(builder, type, frame, &level, 1, "");
    at = LLVMBuildGEP2(builder, byte, at, &ahead, 1, "");
    LLVMValueRef look = LLVMBuildLoad2(builder, byte, at, "");
    LLVMSetVolatile(look, true);
    LLVMSetMetadata(look, LLVMGetMDKindIDInContext(context, "nosanitize", 10),
                    LLVMMetadataAsValue(context, LLVMMDNodeInContext2(context, NULL, 0)));
    LLVMDisposeBuilder(builder);
}

static LLVMErrorRef run_thread_sanitizer(Backend *b, LLVMPassBuilderOptionsRef settings) {
    for (LLVMValueRef f = LLVMGetFirstFunction(b->module); f; f = LLVMGetNextFunction(f))
        if (!LLVMIsDeclaration(f)) look_ahead(b, f);
    return LLVMRunPasses(b->module, "function(tsan)", b->machine, settings);
}

static void allow_ordered_sums(void) {
    const char *arguments[] = {"flapc", "-force-ordered-reductions"};
    LLVMParseCommandLineOptions(COUNT_OF(arguments), arguments, NULL);
}

// A sum of doubles in the order of the loop keeps LLVM from making vectors of what is added, unless it is
// told that the additions may go one by one behind these: worth it where mathematics for vectors is called.
// LLVM's options are the process's, and each can be given once.
static void sum_in_order_by_vectors(Backend *b) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (LLVMGetNamedGlobal(b->module, LOWER_WIDE_MATH))
        (void)pthread_once(&once, allow_ordered_sums);
}

static bool has(LLVMValueRef function, unsigned kind) {
    return LLVMGetEnumAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                       kind);
}

// LLVM's fast code generator, which makes code of what is not optimised, leaves out calls of functions that
// are found to have no effects when nobody uses the result. But one that never returns has an effect.
static void keep_endless_calls(Backend *b) {
    unsigned memory = LLVMGetEnumAttributeKindForName("memory", 6);
    unsigned returns = LLVMGetEnumAttributeKindForName("willreturn", 10);
    for (LLVMValueRef f = LLVMGetFirstFunction(b->module); f; f = LLVMGetNextFunction(f))
        if (!LLVMIsDeclaration(f) && has(f, memory) && !has(f, returns))
            LLVMRemoveEnumAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                           memory);
}

bool pipeline_run(Backend *b) {
    sum_in_order_by_vectors(b);
    bool sanitize = FLAP_TSAN && b->for_jit;
    const char *text = pipeline_text(b->options);
    if (sanitize) mark_for_thread_sanitizer(b);
    LLVMPassBuilderOptionsRef settings = LLVMCreatePassBuilderOptions();
    bool fast_code = b->options->optimize >= 2 || b->options->optimize_size;
    if (sanitize) fast_code = false; // of accesses by wide vectors the sanitizer sees nothing
    LLVMPassBuilderOptionsSetLoopInterleaving(settings, fast_code);
    LLVMPassBuilderOptionsSetLoopVectorization(settings, fast_code);
    LLVMPassBuilderOptionsSetSLPVectorization(settings, fast_code);
    LLVMPassBuilderOptionsSetLoopUnrolling(settings, fast_code);
    LLVMErrorRef error = LLVMRunPasses(b->module, text, b->machine, settings);
    if (sanitize && !error) error = run_thread_sanitizer(b, settings);
    LLVMDisposePassBuilderOptions(settings);
    if (b->options->optimize == 1) keep_endless_calls(b);
    return compat_succeeded(b->c, DIAG_E0606, error) && !b->failed;
}
