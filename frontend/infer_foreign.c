// infer_foreign.c: the types of calls of C functions, and which of Flap's values C's parameters take.
//
// A parameter of the prototype decides how its argument is passed. Behind `...` a cast decides, or
// the conversion of a literal format; whole numbers and fractions that are seen to be such need
// neither. What none of that tells is an error: C would take the wrong one for granted.
#include "infer_internal.h"
#include "unsafe.h"
#include <string.h>

Type infer_c_value(const CType *type) {
    switch ((CKind)type->kind) {
    case C_VOID: return type_integer(0, 0);
    case C_BOOL: return type_boolean();
    case C_I8: return type_integer(-128, 127);
    case C_I16: return type_integer(-32768, 32767);
    case C_I32: return type_integer(-2147483648.0, 2147483647);
    case C_U8: return type_integer(0, 255);
    case C_U16: return type_integer(0, 65535);
    case C_U32: return type_integer(0, 4294967295.0);
    case C_I64:
    case C_U64:
    case C_F32:
    case C_F64:
    case C_LONG_DOUBLE:
    case C_FUNCTION:
    case C_OTHER: return type_number();
    case C_POINTER:
    case C_ARRAY: return type_address(type->element);
    case C_RECORD: return type_address(type);
    }
    UNREACHABLE("a C type has a kind");
}

// Structs come back by value: as maps.
static Type result_type(const CType *type) {
    return type->kind == C_RECORD ? type_of_kind(KIND_MAP) : infer_c_value(type);
}

// --- what is behind the dots ----------------------------------------------------------------------

static const Node *literal_format(const Node *node) {
    if (node->kind == NODE_NAME && node->name.symbol != NULL && node->name.symbol->constant != NULL)
        node = node->name.symbol->constant;
    return node->kind == NODE_STRING ? node : NULL;
}

static bool takes_format(const CDecl *decl) {
    static const char *const words[] = {"printf", "fmt", "format", "Format"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strstr(decl->text, words[i]) != NULL) return true;
    return false;
}

// The type for the conversion whose letters begin at `at`; null for an unknown one.
static const CType *conversion_type(const char **at, const char *end, bool *star) {
    bool is_long = false, is_wide = false;
    const char *c = *at;
    while (c < end && strchr("-+ #0123456789.'", *c) != NULL && *c) c++;
    if (c < end && *c == '*') {
        *star = true;
        *at = c + 1;
        return ctype_scalar(C_I32);
    }
    for (; c < end && strchr("lhjztqL", *c) != NULL && *c; c++) {
        is_long |= *c != 'h';
        is_wide |= *c == 'L';
    }
    *at = c < end ? c + 1 : c;
    if (c >= end) return NULL;
    if (strchr("dic", *c)) return ctype_scalar(is_long ? C_I64 : C_I32);
    if (strchr("uxXob", *c)) return ctype_scalar(is_long ? C_U64 : C_U32);
    if (strchr("feEgGaAF", *c)) return ctype_scalar(is_wide ? C_LONG_DOUBLE : C_F64);
    if (strchr("spqQwn", *c)) return ctype_scalar(C_POINTER);
    return NULL;
}

// What the format says of its argument number `at`, or null.
static const CType *format_type(const Node *format, uint32_t at) {
    const char *c = format->string.bytes, *end = c + format->string.len;
    while (c < end) {
        if (*c++ != '%') continue;
        if (c < end && *c == '%') {
            c++;
            continue;
        }
        for (bool star = true; star;) {
            star = false;
            const CType *type = conversion_type(&c, end, &star);
            if (type == NULL || at == 0) return type;
            at--;
        }
    }
    return NULL;
}

static bool is_fraction(const Node *node) {
    if (node->kind == NODE_UNARY && node->unary.op == UNARY_NEG) node = node->unary.operand;
    return node->kind == NODE_NUMBER && node->number.value != (double)(int64_t)node->number.value;
}

const CType *infer_variadic(const Node *call, uint32_t at, Type type) {
    const CDecl *decl = call->call.callee->foreign.decl;
    const Node *arg = call->call.args.items[at];
    uint32_t fixed = decl->prototype->params.len;
    const Node *cast =
        arg->kind == NODE_UNARY && arg->unary.op == UNARY_NEG ? arg->unary.operand : arg;
    if (cast->kind == NODE_CAST) {
        const CType *wanted = cast->cast.to == CAST_STRUCT || cast->cast.to == CAST_STRING
                                  ? ctype_scalar(C_POINTER)
                                  : ctype_of_cast(cast->cast.to);
        if (wanted != NULL) return wanted->kind == C_F32 ? ctype_scalar(C_F64) : wanted;
    }
    if (type_is(type, KIND_STRING) || type_is(type, KIND_FUNCTION)) return ctype_scalar(C_POINTER);
    if (decl->prototype->untyped) return ctype_scalar(C_I64);
    const Node *format = fixed > 0 ? literal_format(call->call.args.items[fixed - 1]) : NULL;
    if (strstr(decl->name, "scanf") != NULL) return ctype_scalar(C_POINTER);
    if (format != NULL && takes_format(decl)) {
        const CType *wanted = format_type(format, at - fixed);
        if (wanted != NULL) return wanted;
    }
    if (arg->kind == NODE_FOREIGN || sema_pointee_known(arg) || type_pointee(type) != NULL)
        return ctype_scalar(C_POINTER);
    if (type.kinds == KIND_NUMBER && type.integer) return ctype_scalar(C_I64);
    return is_fraction(arg) ? ctype_scalar(C_F64) : NULL;
}

// --- arguments -----------------------------------------------------------------------------------

static uint8_t kinds_for(const CType *param) {
    switch ((CKind)param->kind) {
    case C_BOOL:
    case C_I8:
    case C_I16:
    case C_I32:
    case C_I64:
    case C_U8:
    case C_U16:
    case C_U32:
    case C_U64:
    case C_F32:
    case C_F64:
    case C_LONG_DOUBLE:
    case C_ARRAY: return KIND_NUMBER;
    case C_RECORD: return KIND_NUMBER | KIND_MAP | KIND_LIST;
    case C_FUNCTION: return KIND_NUMBER | KIND_FUNCTION;
    case C_POINTER: {
        uint8_t kinds = KIND_NUMBER;
        if (ctype_is_text(param)) kinds |= KIND_STRING;
        if (ctype_is_numbers(param)) kinds |= KIND_LIST;
        if (param->element == NULL) kinds |= KIND_FUNCTION;
        return kinds;
    }
    case C_VOID:
    case C_OTHER: return 0;
    }
    UNREACHABLE("a C type has a kind");
}

static void report_argument(Walk *w, const CDecl *decl, const Node *arg, uint32_t at,
                            const CType *param, Type type) {
    Arena *arena = w->infer->arena;
    if (!infer_may_report(w, arg)) return;
    Diag *diag = diag_report(w->infer->c, DIAG_E0804, arg->span, at + 1, decl->name,
                             ctype_text(arena, param), type_kind_text(type.kinds));
    diag_help(w->infer->c, diag, "in C: %s", decl->text);
}

static void check_filled(Walk *w, const Node *node, uint32_t at, const CType *param, Type type) {
    const Node *arg = node->call.args.items[at];
    if (!sema_fills(param) || !type_is(type, KIND_LIST) || arg->kind != NODE_NAME ||
        arg->name.symbol == NULL || arg->name.symbol->is_mutable || !infer_may_report(w, arg))
        return;
    const CDecl *decl = node->call.callee->foreign.decl;
    Diag *diag = diag_report(w->infer->c, DIAG_E0815, arg->span, decl->name, arg->name.name->text);
    diag_help(w->infer->c, diag, "in C: %s", decl->text);
}

static void report_unknown(Walk *w, const Node *node) {
    const CDecl *decl = node->call.callee->foreign.decl;
    if (infer_may_report(w, node))
        diag_report(w->infer->c, DIAG_E0812, node->span, decl->name, decl->text);
}

// Whether C calls a callback with types that are known.
static bool fits_callback(const CType *param) {
    if (param->kind != C_FUNCTION || param->prototype == NULL) return true;
    bool good = ctype_fits_callback(param->prototype->result);
    VEC_EACH(const CType *, type, &param->prototype->params)
    good = good && ctype_fits_callback(type);
    return good;
}

// A struct of a long double and nothing else comes back where nothing else does.
static bool is_long_double_alone(const CType *type) {
    const CType *scalars[C_SCALARS];
    return type->kind == C_RECORD && type->size == 16 && crecord_scalars(type, UNSAFE_X86_64, scalars) &&
           scalars[0] != NULL && scalars[0]->kind == C_LONG_DOUBLE;
}

static void check_arguments(Walk *w, Node *node, const Type *args) {
    const CDecl *decl = node->call.callee->foreign.decl;
    const CPrototype *prototype = decl->prototype;
    for (uint32_t i = 0; i < node->call.args.len; i++) {
        Node *arg = node->call.args.items[i];
        if (i >= prototype->params.len) {
            bool number_or_text =
                (args[i].kinds & ~(KIND_NUMBER | KIND_STRING | KIND_FUNCTION | KIND_ERROR)) == 0;
            if (number_or_text && infer_variadic(node, i, args[i]) != NULL) continue;
            if (infer_may_report(w, arg)) {
                Diag *diag = diag_report(w->infer->c, DIAG_E0811, arg->span, i + 1, decl->name);
                diag_help(w->infer->c, diag, "in C: %s", decl->text);
            }
            continue;
        }
        const CType *param = prototype->params.items[i];
        bool function = (args[i].kinds & KIND_FUNCTION) != 0;
        if (param->kind == C_OTHER || (function && !fits_callback(param)))
            report_unknown(w, node);
        else if ((args[i].kinds & (kinds_for(param) | KIND_ERROR)) == 0)
            report_argument(w, decl, arg, i, param, args[i]);
        else
            check_filled(w, node, i, param, args[i]);
    }
}

Type infer_foreign_call(Walk *w, Node *node, const Type *args, bool missing) {
    Node *callee = node->call.callee;
    const CDecl *decl = callee->foreign.decl;
    w->instance->shared.node_types[callee->id] = type_number();
    if (missing) return TYPE_NEVER;
    if (node->call.args.len < decl->prototype->params.len) return type_any(); // told by sema
    check_arguments(w, node, args);
    const CType *result = decl->prototype->result;
    if (result->kind == C_OTHER || is_long_double_alone(result)) report_unknown(w, node);
    return result_type(result);
}

Type infer_foreign(Node *node) {
    const CDecl *decl = node->foreign.decl;
    return decl->kind == C_DECL_VARIABLE ? infer_c_value(decl->type) : type_number();
}

// --- memory --------------------------------------------------------------------------------------

static void check_number(Walk *w, Node *node, Type type, const char *what) {
    if ((type.kinds & (KIND_NUMBER | KIND_ERROR)) == 0 && type.kinds != 0 &&
        infer_may_report(w, node))
        diag_report(w->infer->c, DIAG_E0554, node->span, what, type_kind_text(type.kinds));
}

Type infer_memory(Walk *w, Node *node) {
    Type base = infer_expr(w, node->memory.base);
    check_number(w, node->memory.base, base, "a C pointer");
    if (node->memory.index != NULL)
        check_number(w, node->memory.index, infer_expr(w, node->memory.index), "a position");
    if (base.kinds == 0) return TYPE_NEVER;
    if (node->memory.noted) infer_check_access(w, node, base);
    return infer_c_value(node->memory.type);
}

void infer_memory_update(Walk *w, Node *node, Type value) {
    check_number(w, node->update.value, value, "C's memory");
}

// --- unsafe blocks -------------------------------------------------------------------------------

Type infer_unsafe(Walk *w, Node *node) {
    const UnsafeBlock *block = &node->unsafe_code->blocks[node->unsafe_code->arch];
    VEC_EACH(UnsafeOp *, op, &block->ops)
    if (op->variable != NULL) infer_expr(w, op->variable);
    const UnsafeOp *result = sema_unsafe_result(node);
    if (result == NULL || !result->typed) return type_number();
    if (result->type == CAST_STRING || result->type == CAST_CSTR) return type_of_kind(KIND_STRING);
    const CType *type = ctype_of_cast(result->type);
    return type != NULL ? infer_c_value(type) : type_number();
}
