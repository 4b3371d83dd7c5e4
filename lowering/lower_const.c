// lower_const.c: constants of generated code: numbers, texts, immortal strings and lists, places
// for messages, closures without captures. Equal ones are made once. Nothing here changes at run
// time but lists of anything but numbers, which are built once, when the program starts.
#include "lower_internal.h"
#include "../rt/rt_layout.h"
#include <math.h>
#include <string.h>

LLVMValueRef lower_i64(LowerCtx *cx, int64_t value) {
    return LLVMConstInt(cx->i64, (unsigned long long)value, 1);
}

LLVMValueRef lower_i32(LowerCtx *cx, int32_t value) {
    return LLVMConstInt(cx->i32, (unsigned long long)(int64_t)value, 1);
}

LLVMValueRef lower_f64(LowerCtx *cx, double value) {
    return LLVMConstReal(cx->f64, value);
}

static LLVMValueRef private_constant(LowerCtx *cx, LLVMValueRef value, const char *name,
                                     unsigned align) {
    LLVMValueRef global = LLVMAddGlobal(cx->module, LLVMTypeOf(value), name);
    LLVMSetInitializer(global, value);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
    LLVMSetAlignment(global, align);
    return global;
}

LLVMValueRef lower_cstr(LowerCtx *cx, const char *text) {
    Name *name = intern_c(&cx->c->names, text);
    LLVMValueRef global = map_get(&cx->texts, name);
    if (global) return global;
    LLVMValueRef bytes = LLVMConstStringInContext(cx->context, text, name->len, 0);
    global = private_constant(cx, bytes, "flap.text", 1);
    map_put(&cx->texts, name, global);
    return global;
}

// Length in bytes of the code point at `at`; what is no UTF-8 is one byte each.
static size_t point_length(const unsigned char *at, size_t left) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t need = at[0] < 0x80                    ? 1
                  : at[0] >= 0xC2 && at[0] < 0xE0 ? 2
                  : at[0] >= 0xE0 && at[0] < 0xF0 ? 3
                  : at[0] >= 0xF0 && at[0] < 0xF5 ? 4
                                                  : 0;
    if (need <= 1 || need > left) return 1;
    uint32_t point = at[0] & (0x7Fu >> need);
    for (size_t i = 1; i < need; i++) {
        if ((at[i] & 0xC0) != 0x80) return 1;
        point = point << 6 | (at[i] & 0x3Fu);
    }
    bool wrong = point < least[need] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000);
    return wrong ? 1 : need;
}

static LLVMValueRef header(LowerCtx *cx, int kind, int flags) {
    LLVMTypeRef i16 = LLVMInt16TypeInContext(cx->context);
    LLVMValueRef parts[] = {lower_i32(cx, RT_IMMORTAL), LLVMConstInt(cx->i8, (unsigned)kind, 0),
                            LLVMConstInt(cx->i8, (unsigned)flags, 0), LLVMConstInt(i16, 0, 0)};
    return LLVMConstStructInContext(cx->context, parts, COUNT_OF(parts), 0);
}

LLVMValueRef lower_str(LowerCtx *cx, const char *bytes, size_t len) {
    Name *name = intern(&cx->c->names, len ? bytes : "", len);
    LLVMValueRef global = map_get(&cx->strings, name);
    if (global) return global;
    int64_t points = 0;
    for (size_t at = 0; at < len; points++)
        at += point_length((const unsigned char *)bytes + at, len - at);
    bool ascii = true;
    for (size_t i = 0; i < len && ascii; i++) ascii = (unsigned char)bytes[i] < 0x80;
    LLVMValueRef parts[] = {
        header(cx, RT_KIND_STRING, ascii ? RT_FLAG_ASCII : 0), lower_i64(cx, (int64_t)len),
        lower_i64(cx, points), lower_i64(cx, (int64_t)len),
        LLVMConstStringInContext(cx->context, len ? bytes : "", (unsigned)len, 0)};
    LLVMValueRef value = LLVMConstStructInContext(cx->context, parts, COUNT_OF(parts), 0);
    global = private_constant(cx, value, "flap.string", 16);
    map_put(&cx->strings, name, global);
    return global;
}

LLVMValueRef lower_numbers(LowerCtx *cx, const double *values, uint32_t count) {
    LLVMValueRef *words = ARENA_ARRAY(cx->arena, LLVMValueRef, count + 1);
    for (uint32_t i = 0; i < count; i++) words[i] = lower_f64(cx, values[i]);
    LLVMValueRef parts[] = {header(cx, RT_KIND_LIST, 0), lower_i64(cx, count), lower_i64(cx, count),
                            lower_i64(cx, 0), LLVMConstArray2(cx->f64, words, count)};
    LLVMValueRef value = LLVMConstStructInContext(cx->context, parts, COUNT_OF(parts), 0);
    return private_constant(cx, value, "flap.numbers", 16);
}

LLVMValueRef lower_place(LowerCtx *cx, Span span) {
    Place place = source_place(&cx->c->unit, &cx->c->sources, span.begin);
    const char *name = cx->fs ? cx->fs->name : "main";
    LLVMValueRef parts[] = {lower_cstr(cx, place.source ? place.source->path : ""),
                            lower_i32(cx, (int32_t)place.line),
                            lower_i32(cx, (int32_t)place.column), lower_cstr(cx, name)};
    LLVMValueRef value = LLVMConstStructInContext(cx->context, parts, COUNT_OF(parts), 0);
    return private_constant(cx, value, "flap.place", 8);
}

LLVMValueRef lower_info(LowerCtx *cx, const char *name, int64_t arity) {
    LLVMValueRef parts[] = {lower_cstr(cx, name), lower_i64(cx, arity)};
    return private_constant(cx, LLVMConstStructInContext(cx->context, parts, 2, 0), "flap.info", 8);
}

LLVMValueRef lower_static_closure(LowerCtx *cx, LLVMValueRef code, LLVMValueRef info,
                                  const char *name) {
    LLVMValueRef parts[] = {header(cx, RT_KIND_FUNCTION, 0), code, info, lower_i64(cx, 0)};
    LLVMValueRef value = LLVMConstStructInContext(cx->context, parts, COUNT_OF(parts), 0);
    LLVMValueRef global = private_constant(cx, value, name, 16);
    LLVMSetUnnamedAddress(global, LLVMNoUnnamedAddr); // functions are compared by identity
    return global;
}

bool lower_number_literal(const Node *node, double *value) {
    bool negative = node->kind == NODE_UNARY && node->unary.op == UNARY_NEG;
    if (negative) node = node->unary.operand;
    if (node->kind == NODE_NAME && node->name.symbol && node->name.symbol->kind == SYMBOL_CONSTANT)
        node = node->name.symbol->constant;
    if (!node || node->kind != NODE_NUMBER) return false;
    *value = negative ? -node->number.value : node->number.value;
    return true;
}

// --- folded constants
// -----------------------------------------------------------------------------

static bool all_numbers(const Node *list, double *values) {
    for (uint32_t i = 0; i < list->list.items.len; i++)
        if (!lower_number_literal(list->list.items.items[i], &values[i])) return false;
    return true;
}

static LVal constant_number(LowerCtx *cx, double value) {
    bool whole = value == trunc(value) && fabs(value) <= 0x1p53 && !(value == 0 && signbit(value));
    if (whole)
        return lower_val(REP_I64, type_integer(value, value), lower_i64(cx, (int64_t)value), false);
    return lower_val(REP_F64, type_number(), lower_f64(cx, value), false);
}

static LVal constant_list(LowerCtx *cx, Node *node) {
    Type type = type_of_kind(KIND_LIST);
    double *values = ARENA_ARRAY(cx->arena, double, node->list.items.len + 1);
    LLVMValueRef global = map_get(&cx->constants, node);
    if (all_numbers(node, values)) {
        if (!global) {
            global = lower_numbers(cx, values, node->list.items.len);
            map_put(&cx->constants, node, global);
        }
        return lower_val(REP_LIST, type_list(cx->arena, type_number()), global, false);
    }
    if (!global) {
        global = LLVMAddGlobal(cx->module, cx->ptr, "flap.constant");
        LLVMSetInitializer(global, LLVMConstNull(cx->ptr));
        LLVMSetLinkage(global, LLVMInternalLinkage);
        map_put(&cx->constants, node, global);
        vec_push(cx->arena, &cx->kept_constants, node);
    }
    return lower_val(REP_LIST, type, LLVMBuildLoad2(cx->builder, cx->ptr, global, "constant"),
                     false);
}

LVal lower_constant(LowerCtx *cx, Node *node) {
    double value;
    if (lower_number_literal(node, &value)) return constant_number(cx, value);
    if (node->kind == NODE_STRING)
        return lower_val(REP_STRING, type_of_kind(KIND_STRING),
                         lower_str(cx, node->string.bytes, node->string.len), false);
    CHECK(node->kind == NODE_LIST, "a constant is a number, a string or a list of those");
    return constant_list(cx, node);
}

// The word of a constant, owned by the list that it goes into.
static LLVMValueRef make_word(LowerCtx *cx, Node *node) {
    double value;
    if (node->kind != NODE_LIST || node->list.items.len == 0)
        return lower_word(cx, lower_constant(cx, node));
    LLVMValueRef list = RT(cx, rt_list_new, lower_i64(cx, node->list.items.len));
    VEC_EACH(Node *, item, &node->list.items) {
        if (lower_number_literal(item, &value))
            list = RT(cx, rt_list_push_number, list, lower_f64(cx, value));
        else
            list = RT(cx, rt_list_push, list, make_word(cx, item));
    }
    return lower_word(cx, lower_val(REP_LIST, type_of_kind(KIND_LIST), list, true));
}

void lower_make_constants(LowerCtx *cx, LLVMValueRef before) {
    LLVMPositionBuilderBefore(cx->builder, before);
    VEC_EACH(Node *, node, &cx->kept_constants) {
        LVal word = lower_val(REP_ANY, type_of_kind(KIND_LIST), make_word(cx, node), true);
        LLVMValueRef list = lower_convert(cx, word, REP_LIST).v;
        RT(cx, rt_constant, list);
        LLVMBuildStore(cx->builder, list, map_get(&cx->constants, node));
    }
}
