// lower_packed.c: elements of lists, packed or not: where they lie, how they are loaded and stored; and
// packed lists (type.h, Store): making them, and turning them into lists of words and back.
//
// Invariant: an LVal of REP_PACKED has the type that says how its elements are stored.
#include "lower_internal.h"
#include "../rt/rt_layout.h"

static int64_t size_of(Type element) {
    return element.store == STORE_U8 ? 1 : element.store == STORE_I32 ? 4 : 8;
}

static bool is_number(Type element) {
    return element.kinds == KIND_NUMBER || element.kinds == 0;
}

LLVMTypeRef lower_element_llvm(LowerCtx *cx, Type element) {
    if (element.store == STORE_U8) return cx->i8;
    if (element.store == STORE_I32) return cx->i32;
    return is_number(element) ? cx->f64 : cx->i64;
}

LLVMValueRef lower_element_at(LowerCtx *cx, LLVMValueRef data, LLVMValueRef position,
                              Type element) {
    return LLVMBuildInBoundsGEP2(cx->builder, lower_element_llvm(cx, element), data, &position, 1,
                                 "");
}

LVal lower_element_val(LowerCtx *cx, LLVMValueRef v, Type element) {
    if (element.store == STORE_WORD)
        return is_number(element) ? lower_val(REP_F64, type_number(), v, false)
                                  : lower_val(REP_ANY, element, v, false);
    LLVMValueRef wide = element.low >= 0 ? LLVMBuildZExt(cx->builder, v, cx->i64, "")
                                         : LLVMBuildSExt(cx->builder, v, cx->i64, "");
    element.store = STORE_WORD;
    return lower_val(REP_I64, element, wide, false);
}

LLVMValueRef lower_element_load(LowerCtx *cx, LLVMValueRef data, LLVMValueRef position,
                                Type element) {
    LLVMValueRef at = lower_element_at(cx, data, position, element);
    return lower_load(cx, lower_element_llvm(cx, element), at, cx->tbaa_element, "element");
}

LLVMValueRef lower_number_store(LowerCtx *cx, LLVMValueRef at, Type element, LVal value) {
    if (element.store == STORE_WORD)
        return lower_store(cx, lower_convert(cx, value, REP_F64).v, at, cx->tbaa_element);
    LLVMValueRef whole = lower_convert(cx, value, REP_I64).v;
    whole = LLVMBuildTrunc(cx->builder, whole, lower_element_llvm(cx, element), "");
    return lower_store(cx, whole, at, cx->tbaa_element);
}

// --- from and to lists of words -------------------------------------------------------------------

static LLVMValueRef size_val(LowerCtx *cx, Type list) {
    return lower_i32(cx, (int32_t)size_of(type_element(list)));
}

LVal lower_unpacked(LowerCtx *cx, LVal list) {
    LLVMValueRef made = RT(cx, rt_packed_words, list.v);
    lower_release(cx, list);
    return lower_val(REP_LIST, type_list(cx->arena, type_number()), made, true);
}

LVal lower_packed(LowerCtx *cx, LVal list, Type type) {
    if (list.rep == REP_PACKED) return list;
    list = lower_convert(cx, list, REP_LIST);
    LLVMValueRef made = RT(cx, rt_packed_of, list.v, size_val(cx, type));
    lower_release(cx, list);
    return lower_val(REP_PACKED, type, made, true);
}

LVal lower_packed_new(LowerCtx *cx, Type type, LLVMValueRef capacity) {
    LLVMValueRef list = RT(cx, rt_packed_new, capacity, size_val(cx, type));
    return lower_val(REP_PACKED, type, list, true);
}

// --- new ones -------------------------------------------------------------------------------------

static LVal new_of_items(LowerCtx *cx, Node *node, Type type) {
    uint32_t count = node->list.items.len;
    Type element = type_element(type);
    bool jumps = (lower_node_flags(cx, node) & NODE_MAY_JUMP) != 0;
    LVal result = lower_packed_new(cx, type, lower_i64(cx, count));
    LLVMValueRef list = result.v;
    uint32_t held = lower_hold(cx, result);
    for (uint32_t i = 0; i < count; i++) {
        LVal item = lower_expr(cx, node->list.items.items[i]);
        LLVMValueRef at = lower_element_at(cx, lower_data(cx, list), lower_i64(cx, i), element);
        lower_number_store(cx, at, element, item);
        if (jumps || i + 1 == count)
            lower_store(cx, lower_i64(cx, i + 1), lower_field(cx, list, 8), cx->tbaa_header);
    }
    lower_unhold(cx, held);
    return result;
}

static bool is_number_node(LowerCtx *cx, const Node *node) {
    Rep rep = type_rep(lower_node_type(cx, node));
    return rep == REP_F64 || rep == REP_I64;
}

// [x] * n
static LVal repeated(LowerCtx *cx, Node *node, Type type) {
    Node *parts[] = {node->binary.left->list.items.items[0], node->binary.right};
    LVal v[2];
    lower_operands(cx, parts, 2, v);
    LLVMValueRef list = RT(cx, rt_packed_repeat, lower_convert(cx, v[0], REP_I64).v,
                           lower_convert(cx, v[1], REP_F64).v, size_val(cx, type));
    return lower_val(REP_PACKED, type, list, true);
}

// The numbers from parts[0] to parts[1], which are integers.
static LVal new_range(LowerCtx *cx, Node *const *parts, bool inclusive, Type type) {
    LVal v[2];
    lower_operands(cx, parts, 2, v);
    LLVMValueRef low = lower_convert(cx, v[0], REP_I64).v,
                 high = lower_convert(cx, v[1], REP_I64).v;
    if (inclusive) high = LLVMBuildNSWAdd(cx->builder, high, lower_i64(cx, 1), "");
    LLVMValueRef list = RT(cx, rt_packed_range, low, high, size_val(cx, type));
    return lower_val(REP_PACKED, type, list, true);
}

static bool are_integers(LowerCtx *cx, Node *const *nodes) {
    return type_rep(lower_node_type(cx, nodes[0])) == REP_I64 &&
           type_rep(lower_node_type(cx, nodes[1])) == REP_I64;
}

static bool is_builtin(const Node *call, BuiltinId id) {
    const Symbol *symbol =
        call->call.callee->kind == NODE_NAME ? call->call.callee->name.symbol : NULL;
    return symbol && symbol->kind == SYMBOL_BUILTIN && symbol->builtin->id == id;
}

static bool packed_sum(LowerCtx *cx, Node *call, LVal *result) {
    if (!is_builtin(call, BUILTIN_sum) || call->call.args.len != 1) return false;
    Node *list = call->call.args.items[0];
    if (list->kind != NODE_NAME || type_rep(lower_node_type(cx, list)) != REP_PACKED) return false;
    LVal v = lower_expr(cx, list);
    *result = lower_val(REP_F64, type_number(), RT(cx, rt_packed_sum, v.v), false);
    lower_release(cx, v);
    return true;
}

bool lower_packed_append(LowerCtx *cx, Node *update, Symbol *symbol) {
    const SymSlot *slot = lower_slot(cx, symbol);
    if (slot->rep != REP_PACKED) return false;
    NodeVec items = packed_appended(update);
    if (items.len == 0) return false;
    LVal *values = ARENA_ARRAY(cx->arena, LVal, items.len);
    lower_operands(cx, items.items, items.len, values);
    LLVMValueRef list = lower_symbol(cx, symbol).v;
    for (uint32_t i = 0; i < items.len; i++)
        list = RT(cx, rt_packed_push, list, lower_convert(cx, values[i], REP_I64).v,
                  size_val(cx, slot->type));
    LLVMBuildStore(cx->builder, list, slot->at);
    return true;
}

LLVMValueRef lower_packed_behind(LowerCtx *cx, LLVMValueRef list, LVal part, Type type) {
    part = lower_own(cx, lower_packed(cx, part, type)); // it may be the very list that grows
    list = RT(cx, rt_packed_append, list, part.v, size_val(cx, type));
    lower_release(cx, part);
    return list;
}

// a + b
static LVal sum_of_lists(LowerCtx *cx, Node *node, Type type) {
    Node *parts[] = {node->binary.left, node->binary.right};
    LVal v[2];
    lower_operands(cx, parts, 2, v);
    lower_take(cx, parts[0], &v[0]);
    LLVMValueRef whole = lower_own(cx, lower_packed(cx, v[0], type)).v;
    return lower_val(REP_PACKED, type, lower_packed_behind(cx, whole, v[1], type), true);
}

static bool is_text(LowerCtx *cx, const Node *node) {
    return type_rep(lower_node_type(cx, node)) == REP_STRING;
}

static LVal points_of(LowerCtx *cx, Node *text, Type type) {
    LVal v = lower_expr(cx, text);
    LLVMValueRef list = RT(cx, rt_packed_text, v.v, size_val(cx, type));
    lower_release(cx, v);
    return lower_val(REP_PACKED, type, list, true);
}

// Of lists that are there.
static bool from_others(LowerCtx *cx, Node *node, Type type, LVal *result) {
    if (node->kind == NODE_BINARY && node->binary.op == BINARY_ADD)
        *result = sum_of_lists(cx, node, type);
    else if (node->kind == NODE_CAST && is_text(cx, node->cast.operand))
        *result = points_of(cx, node->cast.operand, type);
    else
        return false;
    return true;
}

bool lower_packed_expr(LowerCtx *cx, Node *node, LVal *result) {
    if (node->kind == NODE_CALL && packed_sum(cx, node, result)) return true;
    bool can = node->kind == NODE_NAME || node->kind == NODE_LIST || node->kind == NODE_BINARY ||
               node->kind == NODE_RANGE || node->kind == NODE_CALL || node->kind == NODE_CAST;
    Type type = can ? lower_node_type(cx, node) : TYPE_NEVER;
    if (type_rep(type) != REP_PACKED) return false;
    if (from_others(cx, node, type, result)) return true;
    if (node->kind == NODE_CAST) return false;
    const Node *list = node;
    if (node->kind == NODE_NAME) {
        if (node->name.symbol->kind != SYMBOL_CONSTANT) return false;
        list = node->name.symbol->constant;
    }
    if (list->kind == NODE_LIST) {
        LLVMValueRef literal = lower_packed_literal(cx, list, type_element(type));
        *result =
            literal ? lower_val(REP_PACKED, type, literal, false) : new_of_items(cx, node, type);
        return true;
    }
    if (node->kind == NODE_BINARY) {
        const Node *left = node->binary.left;
        if (left->kind != NODE_LIST || left->list.items.len != 1 ||
            !is_number_node(cx, left->list.items.items[0]) ||
            !is_number_node(cx, node->binary.right))
            return false;
        *result = repeated(cx, node, type);
        return true;
    }
    Node *ends[] = {node->range.low, node->range.high};
    bool builtin = node->kind == NODE_CALL;
    if (builtin &&
        (node->call.callee->name.symbol->kind != SYMBOL_BUILTIN || node->call.args.len != 2))
        return false;
    Node *const *parts = builtin ? node->call.args.items : ends;
    if (!are_integers(cx, parts)) return false;
    *result = new_range(cx, parts, !builtin && node->range.inclusive, type);
    return true;
}
