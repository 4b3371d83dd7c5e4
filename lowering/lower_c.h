// lower_c.h: C's values, memory and calls in LLVM's terms: what lower_abi*.c, lower_memory.c,
// lower_describe.c and lower_foreign.c share.
#ifndef FLAP_LOWER_C_H
#define FLAP_LOWER_C_H

#include "lower_internal.h"

// --- lower_abi.c: how the target's C passes values ---------------------------------------------------
typedef enum CWay {
    C_IN_PIECES,  // in registers, or where they have run out as if each piece were an argument
    C_ON_STACK,   // a copy among the arguments (LLVM: byval)
    C_BY_ADDRESS, // of a copy; a result: at an address that the caller gives (LLVM: sret)
} CWay;
enum { C_PIECES = 2 };
typedef struct CPassing {
    CWay way;
    uint32_t count; // pieces; 0: the struct is empty, nothing is passed
    LLVMTypeRef pieces[C_PIECES];
    uint64_t offsets[C_PIECES]; // from the struct's beginning
    uint32_t integers, floats;  // registers that the pieces take
} CPassing;
typedef struct CRegisters {
    uint32_t integers, floats; // left for arguments
} CRegisters;
CRegisters lower_abi_registers(const LowerCtx *cx);
// An argument that is no struct takes its registers. `named`: it is none of the `...`.
void lower_abi_scalar(const LowerCtx *cx, const CType *type, bool named, CRegisters *left);
// A struct as an argument, which takes its registers; as a result. False: not known how.
bool lower_abi_record(LowerCtx *cx, const CType *type, bool named, CRegisters *left,
                      CPassing *passing);
bool lower_abi_result(LowerCtx *cx, const CType *type, CRegisters *left, CPassing *passing);
// LLVM's attribute for an integer that is widened where it is passed, or null.
const char *lower_abi_extension(const LowerCtx *cx, const CType *type);

// For each processor, without regard to the registers that are left (riscv64: of a named argument).
void lower_abi_x86_64(LowerCtx *cx, const CType *type, CPassing *passing);
void lower_abi_aarch64(LowerCtx *cx, const CType *type, CPassing *passing);
void lower_abi_riscv64(LowerCtx *cx, const CType *type, bool named, const CRegisters *left,
                       CPassing *passing);
// A struct of up to 16 bytes in one or two integer registers; `pair`: as a 128-bit integer.
void lower_abi_words(LowerCtx *cx, const CType *type, bool pair, CPassing *passing);

// --- lower_memory.c ----------------------------------------------------------------------------------
// RT_C_ of a number's type.
int lower_c_kind(const CType *type);
LLVMTypeRef lower_c_type(LowerCtx *cx, const CType *type); // of a scalar
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
