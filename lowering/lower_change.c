// lower_change.c: `xs <- push(xs, v)` and the like for pop, insert and remove: the variable's list or
// map is taken out of its slot, so that the runtime may change it in place when nobody else holds it.
#include "lower_internal.h"

static const Builtin *changer(const Node *call, const Symbol *symbol) {
    if (call->kind != NODE_CALL || call->call.args.len == 0) return NULL;
    const Node *callee = call->call.callee, *first = call->call.args.items[0];
    if (callee->kind != NODE_NAME || !callee->name.symbol || !callee->name.symbol->builtin) return NULL;
    if (first->kind != NODE_NAME || first->name.symbol != symbol) return NULL;
    const Builtin *builtin = callee->name.symbol->builtin;
    bool changes = builtin->id == BUILTIN_push || builtin->id == BUILTIN_pop ||
                   builtin->id == BUILTIN_insert || builtin->id == BUILTIN_remove;
    return changes ? builtin : NULL;
}

static LLVMValueRef change(LowerCtx *cx, const Builtin *builtin, LLVMValueRef taken,
                           const LVal *args, Span span) {
    LLVMValueRef place = lower_place(cx, span);
    switch ((int)builtin->id) {
    case BUILTIN_push: return RT(cx, rt_push, taken, lower_word(cx, args[0]), place);
    case BUILTIN_pop: return RT(cx, rt_pop, taken, place);
    case BUILTIN_insert:
        return RT(cx, rt_insert, taken, lower_word(cx, args[0]), lower_word(cx, args[1]), place);
    case BUILTIN_remove: return RT(cx, rt_remove, taken, lower_word(cx, args[0]), place);
    }
    UNREACHABLE("a builtin that changes its first argument");
}

bool lower_change_in_place(LowerCtx *cx, Node *node, Symbol *symbol) {
    Node *call = node->update.value;
    const Builtin *builtin = node->update.op == UPDATE_SET ? changer(call, symbol) : NULL;
    SymSlot *slot = lower_slot(cx, symbol);
    if (!builtin || symbol->rebound_by_loop || !lower_is_counted_rep(slot->rep)) return false;
    uint32_t count = call->call.args.len - 1;
    Node **nodes = call->call.args.items + 1;
    for (uint32_t i = 0; i < count; i++)
        if (lower_node_flags(cx, nodes[i]) & NODE_MAY_UPDATE) return false;
    LVal args[3];
    CHECK(count <= 3, "these builtins have at most three arguments");
    lower_operands(cx, nodes, count, args);
    // Owned first: one of them may be, or lie in, the very list that is changed.
    for (uint32_t i = 0; i < count; i++) args[i] = lower_own(cx, args[i]);
    LLVMValueRef taken = lower_word(cx, lower_symbol(cx, symbol));
    LVal changed = lower_val(REP_ANY, slot->type, change(cx, builtin, taken, args, node->span), true);
    LLVMBuildStore(cx->builder, lower_convert(cx, changed, slot->rep).v, slot->at);
    lower_release_all(cx, args, count);
    return true;
}
