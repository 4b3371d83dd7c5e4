// llvm_compat.c: errors of LLVM as diagnostics, and differences between LLVM's versions.
//
// LLVM tells of errors in three ways: LLVMErrorRef (ORC, passes), the context's handler (code
// generation, linking of modules) and the fatal error handler, which must not return. All three end
// here.

#include "llvm_compat.h"
#include <llvm-c/ErrorHandling.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Support.h>
#include <llvm/Config/llvm-config.h>

#if LLVM_VERSION_MAJOR < 19 || LLVM_VERSION_MAJOR > 22
#error "flapc builds against LLVM 19 to 22"
#endif

bool compat_succeeded(Compilation *c, DiagCode code, LLVMErrorRef error) {
    if (!error) return true;
    char *message = LLVMGetErrorMessage(error); // consumes the error
    diag_report(c, code, (Span){0, 0}, message);
    LLVMDisposeErrorMessage(message);
    return false;
}

static void on_diagnostic(LLVMDiagnosticInfoRef info, void *context) {
    Backend *b = context;
    if (LLVMGetDiagInfoSeverity(info) != LLVMDSError) return;
    char *message = LLVMGetDiagInfoDescription(info);
    diag_report(b->c, DIAG_E0606, (Span){0, 0}, message);
    LLVMDisposeMessage(message);
    b->failed = true;
}

static void on_fatal_error(const char *reason) {
    compiler_bug("LLVM", 0, reason);
}

void compat_listen(Backend *b) {
    LLVMContextSetDiagnosticHandler(b->context, on_diagnostic, b);
}

void compat_catch_errors(Backend *b) {
    compat_listen(b);
    LLVMResetFatalErrorHandler();
    LLVMInstallFatalErrorHandler(on_fatal_error);
}

bool compat_link(Backend *b, LLVMModuleRef source) {
    bool failed = LLVMLinkModules2(b->module, source);
    if (failed && !b->failed)
        diag_report(b->c, DIAG_E0606, (Span){0, 0}, "two modules do not fit together");
    return !failed;
}

// What is left over by a loop of four vectors at a time is done by vectors too: rows of some hundred
// numbers spend a third of their time there. LLVM does so for vectors of 16 elements only. ThreadSanitizer
// is not told who calls whom in programs: what follows a call would keep it from being a tail call, the
// sanitizer knows 65536 calls inside each other at most, and writes them all down at atomic operations.
void lowering_start(void) {
    static const char *const options[] = {"flapc", "-epilogue-vectorization-minimum-VF=4",
                                          "-tsan-instrument-func-entry-exit=false"};
    LLVMParseCommandLineOptions(FLAP_TSAN ? 3 : 2, options, NULL);
}

const char *lowering_llvm_version(void) {
    return LLVM_VERSION_STRING;
}
