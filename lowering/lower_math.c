// lower_math.c: tells LLVM which of the runtime's functions of numbers have versions for vectors
// (rt/rt_vector.def), so that its vectorisers call these: an attribute of the declaration that names them,
// and declarations of those that the processor's registers hold. They have the same bits, so it does not
// matter where that happens.
#include "backend.h"
#include "lower_internal.h"
#include <string.h>

typedef struct MathRow {
    const char *name;
    uint32_t count; // of arguments
    uint32_t least; // width
} MathRow;

static const MathRow rows[] = {
#define MATH_1(name)        {"rt_" #name, 1, 2},
#define MATH_1_FROM_4(name) {"rt_" #name, 1, 4},
#define MATH_2(name)        {"rt_" #name, 2, 2},
#include "../rt/rt_vector.def"
#undef MATH_1
#undef MATH_1_FROM_4
#undef MATH_2
};

static const MathRow *find(const char *name) {
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].name, name) == 0) return &rows[i];
    return NULL;
}

// The function for vectors of so many: declared, and kept by a use that makes no code.
static void declare_wide(LowerCtx *cx, const MathRow *row, const char *name, uint32_t width) {
    LLVMTypeRef vector = LLVMVectorType(cx->f64, width), params[] = {vector, vector};
    LLVMTypeRef type = LLVMFunctionType(vector, params, row->count, 0);
    LLVMValueRef function = LLVMAddFunction(cx->module, name, type);
    lower_pure(cx, function);
    vec_push(cx->arena, &cx->wide_math, function);
}

// Vectors are handed over in registers that hold them whole, so every feature that these need counts.
static bool has(const char *features, const char *const *needed, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (lower_feature(features, needed[i]) < 0) return false;
    return lower_feature(features, needed[count - 1]) > 0;
}

void lower_math_find(LowerCtx *cx, const char *features) {
    static const char *const four[] = {"sse3", "ssse3", "sse4.1", "sse4.2", "avx", "avx2"};
    static const char *const eight[] = {"f16c", "fma", "evex512", "avx512f"};
    const char *triple = LLVMGetTarget(cx->module);
    uint32_t count = 0;
    if (cx->is_x86_64 || strncmp(triple, "aarch64", 7) == 0) cx->math_widths[count++] = 2;
    if (!cx->is_x86_64 || !has(features, four, COUNT_OF(four))) return;
    cx->math_widths[count++] = 4;
    if (has(features, eight, COUNT_OF(eight))) cx->math_widths[count++] = 8;
}

bool lower_math_is_wide(const LowerCtx *cx, const char *name) {
    const MathRow *row = find(name);
    if (!row) return false;
    for (uint32_t i = 0; i < COUNT_OF(cx->math_widths); i++)
        if (cx->math_widths[i] >= row->least) return true;
    return false;
}

void lower_math_declare(LowerCtx *cx, const char *name, LLVMValueRef function) {
    const MathRow *row = find(name);
    if (!row || cx->options->optimize < 2) return;
    const char *all = "";
    for (uint32_t i = 0; i < COUNT_OF(cx->math_widths) && cx->math_widths[i]; i++) {
        uint32_t width = cx->math_widths[i];
        if (width < row->least) continue;
        const char *wide = arena_printf(cx->arena, "%s_%u", name, width);
        declare_wide(cx, row, wide, width);
        all = arena_printf(cx->arena, "%s%s_ZGV_LLVM_N%u%s_%s(%s)", all, *all ? "," : "", width,
                           row->count == 1 ? "v" : "vv", name, wide);
    }
    static const char key[] = "vector-function-abi-variant";
    if (!*all) return;
    LLVMAddAttributeAtIndex(
        function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
        LLVMCreateStringAttribute(cx->context, key, sizeof key - 1, all, (unsigned)strlen(all)));
}

void lower_math_end(LowerCtx *cx) {
    if (cx->wide_math.len == 0) return;
    LLVMValueRef list = LLVMConstArray2(cx->ptr, cx->wide_math.items, cx->wide_math.len);
    LLVMValueRef used = LLVMAddGlobal(cx->module, LLVMTypeOf(list), LOWER_WIDE_MATH);
    LLVMSetInitializer(used, list);
    LLVMSetLinkage(used, LLVMAppendingLinkage);
    LLVMSetSection(used, "llvm.metadata");
}
