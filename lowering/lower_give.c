// lower_give.c: operators that make a new value out of an old one, a + b, v :: xs, &xs: where the old
// one is handed on, the value of a variable at its last use or one that nobody has a name for, the
// runtime may change it in place.
//
// Invariant: what the other operand holds does not go with the one that is handed on: unless it is a
// variable's value, it is counted before.
#include "lower_internal.h"
#include "../rt/rt_layout.h"

bool lower_is_short_list(const Node *node) {
    return node->kind == NODE_LIST && node->list.items.len > 0 && node->list.items.len <= 4;
}

LLVMValueRef lower_push_items(LowerCtx *cx, LVal list, LLVMValueRef at, const LVal *items,
                              uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].rep == REP_F64 || items[i].rep == REP_I64) {
            list.v = RT(cx, rt_list_push_number, list.v, lower_convert(cx, items[i], REP_F64).v);
        } else {
            LVal item = lower_own_rooted(cx, items[i]);
            list.v = RT(cx, rt_list_push, list.v, lower_word(cx, item));
            lower_unrooted(cx, item);
        }
        if (i + 1 == count || !cx->fs->gives_up) continue; // it may have moved
        if (list.root) LLVMBuildStore(cx->builder, lower_word(cx, list), list.root);
        if (at) LLVMBuildStore(cx->builder, list.v, at);
    }
    return list.v;
}

// --- a + b ---------------------------------------------------------------------------------------

static bool may_be_given(LowerCtx *cx, const Node *node) {
    if (node->kind != NODE_NAME) return node->kind == NODE_BINARY || node->kind == NODE_CALL;
    return node->name.last && !lower_slot(cx, node->name.symbol)->borrowed;
}

// xs + [a, b]
static LVal push_short(LowerCtx *cx, Node *node) {
    const NodeVec *items = &node->binary.right->list.items;
    Node *nodes[5] = {node->binary.left};
    LVal v[5];
    for (uint32_t i = 0; i < items->len; i++) nodes[i + 1] = items->items[i];
    lower_operands(cx, nodes, items->len + 1, v);
    lower_take(cx, nodes[0], &v[0]);
    v[0] = lower_own_rooted(cx, v[0]);
    LLVMValueRef list = lower_push_items(cx, v[0], NULL, v + 1, items->len);
    lower_unrooted(cx, v[0]);
    return lower_val(REP_LIST, lower_node_type(cx, node), list, true);
}

// a + b, in place of a. The caller releases b.
static LVal add_into(LowerCtx *cx, LVal a, LVal b, Type type, Span span) {
    if (a.rep == REP_STRING && b.rep == REP_STRING)
        return lower_val(REP_STRING, type, RT(cx, rt_str_append, a.v, b.v), true);
    if (a.rep == REP_LIST && b.rep == REP_LIST)
        return lower_val(REP_LIST, type, RT(cx, rt_list_append, a.v, b.v), true);
    LLVMValueRef word =
        RT(cx, rt_add_into, lower_word(cx, a), lower_word(cx, b), lower_place(cx, span));
    return lower_as(cx, lower_val(REP_ANY, type, word, true), type);
}

LVal lower_sum(LowerCtx *cx, Node *node) {
    Node *parts[] = {node->binary.left, node->binary.right};
    Type type = lower_node_type(cx, node);
    if (lower_is_short_list(parts[1]) && type_rep(lower_node_type(cx, parts[0])) == REP_LIST &&
        may_be_given(cx, parts[0]))
        return push_short(cx, node);
    LVal v[2];
    lower_operands(cx, parts, 2, v);
    if (type_may(type, KIND_STRING | KIND_LIST | KIND_MAP)) lower_take(cx, parts[0], &v[0]);
    if (!v[0].owned || !lower_is_counted(v[0])) {
        LVal sum = lower_operation(cx, BINARY_ADD, v[0], v[1], type, node->span);
        lower_release_all(cx, v, 2);
        return sum;
    }
    if (parts[1]->kind != NODE_NAME) v[1] = lower_own_rooted(cx, v[1]);
    v[0] = lower_rooted(cx, v[0]);
    LVal sum = add_into(cx, v[0], v[1], type, node->span);
    lower_unrooted(cx, v[0]);
    lower_release(cx, v[1]);
    return sum;
}

// --- v :: xs, &xs --------------------------------------------------------------------------------

// Where the rest may be an error, that is the result.
static LVal cons_or_error(LowerCtx *cx, LVal first, LVal rest, Type type, Span span) {
    LLVMBasicBlockRef more = lower_block_new(cx, "list"), on = lower_block_new(cx, "on");
    LLVMValueRef words[2] = {lower_word(cx, rest)};
    lower_branch(cx, lower_is_error(cx, rest), on, more);
    LLVMBasicBlockRef from[2] = {LLVMGetInsertBlock(cx->builder)};
    lower_at(cx, more);
    words[1] = lower_word(cx, lower_cons(cx, first, rest, type_of_kind(KIND_LIST), span));
    from[1] = LLVMGetInsertBlock(cx->builder);
    lower_go(cx, on);
    LLVMValueRef phi = LLVMBuildPhi(cx->builder, cx->i64, "");
    LLVMAddIncoming(phi, words, from, 2);
    return lower_val(REP_ANY, type, phi, true);
}

LVal lower_cons(LowerCtx *cx, LVal first, LVal rest, Type type, Span span) {
    if (type_may(type, KIND_ERROR)) return cons_or_error(cx, first, rest, type, span);
    LLVMValueRef list = lower_expect(cx, rest, KIND_LIST, "the right side of '::'", span);
    LLVMValueRef made = RT(cx, rt_list_cons, lower_word(cx, first), list);
    return lower_val(REP_LIST, type_is(type, KIND_LIST) ? type : type_of_kind(KIND_LIST), made,
                     true);
}

LVal lower_cons_given(LowerCtx *cx, Node *node, LVal *v) {
    lower_take(cx, node->binary.right, &v[1]);
    v[1] = lower_own_rooted(cx, v[1]);
    LVal made = lower_cons(cx, v[0], v[1], lower_node_type(cx, node), node->span);
    lower_unrooted(cx, v[1]);
    lower_release(cx, v[0]);
    return made;
}

LVal lower_rest(LowerCtx *cx, Node *node, LVal v) {
    Type type = lower_node_type(cx, node);
    if (v.rep == REP_LIST)
        return lower_val(REP_LIST, v.type, RT(cx, rt_list_tail, lower_own(cx, v).v), true);
    v = lower_own_rooted(cx, v);
    LLVMValueRef word = RT(cx, rt_tail, lower_word(cx, v), lower_place(cx, node->span));
    lower_unrooted(cx, v);
    return lower_as(cx, lower_val(REP_ANY, type, word, true), type);
}

// --- f(&xs, ^xs) ---------------------------------------------------------------------------------

// xs of such an argument &xs, or null.
static Node *late_operand(LowerCtx *cx, Node *arg) {
    if (arg->kind != NODE_UNARY || arg->unary.op != UNARY_TAIL) return NULL;
    Node *name = arg->unary.operand;
    if (name->kind != NODE_NAME || !name->name.late) return NULL;
    return type_rep(lower_node_type(cx, name)) == REP_LIST ? name : NULL;
}

void lower_args(LowerCtx *cx, const NodeVec *nodes, LVal *args) {
    uint32_t count = nodes->len, late = 0;
    Node **operands = ARENA_ARRAY(cx->arena, Node *, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        Node *operand = late_operand(cx, nodes->items[i]);
        operands[i] = operand ? operand : nodes->items[i];
        late += operand != NULL;
    }
    lower_operands(cx, operands, count, args);
    if (late == 0) return;
    // What others hold of it must not go with what is taken off.
    for (uint32_t i = 0; i < count; i++)
        if (operands[i] == nodes->items[i]) args[i] = lower_own_rooted(cx, args[i]);
    for (uint32_t i = 0; i < count; i++) {
        if (operands[i] == nodes->items[i]) continue;
        lower_take_late(cx, operands[i], &args[i]);
        args[i] = lower_rooted(cx, lower_rest(cx, nodes->items[i], args[i]));
    }
}
