// lower_rt.c: runtime functions as LLVM declarations, made when first called, from rt_abi.def.
#include "lower_internal.h"
#include "../frontend/unsafe.h"
#include <string.h>

typedef enum RtType { RTT_VOID, RTT_I32, RTT_I64, RTT_F64, RTT_STR, RTT_LIST, RTT_MAP, RTT_FN, RTT_WORD,
                      RTT_PTR, RTT_PLACE } RtType;
typedef enum RtAttr { RTA_NONE, RTA_PURE, RTA_READS, RTA_STOPS, RTA_ALLOC } RtAttr;

typedef struct RtRow {
    const char *name;
    uint8_t result, attr, count;
    uint8_t params[6];
} RtRow;

static const RtRow rows[RTF_COUNT] = {
#define P(t) RTT_##t
#define RT_FN0(r, name, attr) {#name, P(r), RTA_##attr, 0, {0}},
#define RT_FN1(r, name, a, attr) {#name, P(r), RTA_##attr, 1, {P(a)}},
#define RT_FN2(r, name, a, b, attr) {#name, P(r), RTA_##attr, 2, {P(a), P(b)}},
#define RT_FN3(r, name, a, b, c, attr) {#name, P(r), RTA_##attr, 3, {P(a), P(b), P(c)}},
#define RT_FN4(r, name, a, b, c, d, attr) {#name, P(r), RTA_##attr, 4, {P(a), P(b), P(c), P(d)}},
#define RT_FN5(r, name, a, b, c, d, e, attr)                                                       \
    {#name, P(r), RTA_##attr, 5, {P(a), P(b), P(c), P(d), P(e)}},
#define RT_FN6(r, name, a, b, c, d, e, f, attr)                                                    \
    {#name, P(r), RTA_##attr, 6, {P(a), P(b), P(c), P(d), P(e), P(f)}},
#include "../rt/rt_abi.def"
#undef RT_FN0
#undef RT_FN1
#undef RT_FN2
#undef RT_FN3
#undef RT_FN4
#undef RT_FN5
#undef RT_FN6
#undef P
};

static LLVMTypeRef row_type(LowerCtx *cx, RtType type) {
    switch (type) {
    case RTT_VOID: return cx->void_t;
    case RTT_I32: return cx->i32;
    case RTT_I64: case RTT_WORD: return cx->i64;
    case RTT_F64: return cx->f64;
    case RTT_STR: case RTT_LIST: case RTT_MAP: case RTT_FN: case RTT_PTR: case RTT_PLACE: return cx->ptr;
    }
    UNREACHABLE("a type of rt_abi.def");
}

static LLVMAttributeRef attribute(LowerCtx *cx, const char *name, uint64_t value) {
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    CHECK(kind != 0, "LLVM knows the attribute");
    return LLVMCreateEnumAttribute(cx->context, kind, value);
}

void lower_fn_attr(LowerCtx *cx, LLVMValueRef function, const char *name, uint64_t value) {
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            attribute(cx, name, value));
}

void lower_pure(LowerCtx *cx, LLVMValueRef function) {
    lower_fn_attr(cx, function, "nounwind", 0);
    lower_fn_attr(cx, function, "memory", 0); // none
    lower_fn_attr(cx, function, "willreturn", 0);
}

void lower_call_attr(LowerCtx *cx, LLVMValueRef call, const char *name) {
    LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                             attribute(cx, name, 0));
}

static void add_attributes(LowerCtx *cx, LLVMValueRef function, const RtRow *row) {
    lower_fn_attr(cx, function, "nounwind", 0);
    switch ((RtAttr)row->attr) {
    case RTA_NONE: case RTA_READS: break;
    case RTA_PURE: lower_pure(cx, function); break;
    case RTA_STOPS:
        lower_fn_attr(cx, function, "noreturn", 0);
        lower_fn_attr(cx, function, "cold", 0);
        break;
    case RTA_ALLOC: LLVMAddAttributeAtIndex(function, LLVMAttributeReturnIndex,
                                            attribute(cx, "noalias", 0)); break;
    }
    if (row->result == RTT_STR || row->result == RTT_LIST || row->result == RTT_MAP ||
        row->result == RTT_FN)
        LLVMAddAttributeAtIndex(function, LLVMAttributeReturnIndex, attribute(cx, "nonnull", 0));
}

// RISC-V's C wants integers of 32 bits widened in their registers.
static void widen_integers(LowerCtx *cx, LLVMValueRef function, const RtRow *row) {
    if (cx->c->arch != UNSAFE_RISCV64) return;
    for (uint32_t i = 0; i < row->count; i++)
        if (row->params[i] == RTT_I32)
            LLVMAddAttributeAtIndex(function, i + 1, attribute(cx, "signext", 0));
    if (row->result == RTT_I32)
        LLVMAddAttributeAtIndex(function, LLVMAttributeReturnIndex, attribute(cx, "signext", 0));
}

static LLVMValueRef declare(LowerCtx *cx, RtId id) {
    if (cx->rt_values[id]) return cx->rt_values[id];
    const RtRow *row = &rows[id];
    LLVMTypeRef params[6];
    for (uint32_t i = 0; i < row->count; i++) params[i] = row_type(cx, (RtType)row->params[i]);
    cx->rt_types[id] = LLVMFunctionType(row_type(cx, (RtType)row->result), params, row->count, 0);
    LLVMValueRef function = LLVMAddFunction(cx->module, row->name, cx->rt_types[id]);
    add_attributes(cx, function, row);
    lower_math_declare(cx, row->name, function);
    widen_integers(cx, function, row);
    return cx->rt_values[id] = function;
}

LLVMValueRef lower_rt(LowerCtx *cx, RtId id, const LLVMValueRef *args) {
    LLVMValueRef function = declare(cx, id);
    LLVMValueRef copy[6] = {0};
    for (uint32_t i = 0; i < rows[id].count; i++) copy[i] = args[i];
    LLVMValueRef call =
        LLVMBuildCall2(cx->builder, cx->rt_types[id], function, copy, rows[id].count, "");
    // Where the first result counts, only what repeats is worth the code of an inlined function.
    if (cx->options->optimize == 1 && !cx->fs->loop)
        lower_call_attr(cx, call, "noinline");
    return call;
}

RtId lower_rt_find(const char *name) {
    for (uint32_t i = 0; i < RTF_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0) return (RtId)i;
    return RTF_COUNT;
}

LLVMValueRef lower_rt_words(LowerCtx *cx, const Builtin *builtin, LLVMValueRef args,
                            LLVMValueRef count, LLVMValueRef place) {
    const char *name = arena_printf(cx->arena, "rt_b_%s", builtin->name);
    LLVMTypeRef params[] = {cx->ptr, cx->i64, cx->ptr};
    LLVMTypeRef type = LLVMFunctionType(cx->i64, params, 3, 0);
    LLVMValueRef function = LLVMGetNamedFunction(cx->module, name);
    if (!function) {
        function = LLVMAddFunction(cx->module, name, type);
        lower_fn_attr(cx, function, "nounwind", 0);
    }
    return LLVMBuildCall2(cx->builder, type, function, (LLVMValueRef[]){args, count, place}, 3, "");
}

LLVMValueRef lower_bit_of(LowerCtx *cx, LLVMValueRef i32) {
    return LLVMBuildICmp(cx->builder, LLVMIntNE, i32, lower_i32(cx, 0), "");
}

void lower_dead(LowerCtx *cx) {
    LLVMBuildUnreachable(cx->builder);
    lower_at(cx, lower_block_new(cx, "dead"));
}
