// lower_pipe.c: functions applied to the elements of lists: pipes, and filter and sort by a function
// that is known, which is then called directly. Otherwise the runtime does it (rt_pipe, rt_b_filter).
#include "lower_internal.h"
#include "../rt/rt_layout.h"

// --- what is applied -----------------------------------------------------------------------------

// The right side of a pipe, or a builtin's function, made ready to be applied any number of times.
typedef struct Applied {
    const Builtin *builtin;
    const Instance *instance;
    LVal value;       // the closure, unless it is a known function called by its name
    const Node *call; // what stands there, if it is a CALL
    bool never;       // its argument has no value
} Applied;

// `xs || f`: other threads may call f.
static bool shares_pipe(const Node *node) {
    return node->kind == NODE_PIPE && node->pipe.op == PIPE_PARALLEL;
}

static Applied make_ready(LowerCtx *cx, Node *node, Node *right) {
    Applied applied = {.builtin = lower_named_builtin(right)};
    if (applied.builtin) return applied;
    applied.instance = lower_callee(cx, node);
    if (shares_pipe(node) && !cx->fs->instance->parallel)
        applied.instance = cx->fs->instance->parallel_callees[node->id];
    applied.never = !applied.instance && lower_named_function(right) != NULL && !lower_callee(cx, right);
    if (applied.never) return applied;
    if (applied.instance && !lower_is_through_closure(right, applied.instance)) {
        lower_prepare_callee(cx, right);
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
    DepthBound depth = lower_enter_call(cx, applied->call, instance ? instance->function : NULL, span);
    LVal *captures = NULL, result;
    if (instance && applied->value.v) captures = lower_captures_of(cx, applied->value, instance);
    if (instance)
        result = lower_call_closure(cx, instance, captures, args, nodes, false);
    else
        result = lower_call_value(cx, applied->value, args, count, span);
    lower_leave_call(cx, depth);
    return result;
}

// What a pipe goes over: the elements of a list or, where that would be a range, its numbers.
typedef struct Items {
    LVal list;          // its `v` is null: a range
    LLVMValueRef first; // of a range: i64
    LLVMValueRef length;
    Type element;
} Items;

// `from`: where the list comes from.
static Items items_of_list(LowerCtx *cx, const Node *from, LVal list) {
    Type element = type_element(list.type), known = lower_node_type(cx, from);
    bool words = element.store == STORE_WORD;
    if (words && element.kinds == KIND_NUMBER && type_element_ranged(known).integer)
        element = type_element_ranged(known);
    return (Items){.list = list, .length = lower_length(cx, list.v), .element = element};
}

// `data`: of the list; it is looked up where the loop begins.
static LVal item_at(LowerCtx *cx, const Items *items, LLVMValueRef data, LLVMValueRef position) {
    Type element = items->element;
    if (items->list.v && element.store != STORE_WORD)
        return lower_element_val(cx, lower_element_load(cx, data, position, element), element);
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

// --- filter, sort --------------------------------------------------------------------------------

bool lower_applies(LowerCtx *cx, const Node *node, const Builtin *builtin) {
    return builtin && (builtin->id == BUILTIN_filter || builtin->id == BUILTIN_sort) &&
           lower_callee(cx, node) != NULL;
}

static LVal of_words(LowerCtx *cx, LVal list) {
    return list.rep == REP_PACKED ? lower_unpacked(cx, list) : lower_convert(cx, list, REP_LIST);
}

// The list is borrowed. What is kept is in a variable: it moves as it grows.
static LVal filter_items(LowerCtx *cx, Node *node, const Applied *applied, const Items *items) {
    Type type = lower_node_type(cx, node);
    LLVMValueRef kept = lower_variable(cx, REP_LIST, "kept");
    LLVMBuildStore(cx->builder, RT(cx, rt_list_new, lower_i64(cx, 0)), kept);
    Each each;
    LVal item = each_begin(cx, &each, items, 0);
    LVal answer =
        lower_rooted(cx, apply(cx, applied, &item, NULL, 1, type_any(), node->span));
    LLVMBasicBlockRef keep = lower_block_new(cx, "keep"), on = lower_block_new(cx, "kept");
    LLVMValueRef wanted = lower_truth(cx, answer, node->span);
    lower_release(cx, answer);
    lower_branch(cx, wanted, keep, on);
    lower_at(cx, keep);
    LLVMValueRef list = LLVMBuildLoad2(cx->builder, cx->ptr, kept, "");
    bool number = item.rep == REP_F64 || item.rep == REP_I64;
    list = number ? RT(cx, rt_list_push_number, list, lower_convert(cx, item, REP_F64).v)
                  : RT(cx, rt_list_push, list, lower_word(cx, lower_own(cx, item)));
    LLVMBuildStore(cx->builder, list, kept);
    lower_go(cx, on);
    each_end(cx, &each);
    LLVMValueRef result = LLVMBuildLoad2(cx->builder, cx->ptr, kept, "");
    if (lower_needs_root(cx, REP_LIST)) lower_empty_root(cx, kept);
    return lower_val(REP_LIST, type, result, true);
}

// xs | filter(f)
static LVal pipe_filter(LowerCtx *cx, Node *node, LVal list) {
    Node *function = node->pipe.right->call.args.items[0];
    Applied applied = make_ready(cx, node, function);
    Items items = items_of_list(cx, node->pipe.left, list);
    LVal kept = filter_items(cx, node, &applied, &items);
    lower_release(cx, applied.value);
    return kept;
}

static LVal filter_call(LowerCtx *cx, Node *node) {
    Node *function = node->call.args.items[0], *from = node->call.args.items[1];
    Applied applied = make_ready(cx, node, function);
    LVal list = lower_rooted(cx, of_words(cx, lower_expr(cx, from)));
    Items items = items_of_list(cx, from, list);
    LVal kept = filter_items(cx, node, &applied, &items);
    lower_release(cx, list);
    lower_release(cx, applied.value);
    return kept;
}

// int32_t less(closure, a, b), words: whether the function says of a and b that a comes first. The
// closure is null where nothing is captured.
static LLVMValueRef comparison(LowerCtx *cx, Instance *instance, Span span) {
    LLVMTypeRef types[] = {cx->ptr, cx->i64, cx->i64};
    const char *name = arena_printf(cx->arena, "flap.%s.less", instance->link_name);
    LLVMValueRef function =
        LLVMAddFunction(cx->module, name, LLVMFunctionType(cx->i32, types, 3, 0));
    LLVMSetLinkage(function, LLVMInternalLinkage);
    lower_code_attributes(cx, function);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    const Function *source = instance->function;
    LVal closure =
        lower_val(REP_FUNCTION, type_of_kind(KIND_FUNCTION), LLVMGetParam(function, 0), false);
    FuncState fs;
    lower_begin_plain(cx, &fs, function, cx->fs->name);
    fs.shared = cx->c->program->parallel;
    fs.gives_up = source->given_up;
    LVal args[2];
    for (uint32_t i = 0; i < 2; i++) {
        Type type = instance->params[i];
        LVal word = lower_val(REP_ANY, type, LLVMGetParam(function, 1 + i), false);
        args[i] = lower_convert(cx, word, type_rep(type));
    }
    LVal *captures = source->captures.len > 0 ? lower_captures_of(cx, closure, instance) : NULL;
    LVal answer =
        lower_rooted(cx, lower_call_closure(cx, instance, captures, args, NULL, false));
    LLVMValueRef less = lower_truth(cx, answer, span);
    lower_release(cx, answer);
    lower_roots_leave(cx);
    LLVMBuildRet(cx->builder, LLVMBuildZExt(cx->builder, less, cx->i32, ""));
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    return function;
}

static LVal sort_call(LowerCtx *cx, Node *node) {
    Node *parts[] = {node->call.args.items[0], node->call.args.items[1]};
    Instance *instance = lower_callee(cx, node);
    LVal list = lower_rooted(cx, of_words(cx, lower_expr(cx, parts[0])));
    Applied applied = make_ready(cx, node, parts[1]);
    LLVMValueRef closure = applied.value.v, none = LLVMConstNull(cx->ptr);
    if (!closure && instance->function->captures.len > 0)
        closure = lower_frame_closure(cx, instance->function, none, none);
    if (!closure) closure = none;
    LLVMValueRef less = comparison(cx, instance, node->span);
    LLVMValueRef sorted = RT(cx, rt_sort_by, list.v, less, closure);
    lower_release(cx, list);
    lower_release(cx, applied.value);
    return lower_val(REP_LIST, lower_node_type(cx, node), sorted, true);
}

LVal lower_applied(LowerCtx *cx, Node *node, const Builtin *builtin) {
    return builtin->id == BUILTIN_sort ? sort_call(cx, node) : filter_call(cx, node);
}

// --- pipes ---------------------------------------------------------------------------------------

// xs || f

typedef struct Map {
    Node *node;
    Items items;
    LLVMValueRef made;
    Applied applied;
    Type element; // of the result
} Map;

// What the function gives for an element that is stored so.
static Type given(Type element) {
    element.store = STORE_WORD;
    return element;
}

// Takes the value.
static void put(LowerCtx *cx, LLVMValueRef list, LLVMValueRef at, Type element, LVal value) {
    LLVMValueRef to = lower_element_at(cx, lower_data(cx, list), at, element);
    bool number = value.rep == REP_F64 || value.rep == REP_I64;
    if (element.store != STORE_WORD || (number && element.kinds == KIND_NUMBER))
        lower_number_store(cx, to, element, value);
    else
        lower_store(cx, lower_word(cx, lower_own(cx, value)), to, cx->tbaa_element);
}

// An empty list for the results, to be given its length in the end.
static LVal new_result(LowerCtx *cx, Type type, LLVMValueRef length) {
    if (type_rep(type) == REP_PACKED) return lower_packed_new(cx, type, length);
    return lower_val(REP_LIST, type, RT(cx, rt_list_new, length), true);
}

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
    LVal result = apply(cx, &map->applied, &value, NULL, 1, given(map->element), map->node->span);
    put(cx, map->made, k, map->element, result);
}

static uint8_t effects_of(const Applied *applied) {
    if (applied->builtin) return applied->builtin->effects;
    bool known = applied->instance && !applied->instance->function->calls_params;
    return known ? applied->instance->function->effects : 0x7f;
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
    LVal whole = new_result(cx, type, items->length);
    bool packed = whole.rep == REP_PACKED;
    LLVMValueRef length = items->length, made = whole.v;
    map.made = made;
    uint32_t held = lower_hold(cx, whole);
    if (cx->fs->gives_up && !packed) fill_with_zeros(cx, made, length);
    EachBody body = {.effects = effects_of(&map.applied),
                     .cost = cost_of(cx, &map.applied),
                     .start = map_start,
                     .fill = map_one,
                     .context = &map};
    lower_parallel_each(cx, length, node->span, &body);
    lower_store(cx, length, lower_field(cx, made, 8), cx->tbaa_header);
    if (!packed) mark_boxed(cx, made, element.kinds != KIND_NUMBER);
    if (function.v) lower_release(cx, function);
    lower_unhold(cx, held);
    return whole;
}

static LVal pipe_items(LowerCtx *cx, Node *node, const Items *items) {
    if (shares_pipe(node)) return pipe_parallel(cx, node, items);
    Type type = lower_node_type(cx, node), element = type_element(type);
    if (element.kinds == 0) element = type_any();
    Applied applied = make_ready(cx, node, node->pipe.right);
    LVal whole = new_result(cx, type, items->length);
    LLVMValueRef made = whole.v;
    uint32_t held = lower_hold(cx, whole);
    Each each;
    LVal item = each_begin(cx, &each, items, 0);
    LVal result = apply(cx, &applied, &item, NULL, 1, given(element), node->span);
    bool number = element.store != STORE_WORD || result.rep == REP_F64 || result.rep == REP_I64;
    put(cx, made, each.position, element, result);
    if (cx->fs->gives_up && !number) { // what is in it goes with it
        LLVMValueRef so_far = LLVMBuildNSWAdd(cx->builder, each.position, lower_i64(cx, 1), "");
        lower_store(cx, so_far, lower_field(cx, made, 8), cx->tbaa_header);
        mark_boxed(cx, made, true);
    }
    each_end(cx, &each);
    lower_store(cx, items->length, lower_field(cx, made, 8), cx->tbaa_header);
    if (!number) mark_boxed(cx, made, true);
    lower_release(cx, applied.value);
    lower_unhold(cx, held);
    return whole;
}

static LVal reduce_known(LowerCtx *cx, Node *node, LVal list) {
    Type type = lower_node_type(cx, node);
    Rep rep = type_rep(type);
    Applied applied = make_ready(cx, node, node->pipe.right);
    LLVMValueRef slot = lower_variable(cx, rep, "reduced");
    LVal first = lower_index_value(cx, list, lower_zero(cx), type, node->span);
    LLVMBuildStore(cx->builder, lower_own(cx, lower_convert(cx, first, rep)).v, slot);
    Items items = items_of_list(cx, node->pipe.left, list);
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
    if (lower_applies(cx, node, lower_named_builtin(call->call.callee)))
        return pipe_filter(cx, node, of_words(cx, *left));
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
    if (left->rep == REP_LIST || left->rep == REP_PACKED) {
        Items items = items_of_list(cx, node->pipe.left, *left);
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
        const Builtin *builtin = left->kind == NODE_CALL ? lower_named_builtin(left->call.callee) : NULL;
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
