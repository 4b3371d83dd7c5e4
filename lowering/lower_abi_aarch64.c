// lower_abi_aarch64.c: structs by value in the procedure call standard of 64-bit Arm (AAPCS64).
//
// Up to four floating-point numbers of one kind, and nothing else, go into as many registers
// ("homogeneous aggregates"); another struct of up to 16 bytes into one or two integer registers; a larger
// one as the address of a copy. LLVM keeps the parts of an array together, in registers or not at all.
#include "lower_c.h"

enum { MOST_ALIKE = 4 };

typedef struct Alike {
    const CType *kind; // of all numbers so far; null: there was none
    bool differ;
} Alike;

static uint64_t count_numbers(Alike *alike, const CType *type);

// How many numbers a struct's fields are; of a union's, the longest.
static uint64_t count_fields(Alike *alike, const CRecord *record) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < record->fields.len; i++) {
        uint64_t field = count_numbers(alike, record->fields.items[i].type);
        if (!record->is_union)
            count += field;
        else if (field > count)
            count = field;
    }
    return count;
}

static uint64_t count_numbers(Alike *alike, const CType *type) {
    if (type->kind == C_RECORD) return count_fields(alike, type->record);
    if (type->kind == C_ARRAY) return type->count * count_numbers(alike, type->element);
    bool is_float = ctype_is_float(type) || type->kind == C_LONG_DOUBLE;
    if (!is_float || (alike->kind && alike->kind->kind != type->kind)) alike->differ = true;
    alike->kind = type;
    return 1;
}

// The struct's own alignment, if it was asked for, does not count.
static bool wants_pair(const CType *type) {
    for (uint32_t i = 0; i < type->record->fields.len; i++)
        if (type->record->fields.items[i].type->align > 8) return true;
    return false;
}

void lower_abi_aarch64(LowerCtx *cx, const CType *type, CPassing *passing) {
    Alike alike = {NULL, false};
    uint64_t count = count_numbers(&alike, type);
    bool whole = alike.kind && count * alike.kind->size == type->size; // no gaps
    if (!alike.differ && whole && count <= MOST_ALIKE) {
        passing->count = 1;
        passing->pieces[0] = LLVMArrayType2(lower_c_type(cx, alike.kind), count);
        passing->floats = (uint32_t)count;
    } else if (type->size > 16) {
        passing->way = C_BY_ADDRESS;
    } else {
        lower_abi_words(cx, type, wants_pair(type), passing);
    }
}
