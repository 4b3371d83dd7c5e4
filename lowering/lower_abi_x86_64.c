// lower_abi_x86_64.c: structs by value in the System V ABI of x86-64.
//
// A struct of up to 16 bytes is cut into eightbytes, each of which goes into an integer register or
// an SSE register, by what lies in it; a larger one, or one with fields that are not aligned, goes
// through memory, as does one with a long double.
#include "lower_c.h"

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
    bool fits = offset % type->align == 0 && offset + type->size <= 16;
    if (type->kind == C_OTHER || type->kind == C_LONG_DOUBLE || !fits) {
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

void lower_abi_x86_64(LowerCtx *cx, const CType *type, CPassing *passing) {
    passing->way = C_ON_STACK;
    if (type->size > 16) return;
    Class classes[C_PIECES] = {CLASS_NONE, CLASS_NONE};
    classify(type, 0, classes);
    if (classes[0] == CLASS_MEMORY || classes[1] == CLASS_MEMORY) return;
    passing->way = C_IN_PIECES;
    passing->count =
        classes[1] == CLASS_NONE ? 1 : 2; // the rest may be there for the alignment only
    for (uint32_t i = 0; i < passing->count; i++) {
        passing->pieces[i] = piece_type(cx, type, i, classes[i]);
        passing->offsets[i] = 8 * (uint64_t)i;
        if (classes[i] == CLASS_FLOAT)
            passing->floats++;
        else
            passing->integers++;
    }
}
