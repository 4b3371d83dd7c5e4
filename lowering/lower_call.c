// lower_call.c: calls and pipes. A known function is called directly, its captures first; a value
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
                                       cx->functions[callee->number], values, count, "");
    LLVMSetInstructionCallConv(call, LLVMFastCallConv);
    if (tail) {
        LLVMSetTailCall(call, 1);
        LLVMBuildRet(cx->builder, call);
        lower_at(cx, lower_block_new(cx, "dead"));
        return lower_val(REP_NONE, TYPE_NEVER, lower_i64(cx, 0), false);
    }
    // Recursion that is none of the tail's stays recursion: a stack that runs out is told.
    if (function->effects & EFFECT_RECURSE) LLVMSetTailCallKind(call, LLVMTailCallKindNoTail);
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
typedef struct Bound {
    LLVMValueRef now, most; // addresses; null: the callee is never bounded
    LLVMValueRef most_before;
} Bound;

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

static Bound find_bound(LowerCtx *cx, const Depth *depth) {
    if (depth->now) return (Bound){.now = depth->now, .most = depth->most};
    LLVMValueRef depths = RT(cx, rt_depths, lower_i64(cx, cx->depth_count));
    int64_t at = 16 * (int64_t)depth->number;
    return (Bound){.now = lower_field(cx, depths, at), .most = lower_field(cx, depths, at + 8)};
}

// node: null where it is no CALL.
static Bound enter_call(LowerCtx *cx, const Node *node, const Function *function, Span span) {
    const void *of = function ? (const void *)function : node;
    const Depth *depth = of ? map_get(&cx->depths, of) : NULL;
    if (!depth) return (Bound){0};
    Bound bound = find_bound(cx, depth);
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

static void leave_call(LowerCtx *cx, Bound bound) {
    if (!bound.now) return;
    LLVMValueRef now = LLVMBuildLoad2(cx->builder, cx->i64, bound.now, "");
    now = LLVMBuildSub(cx->builder, now, lower_i64(cx, 1), "");
    LLVMBuildStore(cx->builder, now, bound.now);
    if (bound.most_before) LLVMBuildStore(cx->builder, bound.most_before, bound.most);
}

static Function *named_function(const Node *callee) {
    if (callee->kind == NODE_LAMBDA) return callee->lambda.function;
    if (callee->kind != NODE_NAME || !callee->name.symbol) return NULL;
    return callee->name.symbol->function;
}

static const Builtin *named_builtin(const Node *callee) {
    if (callee->kind != NODE_NAME || !callee->name.symbol) return NULL;
    return callee->name.symbol->kind == SYMBOL_BUILTIN ? callee->name.symbol->builtin : NULL;
}

static void survey(void *context, Node **child) {
    LowerCtx *cx = context;
    Node *node = *child;
    if (!node) return;
    if (node->kind == NODE_CALL && is_bounded(node)) {
        const Function *function = named_function(node->call.callee);
        const char *name = !function ? "value" : function->name ? function->name->text : "lambda";
        add_depth(cx, function ? (const void *)function : node, name);
    }
    bool defines = node->kind == NODE_DEFINE && node->define->symbols.len == 1 &&
                   node->define->symbols.items[0] && !node->define->symbols.items[0]->updated;
    if (defines && lower_is_address(cx, node->define->value))
        map_put(&cx->addresses, node->define->symbols.items[0], node);
    ast_children(node, survey, cx);
}

void lower_survey(LowerCtx *cx) {
    survey(cx, &cx->c->program->main->body);
}

// What stands before a direct call: the callee's own effects.
static void prepare_callee(LowerCtx *cx, Node *callee) {
    if (callee->kind == NODE_LAMBDA)
        lower_snapshots(cx, callee->lambda.function);
    else if (!named_function(callee))
        lower_effect(cx, callee);
}

// A call through a closure of a known function, with what that holds. If nothing of it is counted the
// closure itself is not needed any more when the call begins.
static LVal call_of_closure(LowerCtx *cx, Node *node, const Instance *callee, bool tail) {
    uint32_t count = node->call.args.len + 1;
    Node **nodes = ARENA_ARRAY(cx->arena, Node *, count);
    LVal *values = ARENA_ARRAY(cx->arena, LVal, count);
    nodes[0] = node->call.callee;
    for (uint32_t i = 1; i < count; i++) nodes[i] = node->call.args.items[i - 1];
    lower_operands(cx, nodes, count, values);
    LVal closure = lower_convert(cx, values[0], REP_FUNCTION);
    bool counted = lower_holds_counted(callee);
    if (counted) closure = lower_own_rooted(cx, closure); // it may be among what is handed on
    LVal *captures = lower_captures_of(cx, closure, callee);
    if (!counted) lower_release(cx, closure);
    Bound depth = enter_call(cx, node, callee->function, node->span);
    tail = tail && !depth.now && !counted && lower_may_jump(cx, callee, values + 1, nodes + 1);
    LVal result = lower_call_closure(cx, callee, captures, values + 1, nodes + 1, tail);
    leave_call(cx, depth);
    lower_release_all(cx, values + 1, count - 1);
    if (counted) lower_release(cx, closure);
    return result;
}

static LVal direct_call(LowerCtx *cx, Node *node, const Instance *callee, bool tail) {
    uint32_t count = node->call.args.len;
    LVal *args = ARENA_ARRAY(cx->arena, LVal, count + 1);
    prepare_callee(cx, node->call.callee);
    lower_args(cx, &node->call.args, args);
    Bound depth = enter_call(cx, node, callee->function, node->span);
    tail = tail && !depth.now && lower_may_jump(cx, callee, args, node->call.args.items);
    LVal result = lower_call_known(cx, callee, args, node->call.args.items, tail);
    leave_call(cx, depth);
    lower_release_all(cx, args, count);
    return result;
}

static LVal indirect_call(LowerCtx *cx, Node *node, bool tail) {
    uint32_t count = node->call.args.len + 1;
    Node **nodes = ARENA_ARRAY(cx->arena, Node *, count);
    LVal *values = ARENA_ARRAY(cx->arena, LVal, count);
    nodes[0] = node->call.callee;
    for (uint32_t i = 1; i < count; i++) nodes[i] = node->call.args.items[i - 1];
    lower_operands(cx, nodes, count, values);
    if (tail && !is_bounded(node) && lower_may_jump_to_value(cx, count - 1))
        return lower_jump_to_value(cx, values, nodes, count, node->span);
    Bound depth = enter_call(cx, node, NULL, node->span);
    LVal result = lower_call_value(cx, values[0], values + 1, count - 1, node->span);
    leave_call(cx, depth);
    lower_release_all(cx, values, count);
    return result;
}

LVal lower_call_tail(LowerCtx *cx, Node *node, bool tail) {
    Node *callee = node->call.callee;
    const Builtin *builtin = named_builtin(callee);
    if (lower_is_foreign_call(node)) return lower_foreign_call(cx, node, NULL);
    if (callee->kind == NODE_FOREIGN && callee->foreign.decl->kind == C_DECL_FUNCTION)
        return lower_c_call(cx, node);
    LVal changed;
    if (builtin && lower_change_given(cx, node, &changed)) return changed;
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
    if (!named_function(callee)) return indirect_call(cx, node, tail);
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

// --- pipes ---------------------------------------------------------------------------------------

// The right side of a pipe, made ready to be applied any number of times.
typedef struct Applied {
    const Builtin *builtin;
    const Instance *instance;
    LVal value;       // the closure, unless it is a known function called by its name
    const Node *call; // what stands there, if it is a CALL
    bool never;       // its argument has no value
} Applied;

// `xs || f`: other threads may call f.
static bool shares_pipe(const Node *node) {
    return node->pipe.op == PIPE_PARALLEL;
}

static Applied make_ready(LowerCtx *cx, Node *node, Node *right) {
    Applied applied = {.builtin = named_builtin(right)};
    if (applied.builtin) return applied;
    applied.instance = lower_callee(cx, node);
    if (shares_pipe(node) && !cx->fs->instance->parallel)
        applied.instance = cx->fs->instance->parallel_callees[node->id];
    applied.never = !applied.instance && named_function(right) != NULL && !lower_callee(cx, right);
    if (applied.never) return applied;
    if (applied.instance && !lower_is_through_closure(right, applied.instance)) {
        prepare_callee(cx, right);
        return applied;
    }
    applied.value = lower_expr(cx, right);
    if (applied.instance) applied.value = lower_convert(cx, applied.value, REP_FUNCTION);
    if (applied.value.owned) applied.value = lower_rooted(cx, applied.value);
    return applied;
}

static LVal apply(LowerCtx *cx, const Applied *applied, LVal *args, Node *const *nodes,
                  uint32_t count, Type type, Span span) {
    if (applied->never) return lower_val(REP_NONE, TYPE_NEVER, lower_i64(cx, 0), false);
    if (applied->builtin)
        return lower_builtin(cx, (BuiltinCall){.builtin = applied->builtin,
                                               .args = args,
                                               .count = count,
                                               .type = type,
                                               .span = span});
    const Instance *instance = applied->instance;
    Bound depth = enter_call(cx, applied->call, instance ? instance->function : NULL, span);
    LVal *captures = NULL, result;
    if (instance && applied->value.v) captures = lower_captures_of(cx, applied->value, instance);
    if (instance)
        result = lower_call_closure(cx, instance, captures, args, nodes, false);
    else
        result = lower_call_value(cx, applied->value, args, count, span);
    leave_call(cx, depth);
    return result;
}

// What a pipe goes over: the elements of a list or, where that would be a range, its numbers.
typedef struct Items {
    LVal list;          // its `v` is null: a range
    LLVMValueRef first; // of a range: i64
    LLVMValueRef length;
    Type element;
} Items;

static Items items_of_list(LowerCtx *cx, const Node *node, LVal list) {
    Type element = type_element(list.type), known = lower_node_type(cx, node->pipe.left);
    if (element.kinds == KIND_NUMBER && type_element_ranged(known).integer)
        element = type_element_ranged(known);
    return (Items){.list = list, .length = lower_length(cx, list.v), .element = element};
}

// `data`: of the list; it is looked up where the loop begins.
static LVal item_at(LowerCtx *cx, const Items *items, LLVMValueRef data, LLVMValueRef position) {
    Type element = items->element;
    if (!items->list.v) {
        LLVMValueRef number = LLVMBuildNSWAdd(cx->builder, items->first, position, "");
        return lower_val(REP_I64, element, number, false);
    }
    bool numbers = element.kinds == KIND_NUMBER;
    LLVMValueRef at = LLVMBuildInBoundsGEP2(cx->builder, cx->i64, data, &position, 1, "");
    LLVMValueRef item = lower_load(cx, numbers ? cx->f64 : cx->i64, at, cx->tbaa_element, "");
    return lower_as(cx, lower_val(numbers ? REP_F64 : REP_ANY, element, item, false), element);
}

// for k in from ..< length: the loop that pipes are made of. Gives the element's position.
typedef struct Each {
    LLVMValueRef at, position;
    LLVMBasicBlockRef head, end;
} Each;

static LVal each_begin(LowerCtx *cx, Each *each, const Items *items, int64_t from) {
    LLVMValueRef data = items->list.v ? lower_data(cx, items->list.v) : NULL;
    each->at = lower_alloca(cx, cx->i64, "k");
    LLVMBuildStore(cx->builder, lower_i64(cx, from), each->at);
    each->head = lower_block_new(cx, "each");
    each->end = lower_block_new(cx, "each.end");
    LLVMBasicBlockRef body = lower_block_new(cx, "each.body");
    lower_go(cx, each->head);
    each->position = LLVMBuildLoad2(cx->builder, cx->i64, each->at, "");
    LLVMValueRef more = LLVMBuildICmp(cx->builder, LLVMIntSLT, each->position, items->length, "");
    lower_branch(cx, more, body, each->end);
    lower_at(cx, body);
    return item_at(cx, items, data, each->position);
}

static void each_end(LowerCtx *cx, const Each *each) {
    LLVMValueRef next = LLVMBuildNSWAdd(cx->builder, each->position, lower_i64(cx, 1), "");
    LLVMBuildStore(cx->builder, next, each->at);
    LLVMBuildBr(cx->builder, each->head);
    lower_at(cx, each->end);
}

// --- xs || f

typedef struct Map {
    Node *node;
    Items items;
    LLVMValueRef made;
    Applied applied;
    Type element; // of the result
} Map;

static void map_start(LowerCtx *cx, void *context, LLVMValueRef k) {
    (void)k;
    Map *map = context;
    if (map->items.list.v)
        map->items.list.v = lower_import(cx, map->items.list.v);
    else
        map->items.first = lower_import(cx, map->items.first);
    map->made = lower_import(cx, map->made);
    if (map->applied.value.v) map->applied.value.v = lower_import(cx, map->applied.value.v);
    map->applied.value.owned = false;
}

static void map_one(LowerCtx *cx, void *context, LLVMValueRef k) {
    Map *map = context;
    LLVMValueRef list = map->items.list.v, data = list ? lower_data(cx, list) : NULL;
    LVal value = item_at(cx, &map->items, data, k);
    LVal result =
        lower_own(cx, apply(cx, &map->applied, &value, NULL, 1, map->element, map->node->span));
    LLVMValueRef to =
        LLVMBuildInBoundsGEP2(cx->builder, cx->i64, lower_data(cx, map->made), &k, 1, "");
    lower_store(cx, lower_word(cx, result), to, cx->tbaa_element);
}

static uint8_t effects_of(const Applied *applied) {
    if (applied->builtin) return applied->builtin->effects;
    return applied->instance ? applied->instance->function->effects : 0x7f;
}

static int32_t cost_of(LowerCtx *cx, const Applied *applied) {
    return applied->instance ? lower_call_cost(cx, applied->instance) : 0;
}

static void mark_boxed(LowerCtx *cx, LLVMValueRef list, bool boxed) {
    LLVMValueRef flags = LLVMConstInt(cx->i8, boxed ? RT_FLAG_BOXED : 0, 0);
    lower_store(cx, flags, lower_field(cx, list, 5), cx->tbaa_header);
}

// So that the list may be released at any time.
static void fill_with_zeros(LowerCtx *cx, LLVMValueRef list, LLVMValueRef length) {
    LLVMValueRef bytes = LLVMBuildMul(cx->builder, length, lower_i64(cx, 8), "");
    LLVMBuildMemSet(cx->builder, lower_data(cx, list), LLVMConstInt(cx->i8, 0, 0), bytes, 8);
    lower_store(cx, length, lower_field(cx, list, 8), cx->tbaa_header);
    mark_boxed(cx, list, true);
}

static LVal pipe_parallel(LowerCtx *cx, Node *node, const Items *items) {
    Type type = lower_node_type(cx, node), element = type_element(type);
    if (element.kinds == 0) element = type_any();
    Map map = {.node = node, .items = *items, .element = element};
    map.applied = make_ready(cx, node, node->pipe.right);
    LVal function = map.applied.value;
    LLVMValueRef length = items->length, made = RT(cx, rt_list_new, length);
    map.made = made;
    uint32_t held = lower_hold(cx, lower_val(REP_LIST, type, made, true));
    if (cx->fs->gives_up) fill_with_zeros(cx, made, length);
    EachBody body = {.effects = effects_of(&map.applied),
                     .cost = cost_of(cx, &map.applied),
                     .start = map_start,
                     .fill = map_one,
                     .context = &map};
    lower_parallel_each(cx, length, node->span, &body);
    lower_store(cx, length, lower_field(cx, made, 8), cx->tbaa_header);
    mark_boxed(cx, made, element.kinds != KIND_NUMBER);
    if (function.v) lower_release(cx, function);
    lower_unhold(cx, held);
    return lower_val(REP_LIST, type, made, true);
}

static LVal pipe_items(LowerCtx *cx, Node *node, const Items *items) {
    if (shares_pipe(node)) return pipe_parallel(cx, node, items);
    Type type = lower_node_type(cx, node), element = type_element(type);
    if (element.kinds == 0) element = type_any();
    Applied applied = make_ready(cx, node, node->pipe.right);
    LLVMValueRef length = items->length, made = RT(cx, rt_list_new, length);
    uint32_t held = lower_hold(cx, lower_val(REP_LIST, type, made, true));
    Each each;
    LVal item = each_begin(cx, &each, items, 0);
    LVal result = apply(cx, &applied, &item, NULL, 1, element, node->span);
    LLVMValueRef to =
        LLVMBuildInBoundsGEP2(cx->builder, cx->i64, lower_data(cx, made), &each.position, 1, "");
    bool number = result.rep == REP_F64 || result.rep == REP_I64;
    if (!number) result = lower_own(cx, result);
    LLVMValueRef stored = number ? lower_convert(cx, result, REP_F64).v : lower_word(cx, result);
    lower_store(cx, stored, to, cx->tbaa_element);
    if (cx->fs->gives_up && !number) { // what is in it goes with it
        LLVMValueRef so_far = LLVMBuildNSWAdd(cx->builder, each.position, lower_i64(cx, 1), "");
        lower_store(cx, so_far, lower_field(cx, made, 8), cx->tbaa_header);
        mark_boxed(cx, made, true);
    }
    each_end(cx, &each);
    lower_store(cx, length, lower_field(cx, made, 8), cx->tbaa_header);
    if (!number) mark_boxed(cx, made, true);
    lower_release(cx, applied.value);
    lower_unhold(cx, held);
    return lower_val(REP_LIST, type, made, true);
}

static LVal reduce_known(LowerCtx *cx, Node *node, LVal list) {
    Type type = lower_node_type(cx, node);
    Rep rep = type_rep(type);
    Applied applied = make_ready(cx, node, node->pipe.right);
    LLVMValueRef slot = lower_variable(cx, rep, "reduced");
    LVal first = lower_index_value(cx, list, lower_zero(cx), type, node->span);
    LLVMBuildStore(cx->builder, lower_own(cx, lower_convert(cx, first, rep)).v, slot);
    Items items = items_of_list(cx, node, list);
    Each each;
    LVal args[2] = {{0}, each_begin(cx, &each, &items, 1)};
    LLVMValueRef old = LLVMBuildLoad2(cx->builder, lower_type(cx, rep), slot, "");
    args[0] = lower_val(rep, type, old, true);
    LVal result =
        lower_own(cx, lower_convert(cx, apply(cx, &applied, args, NULL, 2, type, node->span), rep));
    LLVMBuildStore(cx->builder, result.v, slot);
    lower_release(cx, args[0]);
    each_end(cx, &each);
    LLVMValueRef v = LLVMBuildLoad2(cx->builder, lower_type(cx, rep), slot, "");
    if (lower_needs_root(cx, rep)) lower_empty_root(cx, slot);
    return lower_val(rep, type, v, lower_is_counted_rep(rep));
}

// Where only the run tells what the left side is.
static LVal pipe_any(LowerCtx *cx, Node *node, LVal left) {
    LVal function = lower_rooted(cx, lower_expr(cx, node->pipe.right));
    LLVMValueRef x = lower_word(cx, left), f = lower_word(cx, function);
    LLVMValueRef place = lower_place(cx, node->span);
    LLVMValueRef word = node->pipe.op == PIPE_REDUCE ? RT(cx, rt_reduce, x, f, place)
                        : shares_pipe(node)          ? RT(cx, rt_pipe_parallel, x, f, place)
                                                     : RT(cx, rt_pipe, x, f, place);
    lower_release(cx, function);
    return lower_val(REP_ANY, lower_node_type(cx, node), word, true);
}

// v | f(a): f(a, v)
static LVal pipe_into_call(LowerCtx *cx, Node *node, LVal *left) {
    Node *call = node->pipe.right;
    uint32_t count = call->call.args.len;
    LVal *args = ARENA_ARRAY(cx->arena, LVal, count + 1);
    Node **nodes = ARENA_ARRAY(cx->arena, Node *, count + 1);
    for (uint32_t i = 0; i < count; i++) nodes[i] = call->call.args.items[i];
    nodes[count] = node->pipe.left;
    Applied applied = make_ready(cx, node, call->call.callee);
    applied.call = call;
    lower_operands(cx, call->call.args.items, count, args);
    args[count] = *left;
    LVal result =
        apply(cx, &applied, args, nodes, count + 1, lower_node_type(cx, node), node->span);
    *left = args[count];
    lower_release_all(cx, args, count);
    lower_release(cx, applied.value);
    return result;
}

static LVal pipe_of(LowerCtx *cx, Node *node, LVal *left) {
    Node *right = node->pipe.right;
    if (node->pipe.op == PIPE_REDUCE)
        return lower_callee(cx, node) && left->rep == REP_LIST ? reduce_known(cx, node, *left)
                                                               : pipe_any(cx, node, *left);
    if (right->kind == NODE_CALL && !right->parenthesized && node->pipe.op == PIPE_APPLY)
        return pipe_into_call(cx, node, left);
    if (left->rep == REP_LIST) {
        Items items = items_of_list(cx, node, *left);
        return pipe_items(cx, node, &items);
    }
    if (left->rep == REP_ANY && type_may(left->type, KIND_LIST)) return pipe_any(cx, node, *left);
    Applied applied = make_ready(cx, node, right);
    LVal result =
        apply(cx, &applied, left, &node->pipe.left, 1, lower_node_type(cx, node), node->span);
    lower_release(cx, applied.value);
    return result;
}

// a..<b | f, range(a, b) | f: no list is made of whole numbers. The ends, or false.
static bool find_ends(LowerCtx *cx, Node *node, Node *ends[2]) {
    Node *left = node->pipe.left, *right = node->pipe.right;
    bool calls = right->kind == NODE_CALL && !right->parenthesized && node->pipe.op == PIPE_APPLY;
    if (node->pipe.op == PIPE_REDUCE || calls) return false;
    if (left->kind == NODE_RANGE) {
        ends[0] = left->range.low;
        ends[1] = left->range.high;
    } else {
        const Builtin *builtin = left->kind == NODE_CALL ? named_builtin(left->call.callee) : NULL;
        if (!builtin || builtin->id != BUILTIN_range || left->call.args.len != 2) return false;
        ends[0] = left->call.args.items[0];
        ends[1] = left->call.args.items[1];
    }
    return type_rep(lower_node_type(cx, ends[0])) == REP_I64 &&
           type_rep(lower_node_type(cx, ends[1])) == REP_I64 &&
           type_element_ranged(lower_node_type(cx, left)).integer;
}

static LVal pipe_range(LowerCtx *cx, Node *node, Node *const *ends) {
    const Node *left = node->pipe.left;
    LVal v[2];
    lower_operands(cx, ends, 2, v);
    LLVMValueRef low = lower_convert(cx, v[0], REP_I64).v;
    LLVMValueRef count = LLVMBuildNSWSub(cx->builder, lower_convert(cx, v[1], REP_I64).v, low, "");
    if (left->kind == NODE_RANGE && left->range.inclusive)
        count = LLVMBuildNSWAdd(cx->builder, count, lower_i64(cx, 1), "");
    LLVMValueRef none[] = {count, lower_i64(cx, 0)};
    Items items = {.first = low,
                   .length = lower_intrinsic(cx, "llvm.smax", cx->i64, none, 2),
                   .element = type_element_ranged(lower_node_type(cx, left))};
    return pipe_items(cx, node, &items);
}

LVal lower_pipe(LowerCtx *cx, Node *node) {
    Node *ends[2];
    if (find_ends(cx, node, ends)) return pipe_range(cx, node, ends);
    LVal left = lower_peek(cx, node->pipe.left);
    uint8_t later = lower_node_flags(cx, node->pipe.right);
    if (later & (NODE_MAY_UPDATE | NODE_MAY_TAKE)) left = lower_own(cx, left);
    uint32_t held = left.owned ? lower_hold(cx, left) : 0;
    bool holds = left.owned;
    LVal result = pipe_of(cx, node, &left);
    if (holds) lower_unhold(cx, held);
    lower_release(cx, left);
    return result;
}
