// lower_export.c: `export f = …`: functions with C symbols, in object files. Each is a frame around the
// instance of the function for what C gives: the runtime lets one thread at a time in, and runs the
// program's top level before the first call. Its C type is that of the header (export_header.c).
#include "lower_c.h"
#include "backend.h"
#include "../rt/rt_layout.h"

enum { MOST_PARTS = 256 };

typedef struct Frame {
    const Export *export;
    LLVMValueRef function;
    LLVMTypeRef types[MOST_PARTS];
    uint32_t count;     // C's parameters
    uint32_t result_at; // among them: where the result goes, then a list's length
    LLVMValueRef outer; // for rt_export_leave()
} Frame;

static void mark_exported(LowerCtx *cx, LLVMValueRef function) {
    LLVMAttributeRef mark =
        LLVMCreateStringAttribute(cx->context, LOWER_EXPORTED, sizeof LOWER_EXPORTED - 1, "", 0);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, mark);
}

// --- the C function ------------------------------------------------------------------------------

static void add_type(Frame *f, LLVMTypeRef type) {
    CHECK(f->count < MOST_PARTS, "an exported function of that many parameters was refused");
    f->types[f->count++] = type;
}

static LLVMTypeRef result_type(LowerCtx *cx, const Export *export) {
    if (export->may_fail) return cx->i32;
    switch (export->result.kind) {
    case EXPORT_NUMBER: return lower_c_type(cx, export->result.type);
    case EXPORT_TEXT:
    case EXPORT_NUMBERS: return cx->ptr;
    case EXPORT_RECORD: return cx->void_t;
    }
    UNREACHABLE("C gets something from a function");
}

static void declare(LowerCtx *cx, Frame *f) {
    const Export *export = f->export;
    for (uint32_t i = 0; i < export->params.len; i++) {
        ExportType type = export->params.items[i];
        add_type(f, type.kind == EXPORT_NUMBER ? lower_c_type(cx, type.type) : cx->ptr);
        if (type.kind == EXPORT_NUMBERS) add_type(f, cx->i64);
    }
    f->result_at = f->count;
    if (export->may_fail || export->result.kind == EXPORT_RECORD) add_type(f, cx->ptr);
    if (export->result.kind == EXPORT_NUMBERS) add_type(f, cx->ptr);
    LLVMTypeRef type = LLVMFunctionType(result_type(cx, export), f->types, f->count, 0);
    f->function = LLVMAddFunction(cx->module, export->symbol->name->text, type);
    lower_code_attributes(cx, f->function);
    mark_exported(cx, f->function);
    // C's callers want narrow integers widened.
    const CType *result = export->may_fail ? ctype_scalar(C_I32) : export->result.type;
    bool number = export->may_fail || export->result.kind == EXPORT_NUMBER;
    const char *widened = number ? lower_abi_extension(cx, result) : NULL;
    if (!widened) return;
    unsigned kind = LLVMGetEnumAttributeKindForName(widened, 7);
    LLVMAddAttributeAtIndex(f->function, LLVMAttributeReturnIndex,
                            LLVMCreateEnumAttribute(cx->context, kind, 0));
}

// --- what C gives --------------------------------------------------------------------------------

static LVal given(LowerCtx *cx, const Frame *f, ExportType type, uint32_t *at) {
    LLVMValueRef v = LLVMGetParam(f->function, (*at)++);
    switch (type.kind) {
    case EXPORT_NUMBER: return lower_from_c(cx, v, type.type);
    case EXPORT_RECORD: return lower_from_c(cx, v, ctype_scalar(C_POINTER));
    case EXPORT_TEXT:
        return lower_val(REP_STRING, type_of_kind(KIND_STRING), RT(cx, rt_export_text, v), true);
    case EXPORT_NUMBERS:
        v = RT(cx, rt_export_numbers, v, LLVMGetParam(f->function, (*at)++));
        return lower_val(REP_LIST, type_list(cx->arena, type_number()), v, true);
    }
    UNREACHABLE("C gives a function something");
}

// --- what C gets ---------------------------------------------------------------------------------

static LLVMValueRef number_for_c(LowerCtx *cx, const Frame *f, LVal value) {
    const Export *export = f->export;
    const Span span = export->symbol->span;
    if (value.rep == REP_NONE) value = lower_zero(cx);
    if (value.rep == REP_ANY) {
        LLVMValueRef name = lower_cstr(cx, export->symbol->name->text);
        LLVMValueRef number = RT(cx, rt_export_give_number, value.v, name);
        value = lower_val(REP_F64, type_number(), number, false);
    }
    return lower_to_c(cx, value, export->result.type, export->symbol->name->text, span);
}

// Null: it has been stored where C wants it.
static LLVMValueRef for_c(LowerCtx *cx, const Frame *f, LVal value) {
    const Export *export = f->export;
    LLVMValueRef name = lower_cstr(cx, export->symbol->name->text);
    uint32_t last = f->count - 1;
    switch (export->result.kind) {
    case EXPORT_NUMBER: return number_for_c(cx, f, value);
    case EXPORT_TEXT: return RT(cx, rt_export_give_text, lower_word(cx, value), name);
    case EXPORT_NUMBERS:
        return RT(cx, rt_export_give_numbers, lower_word(cx, value), name,
                  LLVMGetParam(f->function, last));
    case EXPORT_RECORD:
        RT(cx, rt_foreign_record, lower_word(cx, value), lower_c_record(cx, export->result.type),
           LLVMGetParam(f->function, f->result_at), lower_place(cx, export->symbol->span));
        return NULL;
    }
    UNREACHABLE("C gets something from a function");
}

static void leave(LowerCtx *cx, const Frame *f, LLVMValueRef result) {
    RT(cx, rt_export_leave, f->outer);
    if (result)
        LLVMBuildRet(cx->builder, result);
    else
        LLVMBuildRetVoid(cx->builder);
}

// An error ends the frame with status 1.
static void leave_if_error(LowerCtx *cx, const Frame *f, LVal value) {
    LLVMBasicBlockRef failed = lower_block_new(cx, "failed"), good = lower_block_new(cx, "good");
    lower_branch(cx, lower_is_tag(cx, value.v, RT_TAG_ERROR), failed, good);
    lower_at(cx, failed);
    RT(cx, rt_export_fail, value.v);
    lower_drop(cx, value);
    leave(cx, f, lower_i32(cx, 1));
    lower_at(cx, good);
}

static void export_one(LowerCtx *cx, const Export *export) {
    Frame *f = ARENA_NEW(cx->arena, Frame);
    const Instance *instance = export->instance;
    CHECK(instance->function->captures.len == 0, "what the top level captures is global");
    f->export = export;
    declare(cx, f);
    FuncState fs;
    lower_begin_plain(cx, &fs, f->function, export->symbol->name->text);
    f->outer = RT(cx, rt_export_enter, cx->functions[0]);
    LVal *args = ARENA_ARRAY(cx->arena, LVal, export->params.len + 1);
    uint32_t at = 0;
    for (uint32_t i = 0; i < export->params.len; i++)
        args[i] = given(cx, f, export->params.items[i], &at);
    LVal value = lower_call_known(cx, instance, args, NULL, false);
    lower_release_all(cx, args, export->params.len);
    if (export->may_fail && value.rep == REP_ANY) leave_if_error(cx, f, value);
    LLVMValueRef result = for_c(cx, f, value);
    lower_release(cx, value);
    if (export->may_fail && result)
        LLVMBuildStore(cx->builder, result, LLVMGetParam(f->function, f->result_at));
    leave(cx, f, export->may_fail ? lower_i32(cx, 0) : result);
    lower_end(cx);
}

void lower_exports(LowerCtx *cx) {
    const Program *program = cx->c->program;
    // A program of its own is not called by anybody.
    if (cx->options->emit == EMIT_EXE || program->exports.len == 0) return;
    VEC_EACH(Export *, export, &program->exports) export_one(cx, export);
    // Several such objects may be linked together.
    LLVMSetLinkage(cx->functions[0], LLVMInternalLinkage);
}
