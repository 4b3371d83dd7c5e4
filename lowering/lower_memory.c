// lower_memory.c: C's memory: fields behind typed pointers, read_T and write_T.
//
// Nothing is checked: an address is C's to get right. Accesses are not aligned beyond a byte, since
// packed structs and made-up addresses are allowed, and alias everything.
#include "lower_c.h"
#include "../rt/rt_layout.h"
#include <string.h>

// --- scalars -------------------------------------------------------------------------------------

int lower_c_kind(const CType *type) {
    static const int kinds[] = {
        [C_VOID] = RT_C_VOID,       [C_BOOL] = RT_C_BOOL,        [C_I8] = RT_C_I8,
        [C_I16] = RT_C_I16,         [C_I32] = RT_C_I32,          [C_I64] = RT_C_I64,
        [C_U8] = RT_C_U8,           [C_U16] = RT_C_U16,          [C_U32] = RT_C_U32,
        [C_U64] = RT_C_U64,         [C_F32] = RT_C_F32,          [C_F64] = RT_C_F64,
        [C_LONG_DOUBLE] = RT_C_LONG_DOUBLE,
        [C_POINTER] = RT_C_POINTER, [C_FUNCTION] = RT_C_POINTER, [C_RECORD] = RT_C_RECORD,
        [C_ARRAY] = RT_C_POINTER,   [C_OTHER] = RT_C_VOID,
    };
    return kinds[type->kind];
}

LLVMTypeRef lower_c_type(LowerCtx *cx, const CType *type) {
    switch ((CKind)type->kind) {
    case C_VOID: return cx->void_t;
    case C_BOOL:
    case C_I8:
    case C_U8: return cx->i8;
    case C_I16:
    case C_U16: return LLVMInt16TypeInContext(cx->context);
    case C_I32:
    case C_U32: return cx->i32;
    case C_I64:
    case C_U64: return cx->i64;
    case C_F32: return LLVMFloatTypeInContext(cx->context);
    case C_F64: return cx->f64;
    case C_LONG_DOUBLE:
        return cx->is_x86_64 ? LLVMX86FP80TypeInContext(cx->context)
                             : LLVMFP128TypeInContext(cx->context);
    case C_POINTER:
    case C_FUNCTION:
    case C_ARRAY: return cx->ptr;
    case C_RECORD:
    case C_OTHER: break;
    }
    UNREACHABLE("a scalar C type");
}

static bool is_signed(const CType *type) {
    return type->kind >= C_I8 && type->kind <= C_I64;
}

static LVal number_val(LLVMValueRef v) {
    return lower_val(REP_F64, type_number(), v, false);
}

// Any NaN that C may have is one and the same in Flap.
static LVal from_float(LowerCtx *cx, LLVMValueRef v, const CType *type) {
    if (type->kind == C_F32) v = LLVMBuildFPExt(cx->builder, v, cx->f64, "");
    if (type->kind == C_LONG_DOUBLE) v = LLVMBuildFPTrunc(cx->builder, v, cx->f64, "");
    LLVMValueRef nan = LLVMBuildFCmp(cx->builder, LLVMRealUNO, v, v, "");
    LLVMValueRef plain = LLVMConstBitCast(lower_i64(cx, (int64_t)RT_CANONICAL_NAN), cx->f64);
    return number_val(LLVMBuildSelect(cx->builder, nan, plain, v, ""));
}

LVal lower_from_c(LowerCtx *cx, LLVMValueRef v, const CType *type) {
    if (type->kind == C_VOID) return lower_zero(cx);
    if (ctype_is_float(type) || type->kind == C_LONG_DOUBLE) return from_float(cx, v, type);
    if (!ctype_is_integer(type)) {
        v = LLVMBuildPtrToInt(cx->builder, v, cx->i64, "");
        return number_val(LLVMBuildUIToFP(cx->builder, v, cx->f64, ""));
    }
    if (type->kind == C_I64) return number_val(LLVMBuildSIToFP(cx->builder, v, cx->f64, ""));
    if (type->kind == C_U64) return number_val(LLVMBuildUIToFP(cx->builder, v, cx->f64, ""));
    v = is_signed(type) ? LLVMBuildSExt(cx->builder, v, cx->i64, "")
                        : LLVMBuildZExt(cx->builder, v, cx->i64, "");
    double top = type->size == 1 ? 0x1p8 : type->size == 2 ? 0x1p16 : 0x1p32;
    Type range = is_signed(type) ? type_integer(-top / 2, top / 2 - 1) : type_integer(0, top - 1);
    return lower_val(REP_I64, range, v, false);
}

static LLVMValueRef saturated(LowerCtx *cx, const char *name, LLVMValueRef number) {
    LLVMTypeRef types[] = {cx->i64, cx->f64};
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef function = LLVMGetIntrinsicDeclaration(cx->module, id, types, 2);
    return LLVMBuildCall2(cx->builder, LLVMGlobalGetValueType(function), function, &number, 1, "");
}

// 64 bits of a number: numbers from 2^63 up are unsigned.
static LLVMValueRef to_bits(LowerCtx *cx, LVal v, bool large, const char *what, Span span) {
    if (v.rep == REP_I64) return lower_convert(cx, v, REP_I64).v;
    LLVMValueRef number = lower_number(cx, v, what, span);
    LLVMValueRef bits = saturated(cx, "llvm.fptosi.sat", number);
    if (!large) return bits;
    LLVMValueRef top = LLVMBuildFCmp(cx->builder, LLVMRealOGE, number, lower_f64(cx, 0x1p63), "");
    return LLVMBuildSelect(cx->builder, top, saturated(cx, "llvm.fptoui.sat", number), bits, "");
}

LLVMValueRef lower_c_address(LowerCtx *cx, LVal v, const char *what, Span span) {
    LLVMValueRef bits = to_bits(cx, v, true, what, span);
    return LLVMBuildIntToPtr(cx->builder, bits, cx->ptr, "");
}

LLVMValueRef lower_to_c(LowerCtx *cx, LVal v, const CType *type, const char *what, Span span) {
    if (type->kind == C_F64) return lower_number(cx, v, what, span);
    if (type->kind == C_F32)
        return LLVMBuildFPTrunc(cx->builder, lower_number(cx, v, what, span),
                                lower_c_type(cx, type), "");
    if (type->kind == C_LONG_DOUBLE)
        return LLVMBuildFPExt(cx->builder, lower_number(cx, v, what, span), lower_c_type(cx, type),
                              "");
    if (!ctype_is_integer(type)) return lower_c_address(cx, v, what, span);
    if (type->kind == C_BOOL) {
        LLVMValueRef number = lower_number(cx, v, what, span);
        LLVMValueRef truth = LLVMBuildFCmp(cx->builder, LLVMRealONE, number, lower_f64(cx, 0), "");
        return LLVMBuildZExt(cx->builder, truth, cx->i8, "");
    }
    LLVMValueRef bits = to_bits(cx, v, type->kind == C_U64, what, span);
    return type->size == 8 ? bits : LLVMBuildTrunc(cx->builder, bits, lower_c_type(cx, type), "");
}

// --- places --------------------------------------------------------------------------------------

static LLVMValueRef load(LowerCtx *cx, LLVMTypeRef type, LLVMValueRef at) {
    LLVMValueRef v = LLVMBuildLoad2(cx->builder, type, at, "");
    LLVMSetAlignment(v, 1);
    return v;
}

static void store(LowerCtx *cx, LLVMValueRef v, LLVMValueRef at) {
    LLVMSetAlignment(LLVMBuildStore(cx->builder, v, at), 1);
}

static LLVMValueRef behind(LowerCtx *cx, LLVMValueRef at, LLVMValueRef bytes) {
    return LLVMBuildGEP2(cx->builder, cx->i8, at, &bytes, 1, "");
}

static LLVMValueRef place_of(LowerCtx *cx, Node *node) {
    Node *nodes[] = {node->memory.base, node->memory.index};
    uint32_t count = nodes[1] ? 2 : 1;
    LVal values[2];
    lower_operands(cx, nodes, count, values);
    LLVMValueRef at = lower_c_address(cx, values[0], "a C pointer", node->span);
    if (nodes[1]) {
        LLVMValueRef index = lower_integer(cx, values[1], "a position", node->span);
        LLVMValueRef size = lower_i64(cx, (int64_t)node->memory.type->size);
        at = behind(cx, at, LLVMBuildMul(cx->builder, index, size, ""));
    }
    if (node->memory.offset) at = behind(cx, at, lower_i64(cx, (int64_t)node->memory.offset));
    return at;
}

static LLVMTypeRef unit_of(LowerCtx *cx, const Node *node) {
    return LLVMIntTypeInContext(cx->context, (node->memory.bit + node->memory.width + 7u) / 8 * 8);
}

static LVal read_bits(LowerCtx *cx, const Node *node, LLVMValueRef at) {
    LLVMTypeRef unit = unit_of(cx, node);
    LLVMTypeRef narrow = LLVMIntTypeInContext(cx->context, node->memory.width);
    LLVMValueRef v = load(cx, unit, at);
    v = LLVMBuildLShr(cx->builder, v, LLVMConstInt(unit, node->memory.bit, 0), "");
    v = LLVMBuildTrunc(cx->builder, v, narrow, "");
    const CType *type = node->memory.type;
    LLVMTypeRef whole = lower_c_type(cx, type);
    if (LLVMGetIntTypeWidth(whole) > node->memory.width)
        v = is_signed(type) ? LLVMBuildSExt(cx->builder, v, whole, "")
                            : LLVMBuildZExt(cx->builder, v, whole, "");
    return lower_from_c(cx, v, type);
}

static void write_bits(LowerCtx *cx, const Node *node, LLVMValueRef at, LLVMValueRef v) {
    LLVMTypeRef unit = unit_of(cx, node);
    LLVMTypeRef narrow = LLVMIntTypeInContext(cx->context, node->memory.width);
    LLVMValueRef shift = LLVMConstInt(unit, node->memory.bit, 0);
    LLVMValueRef mask = LLVMBuildShl(
        cx->builder, LLVMBuildZExt(cx->builder, LLVMConstAllOnes(narrow), unit, ""), shift, "");
    if (LLVMGetIntTypeWidth(LLVMTypeOf(v)) > node->memory.width)
        v = LLVMBuildTrunc(cx->builder, v, narrow, "");
    v = LLVMBuildShl(cx->builder, LLVMBuildZExt(cx->builder, v, unit, ""), shift, "");
    LLVMValueRef rest =
        LLVMBuildAnd(cx->builder, load(cx, unit, at), LLVMBuildNot(cx->builder, mask, ""), "");
    store(cx, LLVMBuildOr(cx->builder, rest, v, ""), at);
}

static LVal read_place(LowerCtx *cx, const Node *node, LLVMValueRef at) {
    const CType *type = node->memory.type;
    if (node->memory.width) return read_bits(cx, node, at);
    if (type->kind == C_RECORD || type->kind == C_ARRAY)
        return lower_from_c(cx, at, ctype_scalar(C_POINTER));
    return lower_from_c(cx, load(cx, lower_c_type(cx, type), at), type);
}

LVal lower_memory(LowerCtx *cx, Node *node) {
    return read_place(cx, node, place_of(cx, node));
}

static void write_place(LowerCtx *cx, const Node *node, LLVMValueRef at, LVal value) {
    const CType *type = node->memory.type;
    if (type->kind == C_RECORD || type->kind == C_ARRAY) {
        LLVMValueRef from = lower_c_address(cx, value, "C's memory", node->span);
        LLVMBuildMemMove(cx->builder, at, 1, from, 1, lower_i64(cx, (int64_t)type->size));
        return;
    }
    LLVMValueRef v = lower_to_c(cx, value, type, "C's memory", node->span);
    if (node->memory.width)
        write_bits(cx, node, at, v);
    else
        store(cx, v, at);
}

void lower_memory_update(LowerCtx *cx, Node *node, BinaryOp op) {
    Node *target = node->update.target;
    LLVMValueRef at = place_of(cx, target);
    LVal value = lower_expr(cx, node->update.value);
    if (node->update.or_return) value = lower_or_return(cx, value);
    if (node->update.op != UPDATE_SET) {
        LVal old = read_place(cx, target, at);
        LVal result = lower_operation(cx, op, old, value, type_number(), node->span);
        lower_release(cx, value);
        value = result;
    }
    write_place(cx, target, at, value);
    lower_release(cx, value);
}

// --- read_T(p, i), write_T(p, i, v), sizeof_T() ---------------------------------------------------

LVal lower_raw_memory(LowerCtx *cx, const BuiltinCall *call) {
    static const CKind kinds[] = {C_I8,  C_I16, C_I32, C_I64, C_U8,     C_U16,
                                  C_U32, C_U64, C_F32, C_F64, C_POINTER};
    uint32_t row = (uint32_t)(call->builtin->id - BUILTIN_read_i8);
    const CType *type = ctype_scalar(kinds[row / 3]);
    const char *name = call->builtin->name;
    if (row % 3 == 2) {
        LLVMValueRef size = lower_i64(cx, (int64_t)type->size);
        return lower_val(REP_I64, type_integer(1, 8), size, false);
    }
    LLVMValueRef at = lower_c_address(cx, call->args[0], name, call->span);
    LLVMValueRef index = lower_integer(cx, call->args[1], name, call->span);
    LLVMValueRef size = lower_i64(cx, (int64_t)type->size);
    at = behind(cx, at, LLVMBuildMul(cx->builder, index, size, ""));
    if (row % 3 == 0) return lower_from_c(cx, load(cx, lower_c_type(cx, type), at), type);
    store(cx, lower_to_c(cx, call->args[2], type, name, call->span), at);
    return lower_zero(cx);
}
