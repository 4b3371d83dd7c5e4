// lower_describe.c: C's types as constants that the runtime reads: RtCType, RtCRecord, RtCSignature,
// RtCParam.
//
// What the runtime cannot hold (vectors, complex numbers) is left out of a struct's fields; calls
// that would need it have been refused.
#include "lower_c.h"
#include "../rt/rt_layout.h"

// --- constants -----------------------------------------------------------------------------------

static LLVMValueRef new_constant(LowerCtx *cx, LLVMTypeRef type, const char *name) {
    LLVMValueRef global = LLVMAddGlobal(cx->module, type, name);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    return global;
}

static LLVMValueRef struct_of(LowerCtx *cx, LLVMValueRef *parts, uint32_t count) {
    return LLVMConstStructInContext(cx->context, parts, count, 0);
}

static LLVMValueRef constant(LowerCtx *cx, LLVMValueRef value, const char *name) {
    LLVMValueRef global = new_constant(cx, LLVMTypeOf(value), name);
    LLVMSetInitializer(global, value);
    return global;
}

static LLVMValueRef i8_of(LowerCtx *cx, uint64_t value) {
    return LLVMConstInt(cx->i8, value, 0);
}

static LLVMValueRef i16_of(LowerCtx *cx, uint64_t value) {
    return LLVMConstInt(LLVMInt16TypeInContext(cx->context), value, 0);
}

// --- types ---------------------------------------------------------------------------------------

// RtCRecord.scalars
static LLVMValueRef describe_scalars(LowerCtx *cx, const CType *type) {
    const CType *scalars[C_SCALARS];
    LLVMValueRef bytes[C_SCALARS + 1];
    uint32_t count = 0;
    if (!crecord_scalars(type, (UnsafeArch)cx->c->arch, scalars)) return LLVMConstNull(cx->ptr);
    for (uint32_t i = 0; i < C_SCALARS; i++)
        if (scalars[i]) bytes[count++] = i8_of(cx, (unsigned)lower_c_kind(scalars[i]));
    bytes[count++] = i8_of(cx, RT_C_VOID);
    return constant(cx, LLVMConstArray2(cx->i8, bytes, count), "scalars");
}

// An RtCType.
static LLVMValueRef describe_type(LowerCtx *cx, const CType *type) {
    LLVMValueRef known = map_get(&cx->c_types, type);
    if (known) return known;
    bool array = type->kind == C_ARRAY;
    LLVMValueRef null = LLVMConstNull(cx->ptr);
    LLVMValueRef parts[] = {
        lower_i32(cx, array ? RT_C_ARRAY : lower_c_kind(type)),
        lower_i32(cx, (int32_t)type->size),
        lower_i64(cx, array ? (int64_t)type->count : 0),
        array ? describe_type(cx, type->element) : null,
        type->kind == C_RECORD ? lower_c_record(cx, type) : null,
    };
    LLVMValueRef made = constant(cx, struct_of(cx, parts, COUNT_OF(parts)), "type");
    map_put(&cx->c_types, type, made);
    return made;
}

static bool is_known(const CType *type) {
    while (type->kind == C_ARRAY) type = type->element;
    return type->kind != C_OTHER && type->kind != C_VOID;
}

LLVMValueRef lower_c_record(LowerCtx *cx, const CType *type) {
    LLVMValueRef known = map_get(&cx->c_types, type->record);
    if (known) return known;
    const CRecord *record = type->record;
    uint32_t count = 0;
    LLVMValueRef *fields = ARENA_ARRAY(cx->arena, LLVMValueRef, record->fields.len + 1);
    for (uint32_t i = 0; i < record->fields.len; i++) {
        const CField *field = &record->fields.items[i];
        if (!is_known(field->type)) continue;
        LLVMValueRef parts[] = {
            lower_cstr(cx, field->name->text),
            describe_type(cx, field->type),
            lower_i32(cx, (int32_t)field->offset),
            i16_of(cx, field->bit),
            i16_of(cx, field->width),
        };
        fields[count++] = struct_of(cx, parts, COUNT_OF(parts));
    }
    LLVMTypeRef i16 = LLVMInt16TypeInContext(cx->context);
    LLVMTypeRef field_type = LLVMStructTypeInContext(
        cx->context, (LLVMTypeRef[]){cx->ptr, cx->ptr, cx->i32, i16, i16}, 5, 0);
    LLVMValueRef parts[] = {
        lower_cstr(cx, record->name),
        describe_scalars(cx, type),
        lower_i64(cx, (int64_t)record->size),
        lower_i64(cx, (int64_t)record->align),
        lower_i64(cx, count),
        LLVMConstArray2(field_type, fields, count),
    };
    LLVMValueRef made = constant(cx, struct_of(cx, parts, COUNT_OF(parts)), "record");
    map_put(&cx->c_types, type->record, made);
    return made;
}

// --- parameters ----------------------------------------------------------------------------------

// An RtCSignature; null: nothing is known.
static LLVMValueRef describe_signature(LowerCtx *cx, const CType *param) {
    const CPrototype *prototype = param->prototype;
    if (param->kind != C_FUNCTION || !prototype) return LLVMConstNull(cx->ptr);
    LLVMValueRef known = map_get(&cx->c_types, prototype);
    if (known) return known;
    uint32_t count = prototype->params.len;
    LLVMValueRef *params = ARENA_ARRAY(cx->arena, LLVMValueRef, count + 1);
    for (uint32_t i = 0; i < count; i++) params[i] = describe_type(cx, prototype->params.items[i]);
    LLVMValueRef parts[] = {describe_type(cx, prototype->result), lower_i64(cx, count),
                            LLVMConstArray2(cx->ptr, params, count)};
    LLVMValueRef made = constant(cx, struct_of(cx, parts, COUNT_OF(parts)), "signature");
    map_put(&cx->c_types, prototype, made);
    return made;
}

static uint8_t kinds_taken(const CType *param) {
    if (param->kind == C_FUNCTION) return RT_IS_FUNCTION;
    uint8_t kinds = ctype_is_text(param) ? RT_IS_STRING : 0;
    if (ctype_is_numbers(param)) kinds |= RT_IS_LIST;
    if (!param->element) kinds |= RT_IS_FUNCTION;
    return kinds;
}

LLVMValueRef lower_c_param(LowerCtx *cx, const CDecl *decl, uint32_t at, const CType *param) {
    const CType *element = param->element ? param->element : ctype_scalar(C_F64);
    bool known = at < decl->prototype->params.len && param->kind == C_POINTER;
    LLVMValueRef parts[] = {
        lower_cstr(cx, decl->name),
        describe_signature(cx, param),
        lower_i32(cx, (int32_t)at + 1),
        i8_of(cx, kinds_taken(param)),
        i8_of(cx, ctype_is_numbers(param) ? (unsigned)lower_c_kind(element) : RT_C_VOID),
        i8_of(cx, known && !param->is_const),
        i8_of(cx, 0),
    };
    return constant(cx, struct_of(cx, parts, COUNT_OF(parts)), "param");
}
