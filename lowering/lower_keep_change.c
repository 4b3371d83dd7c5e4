// lower_keep_change.c: changes of kept variables that wait for their turn one by one (KEPT_CHANGES, see
// lower_keep.c). A change becomes a function of its own, which takes the loop's capture record and the
// words that the iteration computed for it, and does to the variable what the statement says.
// rt_par_keep() runs it in the order of the iterations: at once where the block is first in line, else
// when the earlier blocks have finished.
//
// Invariant: before a change that may stop the program, the place in the block's output is marked, so
// that the stop comes between the same lines as in the sequential loop; where deferred blocks would run
// then, it waits for its turn.
#include "lower_par.h"
#include "../rt/rt_layout.h"

// --- a statement ----------------------------------------------------------------------------------

// What a statement computes before anything is changed.
typedef struct Change {
    Node *node; // UPDATE
    const Kept *kept;
    NodeVec nodes; // operands: the indices of the path, then the rest
    LVal *values;  // as computed
    uint32_t indices;
    bool stops;     // it may stop the program
    LVal *operands; // the same, in the function that makes the change
} Change;

// True if the changed value, which stands on the left of the statement, is part of the form on the
// right: x + e, min(h[k], e), push(x, e).
static bool has_self(const Node *node, const Node *target) {
    if (ast_same(node, target)) return true;
    if (node->kind == NODE_CALL) {
        VEC_EACH(Node *, arg, &node->call.args) if (ast_same(arg, target)) return true;
        return false;
    }
    if (node->kind != NODE_BINARY) return false;
    return has_self(node->binary.left, target) || has_self(node->binary.right, target);
}

// The operands of x + [e] + more, but for x itself.
static void collect_parts(LowerCtx *cx, Node *node, const Node *target, NodeVec *nodes) {
    if (ast_same(node, target)) return;
    if (!has_self(node, target)) {
        vec_push(cx->arena, nodes, node);
    } else if (node->kind == NODE_CALL) {
        VEC_EACH(Node *, arg, &node->call.args) collect_parts(cx, arg, target, nodes);
    } else {
        collect_parts(cx, node->binary.left, target, nodes);
        collect_parts(cx, node->binary.right, target, nodes);
    }
}

static bool is_collecting(const Change *change) {
    const Node *node = change->node;
    if (node->update.op == UPDATE_SET) return has_self(node->update.value, node->update.target);
    return node->update.target->kind == NODE_NAME && node->update.op == UPDATE_ADD;
}

// x + a + b: the variable is the leftmost of a chain of additions, so it is appended to.
static bool is_appending(const Change *change) {
    const Node *node = change->node->update.value, *target = change->node->update.target;
    if (target->kind != NODE_NAME) return false;
    if (change->node->update.op == UPDATE_ADD) return true;
    while (node->kind == NODE_BINARY && node->binary.op == BINARY_ADD) node = node->binary.left;
    return ast_same(node, target);
}

// [a, b]: its items are pushed one by one.
static bool is_short_list(const Node *node) {
    return node->kind == NODE_LIST && node->list.items.len > 0 && node->list.items.len <= 4;
}

static void find_operands(LowerCtx *cx, Change *change) {
    Node *node = change->node, *target = node->update.target;
    for (Node *at = target; at->kind == NODE_INDEX; at = at->index.base) change->indices++;
    for (uint32_t i = 0; i < change->indices; i++) vec_push(cx->arena, &change->nodes, NULL);
    uint32_t i = change->indices;
    for (Node *at = target; at->kind == NODE_INDEX; at = at->index.base)
        change->nodes.items[--i] = at->index.index;
    NodeVec parts = {0};
    if (is_collecting(change))
        collect_parts(cx, node->update.value, target, &parts);
    else
        vec_push(cx->arena, &parts, node->update.value);
    bool spread = is_collecting(change) && is_appending(change) && change->kept->rep == REP_LIST;
    VEC_EACH(Node *, part, &parts) {
        if (!spread || !is_short_list(part)) {
            vec_push(cx->arena, &change->nodes, part);
            continue;
        }
        VEC_EACH(Node *, item, &part->list.items) vec_push(cx->arena, &change->nodes, item);
    }
}

// --- what may stop --------------------------------------------------------------------------------

static bool is_plain_number(LVal v) {
    return v.rep == REP_F64 || v.rep == REP_I64;
}

// An operator on elements that are all numbers, and numbers: nothing to stop for.
static bool is_plain_operation(const Change *change) {
    const Node *node = change->node;
    UpdateOp op = node->update.op;
    bool self = is_collecting(change);
    if (op == UPDATE_SET && !self) return true;
    if (op == UPDATE_DIV || op == UPDATE_MOD) return false;
    if ((type_element(change->kept->type).kinds & ~KIND_NUMBER) != 0) return false;
    for (uint32_t i = change->indices; i < change->nodes.len; i++)
        if (!is_plain_number(change->values[i])) return false;
    return true;
}

static void check_position(LowerCtx *cx, const Change *change) {
    Span span = change->node->update.target->span;
    LLVMValueRef position = lower_position(cx, change->values[0], span);
    lower_check_bounds(cx, position, change->kept->length_inside, span);
}

static bool path_stops(LowerCtx *cx, Change *change) {
    if (change->indices != 1 || !is_plain_operation(change)) return true;
    if (change->kept->rep == REP_LIST && change->kept->unique) {
        check_position(cx, change);
        return false;
    }
    if (change->kept->rep != REP_MAP) return true;
    LVal key = change->values[0];
    if (key.rep != REP_STRING && key.rep != REP_I64)
        RT(cx, rt_par_key, lower_word(cx, key), lower_place(cx, change->node->update.target->span));
    return false;
}

// Texts to texts, lists to lists: nothing to stop for. Items of a short list are of any kind.
static bool parts_stop(LowerCtx *cx, const Change *change, Node *node) {
    const Kept *kept = change->kept;
    const Node *target = change->node->update.target;
    if (ast_same(node, target)) return false;
    if (!has_self(node, target)) return type_rep(lower_node_type(cx, node)) != kept->rep;
    if (node->kind != NODE_BINARY) return true;
    if (node->binary.op == BINARY_CONS) return kept->rep != REP_LIST;
    return parts_stop(cx, change, node->binary.left) || parts_stop(cx, change, node->binary.right);
}

static bool may_stop(LowerCtx *cx, Change *change) {
    if (change->indices > 0) return path_stops(cx, change);
    if (!is_collecting(change)) return false;
    return change->kept->rep == REP_ANY || parts_stop(cx, change, change->node->update.value);
}

// --- the change -----------------------------------------------------------------------------------

static LVal operand_in(LowerCtx *cx, const Change *change, LLVMValueRef words, uint32_t i) {
    LVal was = change->values[i];
    LLVMValueRef word =
        LLVMBuildLoad2(cx->builder, cx->i64, lower_field(cx, words, 8 * (int64_t)i), "");
    Rep rep = was.rep == REP_NONE ? REP_ANY : was.rep;
    LVal v = lower_convert(cx, lower_val(REP_ANY, was.type, word, true), rep);
    v.owned = lower_is_counted_rep(v.rep);
    return lower_rooted(cx, v);
}

static LLVMValueRef append(LowerCtx *cx, Rep rep, LLVMValueRef taken, LVal part, bool item) {
    if (item && is_plain_number(part))
        return RT(cx, rt_list_push_number, taken, lower_convert(cx, part, REP_F64).v);
    if (item) return RT(cx, rt_list_push, taken, lower_word(cx, lower_own(cx, part)));
    taken = rep == REP_LIST ? RT(cx, rt_list_append, taken, part.v)
                            : RT(cx, rt_str_append, taken, part.v);
    lower_release(cx, part);
    return taken;
}

// The value of the statement's right side, with the operands at hand and `self` for what is changed.
static LVal collected(LowerCtx *cx, const Change *change, Node *node, LVal self, uint32_t *at);

// min(h[k], e), push(x, e)
static LVal collected_call(LowerCtx *cx, const Change *change, Node *node, LVal self,
                           uint32_t *at) {
    uint32_t count = node->call.args.len;
    LVal *args = ARENA_ARRAY(cx->arena, LVal, count);
    for (uint32_t i = 0; i < count; i++)
        args[i] = collected(cx, change, node->call.args.items[i], self, at);
    BuiltinCall call = {.builtin = node->call.callee->name.symbol->builtin,
                        .args = args,
                        .count = count,
                        .type = lower_node_type(cx, node),
                        .span = node->span};
    LVal result = lower_builtin(cx, call);
    lower_release_all(cx, args, count);
    return result;
}

// `and` and `or` of values at hand: whether the right one is true is asked only where the left does not
// decide.
static LVal decided(LowerCtx *cx, const Node *node, LVal left, LVal right) {
    LLVMValueRef p = lower_truth(cx, left, node->span);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(cx->builder);
    LLVMBasicBlockRef ask = lower_block_new(cx, "ask"), on = lower_block_new(cx, "on");
    bool is_and = node->binary.op == BINARY_AND;
    lower_branch(cx, p, is_and ? ask : on, is_and ? on : ask);
    lower_at(cx, ask);
    LLVMValueRef q = lower_truth(cx, right, node->span);
    LLVMBasicBlockRef asked = LLVMGetInsertBlock(cx->builder);
    lower_go(cx, on);
    LLVMValueRef both = LLVMBuildPhi(cx->builder, cx->i1, "");
    LLVMAddIncoming(both, &p, &from, 1);
    LLVMAddIncoming(both, &q, &asked, 1);
    return lower_bit(cx, both);
}

static LVal collected(LowerCtx *cx, const Change *change, Node *node, LVal self, uint32_t *at) {
    const Node *target = change->node->update.target;
    if (ast_same(node, target)) return self;
    if (!has_self(node, target)) {
        bool spread = change->kept->rep == REP_LIST && is_appending(change) && is_short_list(node);
        if (!spread) return change->operands[(*at)++];
        LLVMValueRef list = RT(cx, rt_list_new, lower_i64(cx, node->list.items.len));
        for (uint32_t i = 0; i < node->list.items.len; i++)
            list = append(cx, REP_LIST, list, change->operands[(*at)++], true);
        return lower_val(REP_LIST, lower_node_type(cx, node), list, true);
    }
    if (node->kind == NODE_CALL) return collected_call(cx, change, node, self, at);
    LVal left = collected(cx, change, node->binary.left, self, at);
    LVal right = collected(cx, change, node->binary.right, self, at);
    Type type = lower_node_type(cx, node);
    bool decides = node->binary.op == BINARY_AND || node->binary.op == BINARY_OR;
    LVal result = decides ? decided(cx, node, left, right)
                          : lower_operation(cx, node->binary.op, left, right, type, node->span);
    lower_release(cx, left);
    lower_release(cx, right);
    return result;
}

static void find_path(LowerCtx *cx, const Change *change, Path *path) {
    Node *node = change->node;
    Symbol *symbol = change->kept->symbol;
    *path = (Path){.symbol = symbol,
                   .slot = lower_slot(cx, symbol),
                   .count = change->indices,
                   .span = node->update.target->span};
    path->steps = ARENA_ARRAY(cx->arena, Node *, path->count);
    path->indices = ARENA_ARRAY(cx->arena, LVal, path->count);
    uint32_t i = path->count;
    for (Node *at = node->update.target; at->kind == NODE_INDEX; at = at->index.base)
        path->steps[--i] = at;
    for (i = 0; i < path->count; i++) path->indices[i] = change->operands[i];
}

// xs[k] <- xs[k] + a + b of what may be a list, a text or a map: it grows where it lies. False if it is
// not of that form.
static bool grow_element(LowerCtx *cx, const Change *change, Path *path) {
    const Node *node = change->node, *left = node->update.value;
    Type type = lower_node_type(cx, node->update.target);
    if (!type_may(type, KIND_STRING | KIND_LIST | KIND_MAP)) return false;
    while (node->update.op == UPDATE_SET && left->kind == NODE_BINARY &&
           left->binary.op == BINARY_ADD && !has_self(left->binary.right, node->update.target))
        left = left->binary.left;
    bool sums = node->update.op == UPDATE_SET && ast_same(left, node->update.target);
    if (!sums && node->update.op != UPDATE_ADD) return false;
    LVal whole = lower_own_rooted(cx, lower_path_read(cx, path));
    lower_path_write(cx, path, lower_zero(cx)); // so that nobody else holds it
    whole = lower_convert(cx, whole, REP_ANY);
    whole.type = type;
    for (uint32_t i = path->count; i < change->nodes.len; i++) {
        whole = lower_added(cx, whole, change->operands[i], node->span);
        lower_release(cx, change->operands[i]);
    }
    lower_path_write(cx, path, whole);
    lower_path_end(cx, path);
    return true;
}

static void change_element(LowerCtx *cx, const Change *change) {
    Node *node = change->node;
    Path path;
    find_path(cx, change, &path);
    if (grow_element(cx, change, &path)) return;
    uint32_t at = path.count;
    LVal value, old = {0};
    bool reads = node->update.op != UPDATE_SET || is_collecting(change);
    if (reads) old = lower_path_read(cx, &path);
    if (node->update.op != UPDATE_SET) {
        LVal by = change->operands[at];
        Type type = lower_node_type(cx, node->update.target);
        if (path.slot->rep == REP_LIST && path.count == 1) type = type_element(path.slot->type);
        if (type.integer) type = type_number();
        value = lower_operation(cx, lower_operator_of(node->update.op), old, by, type, node->span);
        lower_release(cx, by);
    } else if (reads) {
        LVal self = old;
        self.owned = false;
        value = lower_own(cx, collected(cx, change, node->update.value, self, &at));
    } else {
        value = change->operands[at];
    }
    if (reads) lower_release(cx, old);
    lower_path_write(cx, &path, value);
    lower_path_end(cx, &path);
}

// x + a + b, in place. False if it is not of that form.
static bool append_parts(LowerCtx *cx, const Change *change) {
    const Kept *kept = change->kept;
    if (!is_appending(change) || (kept->rep != REP_LIST && kept->rep != REP_STRING)) return false;
    NodeVec parts = {0};
    collect_parts(cx, change->node->update.value, change->node->update.target, &parts);
    if (change->stops) return false;
    LLVMValueRef taken = lower_symbol(cx, kept->symbol).v;
    uint32_t at = 0;
    VEC_EACH(Node *, part, &parts) {
        bool spread = kept->rep == REP_LIST && is_short_list(part);
        uint32_t count = spread ? part->list.items.len : 1;
        for (uint32_t i = 0; i < count; i++, at++)
            taken = append(cx, kept->rep, taken, change->operands[at], spread);
    }
    LLVMBuildStore(cx->builder, taken, lower_slot(cx, kept->symbol)->at);
    return true;
}

static void change_whole(LowerCtx *cx, const Change *change) {
    Node *node = change->node;
    Symbol *symbol = change->kept->symbol;
    uint32_t at = 0;
    if (!is_collecting(change)) {
        lower_assign(cx, symbol, change->operands[0]);
        return;
    }
    if (append_parts(cx, change)) return;
    LVal value;
    if (node->update.op == UPDATE_ADD) {
        LVal more = collected(cx, change, node->update.value, lower_zero(cx), &at);
        Type type = lower_slot(cx, symbol)->type;
        value = lower_operation(cx, BINARY_ADD, lower_symbol(cx, symbol), more, type, node->span);
        lower_release(cx, more);
    } else {
        value = collected(cx, change, node->update.value, lower_symbol(cx, symbol), &at);
    }
    lower_assign(cx, symbol, value);
}

static LLVMValueRef add_change(LowerCtx *cx, Change *change) {
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs;
    LLVMValueRef words, function = lower_kept_begin(cx, change->kept, &fs, &words);
    change->operands = ARENA_ARRAY(cx->arena, LVal, change->nodes.len + 1);
    for (uint32_t i = 0; i < change->nodes.len; i++)
        change->operands[i] = operand_in(cx, change, words, i);
    if (change->indices > 0)
        change_element(cx, change);
    else
        change_whole(cx, change);
    lower_kept_done(cx, here);
    return function;
}

// --- keeping --------------------------------------------------------------------------------------

// Deferred blocks of the iteration would run when it stops: it must be the iteration itself that does.
static bool has_deferred(const FuncState *fs) {
    VEC_EACH(Cleanup, cleanup, &fs->cleanups) if (cleanup.active && cleanup.defer) return true;
    return fs->deferred && has_deferred(fs->outer);
}

// The words are taken from here on.
static void hand_over(LowerCtx *cx, const Change *change) {
    for (uint32_t i = 0; i < change->nodes.len; i++) lower_unrooted(cx, change->values[i]);
}

// The function, called at once where that is known to be right.
static void make_or_keep(LowerCtx *cx, const Change *change, LLVMValueRef function,
                         LLVMValueRef words) {
    const Par *par = cx->fs->par;
    LLVMValueRef args[] = {par->record, words};
    LLVMBasicBlockRef now = lower_block_new(cx, "change"), later = lower_block_new(cx, "keep");
    LLVMBasicBlockRef on = lower_block_new(cx, "on");
    lower_branch(cx, par->direct, now, later);
    lower_at(cx, now);
    hand_over(cx, change);
    LLVMBuildCall2(cx->builder, LLVMGlobalGetValueType(function), function, args, 2, "");
    LLVMBuildBr(cx->builder, on);
    lower_at(cx, later);
    if (change->stops && has_deferred(cx->fs))
        RT0(cx, rt_par_turn);
    else if (change->stops)
        RT(cx, rt_par_keep_mark, par->record);
    hand_over(cx, change);
    RT(cx, rt_par_keep, function, par->record, words, lower_i64(cx, change->nodes.len));
    lower_go(cx, on);
}

void lower_keep_change(LowerCtx *cx, const Kept *kept, Node *node) {
    Change change = {.node = node, .kept = kept};
    find_operands(cx, &change);
    uint32_t count = change.nodes.len;
    change.values = ARENA_ARRAY(cx->arena, LVal, count + 1);
    lower_operands(cx, change.nodes.items, count, change.values);
    if (node->update.or_return)
        change.values[count - 1] = lower_or_return(cx, change.values[count - 1]);
    change.stops = may_stop(cx, &change);
    LLVMValueRef words = lower_words_alloca(cx, count, "kept");
    for (uint32_t i = 0; i < count; i++) {
        LVal v = change.values[i];
        if (lower_is_counted_rep(v.rep)) v = change.values[i] = lower_own_rooted(cx, v);
        LLVMBuildStore(cx->builder, lower_word(cx, v), lower_field(cx, words, 8 * (int64_t)i));
    }
    make_or_keep(cx, &change, add_change(cx, &change), words);
}
