// lower_c.h: C's values, memory and calls in LLVM's terms: what lower_abi.c, lower_memory.c,
// lower_describe.c and lower_foreign.c share.
#ifndef FLAP_LOWER_C_H
#define FLAP_LOWER_C_H

#include "lower_internal.h"

// --- lower_abi.c: how the platform's C passes structs -----------------------------------------------
enum { C_PIECES = 2 };
typedef struct CPassing {
    uint32_t count; // pieces in registers; 0: in memory
    LLVMTypeRef pieces[C_PIECES];
    uint32_t integers, floats; // registers that the pieces take
} CPassing;
// False: structs by value are not known for this processor.
bool lower_abi_record(LowerCtx *cx, const CType *type, CPassing *passing);
enum { C_INTEGER_REGISTERS = 6, C_FLOAT_REGISTERS = 8 };

// --- lower_memory.c ----------------------------------------------------------------------------------
// RT_C_ of a number's type.
int lower_c_kind(const CType *type);
LLVMTypeRef lower_c_type(LowerCtx *cx, const CType *type); // of a scalar
// "signext", "zeroext" or null: how C widens it in a register.
const char *lower_c_widened(const CType *type);
// A C value of a scalar type as one of Flap's.
LVal lower_from_c(LowerCtx *cx, LLVMValueRef v, const CType *type);
// A number as a C value; other kinds stop with "WHAT needs a number".
LLVMValueRef lower_to_c(LowerCtx *cx, LVal v, const CType *type, const char *what, Span span);
LLVMValueRef lower_c_address(LowerCtx *cx, LVal v, const char *what, Span span); // ptr

// --- lower_describe.c: constants that the runtime reads -------------------------------------------------
// The RtCRecord of a C_RECORD.
LLVMValueRef lower_c_record(LowerCtx *cx, const CType *type);
// The RtCParam of parameter `at` of a function.
LLVMValueRef lower_c_param(LowerCtx *cx, const CDecl *decl, uint32_t at, const CType *param);

#endif
