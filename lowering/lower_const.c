// lower_const.c: constants of generated code: numbers, texts, immortal strings and lists, places
// for messages, closures without captures. Equal texts are made once. Nothing here changes at run
// time: what a list of literals holds is data too, however deep, and costs no code.
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

LLVMValueRef lower_private(LowerCtx *cx, LLVMValueRef value, const char *name, unsigned align) {
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
    global = lower_private(cx, bytes, "flap.text", 1);
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

LLVMValueRef lower_header(LowerCtx *cx, int kind, int flags, int spare) {
    LLVMTypeRef i16 = LLVMInt16TypeInContext(cx->context);
    LLVMValueRef parts[] = {lower_i32(cx, RT_IMMORTAL), LLVMConstInt(cx->i8, (unsigned)kind, 0),
                            LLVMConstInt(cx->i8, (unsigned)flags, 0),
                            LLVMConstInt(i16, (unsigned)spare, 0)};
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
        lower_header(cx, RT_KIND_STRING, ascii ? RT_FLAG_ASCII : 0, 0), lower_i64(cx, (int64_t)len),
        lower_i64(cx, points), lower_i64(cx, (int64_t)len),
        LLVMConstStringInContext(cx->context, len ? bytes : "", (unsigned)len, 0)};
    LLVMValueRef value = LLVMConstStructInContext(cx->context, parts, COUNT_OF(parts), 0);
    global = lower_private(cx, value, "flap.string", 16);
    map_put(&cx->strings, name, global);
    return global;
}

LLVMValueRef lower_place(LowerCtx *cx, Span span) {
    if (cx->fs && cx->fs->place) return cx->fs->place;
    Place place = source_place(&cx->c->unit, &cx->c->sources, span.begin);
    const char *name = cx->fs ? cx->fs->name : "main";
    LLVMValueRef parts[] = {lower_cstr(cx, place.source ? place.source->path : ""),
                            lower_i32(cx, (int32_t)place.line),
                            lower_i32(cx, (int32_t)place.column), lower_cstr(cx, name)};
    LLVMValueRef value = LLVMConstStructInContext(cx->context, parts, COUNT_OF(parts), 0);
    return lower_private(cx, value, "flap.place", 8);
}

LLVMValueRef lower_info(LowerCtx *cx, const char *name, int64_t least, int64_t most,
                        LLVMValueRef tail) {
    LLVMValueRef parts[] = {lower_cstr(cx, name), lower_i64(cx, least), lower_i64(cx, most),
                            tail ? tail : LLVMConstNull(cx->ptr)};
    LLVMValueRef value = LLVMConstStructInContext(cx->context, parts, COUNT_OF(parts), 0);
    return lower_private(cx, value, "flap.info", 8);
}

LLVMValueRef lower_static_closure(LowerCtx *cx, LLVMValueRef code, LLVMValueRef info,
                                  const char *name) {
    LLVMValueRef parts[] = {lower_header(cx, RT_KIND_FUNCTION, 0, 0), code, info, lower_i64(cx, 0)};
    LLVMValueRef value = LLVMConstStructInContext(cx->context, parts, COUNT_OF(parts), 0);
    LLVMValueRef global = lower_private(cx, value, name, 16);
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

// --- folded constants ----------------------------------------------------------------------------

static const Node *behind_name(const Node *node) {
    bool named = node->kind == NODE_NAME && node->name.symbol;
    return named && node->name.symbol->kind == SYMBOL_CONSTANT ? node->name.symbol->constant : node;
}

static bool is_literal(const Node *node) {
    double value;
    if (lower_number_literal(node, &value)) return true;
    node = behind_name(node);
    if (!node || node->kind == NODE_STRING) return node != NULL;
    if (node->kind != NODE_LIST) return false;
    VEC_EACH(Node *, item, &node->list.items)
    if (!is_literal(item)) return false;
    return true;
}

static LLVMValueRef literal_list(LowerCtx *cx, const Node *node);

// The word of a literal, as data.
static LLVMValueRef literal_word(LowerCtx *cx, const Node *node, bool *boxed) {
    double value;
    if (lower_number_literal(node, &value)) return LLVMConstBitCast(lower_f64(cx, value), cx->i64);
    node = behind_name(node);
    bool list = node->kind == NODE_LIST;
    LLVMValueRef object =
        list ? literal_list(cx, node) : lower_str(cx, node->string.bytes, node->string.len);
    uint64_t tag = (uint64_t)(list ? RT_TAG_LIST : RT_TAG_STRING) << RT_TAG_SHIFT;
    *boxed = true;
    return LLVMConstAdd(LLVMConstPtrToInt(object, cx->i64), LLVMConstInt(cx->i64, tag, 0));
}

static LLVMValueRef literal_list(LowerCtx *cx, const Node *node) {
    LLVMValueRef global = map_get(&cx->constants, node);
    if (global) return global;
    uint32_t count = node->list.items.len;
    LLVMValueRef *words = ARENA_ARRAY(cx->arena, LLVMValueRef, count + 1);
    bool boxed = false;
    for (uint32_t i = 0; i < count; i++)
        words[i] = literal_word(cx, node->list.items.items[i], &boxed);
    LLVMValueRef parts[] = {lower_header(cx, RT_KIND_LIST, boxed ? RT_FLAG_BOXED : 0, 0),
                            lower_i64(cx, count), lower_i64(cx, count), lower_i64(cx, 0),
                            LLVMConstArray2(cx->i64, words, count)};
    LLVMValueRef value = LLVMConstStructInContext(cx->context, parts, COUNT_OF(parts), 0);
    global = lower_private(cx, value, boxed ? "flap.list" : "flap.numbers", 16);
    map_put(&cx->constants, node, global);
    return global;
}

LLVMValueRef lower_literal_list(LowerCtx *cx, const Node *node) {
    return is_literal(node) ? literal_list(cx, node) : NULL;
}

LLVMValueRef lower_packed_literal(LowerCtx *cx, const Node *node, Type element) {
    if (!is_literal(node)) return NULL;
    PtrMap *known = element.store == STORE_U8 ? &cx->constant_bytes : &cx->constant_integers;
    LLVMValueRef global = map_get(known, node);
    if (global) return global;
    uint32_t count = node->list.items.len;
    LLVMTypeRef type = lower_element_llvm(cx, element);
    LLVMValueRef *items = ARENA_ARRAY(cx->arena, LLVMValueRef, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        double value = 0;
        (void)lower_number_literal(node->list.items.items[i], &value);
        items[i] = LLVMConstInt(type, (unsigned long long)(int64_t)value, 1);
    }
    LLVMValueRef parts[] = {lower_header(cx, RT_KIND_LIST, 0, element.store == STORE_U8 ? 1 : 4),
                            lower_i64(cx, count), lower_i64(cx, count), lower_i64(cx, 0),
                            LLVMConstArray2(type, items, count)};
    LLVMValueRef value = LLVMConstStructInContext(cx->context, parts, COUNT_OF(parts), 0);
    global = lower_private(cx, value, "flap.packed", 16);
    map_put(known, node, global);
    return global;
}

static LVal constant_number(LowerCtx *cx, double value) {
    bool whole = value == trunc(value) && fabs(value) <= 0x1p53 && !(value == 0 && signbit(value));
    if (whole)
        return lower_val(REP_I64, type_integer(value, value), lower_i64(cx, (int64_t)value), false);
    return lower_val(REP_F64, type_number(), lower_f64(cx, value), false);
}

static LVal constant_list(LowerCtx *cx, Node *node) {
    LLVMValueRef list = lower_literal_list(cx, node);
    CHECK(list != NULL, "a constant list holds literals");
    bool numbers = true;
    double value;
    VEC_EACH(Node *, item, &node->list.items) numbers &= lower_number_literal(item, &value);
    Type type = numbers ? type_list(cx->arena, type_number()) : type_of_kind(KIND_LIST);
    return lower_val(REP_LIST, type, list, false);
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
