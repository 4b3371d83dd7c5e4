// llvm_compat.h: what differs between the LLVM versions that flapc builds against (19 to 22), and
// the one way in which an LLVMErrorRef becomes a diagnostic. The only place of `#if` on the
// version.
#ifndef FLAP_LLVM_COMPAT_H
#define FLAP_LLVM_COMPAT_H

#include "backend.h"
#include <llvm-c/Error.h>

// Reports `error` (consumed) as `code`, whose message has one %s. False: there was an error.
bool compat_succeeded(Compilation *c, DiagCode code, LLVMErrorRef error);

// From now on errors that LLVM reports through the context become diagnostics and set b->failed.
void compat_listen(Backend *b);
// The same, and those that it thinks fatal end as a bug of the compiler (base.h), in all threads.
void compat_catch_errors(Backend *b);

// Linking of `source` (consumed) into b->module; false after a diagnostic.
bool compat_link(Backend *b, LLVMModuleRef source);

#endif
