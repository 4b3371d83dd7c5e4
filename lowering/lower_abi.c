// lower_abi.c: how C passes structs by value: the System V ABI of x86-64.
//
// A struct of up to 16 bytes is cut into eightbytes, each of which goes into an integer register or
// an SSE register, by what lies in it; a larger one, or one with fields that are not aligned, goes
// through memory, as does one with a long double. Other processors' rules are not here: structs by value are refused there.
#include "lower_c.h"
#include "backend.h"

typedef enum Class { CLASS_NONE, CLASS_FLOAT, CLASS_INTEGER, CLASS_MEMORY } Class;

static void merge(Class *into, Class class) {
    if (class > *into) *into = class;
}

static void classify(const CType *type, uint64_t offset, Class classes[C_PIECES]) {
    if (type->kind == C_RECORD) {
        const CRecord *record = type->record;
        for (uint32_t i = 0; i < record->fields.len; i++)
            classify(record->fields.items[i].type, offset + record->fields.items[i].offset,
                     classes);
        return;
    }
    if (type->kind == C_ARRAY) {
        for (uint64_t i = 0; i < type->count; i++)
            classify(type->element, offset + i * type->element->size, classes);
        return;
    }
    if (type->kind == C_OTHER || type->kind == C_LONG_DOUBLE || offset % type->align != 0 || offset + type->size > 16) {
        merge(&classes[0], CLASS_MEMORY);
        return;
    }
    merge(&classes[offset / 8], ctype_is_float(type) ? CLASS_FLOAT : CLASS_INTEGER);
}

static bool has_double(const CType *type, uint64_t offset, uint64_t at) {
    if (type->kind == C_F64) return offset == at;
    if (type->kind == C_ARRAY) {
        for (uint64_t i = 0; i < type->count; i++)
            if (has_double(type->element, offset + i * type->element->size, at)) return true;
        return false;
    }
    if (type->kind != C_RECORD) return false;
    const CRecord *record = type->record;
    for (uint32_t i = 0; i < record->fields.len; i++)
        if (has_double(record->fields.items[i].type, offset + record->fields.items[i].offset, at))
            return true;
    return false;
}

static LLVMTypeRef piece_type(LowerCtx *cx, const CType *type, uint32_t number, Class class) {
    uint64_t bytes = type->size - 8 * number > 8 ? 8 : type->size - 8 * number;
    if (class != CLASS_FLOAT) return LLVMIntTypeInContext(cx->context, (unsigned)bytes * 8);
    LLVMTypeRef single = LLVMFloatTypeInContext(cx->context);
    if (bytes == 4) return single;
    return has_double(type, 0, 8 * (uint64_t)number) ? cx->f64 : LLVMVectorType(single, 2);
}

bool lower_abi_record(LowerCtx *cx, const CType *type, CPassing *passing) {
    *passing = (CPassing){0};
    if (ARCH_OWN != ARCH_X86_64) return false;
    if (type->size > 16 || type->size == 0) return true;
    Class classes[C_PIECES] = {CLASS_NONE, CLASS_NONE};
    classify(type, 0, classes);
    if (classes[0] == CLASS_MEMORY || classes[1] == CLASS_MEMORY) return true;
    passing->count = type->size > 8 ? 2 : 1;
    for (uint32_t i = 0; i < passing->count; i++) {
        passing->pieces[i] = piece_type(cx, type, i, classes[i]);
        if (classes[i] == CLASS_FLOAT)
            passing->floats++;
        else
            passing->integers++;
    }
    return true;
}
