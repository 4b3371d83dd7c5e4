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
    const CType *in_memory[MOST_PARTS]; // a struct that is passed in memory
    uint32_t count, fixed;              // parts; those of named parameters
    uint32_t integers, floats;          // registers left
    LLVMValueRef result_place;          // where C puts a struct that is returned in memory
    CPassing result_passing;
    VEC(LLVMValueRef) keeps;
} CCall;

// --- arguments -----------------------------------------------------------------------------------

static void add_part(CCall *call, LLVMTypeRef type, LLVMValueRef value) {
    CHECK(call->count < MOST_PARTS, "a C call of that size was refused");
    call->types[call->count] = type;
    call->values[call->count++] = value;
}

static void add_scalar(LowerCtx *cx, CCall *call, const CType *type, LLVMValueRef value) {
    uint32_t *left = ctype_is_float(type) ? &call->floats : &call->integers;
    if (*left > 0 && type->kind != C_LONG_DOUBLE) --*left; // which lies in memory
    add_part(call, lower_c_type(cx, type), value);
}

static LLVMValueRef record_place(LowerCtx *cx, const CType *type) {
    uint64_t words = (type->size + 7) / 8;
    return lower_words_alloca(cx, (uint32_t)words + 1, type->record->name);
}

static LLVMValueRef load_piece(LowerCtx *cx, LLVMTypeRef type, LLVMValueRef place,
                               uint32_t number) {
    LLVMValueRef v =
        LLVMBuildLoad2(cx->builder, type, lower_field(cx, place, 8 * (int64_t)number), "");
    LLVMSetAlignment(v, 8);
    return v;
}

static void add_record(LowerCtx *cx, CCall *call, const CType *type, LVal value, Span span) {
    CPassing passing;
    if (!lower_abi_record(cx, type, &passing)) {
        diag_report(cx->c, DIAG_E0812, span, call->decl->name, call->decl->text);
        return;
    }
    LLVMValueRef place = record_place(cx, type);
    RT(cx, rt_foreign_record, lower_word(cx, value), lower_c_record(cx, type), place,
       lower_place(cx, span));
    bool fits =
        passing.count > 0 && passing.integers <= call->integers && passing.floats <= call->floats;
    if (!fits) {
        call->in_memory[call->count] = type;
        add_part(call, cx->ptr, place);
        return;
    }
    call->integers -= passing.integers;
    call->floats -= passing.floats;
    for (uint32_t i = 0; i < passing.count; i++)
        add_part(call, passing.pieces[i], load_piece(cx, passing.pieces[i], place, i));
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
    bool text_for_number = value.rep != REP_F64 && value.rep != REP_I64 && value.rep != REP_ANY;
    if (at >= call->prototype->params.len && text_for_number) param = ctype_scalar(C_POINTER);
    if (param->kind == C_RECORD) {
        add_record(cx, call, param, value, node->span);
        return;
    }
    bool pointer = ctype_is_address(param);
    LLVMValueRef v = pointer ? pointer_argument(cx, call, at, param, value)
                             : lower_to_c(cx, value, param, call->decl->name, node->span);
    if (at >= call->prototype->params.len && ctype_is_integer(param) && param->size < 4) {
        bool is_signed = param->kind >= C_I8 && param->kind <= C_I64;
        v = is_signed ? LLVMBuildSExt(cx->builder, v, cx->i32, "")
                      : LLVMBuildZExt(cx->builder, v, cx->i32, "");
        param = ctype_scalar(is_signed ? C_I32 : C_U32);
    }
    add_scalar(cx, call, param, v);
}

// --- the call ------------------------------------------------------------------------------------

static void attribute_at(LowerCtx *cx, LLVMValueRef call, uint32_t at, const char *name,
                         LLVMTypeRef type) {
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAttributeRef attribute = type ? LLVMCreateTypeAttribute(cx->context, kind, type)
                                      : LLVMCreateEnumAttribute(cx->context, kind, 0);
    LLVMAddCallSiteAttribute(call, at, attribute);
}

static LLVMTypeRef bytes_type(LowerCtx *cx, const CType *type) {
    return LLVMArrayType2(cx->i8, type->size);
}

// C's callers widen narrow integers; the rest of a register is otherwise unspecified.
static void widen_at(LowerCtx *cx, LLVMValueRef call, uint32_t at, const CType *type) {
    const char *widened = lower_c_widened(type);
    if (widened) attribute_at(cx, call, at, widened, NULL);
}

static LLVMTypeRef result_type(LowerCtx *cx, CCall *call) {
    const CType *type = call->prototype->result;
    if (type->kind != C_RECORD) return lower_c_type(cx, type);
    call->result_place = record_place(cx, type);
    if (!lower_abi_record(cx, type, &call->result_passing)) {
        diag_report(cx->c, DIAG_E0812, call->node->span, call->decl->name, call->decl->text);
        return cx->void_t;
    }
    uint32_t pieces = call->result_passing.count;
    if (pieces == 0) {
        call->integers--;
        call->in_memory[0] = type;
        add_part(call, cx->ptr, call->result_place);
        return cx->void_t;
    }
    return pieces == 1 ? call->result_passing.pieces[0]
                       : LLVMStructTypeInContext(cx->context, call->result_passing.pieces, 2, 0);
}

static LLVMValueRef declared(LowerCtx *cx, const CDecl *decl, LLVMTypeRef type) {
    LLVMValueRef function = LLVMGetNamedFunction(cx->module, decl->symbol);
    return function ? function : LLVMAddFunction(cx->module, decl->symbol, type);
}

static void mark(LowerCtx *cx, const CCall *call, LLVMValueRef made, bool result_in_memory) {
    LLVMAttributeIndex whole = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;
    attribute_at(cx, made, whole, "nobuiltin", NULL);
    attribute_at(cx, made, whole, "nounwind", NULL);
    if (call->decl->pure) {
        attribute_at(cx, made, whole, "memory", NULL); // none
        attribute_at(cx, made, whole, "willreturn", NULL);
    }
    for (uint32_t i = 0; i < call->count; i++) {
        if (!call->in_memory[i]) continue;
        bool result = i == 0 && result_in_memory;
        attribute_at(cx, made, i + 1, result ? "sret" : "byval",
                     bytes_type(cx, call->in_memory[i]));
    }
    bool plain = call->count == call->node->call.args.len; // a part an argument
    for (uint32_t i = 0; plain && i < call->prototype->params.len; i++)
        widen_at(cx, made, i + 1, call->prototype->params.items[i]);
    widen_at(cx, made, LLVMAttributeReturnIndex, call->prototype->result);
}

static LLVMValueRef make_call(LowerCtx *cx, CCall *call, LLVMTypeRef result) {
    const CPrototype *prototype = call->prototype;
    LLVMTypeRef type = LLVMFunctionType(
        result, call->types, prototype->variadic ? call->fixed : call->count, prototype->variadic);
    LLVMValueRef function = declared(cx, call->decl, type);
    if (!call->decl->pure) RT(cx, rt_foreign_enter, lower_cstr(cx, call->decl->name));
    LLVMValueRef made = LLVMBuildCall2(cx->builder, type, function, call->values, call->count, "");
    mark(cx, call, made, call->result_place && call->result_passing.count == 0);
    if (!call->decl->pure) RT0(cx, rt_foreign_leave);
    VEC_EACH(LLVMValueRef, keep, &call->keeps) RT(cx, rt_foreign_done, keep);
    return made;
}

static LVal record_result(LowerCtx *cx, CCall *call, LLVMValueRef made) {
    uint32_t pieces = call->result_passing.count;
    for (uint32_t i = 0; i < pieces; i++) {
        LLVMValueRef piece = pieces == 1 ? made : LLVMBuildExtractValue(cx->builder, made, i, "");
        LLVMValueRef to = lower_field(cx, call->result_place, 8 * (int64_t)i);
        LLVMSetAlignment(LLVMBuildStore(cx->builder, piece, to), 8);
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
    call->integers = C_INTEGER_REGISTERS;
    call->floats = C_FLOAT_REGISTERS;
    uint32_t count = node->call.args.len;
    LVal *values = ARENA_ARRAY(cx->arena, LVal, count + 1);
    lower_operands(cx, node->call.args.items, count, values);
    LLVMTypeRef result = result_type(cx, call);
    for (uint32_t i = 0; i < count; i++) {
        add_argument(cx, call, i, values[i]);
        if (i < call->prototype->params.len) call->fixed = call->count;
    }
    if (cx->fs->shared && cx->c->program->leaves && !call->decl->pure) RT0(cx, rt_par_foreign);
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
