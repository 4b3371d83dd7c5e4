// lower_abi.c: how C passes values, by the target's processor: which registers are left, how narrow
// integers are widened, and what goes in the place of a struct (lower_abi_<processor>.c).
#include "lower_c.h"
#include "../frontend/unsafe.h"

CRegisters lower_abi_registers(const LowerCtx *cx) {
    return cx->c->arch == UNSAFE_X86_64 ? (CRegisters){6, 8} : (CRegisters){8, 8};
}

static void take(uint32_t *left, uint32_t count) {
    *left -= *left < count ? *left : count;
}

// Where RISC-V's floating-point registers have run out, and among `...`, its integer registers serve.
void lower_abi_scalar(const LowerCtx *cx, const CType *type, bool named, CRegisters *left) {
    bool riscv = cx->c->arch == UNSAFE_RISCV64, x86 = cx->c->arch == UNSAFE_X86_64;
    bool wide = type->kind == C_LONG_DOUBLE;
    if (wide && x86) return; // it lies in memory
    bool is_float = ctype_is_float(type) || wide;
    if (riscv && (wide || !named || left->floats == 0)) is_float = false;
    take(is_float ? &left->floats : &left->integers, wide && riscv ? 2 : 1);
}

void lower_abi_words(LowerCtx *cx, const CType *type, bool pair, CPassing *passing) {
    passing->count = 1;
    passing->integers = type->size > 8 ? 2 : 1;
    if (type->size <= 8)
        passing->pieces[0] = cx->i64;
    else if (pair)
        passing->pieces[0] = LLVMIntTypeInContext(cx->context, 128);
    else
        passing->pieces[0] = LLVMArrayType2(cx->i64, 2);
}

static bool has_unknown(const CType *type) {
    if (type->kind == C_ARRAY) return has_unknown(type->element);
    if (type->kind != C_RECORD) return type->kind == C_OTHER;
    const CRecord *record = type->record;
    for (uint32_t i = 0; i < record->fields.len; i++)
        if (has_unknown(record->fields.items[i].type)) return true;
    return false;
}

enum { UNKNOWN_MOST = 64 }; // larger ones are passed in memory, whatever lies in them

static bool classify(LowerCtx *cx, const CType *type, bool named, const CRegisters *left,
                     CPassing *passing) {
    *passing = (CPassing){0};
    if (type->size == 0) return true;
    if (type->size <= UNKNOWN_MOST && has_unknown(type)) return false;
    switch ((UnsafeArch)cx->c->arch) {
    case UNSAFE_X86_64: lower_abi_x86_64(cx, type, passing); return true;
    case UNSAFE_ARM64: lower_abi_aarch64(cx, type, passing); return true;
    case UNSAFE_RISCV64: lower_abi_riscv64(cx, type, named, left, passing); return true;
    case UNSAFE_ARCH_COUNT: break;
    }
    UNREACHABLE("a processor without a calling convention");
}

bool lower_abi_record(LowerCtx *cx, const CType *type, bool named, CRegisters *left,
                      CPassing *passing) {
    if (!classify(cx, type, named, left, passing)) return false;
    bool fits = passing->integers <= left->integers && passing->floats <= left->floats;
    if (cx->c->arch == UNSAFE_X86_64 && passing->way == C_IN_PIECES && !fits) {
        passing->way = C_ON_STACK; // as a whole; later arguments may still use the registers
        return true;
    }
    take(&left->integers, passing->integers);
    take(&left->floats, passing->floats);
    return true;
}

bool lower_abi_result(LowerCtx *cx, const CType *type, CRegisters *left, CPassing *passing) {
    static const CRegisters all = {2, 2};
    if (!classify(cx, type, true, &all, passing)) return false;
    if (passing->way == C_IN_PIECES) return true;
    passing->way = C_BY_ADDRESS;
    if (cx->c->arch != UNSAFE_ARM64) take(&left->integers, 1); // which has a register for it
    return true;
}

const char *lower_abi_extension(const LowerCtx *cx, const CType *type) {
    if (!ctype_is_integer(type)) return NULL;
    bool is_signed = type->kind >= C_I8 && type->kind <= C_I64;
    switch ((UnsafeArch)cx->c->arch) {
    case UNSAFE_X86_64: return type->size >= 4 ? NULL : is_signed ? "signext" : "zeroext";
    case UNSAFE_ARM64: return NULL; // whoever uses it widens it
    case UNSAFE_RISCV64:
        if (type->size == 8) return NULL;
        return is_signed || type->size == 4 ? "signext" : "zeroext"; // 32 bits always by sign
    case UNSAFE_ARCH_COUNT: break;
    }
    UNREACHABLE("a processor without a calling convention");
}
