// lower_ctl.c: sequential loops and jumps. A range loop is an i64 counter that steps by one to a
// bound computed once; lists are held while they are iterated. Jumps release the scopes that they
// leave.
#include "lower_internal.h"
#include <llvm-c/DebugInfo.h>
#include "../rt/rt_layout.h"
#include <string.h>

static LoopFrame *frame_of(LowerCtx *cx, const LoopNode *loop) {
    LoopFrame *frame = cx->fs->loop;
    while (frame && loop && frame->loop != loop) frame = frame->outer;
    CHECK(frame != NULL, "a jump or a loop's value belongs to a loop around it");
    return frame;
}

LLVMValueRef lower_bound(LowerCtx *cx, LVal v, Span span) {
    if (v.rep == REP_I64) return lower_convert(cx, v, REP_I64).v;
    LLVMValueRef bound = lower_integer(cx, v, "a range", span);
    LLVMValueRef low[] = {bound, lower_i64(cx, -(INT64_C(1) << 61))};
    bound = lower_intrinsic(cx, "llvm.smax", cx->i64, low, 2);
    LLVMValueRef high[] = {bound, lower_i64(cx, INT64_C(1) << 61)};
    return lower_intrinsic(cx, "llvm.smin", cx->i64, high, 2);
}

// --- what all loops share ------------------------------------------------------------------------

typedef struct Opened {
    LoopFrame frame;
    LLVMBasicBlockRef head, done; // done: the loop has run to its end
    LLVMValueRef most;            // of `max N`, or null
    LLVMValueRef limit; // the loop runs while the index is below this, or null: the head tests
    Hoist hoist;
    uint32_t mark;
    bool as_it_is; // no vectors are to be made of it
    Type type;
} Opened;

// Starts a loop whose index begins at `first`; `mark` is from before anything that it holds.
static void open_loop(LowerCtx *cx, Opened *o, Node *node, LLVMValueRef first, bool want_value,
                      uint32_t mark) {
    LoopNode *loop = node->loop;
    o->mark = mark;
    o->type = lower_node_type(cx, node);
    o->frame = (LoopFrame){.outer = cx->fs->loop, .loop = loop, .first = first};
    cx->fs->repeats = true;
    lower_streams_begin(cx, &o->frame, lower_key(cx, loop));
    o->frame.next = lower_block_new(cx, "next");
    o->frame.end = lower_block_new(cx, "loop.end");
    o->done = loop->has_value ? lower_block_new(cx, "loop.done") : o->frame.end;
    o->head = lower_block_new(cx, "loop");
    if (loop->max && !loop->max_inf) {
        LVal most = lower_expr(cx, loop->max);
        o->most = lower_integer(cx, most, "max", loop->max->span);
        lower_release(cx, most);
    }
    if (loop->has_value && want_value) {
        o->frame.result_rep = type_rep(o->type) == REP_NONE ? REP_ANY : type_rep(o->type);
        o->frame.result = lower_variable(cx, o->frame.result_rep, "loop.value");
    }
    o->frame.index = lower_alloca(cx, cx->i64, "index");
    LLVMBuildStore(cx->builder, first, o->frame.index);
    o->hoist = lower_hoist(cx, loop);
    o->frame.cleanups = lower_scope(cx);
    if (o->limit) { // tested before the first iteration and after each, as LLVM's passes want it
        LLVMBasicBlockRef some = lower_block_new(cx, "some");
        LLVMValueRef any = LLVMBuildICmp(cx->builder, LLVMIntSLT, first, o->limit, "");
        lower_branch(cx, any, some, o->done);
        lower_at(cx, some);
    }
    lower_go(cx, o->head);
}

static LLVMValueRef index_now(LowerCtx *cx, const LoopFrame *frame) {
    return LLVMBuildLoad2(cx->builder, cx->i64, frame->index, "i");
}

static LLVMValueRef counter_now(LowerCtx *cx, const LoopFrame *frame) {
    LLVMValueRef index = index_now(cx, frame);
    if (LLVMIsAConstantInt(frame->first) && LLVMConstIntGetSExtValue(frame->first) == 0)
        return index;
    return LLVMBuildNSWSub(cx->builder, index, frame->first, "counter");
}

// An iteration is about to start: the head's last word.
static void enter_body(LowerCtx *cx, Opened *o, LLVMValueRef goes_on) {
    LLVMBasicBlockRef body = lower_block_new(cx, "loop.body");
    if (goes_on)
        lower_branch(cx, goes_on, body, o->done);
    else
        LLVMBuildBr(cx->builder, body);
    lower_at(cx, body);
    if (o->most) {
        LLVMValueRef counter = counter_now(cx, &o->frame);
        LLVMValueRef over = LLVMBuildICmp(cx->builder, LLVMIntSGE, counter, o->most, "");
        LLVMBasicBlockRef on = lower_rare(cx, over, "too.many");
        RT(cx, rt_stop_loop_at, o->most, lower_place(cx, o->frame.loop->header));
        lower_rare_stop(cx, on);
    }
    cx->fs->loop = &o->frame;
    lower_streams_next(cx, &o->frame);
}

// --- short loops ---------------------------------------------------------------------------------

enum { MOST_TRIPS = 8, MOST_UNROLLED = 2500 };

typedef struct Size {
    LowerCtx *cx;
    uint64_t nodes; // with those of short loops as often as they run
} Size;

uint32_t lower_short_trips(LowerCtx *cx, const LoopNode *loop) {
    if (loop->kind != LOOP_RANGE || loop->prefix != PREFIX_NONE || loop->max) return 0;
    Type low = lower_node_type(cx, loop->low), high = lower_node_type(cx, loop->high);
    if (!low.integer || !high.integer) return 0;
    double trips = high.high - low.low + loop->inclusive;
    return trips > 0 && trips <= MOST_TRIPS ? (uint32_t)trips : 0;
}

static void add_size(void *context, Node **child) {
    Size *size = context;
    Node *node = *child;
    if (!node) return;
    Size inner = {.cx = size->cx, .nodes = 1};
    ast_children(node, add_size, &inner);
    uint32_t trips = node->kind == NODE_LOOP ? lower_short_trips(size->cx, node->loop) : 1;
    if (trips == 0) inner.nodes = MOST_UNROLLED; // a loop that stays one
    size->nodes += inner.nodes * (trips ? trips : 1);
}

// Tells LLVM's passes something of the loop with that back edge.
static void set_hint(LowerCtx *cx, LLVMValueRef back_edge, const char *name, LLVMValueRef value) {
    LLVMMetadataRef text[] = {LLVMMDStringInContext2(cx->context, name, strlen(name)),
                              value ? LLVMValueAsMetadata(value) : NULL};
    LLVMMetadataRef self = LLVMTemporaryMDNode(cx->context, NULL, 0);
    LLVMMetadataRef parts[] = {self, LLVMMDNodeInContext2(cx->context, text, value ? 2 : 1)};
    LLVMMetadataRef id = LLVMMDNodeInContext2(cx->context, parts, 2);
    LLVMMetadataReplaceAllUsesWith(self, id); // a loop's identity names itself
    LLVMSetMetadata(back_edge, LLVMGetMDKindIDInContext(cx->context, "llvm.loop", 9),
                    LLVMMetadataAsValue(cx->context, id));
}

// A loop of a few iterations and a small body becomes straight code: its elements' positions are then
// constants, and what they hold may stay in registers.
static void mark_short(LowerCtx *cx, LoopNode *loop, LLVMValueRef back_edge) {
    uint32_t trips = lower_short_trips(cx, loop);
    if (trips == 0 || cx->unlikely || cx->options->optimize < 2 || cx->options->optimize_size)
        return;
    Size size = {.cx = cx};
    Node *body = loop->body;
    add_size(&size, &body);
    if (size.nodes * trips > MOST_UNROLLED) return;
    set_hint(cx, back_edge, "llvm.loop.unroll.full", NULL);
}

static LVal close_loop(LowerCtx *cx, Opened *o) {
    LoopFrame *frame = &o->frame;
    lower_scope_end(cx, frame->cleanups);
    lower_go(cx, frame->next);
    LLVMValueRef next = LLVMBuildNSWAdd(cx->builder, index_now(cx, frame), lower_i64(cx, 1), "");
    LLVMBuildStore(cx->builder, next, frame->index);
    lower_look(cx);
    LLVMValueRef back_edge;
    if (o->limit) {
        LLVMValueRef more = LLVMBuildICmp(cx->builder, LLVMIntSLT, next, o->limit, "");
        back_edge = LLVMBuildCondBr(cx->builder, more, o->head, o->done);
    } else {
        back_edge = LLVMBuildBr(cx->builder, o->head);
    }
    if (o->as_it_is)
        set_hint(cx, back_edge, "llvm.loop.vectorize.enable", LLVMConstInt(cx->i1, 0, 0));
    else
        mark_short(cx, frame->loop, back_edge);
    cx->fs->loop = frame->outer;
    if (o->done != frame->end) {
        lower_at(cx, o->done);
        if (frame->result) {
            static const char text[] = "loop ended without a value";
            LLVMValueRef error = RT(cx, rt_error_new, lower_str(cx, text, sizeof text - 1));
            LVal none = lower_val(REP_ANY, type_of_kind(KIND_ERROR), error, true);
            LLVMBuildStore(cx->builder, lower_convert(cx, none, frame->result_rep).v,
                           frame->result);
        }
        LLVMBuildBr(cx->builder, frame->end);
    }
    lower_at(cx, frame->end);
    lower_hoist_end(cx, &o->hoist);
    lower_scope_end(cx, o->mark);
    if (!frame->result) return lower_zero(cx);
    LLVMValueRef v =
        LLVMBuildLoad2(cx->builder, lower_type(cx, frame->result_rep), frame->result, "");
    if (lower_needs_root(cx, frame->result_rep)) lower_empty_root(cx, frame->result);
    return lower_val(frame->result_rep, o->type, v, lower_is_counted_rep(frame->result_rep));
}

// --- kinds of loops ------------------------------------------------------------------------------

static LVal endless_loop(LowerCtx *cx, Node *node, bool want_value) {
    Opened o = {0};
    open_loop(cx, &o, node, lower_i64(cx, 0), want_value, lower_scope(cx));
    lower_iteration_noted(cx);
    LLVMValueRef goes_on = NULL;
    if (node->loop->kind == LOOP_WHILE) {
        uint32_t mark = lower_scope(cx);
        LVal condition = lower_rooted(cx, lower_expr(cx, node->loop->condition));
        goes_on = lower_truth(cx, condition, node->loop->condition->span);
        lower_release(cx, condition);
        lower_scope_end(cx, mark);
    }
    enter_body(cx, &o, goes_on);
    lower_effect(cx, node->loop->body);
    return close_loop(cx, &o);
}

static LVal plain_endless_loop(LowerCtx *cx, Node *node) {
    return endless_loop(cx, node, false);
}

static void bind_counter(LowerCtx *cx, const LoopNode *loop, LLVMValueRef index) {
    if (loop->symbols.len && loop->symbols.items[0])
        lower_alias(cx, loop->symbols.items[0],
                    lower_val(REP_I64, type_integer(-0x1p52, 0x1p52), index, false));
}

static LVal plain_count_loop(LowerCtx *cx, Node *node, LLVMValueRef low, LLVMValueRef high,
                             bool want_value) {
    LoopNode *loop = node->loop;
    Opened o = {.limit = high};
    open_loop(cx, &o, node, low, want_value, lower_scope(cx));
    o.frame.total = LLVMBuildNSWSub(cx->builder, high, low, "total");
    LLVMValueRef index = index_now(cx, &o.frame);
    enter_body(cx, &o, NULL);
    bind_counter(cx, loop, index);
    lower_effect(cx, loop->body);
    return close_loop(cx, &o);
}

// low + `width` times the loop's own counter.
static void strip(LowerCtx *cx, Node *node, LLVMValueRef low, LLVMValueRef strips,
                  Lockstep *lockstep) {
    Opened o = {.limit = strips, .as_it_is = true};
    open_loop(cx, &o, node, lower_i64(cx, 0), false, lower_scope(cx));
    LLVMValueRef index = index_now(cx, &o.frame);
    enter_body(cx, &o, NULL);
    LLVMValueRef width = lower_i64(cx, lockstep->width);
    LLVMValueRef done = LLVMBuildNSWMul(cx->builder, index, width, "");
    lower_lockstep_body(cx, lockstep, LLVMBuildNSWAdd(cx->builder, low, done, "first"));
    close_loop(cx, &o);
}

LLVMValueRef lower_strips(LowerCtx *cx, Node *node, LLVMValueRef low, LLVMValueRef high) {
    LLVMBuilderRef b = cx->builder;
    Lockstep lockstep = lower_lockstep(cx, node->loop);
    if (lockstep.width == 0) return low;
    LLVMValueRef width = lower_i64(cx, lockstep.width), count = LLVMBuildNSWSub(b, high, low, "");
    LLVMValueRef two[] = {LLVMBuildSDiv(b, count, width, ""), lower_i64(cx, 0)};
    LLVMValueRef strips = lower_intrinsic(cx, "llvm.smax", cx->i64, two, 2);
    strip(cx, node, low, strips, &lockstep);
    return LLVMBuildNSWAdd(b, low, LLVMBuildNSWMul(b, strips, width, ""), "rest");
}

static LVal count_loop(LowerCtx *cx, Node *node, LLVMValueRef low, LLVMValueRef high,
                       bool want_value) {
    LoopNode *loop = node->loop;
    bool notes = lower_zero_begin(cx, loop);
    low = lower_strips(cx, node, low, high);
    lower_remark_loop(cx, loop);
    LVal value = plain_count_loop(cx, node, low, high, want_value);
    if (notes) lower_zero_end(cx);
    return value;
}

LVal lower_range_between(LowerCtx *cx, Node *node, LLVMValueRef low, LLVMValueRef high,
                         bool want_value) {
    LoopNode *loop = node->loop;
    Hoist hoist = lower_hoist(cx, loop);
    Bounds in = lower_bounds(cx, loop, low, high);
    LVal value = lower_zero(cx);
    if (in.inside) { // see lower_bounds.c
        LLVMBasicBlockRef fast = lower_block_new(cx, "inside"),
                          slow = lower_block_new(cx, "checked");
        LLVMBasicBlockRef end = lower_block_new(cx, "either");
        lower_branch(cx, in.inside, fast, slow);
        lower_at(cx, fast);
        lower_bounds_begin(cx, &in);
        count_loop(cx, node, low, high, false);
        lower_bounds_end(cx, &in);
        LLVMBuildBr(cx->builder, end);
        lower_at(cx, slow);
        cx->unlikely++;
        count_loop(cx, node, low, high, false);
        cx->unlikely--;
        lower_go(cx, end);
    } else {
        value = count_loop(cx, node, low, high, want_value);
    }
    lower_hoist_end(cx, &hoist);
    return value;
}

static void range_bounds(LowerCtx *cx, const LoopNode *loop, LLVMValueRef *low,
                         LLVMValueRef *high) {
    Node *parts[] = {loop->low, loop->high};
    LVal bounds[2];
    lower_operands(cx, parts, 2, bounds);
    *low = lower_bound(cx, bounds[0], loop->low->span);
    *high = lower_bound(cx, bounds[1], loop->high->span);
    lower_release_all(cx, bounds, 2);
    if (loop->inclusive) *high = LLVMBuildNSWAdd(cx->builder, *high, lower_i64(cx, 1), "");
}

static LVal range_loop(LowerCtx *cx, Node *node, bool want_value) {
    LLVMValueRef low, high;
    range_bounds(cx, node->loop, &low, &high);
    return lower_range_between(cx, node, low, high, want_value);
}

void lower_range_of(LowerCtx *cx, Node *node, LowerBody *emit, void *context) {
    LLVMValueRef low, high;
    range_bounds(cx, node->loop, &low, &high);
    Opened o = {.limit = high, .as_it_is = true};
    open_loop(cx, &o, node, low, false, lower_scope(cx));
    LLVMValueRef index = index_now(cx, &o.frame);
    enter_body(cx, &o, NULL);
    bind_counter(cx, node->loop, index);
    emit(cx, node->loop, context);
    close_loop(cx, &o);
}

static bool is_rooted_in(const Node *target, const Symbol *symbol) {
    while (target && target->kind == NODE_INDEX) target = target->index.base;
    return target && target->kind == NODE_NAME && target->name.symbol == symbol;
}

typedef struct Search {
    const Symbol *symbol;
    bool found;
} Search;

static void find_update(void *context, Node **child) {
    Search *search = context;
    const Node *node = *child, *target = NULL, *other = NULL;
    if (!node || search->found) return;
    if (node->kind == NODE_UPDATE) target = node->update.target;
    if (node->kind == NODE_SWAP) target = node->swap.left, other = node->swap.right;
    if (node->kind == NODE_LOOP && node->loop->source == search->symbol) search->found = true;
    search->found |= is_rooted_in(target, search->symbol) || is_rooted_in(other, search->symbol);
    ast_children(*child, find_update, search);
}

// A loop that updates the elements of a list variable through its own, and changes that list in no other
// way: it needs no hold of the list, which would have to be copied then.
static bool stays_in_variable(LowerCtx *cx, const LoopNode *loop) {
    if (!loop->writes_through || !loop->source || cx->fs->par) return false;
    if (lower_slot(cx, loop->source)->rep != REP_LIST) return false;
    Search search = {loop->source, false};
    Node *body = loop->body;
    find_update(&search, &body);
    return !search.found;
}

static LVal list_loop(LowerCtx *cx, Node *node, LVal list, bool want_value, uint32_t mark) {
    lower_remark_loop(cx, node->loop);
    LoopNode *loop = node->loop;
    LLVMValueRef length = lower_length(cx, list.v), data = lower_data(cx, list.v);
    Opened o = {.limit = length};
    open_loop(cx, &o, node, lower_i64(cx, 0), want_value, mark);
    o.frame.total = length;
    LLVMValueRef index = index_now(cx, &o.frame);
    enter_body(cx, &o, NULL);
    if (stays_in_variable(cx, loop)) data = lower_data(cx, lower_symbol(cx, loop->source).v);
    Type element = type_element(list.type);
    LVal item = lower_element_val(cx, lower_element_load(cx, data, index, element), element);
    Symbol *symbol = loop->symbols.len ? loop->symbols.items[0] : NULL;
    if (symbol && symbol->rebound_by_loop)
        lower_define(cx, symbol, item);
    else if (symbol)
        lower_alias(cx, symbol, item);
    lower_effect(cx, loop->body);
    return close_loop(cx, &o);
}

static LVal string_loop(LowerCtx *cx, Node *node, LVal text, bool want_value, uint32_t mark) {
    LoopNode *loop = node->loop;
    LLVMValueRef points = lower_load(cx, cx->i64, lower_field(cx, text.v, 16), cx->tbaa_header, "");
    LLVMValueRef offset = lower_alloca(cx, cx->i64, "offset");
    LLVMBuildStore(cx->builder, lower_i64(cx, 0), offset);
    Opened o = {0};
    open_loop(cx, &o, node, lower_i64(cx, 0), want_value, mark);
    o.frame.total = points;
    LLVMValueRef point = RT(cx, rt_str_next, text.v, offset);
    enter_body(cx, &o, LLVMBuildICmp(cx->builder, LLVMIntSGE, point, lower_i64(cx, 0), ""));
    if (loop->symbols.len && loop->symbols.items[0])
        lower_alias(cx, loop->symbols.items[0],
                    lower_val(REP_I64, type_integer(0, 0x10FFFF), point, false));
    lower_effect(cx, loop->body);
    return close_loop(cx, &o);
}

// A list of what the loop goes over, when only the run tells what that is.
static LVal as_list(LowerCtx *cx, LVal v, Span span) {
    v = lower_rooted(cx, v);
    LLVMValueRef made = RT(cx, rt_elements, lower_word(cx, v), lower_place(cx, span));
    lower_release(cx, v);
    return lower_val(REP_LIST, type_of_kind(KIND_LIST), made, true);
}

static void bind_word(LowerCtx *cx, LoopNode *loop, uint32_t at, LLVMValueRef word) {
    Symbol *symbol = at < loop->symbols.len ? loop->symbols.items[at] : NULL;
    LVal owned = lower_val(REP_ANY, type_any(), word, true);
    if (!symbol) {
        lower_drop(cx, owned);
        return;
    }
    Type type = cx->fs->instance->symbol_types[symbol->index];
    lower_define(cx, symbol, lower_as(cx, owned, type));
}

static LVal map_loop(LowerCtx *cx, Node *node, LLVMValueRef object, bool want_value,
                     uint32_t mark) {
    LoopNode *loop = node->loop;
    LLVMValueRef position = lower_alloca(cx, cx->i64, "position");
    LLVMBuildStore(cx->builder, lower_i64(cx, -1), position);
    Opened o = {0};
    open_loop(cx, &o, node, lower_i64(cx, 0), want_value, mark);
    o.frame.total = lower_load(cx, cx->i64, lower_field(cx, object, 8), cx->tbaa_header, "");
    LLVMValueRef last = LLVMBuildLoad2(cx->builder, cx->i64, position, "");
    LLVMValueRef from = LLVMBuildNSWAdd(cx->builder, last, lower_i64(cx, 1), "");
    LLVMValueRef at = RT(cx, rt_map_next, object, from);
    LLVMBuildStore(cx->builder, at, position);
    enter_body(cx, &o, LLVMBuildICmp(cx->builder, LLVMIntSGE, at, lower_i64(cx, 0), ""));
    bind_word(cx, loop, 0, RT(cx, rt_map_key_at, object, at));
    bind_word(cx, loop, 1, RT(cx, rt_map_value_at, object, at));
    lower_effect(cx, loop->body);
    return close_loop(cx, &o);
}

// @ k, v in m: entries in the order of insertion; the map is held while it is gone through.
static LVal pairs_loop(LowerCtx *cx, Node *node, bool want_value) {
    LoopNode *loop = node->loop;
    uint32_t mark = lower_scope(cx);
    LVal map = lower_rooted(cx, lower_expr(cx, loop->iterable));
    LLVMValueRef object =
        lower_expect(cx, map, KIND_MAP, "a loop with two names", loop->iterable->span);
    map = lower_own(cx, map);
    if (lower_is_counted(map)) lower_hold(cx, map);
    return map_loop(cx, node, object, want_value, mark);
}

LVal lower_loop_over(LowerCtx *cx, Node *node, LVal sequence, bool want_value) {
    uint32_t mark = lower_scope(cx);
    if (node->loop->kind == LOOP_PAIRS) return map_loop(cx, node, sequence.v, want_value, mark);
    if (sequence.rep == REP_STRING) return string_loop(cx, node, sequence, want_value, mark);
    return list_loop(cx, node, sequence, want_value, mark);
}

static LVal each_loop(LowerCtx *cx, Node *node, bool want_value) {
    LoopNode *loop = node->loop;
    uint32_t mark = lower_scope(cx);
    LVal sequence = lower_expr(cx, loop->iterable);
    if (sequence.rep != REP_LIST && sequence.rep != REP_PACKED && sequence.rep != REP_STRING)
        sequence = as_list(cx, sequence, loop->iterable->span);
    bool updates = (lower_node_flags(cx, loop->body) & (NODE_MAY_UPDATE | NODE_MAY_TAKE)) != 0;
    if (updates && !stays_in_variable(cx, loop)) sequence = lower_own(cx, sequence);
    if (sequence.owned && lower_is_counted(sequence)) lower_hold(cx, sequence);
    if (sequence.rep == REP_STRING) return string_loop(cx, node, sequence, want_value, mark);
    return list_loop(cx, node, sequence, want_value, mark);
}

static LVal plain_loop(LowerCtx *cx, Node *node, bool want_value) {
    switch (node->loop->kind) {
    case LOOP_FOREVER:
    case LOOP_WHILE:
        return want_value ? endless_loop(cx, node, true)
                          : lower_speculate(cx, node, plain_endless_loop);
    case LOOP_RANGE: return range_loop(cx, node, want_value);
    case LOOP_EACH: return each_loop(cx, node, want_value);
    case LOOP_PAIRS: return pairs_loop(cx, node, want_value);
    }
    UNREACHABLE("a loop is of one of these kinds");
}

// In parallel if `fits`, else without the prefix.
static LVal either_loop(LowerCtx *cx, Node *node, bool want_value, LLVMValueRef fits) {
    bool gives = want_value && node->loop->has_value;
    Type type = lower_node_type(cx, node);
    Rep rep = !gives ? REP_I64 : type_rep(type) == REP_NONE ? REP_ANY : type_rep(type);
    LLVMValueRef result = lower_alloca(cx, lower_type(cx, rep), "loop.value");
    LLVMBasicBlockRef fit = lower_block_new(cx, "parallel"), other = lower_block_new(cx, "plain");
    LLVMBasicBlockRef end = lower_block_new(cx, "loop.either");
    lower_branch(cx, fits, fit, other);
    for (uint32_t i = 0; i < 2; i++) {
        lower_at(cx, i == 0 ? fit : other);
        cx->unlikely += i;
        LVal value =
            i == 0 ? lower_parallel(cx, node, want_value) : plain_loop(cx, node, want_value);
        cx->unlikely -= i;
        if (gives) {
            value = lower_own(cx, lower_convert(cx, value, rep));
            LLVMBuildStore(cx->builder, value.v, result);
        }
        LLVMBuildBr(cx->builder, end);
    }
    lower_at(cx, end);
    if (!gives) return lower_zero(cx);
    LLVMValueRef v = LLVMBuildLoad2(cx->builder, lower_type(cx, rep), result, "");
    return lower_val(rep, type, v, lower_is_counted_rep(rep));
}

LVal lower_loop(LowerCtx *cx, Node *node, bool want_value) {
    const ParPlan *plan = node->loop->plan;
    lower_streams(cx, node->loop);
    if (!plan || lower_loses_prefix(cx, node->loop)) return plain_loop(cx, node, want_value);
    if (cx->unlikely && plan->parts.len) return plain_loop(cx, node, want_value); // not two of each
    LLVMValueRef fits = lower_parts_fit(cx, plan);
    if (!fits) return lower_parallel(cx, node, want_value);
    if (LLVMIsConstant(fits)) return plain_loop(cx, node, want_value);
    return either_loop(cx, node, want_value, fits);
}

// --- values and jumps ----------------------------------------------------------------------------

LVal lower_loop_value(LowerCtx *cx, Node *node) {
    LoopNode *loop = node->loop_value.loop;
    LoopValueKind what = node->loop_value.what;
    if (what == LOOP_ITEM && loop && loop->symbols.len)
        return lower_symbol(cx, loop->symbols.items[loop->symbols.len - 1]);
    const LoopFrame *frame = frame_of(cx, loop);
    LLVMValueRef counter = counter_now(cx, frame);
    LLVMValueRef zero = lower_i64(cx, 0);
    switch (what) {
    case LOOP_FIRST: return lower_bit(cx, LLVMBuildICmp(cx->builder, LLVMIntEQ, counter, zero, ""));
    case LOOP_LAST: {
        if (!frame->total) return lower_zero(cx);
        LLVMValueRef last = LLVMBuildSub(cx->builder, frame->total, lower_i64(cx, 1), "");
        return lower_bit(cx, LLVMBuildICmp(cx->builder, LLVMIntEQ, counter, last, ""));
    }
    case LOOP_COUNTER:
    case LOOP_ITEM:
    case LOOP_CYCLE: return lower_val(REP_I64, type_integer(0, 0x1p52), counter, false);
    }
    UNREACHABLE("a value of a loop");
}

void lower_leave(LowerCtx *cx, Node *node) {
    LVal value = node->leave.value ? lower_expr(cx, node->leave.value) : lower_zero(cx);
    lower_leave_with(cx, node->leave.loop, value);
}

void lower_leave_with(LowerCtx *cx, LoopNode *loop, LVal value) {
    if (lower_exit(cx, EXIT_LEAVE, loop, value)) return;
    LoopFrame *frame = frame_of(cx, loop);
    if (frame->result) {
        value = lower_own(cx, lower_convert(cx, value, frame->result_rep));
        LLVMBuildStore(cx->builder, value.v, frame->result);
    } else {
        lower_release(cx, value);
    }
    lower_clean(cx, frame->cleanups);
    LLVMBuildBr(cx->builder, frame->end);
    lower_at(cx, lower_block_new(cx, "dead"));
}

void lower_next(LowerCtx *cx, Node *node) {
    lower_next_of(cx, node->next.loop);
}

void lower_next_of(LowerCtx *cx, LoopNode *loop) {
    if (lower_exit(cx, EXIT_NEXT, loop, lower_zero(cx))) return;
    const LoopFrame *frame = frame_of(cx, loop);
    lower_clean(cx, frame->cleanups);
    LLVMBuildBr(cx->builder, frame->next);
    lower_at(cx, lower_block_new(cx, "dead"));
}

static const LoopFrame *frame_of_variable(const LowerCtx *cx, const Symbol *symbol) {
    const LoopFrame *frame = cx->fs->loop;
    while (frame && !(frame->loop->symbols.len && frame->loop->symbols.items[0] == symbol))
        frame = frame->outer;
    return frame;
}

SymSlot *lower_source_of(LowerCtx *cx, const Symbol *symbol, LVal *position) {
    const LoopFrame *frame = symbol->rebound_by_loop ? frame_of_variable(cx, symbol) : NULL;
    if (!frame || !frame->loop->source) return NULL;
    *position = lower_val(REP_I64, type_integer(0, 0x1p53), index_now(cx, frame), false);
    return lower_slot(cx, frame->loop->source);
}

// The loop variable stands for an element of the list variable that the loop goes over: what it
// holds goes there after an update. Before one through a path the element is emptied, so that the
// variable's value is not shared with it.
void lower_write_through(LowerCtx *cx, Symbol *symbol, bool before) {
    const LoopFrame *frame = frame_of_variable(cx, symbol);
    // Outside of the parallel loop whose code this is: that loop's end does it (lower_par.c).
    if (cx->fs->record && (!frame || !frame->next)) return;
    CHECK(frame != NULL && frame->loop->source, "an updated loop variable has a source");
    LVal index = lower_val(REP_I64, type_integer(0, 0x1p53), index_now(cx, frame), false);
    Path path = {.symbol = frame->loop->source,
                 .slot = lower_slot(cx, frame->loop->source),
                 .count = 1,
                 .indices = &index,
                 .span = frame->loop->header};
    if (path.slot->rep != REP_LIST) {
        LVal source = lower_symbol(cx, frame->loop->source);
        lower_expect(cx, source, KIND_LIST, "an update through a loop's variable", path.span);
    }
    LVal value = before ? lower_zero(cx) : lower_symbol(cx, symbol);
    lower_path_write(cx, &path, lower_own(cx, value));
}
