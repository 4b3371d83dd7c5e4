// crecord.c: how C lays structs out, and what lies in them.
#include "cheader.h"
#include "unsafe.h"

static uint64_t round_up(uint64_t value, uint64_t to) {
    return (value + to - 1) / to * to;
}

void crecord_layout(CRecord *record, bool packed, uint32_t aligned) {
    uint64_t at = 0;
    uint32_t align = 1;
    for (uint32_t i = 0; i < record->fields.len; i++) {
        CField *field = &record->fields.items[i];
        uint32_t wanted = packed ? 1 : field->type->align;
        if (wanted > align) align = wanted;
        field->offset = at = round_up(at, wanted);
        at += field->type->size;
    }
    if (aligned > align) align = aligned;
    record->align = align;
    record->size = round_up(at, align);
}

const CField *crecord_field(const CRecord *record, const Name *name) {
    for (uint32_t i = 0; i < record->fields.len; i++)
        if (record->fields.items[i].name == name) return &record->fields.items[i];
    return NULL;
}

// --- what lies in a small struct -----------------------------------------------------------------

typedef struct Scalars {
    const CType **at;
    UnsafeArch arch;
    bool good, has_union;
} Scalars;

// Integers that cover [from, to) as its alignment allows.
static void put_integers(Scalars *scalars, uint64_t from, uint64_t to) {
    static const CKind kinds[] = {[1] = C_U8, [2] = C_U16, [4] = C_U32, [8] = C_U64};
    while (from < to) {
        uint64_t size = 8;
        while (from % size != 0 || from + size > to) size /= 2;
        scalars->at[from] = ctype_scalar(kinds[size]);
        from += size;
    }
}

// Where members of a union lie over each other, integers win over all, and on x86-64 longer
// floating-point numbers over shorter ones; elsewhere they are integers, then.
static void put_scalar(Scalars *scalars, const CType *type, uint64_t from) {
    uint64_t low = from, high = from + type->size;
    bool all_floats = ctype_is_float(type), alone = true;
    for (uint64_t i = 0; i < C_SCALARS; i++) {
        const CType *other = scalars->at[i];
        if (other == NULL || i >= high || i + other->size <= low) continue;
        alone = false;
        all_floats &=
            ctype_is_float(other) && (scalars->arch == UNSAFE_X86_64 || other->kind == type->kind);
        if (all_floats && other->size >= type->size) return;
        if (i < low) low = i;
        if (i + other->size > high) high = i + other->size;
        scalars->at[i] = NULL;
    }
    if (alone || all_floats)
        scalars->at[from] = type;
    else
        put_integers(scalars, low, high);
}

static void put_type(Scalars *scalars, const CType *type, uint64_t from);

static void put_fields(Scalars *scalars, const CRecord *record, uint64_t from) {
    if (record->is_union) scalars->has_union = true;
    for (uint32_t i = 0; i < record->fields.len; i++) {
        const CField *field = &record->fields.items[i];
        uint64_t at = from + field->offset, bytes = (field->bit + field->width + 7u) / 8;
        if (field->width == 0)
            put_type(scalars, field->type, at);
        else if (at + bytes <= C_SCALARS)
            put_integers(scalars, at, at + bytes);
    }
}

static void put_type(Scalars *scalars, const CType *type, uint64_t from) {
    if (from + type->size > C_SCALARS || type->kind == C_OTHER || type->kind == C_VOID)
        scalars->good = false;
    else if (type->kind == C_RECORD)
        put_fields(scalars, type->record, from);
    else if (type->kind == C_ARRAY)
        for (uint64_t i = 0; i < type->count; i++)
            put_type(scalars, type->element, from + i * type->element->size);
    else
        put_scalar(scalars, type, from);
}

// The alignment of a struct within a struct has left a gap: numbers that change nothing about what lies
// around it.
static void put_gap(Scalars *scalars, uint64_t from, uint64_t to) {
    bool beside_float =
        from % 8 == 4 && scalars->at[from - 4] && scalars->at[from - 4]->kind == C_F32;
    if (beside_float) {
        scalars->at[from] = ctype_scalar(C_F32);
        from += 4;
    }
    put_integers(scalars, from, to);
}

bool crecord_scalars(const CType *type, UnsafeArch arch, const CType *at[C_SCALARS]) {
    Scalars scalars = {at, arch, type->size <= C_SCALARS, false};
    for (uint32_t i = 0; i < C_SCALARS; i++) at[i] = NULL;
    if (scalars.good) put_type(&scalars, type, 0);
    if (scalars.good && scalars.has_union && arch == UNSAFE_RISCV64) { // integer registers alone
        for (uint32_t i = 0; i < C_SCALARS; i++) at[i] = NULL;
        put_integers(&scalars, 0, type->size);
    }
    uint64_t end = 0;
    for (uint64_t i = 0; i < C_SCALARS && scalars.good; i++) {
        if (at[i] == NULL) continue;
        end = round_up(end, at[i]->align);
        scalars.good = end <= i;
        if (end < i) put_gap(&scalars, end, i);
        end = i + at[i]->size;
    }
    return scalars.good && end > 0;
}

// Whether a struct's alignment was asked for; its size may be more than that of its fields, then.
static bool is_over_aligned(const CType *type) {
    if (type->kind == C_ARRAY) return is_over_aligned(type->element);
    if (type->kind != C_RECORD) return false;
    uint32_t align = 1;
    for (uint32_t i = 0; i < type->record->fields.len; i++) {
        const CType *field = type->record->fields.items[i].type;
        if (is_over_aligned(field)) return true;
        if (field->align > align) align = field->align;
    }
    return type->align > align;
}

bool ctype_fits_callback(const CType *type) {
    const CType *at[C_SCALARS];
    if (is_over_aligned(type)) return false;
    if (type->kind == C_RECORD)
        return type->size > C_SCALARS || crecord_scalars(type, UNSAFE_X86_64, at);
    return type->kind != C_OTHER;
}
