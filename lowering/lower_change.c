// lower_change.c: `xs <- push(xs, v)` and the like for pop, insert and remove, and `xs <- v :: xs`: the variable's
// list or map is taken out of its slot, so that the runtime may change it in place when nobody else holds it.
#include "lower_internal.h"

static const Builtin *changer(const Node *call) {
    if (call->kind != NODE_CALL || call->call.args.len == 0) return NULL;
    const Node *callee = call->call.callee;
    if (callee->kind != NODE_NAME || !callee->name.symbol || !callee->name.symbol->builtin)
        return NULL;
    const Builtin *builtin = callee->name.symbol->builtin;
    bool changes = builtin->id == BUILTIN_push || builtin->id == BUILTIN_pop ||
                   builtin->id == BUILTIN_insert || builtin->id == BUILTIN_remove;
    return changes ? builtin : NULL;
}

// Takes the list or map; gives a word.
static LLVMValueRef change(LowerCtx *cx, const Builtin *builtin, LVal whole, const LVal *args,
                           Span span) {
    LLVMValueRef place = lower_place(cx, span);
    bool number =
        builtin->id == BUILTIN_remove && (args[0].rep == REP_F64 || args[0].rep == REP_I64);
    if (whole.rep == REP_MAP && number) {
        whole.v = RT(cx, rt_map_remove, whole.v, lower_word(cx, args[0]), place);
        return lower_word(cx, whole);
    }
    LLVMValueRef taken = lower_word(cx, whole);
    switch ((int)builtin->id) {
    case BUILTIN_push: return RT(cx, rt_push, taken, lower_word(cx, args[0]), place);
    case BUILTIN_pop: return RT(cx, rt_pop, taken, place);
    case BUILTIN_insert:
        return RT(cx, rt_insert, taken, lower_word(cx, args[0]), lower_word(cx, args[1]), place);
    case BUILTIN_remove: return RT(cx, rt_remove, taken, lower_word(cx, args[0]), place);
    }
    UNREACHABLE("a builtin that changes its first argument");
}

bool lower_change_given(LowerCtx *cx, Node *call, LVal *result) {
    const Builtin *builtin = changer(call);
    Node *first = builtin ? call->call.args.items[0] : NULL;
    if (!builtin || (first->kind == NODE_NAME && !first->name.last)) return false;
    uint32_t count = call->call.args.len;
    LVal args[3];
    CHECK(count <= 3, "these builtins have at most three arguments");
    lower_operands(cx, call->call.args.items, count, args);
    for (uint32_t i = 1; i < count; i++) args[i] = lower_own_rooted(cx, args[i]);
    lower_take(cx, first, &args[0]);
    args[0] = lower_own_rooted(cx, args[0]);
    LLVMValueRef changed = change(cx, builtin, args[0], args + 1, call->span);
    lower_unrooted(cx, args[0]);
    *result = lower_val(REP_ANY, lower_node_type(cx, call), changed, true);
    lower_release_all(cx, args + 1, count - 1);
    return true;
}

// xs <- a :: b :: xs, in parallel bodies too, where no mention of what is outside is the last one.
static bool prepend_in_place(LowerCtx *cx, const Node *node, Symbol *symbol, const SymSlot *slot) {
    if (node->update.op != UPDATE_SET || node->update.or_return || slot->rep != REP_LIST)
        return false;
    VEC(Node *) items = {0};
    Node *value = node->update.value;
    for (; value->kind == NODE_BINARY && value->binary.op == BINARY_CONS;
         value = value->binary.right) {
        if (lower_node_flags(cx, value->binary.left) & NODE_MAY_UPDATE) return false;
        vec_push(cx->arena, &items, value->binary.left);
    }
    if (items.len == 0 || value->kind != NODE_NAME || value->name.symbol != symbol) return false;
    LVal *values = ARENA_ARRAY(cx->arena, LVal, items.len);
    lower_operands(cx, items.items, items.len, values);
    // Owned first: one of them may be, or lie in, the very list that is changed.
    for (uint32_t i = 0; i < items.len; i++) values[i] = lower_own_rooted(cx, values[i]);
    for (uint32_t i = items.len; i-- > 0;) {
        LLVMValueRef list = lower_symbol(cx, symbol).v;
        LLVMValueRef grown = RT(cx, rt_list_cons, lower_word(cx, values[i]), list);
        LLVMBuildStore(cx->builder, grown, slot->at);
    }
    lower_release_all(cx, values, items.len);
    return true;
}

bool lower_change_in_place(LowerCtx *cx, Node *node, Symbol *symbol) {
    SymSlot *slot = lower_slot(cx, symbol);
    if (symbol->rebound_by_loop) return false;
    if (prepend_in_place(cx, node, symbol, slot)) return true;
    Node *call = node->update.value;
    const Builtin *builtin = node->update.op == UPDATE_SET ? changer(call) : NULL;
    const Node *first = builtin ? call->call.args.items[0] : NULL;
    if (!first || first->kind != NODE_NAME || first->name.symbol != symbol) return false;
    if (!lower_is_counted_rep(slot->rep)) return false;
    uint32_t count = call->call.args.len - 1;
    Node **nodes = call->call.args.items + 1;
    for (uint32_t i = 0; i < count; i++)
        if (lower_node_flags(cx, nodes[i]) & NODE_MAY_UPDATE) return false;
    LVal args[3];
    CHECK(count <= 3, "these builtins have at most three arguments");
    lower_operands(cx, nodes, count, args);
    // Owned first: one of them may be, or lie in, the very list that is changed.
    for (uint32_t i = 0; i < count; i++) args[i] = lower_own_rooted(cx, args[i]);
    LLVMValueRef word = change(cx, builtin, lower_symbol(cx, symbol), args, node->span);
    LVal changed = lower_val(REP_ANY, slot->type, word, true);
    LLVMBuildStore(cx->builder, lower_convert(cx, changed, slot->rep).v, slot->at);
    lower_release_all(cx, args, count);
    return true;
}

LVal lower_changed(LowerCtx *cx, LVal whole, LLVMValueRef word) {
    lower_unrooted(cx, whole);
    return lower_rooted(cx, lower_val(REP_ANY, whole.type, word, true));
}

LVal lower_added(LowerCtx *cx, LVal whole, LVal part, Span span) {
    LLVMValueRef word = RT(cx, rt_add_into, whole.v, lower_word(cx, part), lower_place(cx, span));
    return lower_changed(cx, whole, word);
}

// --- through a path -------------------------------------------------------------------------------

// m.list <- m.list + [x], xs[i] <- push(xs[i], x): what stands at the end of the path.
typedef struct Growth {
    const Builtin *builtin; // null: parts are appended
    VEC(Node *) parts;
} Growth;

static void find_sum(LowerCtx *cx, Node *node, Growth *growth) {
    Node *value = node->update.value;
    uint32_t count = 0;
    for (; value->kind == NODE_BINARY && value->binary.op == BINARY_ADD; value = value->binary.left)
        count++;
    if (!ast_same(value, node->update.target)) return;
    for (uint32_t i = 0; i < count; i++) vec_push(cx->arena, &growth->parts, value);
    value = node->update.value;
    for (uint32_t i = count; i-- > 0; value = value->binary.left)
        growth->parts.items[i] = value->binary.right;
}

static Growth find_growth(LowerCtx *cx, Node *node) {
    Growth growth = {0};
    Node *value = node->update.value;
    if (node->update.op == UPDATE_ADD) {
        vec_push(cx->arena, &growth.parts, value);
    } else if (node->update.op == UPDATE_SET && value->kind == NODE_BINARY) {
        find_sum(cx, node, &growth);
    } else if (node->update.op == UPDATE_SET && value->kind == NODE_CALL) {
        growth.builtin = changer(value);
        if (!growth.builtin || !ast_same(value->call.args.items[0], node->update.target))
            return (Growth){0};
        for (uint32_t i = 1; i < value->call.args.len; i++)
            vec_push(cx->arena, &growth.parts, value->call.args.items[i]);
    }
    for (uint32_t i = 0; i < growth.parts.len; i++) {
        Node *part = growth.parts.items[i];
        bool grows = type_may(lower_node_type(cx, part), KIND_STRING | KIND_LIST | KIND_MAP);
        if ((lower_node_flags(cx, part) & NODE_MAY_UPDATE) || (!growth.builtin && !grows))
            return (Growth){0};
    }
    return growth;
}

// m.list <- f(m.list, x), where f takes that argument: it is handed on. Its position, or -1.
static int32_t handed_arg(LowerCtx *cx, const Node *node, const Instance *callee) {
    const Node *call = node->update.value;
    int32_t found = -1;
    if (!callee || call->call.callee->kind != NODE_NAME || call->call.max ||
        lower_named_builtin(call->call.callee) ||
        lower_is_through_closure(call->call.callee, callee) ||
        map_get(&cx->depths, callee->function))
        return -1;
    for (uint32_t i = 0; i < call->call.args.len; i++) {
        Node *arg = call->call.args.items[i];
        if (lower_node_flags(cx, arg) & NODE_MAY_UPDATE) return -1;
        bool taken = callee->function->params.items[i]->taken;
        if (taken && found < 0 && ast_same(arg, node->update.target)) found = (int32_t)i;
    }
    return found;
}

static bool hand_to_call(LowerCtx *cx, Node *node) {
    Node *call = node->update.value, *root = node->update.target;
    while (root->kind == NODE_INDEX) root = root->index.base;
    if (root == node->update.target || root->name.symbol->deferred) return false;
    if (node->update.op != UPDATE_SET || call->kind != NODE_CALL) return false;
    const Instance *callee = lower_callee(cx, call);
    int32_t handed = handed_arg(cx, node, callee);
    if (handed < 0) return false;
    uint32_t count = call->call.args.len - 1, at = (uint32_t)handed;
    Node **nodes = ARENA_ARRAY(cx->arena, Node *, count + 1);
    LVal *values = ARENA_ARRAY(cx->arena, LVal, count + 1);
    LVal *args = ARENA_ARRAY(cx->arena, LVal, count + 1);
    for (uint32_t i = 0; i < count; i++) nodes[i] = call->call.args.items[i + (i >= at)];
    Path path = lower_path(cx, node->update.target, nodes, values, count);
    // Owned first: one of them may be, or lie in, the very value that is handed on.
    for (uint32_t i = 0; i < count; i++) args[i + (i >= at)] = lower_own_rooted(cx, values[i]);
    args[at] = lower_own(cx, lower_path_read(cx, &path));
    lower_path_write(cx, &path, lower_zero(cx)); // so that nobody else holds it
    LVal result = lower_call_known(cx, callee, args, NULL, false);
    lower_release_all(cx, args, count + 1);
    if (node->update.or_return) result = lower_or_return(cx, result);
    lower_path_write(cx, &path, result);
    lower_path_end(cx, &path);
    return true;
}

bool lower_grow_path(LowerCtx *cx, Node *node) {
    if (hand_to_call(cx, node)) return true;
    Type type = lower_node_type(cx, node->update.target);
    if (node->update.or_return || !type_may(type, KIND_STRING | KIND_LIST | KIND_MAP)) return false;
    Growth growth = find_growth(cx, node);
    uint32_t count = growth.parts.len;
    if (count == 0 && !growth.builtin) return false;
    LVal *values = ARENA_ARRAY(cx->arena, LVal, count + 1);
    Path path = lower_path(cx, node->update.target, growth.parts.items, values, count);
    // Owned first: one of them may be, or lie in, the very value that grows.
    for (uint32_t i = 0; i < count; i++) values[i] = lower_own_rooted(cx, values[i]);
    LVal whole = lower_own_rooted(cx, lower_path_read(cx, &path));
    lower_path_write(cx, &path, lower_zero(cx)); // so that nobody else holds it
    whole = lower_convert(cx, whole, REP_ANY);
    whole.type = type;
    if (growth.builtin) {
        LLVMValueRef changed = change(cx, growth.builtin, whole, values, node->span);
        whole = lower_changed(cx, whole, changed);
    }
    for (uint32_t i = 0; i < count && !growth.builtin; i++)
        whole = lower_added(cx, whole, values[i], node->span);
    lower_path_write(cx, &path, whole);
    lower_release_all(cx, values, count);
    lower_path_end(cx, &path);
    return true;
}
