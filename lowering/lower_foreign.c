// lower_foreign.c: calls of C functions whose prototypes are known: compiled directly, by the
// platform's calling convention, with each argument as its parameter wants it.
//
// What C takes by pointer and is no number goes through rt_foreign_pointer(), which keeps what must
// be given back after the call; strings for `const char *` and lists for `const double *` need
// nothing of that.
#include "lower_c.h"
#include "../rt/rt_layout.h"
#include <string.h>

enum { MOST_PARTS = 256 };

typedef struct CCall {
    Node *node;
    const CDecl *decl;
    const CPrototype *prototype;
    LLVMTypeRef types[MOST_PARTS]; // of the declared function's parameters
    LLVMValueRef values[MOST_PARTS];
    const CType *on_stack[MOST_PARTS]; // a struct of which a copy lies among the arguments
    const CType *scalars[MOST_PARTS];  // what is no part of a struct
    uint32_t count, fixed;             // parts; those of named parameters
    CRegisters left;
    LLVMValueRef result_place; // where a struct that comes back is put
    CPassing result_passing;
    VEC(LLVMValueRef) keeps;
} CCall;

// --- arguments -----------------------------------------------------------------------------------

static void add_part(CCall *call, LLVMTypeRef type, LLVMValueRef value) {
    CHECK(call->count < MOST_PARTS, "a C call of that size was refused");
    call->types[call->count] = type;
    call->values[call->count++] = value;
}

static void add_scalar(LowerCtx *cx, CCall *call, const CType *type, bool named,
                       LLVMValueRef value) {
    lower_abi_scalar(cx, type, named, &call->left);
    call->scalars[call->count] = type;
    add_part(call, lower_c_type(cx, type), value);
}

static LLVMValueRef record_place(LowerCtx *cx, const CType *type) {
    uint64_t words = (type->size + 7) / 8;
    LLVMValueRef place = lower_words_alloca(cx, (uint32_t)words + 1, type->record->name);
    if (type->align > 8) LLVMSetAlignment(place, type->align);
    return place;
}

// The alignment of what lies at `offset` in the place of a struct.
static unsigned piece_align(uint64_t offset) {
    return offset % 8 == 0 ? 8 : offset % 4 == 0 ? 4 : offset % 2 == 0 ? 2 : 1;
}

static LLVMValueRef load_piece(LowerCtx *cx, const CPassing *passing, uint32_t i,
                               LLVMValueRef place) {
    LLVMValueRef at = lower_field(cx, place, (int64_t)passing->offsets[i]);
    LLVMValueRef v = LLVMBuildLoad2(cx->builder, passing->pieces[i], at, "");
    LLVMSetAlignment(v, piece_align(passing->offsets[i]));
    return v;
}

static void add_record(LowerCtx *cx, CCall *call, const CType *type, bool named, LVal value,
                       Span span) {
    CPassing passing;
    if (!lower_abi_record(cx, type, named, &call->left, &passing)) {
        diag_report(cx->c, DIAG_E0812, span, call->decl->name, call->decl->text);
        return;
    }
    LLVMValueRef place = record_place(cx, type);
    RT(cx, rt_foreign_record, lower_word(cx, value), lower_c_record(cx, type), place,
       lower_place(cx, span));
    if (passing.way == C_ON_STACK) call->on_stack[call->count] = type;
    if (passing.way != C_IN_PIECES) {
        add_part(call, cx->ptr, place);
        return;
    }
    for (uint32_t i = 0; i < passing.count; i++)
        add_part(call, passing.pieces[i], load_piece(cx, &passing, i, place));
}

// The list in a variable that C may write to becomes the variable's own.
static LVal own_list(LowerCtx *cx, Symbol *symbol, LVal value) {
    SymSlot *slot = lower_slot(cx, symbol);
    if (slot->rep == REP_LIST) {
        value.v = RT(cx, rt_list_unique, lower_symbol(cx, symbol).v);
        LLVMBuildStore(cx->builder, value.v, slot->at);
    } else if (slot->rep == REP_ANY) {
        value.v = RT(cx, rt_foreign_own, lower_symbol(cx, symbol).v);
        LLVMBuildStore(cx->builder, value.v, slot->at);
    }
    return value;
}

static LLVMValueRef kept_pointer(LowerCtx *cx, CCall *call, uint32_t at, const CType *param,
                                 LVal value, Span span) {
    LLVMValueRef keep = lower_words_alloca(cx, RT_C_KEEP_WORDS, "keep");
    vec_push(cx->arena, &call->keeps, keep);
    return RT(cx, rt_foreign_pointer, lower_word(cx, value), lower_c_param(cx, call->decl, at, param), keep,
              lower_place(cx, span));
}

static LLVMValueRef pointer_argument(LowerCtx *cx, CCall *call, uint32_t at, const CType *param,
                                     LVal value) {
    Node *node = call->node->call.args.items[at];
    const CType *element = param->element;
    bool reads_only =
        param->kind == C_POINTER && (param->is_const || at >= call->prototype->params.len);
    if (node->kind == NODE_LAMBDA && param->kind == C_POINTER)
        return kept_pointer(cx, call, at, param, value, node->span);
    if (value.rep == REP_F64 || value.rep == REP_I64)
        return lower_c_address(cx, value, call->decl->name, node->span);
    if (value.rep == REP_STRING && reads_only && ctype_is_text(param))
        return lower_field(cx, value.v, offsetof(RtStr, bytes));
    bool doubles = !element || element->kind == C_F64;
    if (value.rep == REP_LIST && reads_only && doubles &&
        type_element(value.type).kinds == KIND_NUMBER)
        return lower_field(cx, value.v, offsetof(RtList, words));
    if (sema_call_fills(call->node, at)) value = own_list(cx, node->name.symbol, value);
    return kept_pointer(cx, call, at, param, value, node->span);
}

static void add_argument(LowerCtx *cx, CCall *call, uint32_t at, LVal value) {
    Node *node = call->node->call.args.items[at];
    const CType *param = at < call->prototype->params.len
                             ? call->prototype->params.items[at]
                             : infer_variadic(call->node, at, lower_node_type(cx, node));
    CHECK(param != NULL, "an argument's type is known");
    bool named = at < call->prototype->params.len;
    bool text_for_number = value.rep != REP_F64 && value.rep != REP_I64 && value.rep != REP_ANY;
    if (!named && text_for_number) param = ctype_scalar(C_POINTER);
    if (param->kind == C_RECORD) {
        add_record(cx, call, param, named, value, node->span);
        return;
    }
    bool pointer = ctype_is_address(param);
    LLVMValueRef v = pointer ? pointer_argument(cx, call, at, param, value)
                             : lower_to_c(cx, value, param, call->decl->name, node->span);
    if (!named && ctype_is_integer(param) && param->size < 4) {
        bool is_signed = param->kind >= C_I8 && param->kind <= C_I64;
        v = is_signed ? LLVMBuildSExt(cx->builder, v, cx->i32, "")
                      : LLVMBuildZExt(cx->builder, v, cx->i32, "");
        param = ctype_scalar(is_signed ? C_I32 : C_U32);
    }
    add_scalar(cx, call, param, named, v);
}

// --- the call ------------------------------------------------------------------------------------

static unsigned attribute_kind(const char *name) {
    return LLVMGetEnumAttributeKindForName(name, strlen(name));
}

static void attribute_at(LowerCtx *cx, LLVMValueRef call, uint32_t at, const char *name,
                         LLVMTypeRef type) {
    unsigned kind = attribute_kind(name);
    LLVMAttributeRef attribute = type ? LLVMCreateTypeAttribute(cx->context, kind, type)
                                      : LLVMCreateEnumAttribute(cx->context, kind, 0);
    LLVMAddCallSiteAttribute(call, at, attribute);
}

static void align_at(LowerCtx *cx, LLVMValueRef call, uint32_t at, uint32_t align) {
    LLVMAttributeRef attribute =
        LLVMCreateEnumAttribute(cx->context, attribute_kind("align"), align < 8 ? 8 : align);
    LLVMAddCallSiteAttribute(call, at, attribute);
}

static LLVMTypeRef bytes_type(LowerCtx *cx, const CType *type) {
    return LLVMArrayType2(cx->i8, type->size);
}

static void widen_at(LowerCtx *cx, LLVMValueRef call, uint32_t at, const CType *type) {
    const char *name = lower_abi_extension(cx, type);
    if (name) attribute_at(cx, call, at, name, NULL);
}

static LLVMTypeRef result_type(LowerCtx *cx, CCall *call) {
    const CType *type = call->prototype->result;
    if (type->kind != C_RECORD) return lower_c_type(cx, type);
    call->result_place = record_place(cx, type);
    CPassing *passing = &call->result_passing;
    if (!lower_abi_result(cx, type, &call->left, passing)) {
        diag_report(cx->c, DIAG_E0812, call->node->span, call->decl->name, call->decl->text);
        return cx->void_t;
    }
    if (passing->way == C_BY_ADDRESS) add_part(call, cx->ptr, call->result_place);
    if (passing->count == 0) return cx->void_t;
    return passing->count == 1
               ? passing->pieces[0]
               : LLVMStructTypeInContext(cx->context, passing->pieces, passing->count, 0);
}

static LLVMValueRef declared(LowerCtx *cx, const CDecl *decl, LLVMTypeRef type) {
    LLVMValueRef function = LLVMGetNamedFunction(cx->module, decl->symbol);
    return function ? function : LLVMAddFunction(cx->module, decl->symbol, type);
}

static void mark(LowerCtx *cx, const CCall *call, LLVMValueRef made) {
    LLVMAttributeIndex whole = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;
    const CType *result = call->prototype->result;
    attribute_at(cx, made, whole, "nobuiltin", NULL);
    attribute_at(cx, made, whole, "nounwind", NULL);
    if (call->decl->pure) {
        attribute_at(cx, made, whole, "memory", NULL); // none
        attribute_at(cx, made, whole, "willreturn", NULL);
    }
    for (uint32_t i = 0; i < call->count; i++) {
        const CType *copied = call->on_stack[i];
        if (copied) attribute_at(cx, made, i + 1, "byval", bytes_type(cx, copied));
        if (copied) align_at(cx, made, i + 1, copied->align);
        if (call->scalars[i]) widen_at(cx, made, i + 1, call->scalars[i]);
    }
    if (call->result_passing.way == C_BY_ADDRESS)
        attribute_at(cx, made, 1, "sret", bytes_type(cx, result));
    widen_at(cx, made, LLVMAttributeReturnIndex, result);
}

static LLVMValueRef make_call(LowerCtx *cx, CCall *call, LLVMTypeRef result) {
    const CPrototype *prototype = call->prototype;
    LLVMTypeRef type = LLVMFunctionType(
        result, call->types, prototype->variadic ? call->fixed : call->count, prototype->variadic);
    LLVMValueRef function = declared(cx, call->decl, type);
    if (!call->decl->pure) RT(cx, rt_foreign_enter, lower_cstr(cx, call->decl->name));
    LLVMValueRef made = LLVMBuildCall2(cx->builder, type, function, call->values, call->count, "");
    mark(cx, call, made);
    if (!call->decl->pure) RT0(cx, rt_foreign_leave);
    VEC_EACH(LLVMValueRef, keep, &call->keeps) RT(cx, rt_foreign_done, keep);
    return made;
}

static LVal record_result(LowerCtx *cx, CCall *call, LLVMValueRef made) {
    const CPassing *passing = &call->result_passing;
    for (uint32_t i = 0; i < passing->count; i++) {
        LLVMValueRef piece =
            passing->count == 1 ? made : LLVMBuildExtractValue(cx->builder, made, i, "");
        LLVMValueRef to = lower_field(cx, call->result_place, (int64_t)passing->offsets[i]);
        LLVMSetAlignment(LLVMBuildStore(cx->builder, piece, to), piece_align(passing->offsets[i]));
    }
    const CType *type = call->prototype->result;
    LLVMValueRef map = RT(cx, rt_foreign_map, lower_c_record(cx, type), call->result_place);
    return lower_val(REP_MAP, type_of_kind(KIND_MAP), map, true);
}

LVal lower_null_is_error(LowerCtx *cx, LVal address, const char *name) {
    LLVMValueRef slot = lower_words_alloca(cx, 1, "address");
    LLVMValueRef number = lower_convert(cx, address, REP_F64).v;
    LLVMBuildStore(cx->builder, lower_word(cx, address), slot);
    LLVMValueRef null = LLVMBuildFCmp(cx->builder, LLVMRealOEQ, number, lower_f64(cx, 0), "null");
    LLVMBasicBlockRef on = lower_rare(cx, null, "null");
    LLVMBuildStore(cx->builder, RT(cx, rt_foreign_null, lower_cstr(cx, name)), slot);
    lower_go(cx, on);
    LLVMValueRef word = LLVMBuildLoad2(cx->builder, cx->i64, slot, "");
    return lower_val(REP_ANY, type_of_kind(KIND_NUMBER | KIND_ERROR), word, true);
}

LVal lower_c_call(LowerCtx *cx, Node *node) {
    CCall *call = ARENA_NEW(cx->arena, CCall);
    call->node = node;
    call->decl = node->call.callee->foreign.decl;
    call->prototype = call->decl->prototype;
    call->left = lower_abi_registers(cx);
    uint32_t count = node->call.args.len;
    LVal *values = ARENA_ARRAY(cx->arena, LVal, count + 1);
    lower_operands(cx, node->call.args.items, count, values);
    LLVMTypeRef result = result_type(cx, call);
    for (uint32_t i = 0; i < count; i++) {
        add_argument(cx, call, i, values[i]);
        if (i < call->prototype->params.len) call->fixed = call->count;
    }
    if (cx->fs->gives_up && !call->decl->pure) RT0(cx, rt_par_foreign);
    LLVMValueRef made = make_call(cx, call, result);
    lower_release_all(cx, values, count);
    const CType *type = call->prototype->result;
    if (type->kind == C_RECORD) return record_result(cx, call, made);
    LVal value = lower_from_c(cx, made, type);
    bool asked = node->observed && ctype_is_address(type);
    return asked ? lower_null_is_error(cx, value, call->decl->name) : value;
}

LVal lower_foreign_name(LowerCtx *cx, Node *node) {
    const CDecl *decl = node->foreign.decl;
    if (decl->kind == C_DECL_FUNCTION) {
        LLVMValueRef function = declared(cx, decl, LLVMFunctionType(cx->void_t, NULL, 0, 0));
        return lower_from_c(cx, function, ctype_scalar(C_POINTER));
    }
    LLVMValueRef global = LLVMGetNamedGlobal(cx->module, decl->symbol);
    if (!global) global = LLVMAddGlobal(cx->module, cx->i64, decl->symbol);
    const CType *type = decl->type;
    if (type->kind == C_RECORD || type->kind == C_ARRAY || type->kind == C_OTHER)
        return lower_from_c(cx, global, ctype_scalar(C_POINTER));
    LLVMValueRef v = LLVMBuildLoad2(cx->builder, lower_c_type(cx, type), global, "");
    LLVMSetVolatile(v, 1);
    return lower_from_c(cx, v, type);
}
