// lower_call.c: calls. A known function is called directly, its captures first; a value
// by rt_call. Arguments are borrowed by the callee, the result is the caller's.
#include "lower_internal.h"
#include "../rt/rt_layout.h"

// --- calls of known functions --------------------------------------------------------------------

// What the callee takes is handed on or counted; what it borrows must not go with what is handed on.
static void give_args(LowerCtx *cx, const Instance *callee, LVal *args, Node *const *nodes) {
    const Function *function = callee->function;
    bool gives = false;
    for (uint32_t i = 0; i < function->param_count; i++) {
        bool was = args[i].owned;
        if (!function->params.items[i]->taken) continue;
        if (nodes && nodes[i]) lower_take(cx, nodes[i], &args[i]);
        gives |= !was && args[i].owned;
    }
    for (uint32_t i = 0; i < function->param_count; i++) {
        bool taken = function->params.items[i]->taken;
        bool variable = nodes && nodes[i] && nodes[i]->kind == NODE_NAME;
        if (taken)
            args[i] = lower_own(cx, args[i]);
        else if (gives && !variable)
            args[i] = lower_own_rooted(cx, args[i]);
    }
}

LVal lower_call_known(LowerCtx *cx, const Instance *callee, LVal *args, Node *const *nodes,
                      bool tail) {
    return lower_call_closure(cx, callee, NULL, args, nodes, tail);
}

LVal lower_call_closure(LowerCtx *cx, const Instance *callee, const LVal *captures, LVal *args,
                        Node *const *nodes, bool tail) {
    const Function *function = callee->function;
    give_args(cx, callee, args, nodes);
    uint32_t captured = function->captures.len, count = captured + function->param_count;
    LLVMValueRef *values = ARENA_ARRAY(cx->arena, LLVMValueRef, count + 1);
    for (uint32_t i = 0; i < captured; i++) {
        LVal capture = captures ? captures[i] : lower_symbol(cx, function->captures.items[i]);
        values[i] = lower_convert(cx, capture, type_rep(callee->captures[i])).v;
    }
    for (uint32_t i = 0; i < function->param_count; i++) {
        Rep rep = type_rep(callee->params[i]);
        if (rep == REP_PACKED) args[i] = lower_fit(cx, args[i], callee->params[i], rep);
        values[captured + i] = lower_convert(cx, args[i], rep).v;
        if (function->params.items[i]->taken && lower_is_counted_rep(rep)) args[i].owned = false;
    }
    if (tail) {
        lower_clean(cx, 0);
        lower_roots_leave(cx);
    }
    LLVMValueRef call = LLVMBuildCall2(cx->builder, cx->signatures[callee->number],
                                       lower_function_of(cx, callee), values, count, "");
    LLVMSetInstructionCallConv(call, LLVMFastCallConv);
    if (cx->fs->self && callee == cx->fs->instance) lower_call_attr(cx, call, "alwaysinline");
    if (tail) {
        LLVMSetTailCall(call, 1);
        LLVMBuildRet(cx->builder, call);
        lower_at(cx, lower_block_new(cx, "dead"));
        return lower_val(REP_NONE, TYPE_NEVER, lower_i64(cx, 0), false);
    }
    // Recursion that is none of the tail's stays recursion: a stack that runs out is told.
    if (function->effects & EFFECT_RECURSE) LLVMSetTailCallKind(call, LLVMTailCallKindNoTail);
    lower_checked_call(cx, callee, call);
    return lower_val(type_rep(callee->result), callee->result, call,
                     lower_is_counted_rep(type_rep(callee->result)));
}

LVal lower_call_value(LowerCtx *cx, LVal function, const LVal *args, uint32_t count, Span span) {
    LLVMValueRef words = lower_pack(cx, args, count);
    LLVMValueRef result = RT(cx, rt_call, lower_word(cx, function), words, lower_i64(cx, count),
                             lower_place(cx, span));
    return lower_val(REP_ANY, type_any(), result, true);
}

// --- f(x) max N ----------------------------------------------------------------------------------

// Every call of a bounded function counts how deep it is; a call with `max N` sets how deep that
// may become before it, and puts the old bound back after it.
static bool is_bounded(const Node *call) {
    return call->call.max && !call->call.max_inf;
}

static LLVMValueRef add_counter(LowerCtx *cx, const char *name, int64_t value) {
    LLVMValueRef global = LLVMAddGlobal(cx->module, cx->i64, name);
    LLVMSetInitializer(global, lower_i64(cx, value));
    LLVMSetLinkage(global, LLVMInternalLinkage);
    return global;
}

static void add_depth(LowerCtx *cx, const void *of, const char *name) {
    if (map_get(&cx->depths, of)) return;
    Depth *depth = ARENA_NEW(cx->arena, Depth);
    depth->number = cx->depth_count++;
    map_put(&cx->depths, of, depth);
    if (cx->c->program->parallel) return;
    depth->now = add_counter(cx, arena_printf(cx->arena, "flap.%s.depth", name), 0);
    depth->most = add_counter(cx, arena_printf(cx->arena, "flap.%s.deepest", name), INT64_MAX);
}

static DepthBound find_bound(LowerCtx *cx, const Depth *depth) {
    if (depth->now) return (DepthBound){.now = depth->now, .most = depth->most};
    LLVMValueRef depths = RT(cx, rt_depths, lower_i64(cx, cx->depth_count));
    int64_t at = 16 * (int64_t)depth->number;
    return (DepthBound){.now = lower_field(cx, depths, at), .most = lower_field(cx, depths, at + 8)};
}

// node: null where it is no CALL.
DepthBound lower_enter_call(LowerCtx *cx, const Node *node, const Function *function, Span span) {
    const void *of = function ? (const void *)function : node;
    const Depth *depth = of ? map_get(&cx->depths, of) : NULL;
    if (!depth) return (DepthBound){0};
    DepthBound bound = find_bound(cx, depth);
    LLVMValueRef now = LLVMBuildLoad2(cx->builder, cx->i64, bound.now, "depth");
    LLVMValueRef most = LLVMBuildLoad2(cx->builder, cx->i64, bound.most, "deepest");
    if (node && is_bounded(node)) {
        LVal limit = lower_expr(cx, node->call.max);
        LLVMValueRef more = lower_integer(cx, limit, "max", span);
        bound.most_before = most;
        LLVMValueRef two[] = {most, LLVMBuildAdd(cx->builder, now, more, "")};
        most = lower_intrinsic(cx, "llvm.smin", cx->i64, two, 2);
        LLVMBuildStore(cx->builder, most, bound.most);
    }
    now = LLVMBuildAdd(cx->builder, now, lower_i64(cx, 1), "");
    LLVMValueRef over = LLVMBuildICmp(cx->builder, LLVMIntSGT, now, most, "");
    LLVMBasicBlockRef on = lower_rare(cx, over, "too.deep");
    RT(cx, rt_stop_depth, lower_place(cx, span));
    lower_rare_stop(cx, on);
    LLVMBuildStore(cx->builder, now, bound.now);
    return bound;
}

void lower_leave_call(LowerCtx *cx, DepthBound bound) {
    if (!bound.now) return;
    LLVMValueRef now = LLVMBuildLoad2(cx->builder, cx->i64, bound.now, "");
    now = LLVMBuildSub(cx->builder, now, lower_i64(cx, 1), "");
    LLVMBuildStore(cx->builder, now, bound.now);
    if (bound.most_before) LLVMBuildStore(cx->builder, bound.most_before, bound.most);
}

Function *lower_named_function(const Node *callee) {
    if (callee->kind == NODE_LAMBDA) return callee->lambda.function;
    if (callee->kind != NODE_NAME || !callee->name.symbol) return NULL;
    return callee->name.symbol->function;
}

const Builtin *lower_named_builtin(const Node *callee) {
    if (callee->kind != NODE_NAME || !callee->name.symbol) return NULL;
    return callee->name.symbol->kind == SYMBOL_BUILTIN ? callee->name.symbol->builtin : NULL;
}

static void survey(void *context, Node **child) {
    LowerCtx *cx = context;
    Node *node = *child;
    if (!node) return;
    if (node->kind == NODE_CALL && is_bounded(node)) {
        const Function *function = lower_named_function(node->call.callee);
        const char *name = !function ? "value" : function->name ? function->name->text : "lambda";
        add_depth(cx, function ? (const void *)function : node, name);
    }
    bool defines = node->kind == NODE_DEFINE && node->define->symbols.len == 1 &&
                   node->define->symbols.items[0] && !node->define->symbols.items[0]->updated;
    if (defines && lower_is_address(cx, node->define->value))
        map_put(&cx->addresses, node->define->symbols.items[0], node);
    if (node->kind == NODE_MAP) lower_note_fields(cx, node);
    ast_children(node, survey, cx);
}

void lower_survey(LowerCtx *cx) {
    survey(cx, &cx->c->program->main->body);
}

// What stands before a direct call: the callee's own effects.
void lower_prepare_callee(LowerCtx *cx, Node *callee) {
    if (callee->kind == NODE_LAMBDA)
        lower_snapshots(cx, callee->lambda.function);
    else if (!lower_named_function(callee))
        lower_effect(cx, callee);
}

// A call's operands where the callee is a value: it, and the arguments. Gives how many.
static uint32_t callee_and_args(LowerCtx *cx, Node *node, Node ***nodes, LVal **values) {
    uint32_t count = node->call.args.len + 1;
    *nodes = ARENA_ARRAY(cx->arena, Node *, count);
    *values = ARENA_ARRAY(cx->arena, LVal, count);
    (*nodes)[0] = node->call.callee;
    for (uint32_t i = 1; i < count; i++) (*nodes)[i] = node->call.args.items[i - 1];
    lower_operands(cx, *nodes, count, *values);
    return count;
}

// A call through a closure of a known function, with what that holds. If nothing of it is counted the
// closure itself is not needed any more when the call begins.
static LVal call_of_closure(LowerCtx *cx, Node *node, const Instance *callee, bool tail) {
    Node **nodes;
    LVal *values;
    uint32_t count = callee_and_args(cx, node, &nodes, &values);
    LVal closure = lower_convert(cx, values[0], REP_FUNCTION);
    bool counted = lower_holds_counted(callee);
    if (counted) closure = lower_own_rooted(cx, closure); // it may be among what is handed on
    LVal *captures = lower_captures_of(cx, closure, callee);
    if (!counted) lower_release(cx, closure);
    DepthBound depth = lower_enter_call(cx, node, callee->function, node->span);
    tail = tail && !depth.now && !counted && lower_may_jump(cx, callee, values + 1, nodes + 1);
    LVal result = lower_call_closure(cx, callee, captures, values + 1, nodes + 1, tail);
    lower_leave_call(cx, depth);
    lower_release_all(cx, values + 1, count - 1);
    if (counted) lower_release(cx, closure);
    return result;
}

static LVal direct_call(LowerCtx *cx, Node *node, const Instance *callee, bool tail) {
    uint32_t count = node->call.args.len;
    LVal *args = ARENA_ARRAY(cx->arena, LVal, count + 1);
    lower_prepare_callee(cx, node->call.callee);
    lower_args(cx, &node->call.args, args);
    DepthBound depth = lower_enter_call(cx, node, callee->function, node->span);
    tail = tail && !depth.now && lower_may_jump(cx, callee, args, node->call.args.items);
    LVal result = lower_call_known(cx, callee, args, node->call.args.items, tail);
    lower_leave_call(cx, depth);
    lower_release_all(cx, args, count);
    return result;
}

static LVal indirect_call(LowerCtx *cx, Node *node, bool tail) {
    Node **nodes;
    LVal *values;
    uint32_t count = callee_and_args(cx, node, &nodes, &values);
    if (tail && !is_bounded(node) && lower_may_jump_to_value(cx, count - 1))
        return lower_jump_to_value(cx, values, nodes, count, node->span);
    DepthBound depth = lower_enter_call(cx, node, NULL, node->span);
    LVal result = lower_call_value(cx, values[0], values + 1, count - 1, node->span);
    lower_leave_call(cx, depth);
    lower_release_all(cx, values, count);
    return result;
}

LVal lower_call_tail(LowerCtx *cx, Node *node, bool tail) {
    Node *callee = node->call.callee;
    const Builtin *builtin = lower_named_builtin(callee);
    if (lower_is_foreign_call(node)) return lower_foreign_call(cx, node, NULL);
    if (callee->kind == NODE_FOREIGN && callee->foreign.decl->kind == C_DECL_FUNCTION)
        return lower_c_call(cx, node);
    LVal changed;
    if (builtin && lower_change_given(cx, node, &changed)) return changed;
    if (lower_applies(cx, node, builtin)) return lower_applied(cx, node, builtin);
    if (builtin)
        return lower_builtin(cx, (BuiltinCall){.builtin = builtin,
                                               .nodes = &node->call.args,
                                               .count = node->call.args.len,
                                               .span = node->span,
                                               .type = lower_node_type(cx, node)});
    const Instance *instance = lower_callee(cx, node);
    if (instance && lower_is_through_closure(callee, instance))
        return call_of_closure(cx, node, instance, tail);
    if (instance) return direct_call(cx, node, instance, tail);
    if (!lower_named_function(callee)) return indirect_call(cx, node, tail);
    // An argument has no value: the call is never made.
    VEC_EACH(Node *, arg, &node->call.args) lower_effect(cx, arg);
    return lower_val(REP_NONE, TYPE_NEVER, lower_i64(cx, 0), false);
}

LVal lower_call(LowerCtx *cx, Node *node) {
    return lower_call_tail(cx, node, false);
}

bool lower_self_tail(LowerCtx *cx, Node *node) {
    FuncState *fs = cx->fs;
    Function *function = fs->function;
    bool bounded = is_bounded(node);
    if (!function->self_tail_call || fs->plan || bounded) return false;
    VEC_EACH(Cleanup, cleanup, &fs->cleanups)
    if (cleanup.active && (cleanup.defer || cleanup.arena)) return false;
    if (node->call.callee->kind != NODE_NAME || lower_callee(cx, node) != fs->instance)
        return false;
    uint32_t count = function->param_count;
    LVal *args = ARENA_ARRAY(cx->arena, LVal, count + 1);
    lower_args(cx, &node->call.args, args);
    for (uint32_t i = 0; i < count; i++) lower_take(cx, node->call.args.items[i], &args[i]);
    for (uint32_t i = 0; i < count; i++) {
        SymSlot *slot = lower_slot(cx, function->params.items[i]);
        args[i] = lower_own(cx, lower_fit(cx, args[i], slot->type, slot->rep));
    }
    lower_clean(cx, fs->param_cleanups);
    for (uint32_t i = 0; i < count; i++) {
        SymSlot *slot = lower_slot(cx, function->params.items[i]);
        LVal old = lower_symbol(cx, function->params.items[i]);
        LLVMBuildStore(cx->builder, args[i].v, slot->at);
        lower_drop(cx, old);
    }
    lower_look(cx);
    LLVMBuildBr(cx->builder, fs->head);
    lower_at(cx, lower_block_new(cx, "dead"));
    return true;
}
