// lower_abi_riscv64.c: structs by value in the RISC-V calling convention LP64D.
//
// One or two numbers of which at least one is floating-point go into a register each, while there are
// registers, and not in the place of `...`; another struct of up to 16 bytes goes into one or two integer
// registers, or half onto the stack; a larger one as the address of a copy.
#include "lower_c.h"

typedef struct Leaves {
    const CType *types[C_PIECES];
    uint64_t offsets[C_PIECES];
    uint32_t count; // C_PIECES + 1: more, or something that goes into integer registers alone
} Leaves;

static void add_leaves(Leaves *leaves, const CType *type, uint64_t offset) {
    if (type->kind == C_RECORD && !type->record->is_union) {
        const CRecord *record = type->record;
        for (uint32_t i = 0; i < record->fields.len; i++)
            add_leaves(leaves, record->fields.items[i].type,
                       offset + record->fields.items[i].offset);
        return;
    }
    if (type->kind == C_ARRAY) {
        for (uint64_t i = 0; i < type->count && leaves->count <= C_PIECES; i++)
            add_leaves(leaves, type->element, offset + i * type->element->size);
        return;
    }
    if (type->kind == C_RECORD || type->size > 8 || leaves->count >= C_PIECES) {
        leaves->count = C_PIECES + 1;
        return;
    }
    leaves->types[leaves->count] = type;
    leaves->offsets[leaves->count++] = offset;
}

// Whether the numbers fit into registers of their own; then they are the pieces.
static bool in_own_registers(LowerCtx *cx, const CType *type, const CRegisters *left,
                             CPassing *passing) {
    Leaves leaves = {0};
    add_leaves(&leaves, type, 0);
    if (leaves.count == 0 || leaves.count > C_PIECES) return false;
    CPassing flat = {.count = leaves.count};
    for (uint32_t i = 0; i < leaves.count; i++) {
        const CType *leaf = leaves.types[i];
        flat.pieces[i] = ctype_is_address(leaf) ? cx->i64 : lower_c_type(cx, leaf);
        flat.offsets[i] = leaves.offsets[i];
        if (ctype_is_float(leaf))
            flat.floats++;
        else
            flat.integers++;
    }
    if (flat.floats == 0 || flat.floats > left->floats || flat.integers > left->integers)
        return false;
    *passing = flat;
    return true;
}

void lower_abi_riscv64(LowerCtx *cx, const CType *type, bool named, const CRegisters *left,
                       CPassing *passing) {
    if (type->size > 16) {
        passing->way = C_BY_ADDRESS;
        passing->integers = 1;
    } else if (!named || !in_own_registers(cx, type, left, passing)) {
        lower_abi_words(cx, type, type->align > 8, passing);
    }
}
