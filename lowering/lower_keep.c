// lower_keep.c: changes of outer variables that a parallel body only writes (PAR_KEPT): elements at
// positions that are not known to be the iteration's own, lists, texts and maps that are put
// together, last values. A change becomes a function of its own, `<body>.keep.<n>`, which takes the
// loop's capture record and the words that the iteration computed for it, and does to the variable
// what the statement says. rt_par_keep() runs it in the order of the iterations: at once where the
// block is first in line, else when the earlier blocks have finished.
//
// Invariant: a change that is kept cannot stop the program; positions and keys are looked at before.
// One that might (it takes apart what only earlier iterations made) waits for its turn first.
// The variable lives in a room of the loop's own (its address is in the record) while the loop runs.
#include "lower_par.h"
#include "../rt/rt_layout.h"

static bool is_keepable(const ParVariable *variable, Rep rep) {
    switch (variable->use) {
    case PAR_READ: return false;
    case PAR_REDUCE: return rep != REP_F64 && rep != REP_I64;
    case PAR_ELEMENT: return rep != REP_LIST;
    case PAR_KEPT: return true;
    }
    UNREACHABLE("a variable is used in one of these ways");
}

bool lower_par_keeps(LowerCtx *cx, const ParVariable *variable) {
    if (variable->use == PAR_READ) return false;
    SymSlot *slot = lower_slot(cx, variable->symbol);
    return slot->rep != REP_NONE && is_keepable(variable, slot->rep);
}

bool lower_keeps_any(LowerCtx *cx, const ParPlan *plan) {
    for (uint32_t i = 0; i < plan->captures.len; i++)
        if (lower_par_keeps(cx, &plan->captures.items[i])) return true;
    return false;
}

// --- around the loop ------------------------------------------------------------------------------

void lower_kept_find(LowerCtx *cx, Par *par) {
    for (uint32_t i = 0; i < par->plan->captures.len; i++) {
        const ParVariable *variable = &par->plan->captures.items[i];
        if (!lower_par_keeps(cx, variable)) continue;
        SymSlot *slot = lower_slot(cx, variable->symbol);
        Kept kept = {.symbol = variable->symbol, .rep = slot->rep, .type = slot->type};
        kept.unique = slot->rep == REP_LIST && variable->use == PAR_KEPT && variable->unread;
        kept.room = lower_alloca(cx, lower_type(cx, kept.rep), variable->symbol->name->text);
        LLVMValueRef value = lower_symbol(cx, kept.symbol).v;
        if (kept.unique) {
            value = RT(cx, rt_list_unique, value);
            LLVMBuildStore(cx->builder, value, slot->at);
            kept.length = lower_length(cx, value);
        }
        LLVMBuildStore(cx->builder, value, kept.room);
        vec_push(cx->arena, &par->kept, kept);
    }
}

static void set_slot(LowerCtx *cx, const Kept *kept, LLVMValueRef at) {
    cx->fs->slots[kept->symbol->index] = (SymSlot){.at = at,
                                                   .rep = kept->rep,
                                                   .type = kept->type,
                                                   .known_unique = kept->unique,
                                                   .kept = true};
}

void lower_kept_start(LowerCtx *cx, Par *par) {
    for (uint32_t i = 0; i < par->kept.len; i++) {
        Kept *kept = &par->kept.items[i];
        kept->field = 16 + 8 * (int64_t)cx->fs->imports.len;
        LLVMValueRef inside = lower_import(cx, kept->room);
        if (kept->length) kept->length_inside = lower_import(cx, kept->length);
        set_slot(cx, kept, inside);
    }
}

void lower_kept_finish(LowerCtx *cx, Par *par) {
    for (uint32_t i = 0; i < par->kept.len; i++) {
        const Kept *kept = &par->kept.items[i];
        LLVMTypeRef type = lower_type(cx, kept->rep);
        LLVMValueRef value = LLVMBuildLoad2(cx->builder, type, kept->room, "");
        LLVMBuildStore(cx->builder, value, lower_slot(cx, kept->symbol)->at);
    }
}

// --- a statement ----------------------------------------------------------------------------------

// What a statement computes before anything is changed.
typedef struct Change {
    Node *node; // UPDATE
    const Kept *kept;
    NodeVec nodes;   // operands: the indices of the path, then the rest
    LVal *values;    // as computed
    uint32_t indices;
    bool waits;      // it may stop the program: its turn must have come
    LLVMValueRef words; // in the function that makes the change
} Change;

static Node *path_root(Node *node) {
    while (node->kind == NODE_INDEX) node = node->index.base;
    return node;
}

static bool is_self(const Node *node, const Symbol *symbol) {
    return node->kind == NODE_NAME && node->name.symbol == symbol;
}

static bool has_self(const Node *node, const Symbol *symbol) {
    if (is_self(node, symbol)) return true;
    if (node->kind != NODE_BINARY) return false;
    return has_self(node->binary.left, symbol) || has_self(node->binary.right, symbol);
}

// The operands of x + [e] + more, but for x itself.
static void collect_parts(LowerCtx *cx, Node *node, const Symbol *symbol, NodeVec *nodes) {
    if (is_self(node, symbol)) return;
    if (!has_self(node, symbol)) {
        vec_push(cx->arena, nodes, node);
        return;
    }
    collect_parts(cx, node->binary.left, symbol, nodes);
    collect_parts(cx, node->binary.right, symbol, nodes);
}

static bool is_collecting(const Change *change) {
    const Node *node = change->node;
    if (node->update.target->kind != NODE_NAME) return false;
    return node->update.op == UPDATE_ADD || has_self(node->update.value, change->kept->symbol);
}

// x + a + b: the variable is the leftmost of a chain of additions, so it is appended to.
static bool is_appending(const Change *change) {
    const Node *node = change->node->update.value;
    if (change->node->update.op == UPDATE_ADD) return true;
    while (node->kind == NODE_BINARY && node->binary.op == BINARY_ADD) node = node->binary.left;
    return is_self(node, change->kept->symbol);
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
        collect_parts(cx, node->update.value, change->kept->symbol, &parts);
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

// `op` on elements that are all numbers, by a number: nothing to stop for.
static bool is_plain_operation(const Change *change) {
    UpdateOp op = change->node->update.op;
    if (op == UPDATE_SET) return true;
    if (op == UPDATE_DIV || op == UPDATE_MOD) return false;
    Type element = type_element(change->kept->type);
    return (element.kinds & ~KIND_NUMBER) == 0 && is_plain_number(change->values[change->indices]);
}

static void check_position(LowerCtx *cx, const Change *change) {
    Span span = change->node->update.target->span;
    LLVMValueRef position = lower_position(cx, change->values[0], span);
    LLVMValueRef length = change->kept->length_inside;
    LLVMValueRef outside = LLVMBuildICmp(cx->builder, LLVMIntUGE, position, length, "outside");
    LLVMBasicBlockRef on = lower_rare(cx, outside, "out.of.range");
    RT(cx, rt_stop_range, position, length, lower_place(cx, span));
    lower_rare_stop(cx, on);
}

static bool path_waits(LowerCtx *cx, Change *change) {
    if (change->indices != 1 || !is_plain_operation(change)) return true;
    if (change->kept->rep == REP_LIST && change->kept->unique) {
        check_position(cx, change);
        return false;
    }
    if (change->kept->rep != REP_MAP) return true;
    LVal key = change->values[0];
    if (key.rep != REP_STRING && key.rep != REP_I64)
        RT(cx, rt_par_key, lower_word(cx, key),
           lower_place(cx, change->node->update.target->span));
    return false;
}

// Texts to texts, lists to lists: nothing to stop for. Items of a short list are of any kind.
static bool parts_wait(LowerCtx *cx, const Change *change, Node *node) {
    const Kept *kept = change->kept;
    if (is_self(node, kept->symbol)) return false;
    if (!has_self(node, kept->symbol)) return type_rep(lower_node_type(cx, node)) != kept->rep;
    if (node->binary.op == BINARY_CONS) return kept->rep != REP_LIST;
    return parts_wait(cx, change, node->binary.left) || parts_wait(cx, change, node->binary.right);
}

static bool waits_for_turn(LowerCtx *cx, Change *change) {
    if (change->indices > 0) return path_waits(cx, change);
    if (!is_collecting(change)) return false;
    return change->kept->rep == REP_ANY || parts_wait(cx, change, change->node->update.value);
}

// --- the change -----------------------------------------------------------------------------------

static LVal operand(LowerCtx *cx, const Change *change, uint32_t i) {
    LVal was = change->values[i];
    LLVMValueRef word =
        LLVMBuildLoad2(cx->builder, cx->i64, lower_field(cx, change->words, 8 * (int64_t)i), "");
    Rep rep = was.rep == REP_NONE ? REP_ANY : was.rep;
    LVal v = lower_convert(cx, lower_val(REP_ANY, was.type, word, true), rep);
    v.owned = lower_is_counted_rep(v.rep);
    return v;
}

static BinaryOp operator_of(UpdateOp op) {
    switch (op) {
    case UPDATE_ADD: return BINARY_ADD;
    case UPDATE_SUB: return BINARY_SUB;
    case UPDATE_MUL: return BINARY_MUL;
    case UPDATE_DIV: return BINARY_DIV;
    case UPDATE_MOD: return BINARY_MOD;
    case UPDATE_POW: return BINARY_POW;
    case UPDATE_SET: break;
    }
    UNREACHABLE("an update with an operator");
}

static void change_element(LowerCtx *cx, const Change *change) {
    Node *node = change->node;
    Symbol *symbol = change->kept->symbol;
    Path path = {.symbol = symbol,
                 .slot = lower_slot(cx, symbol),
                 .count = change->indices,
                 .span = node->update.target->span};
    path.steps = ARENA_ARRAY(cx->arena, Node *, path.count);
    path.indices = ARENA_ARRAY(cx->arena, LVal, path.count);
    uint32_t i = path.count;
    for (Node *at = node->update.target; at->kind == NODE_INDEX; at = at->index.base)
        path.steps[--i] = at;
    for (i = 0; i < path.count; i++) path.indices[i] = operand(cx, change, i);
    LVal value = operand(cx, change, path.count);
    if (node->update.op != UPDATE_SET) {
        LVal old = lower_path_read(cx, &path);
        Type type = lower_node_type(cx, node->update.target);
        if (path.slot->rep == REP_LIST && path.count == 1) type = type_element(path.slot->type);
        if (type.integer) type = type_number();
        LVal result =
            lower_operation(cx, operator_of(node->update.op), old, value, type, node->span);
        lower_release(cx, old);
        lower_release(cx, value);
        value = result;
    }
    lower_path_write(cx, &path, value);
    lower_path_end(cx, &path);
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

// x + a + b, in place. False if it is not of that form.
static bool append_parts(LowerCtx *cx, const Change *change) {
    const Kept *kept = change->kept;
    if (!is_appending(change) || (kept->rep != REP_LIST && kept->rep != REP_STRING)) return false;
    NodeVec parts = {0};
    collect_parts(cx, change->node->update.value, kept->symbol, &parts);
    if (change->waits) return false;
    LLVMValueRef taken = lower_symbol(cx, kept->symbol).v;
    uint32_t at = 0;
    VEC_EACH(Node *, part, &parts) {
        bool spread = kept->rep == REP_LIST && is_short_list(part);
        uint32_t count = spread ? part->list.items.len : 1;
        for (uint32_t i = 0; i < count; i++, at++)
            taken = append(cx, kept->rep, taken, operand(cx, change, at), spread);
    }
    LLVMBuildStore(cx->builder, taken, lower_slot(cx, kept->symbol)->at);
    return true;
}

// The value of the statement's right side, with the operands at hand.
static LVal collected(LowerCtx *cx, const Change *change, Node *node, uint32_t *at) {
    if (is_self(node, change->kept->symbol)) return lower_symbol(cx, change->kept->symbol);
    if (!has_self(node, change->kept->symbol)) {
        bool spread = change->kept->rep == REP_LIST && is_appending(change) && is_short_list(node);
        if (!spread) return operand(cx, change, (*at)++);
        LLVMValueRef list = RT(cx, rt_list_new, lower_i64(cx, node->list.items.len));
        for (uint32_t i = 0; i < node->list.items.len; i++)
            list = append(cx, REP_LIST, list, operand(cx, change, (*at)++), true);
        return lower_val(REP_LIST, lower_node_type(cx, node), list, true);
    }
    LVal left = collected(cx, change, node->binary.left, at);
    LVal right = collected(cx, change, node->binary.right, at);
    Type type = lower_node_type(cx, node);
    LVal result = lower_operation(cx, node->binary.op, left, right, type, node->span);
    lower_release(cx, left);
    lower_release(cx, right);
    return result;
}

static void change_whole(LowerCtx *cx, const Change *change) {
    Node *node = change->node;
    Symbol *symbol = change->kept->symbol;
    uint32_t at = 0;
    if (!is_collecting(change)) {
        lower_assign(cx, symbol, operand(cx, change, 0));
        return;
    }
    if (append_parts(cx, change)) return;
    LVal value;
    if (node->update.op == UPDATE_ADD) {
        LVal more = collected(cx, change, node->update.value, &at);
        Type type = lower_slot(cx, symbol)->type;
        value = lower_operation(cx, BINARY_ADD, lower_symbol(cx, symbol), more, type, node->span);
        lower_release(cx, more);
    } else {
        value = collected(cx, change, node->update.value, &at);
    }
    lower_assign(cx, symbol, value);
}

static LLVMValueRef add_change(LowerCtx *cx, Change *change) {
    Par *par = cx->fs->par;
    LLVMTypeRef params[] = {cx->ptr, cx->ptr};
    const char *name = arena_printf(cx->arena, "%s.keep.%u", LLVMGetValueName(par->function),
                                    par->changes++);
    LLVMValueRef function =
        LLVMAddFunction(cx->module, name, LLVMFunctionType(cx->void_t, params, 2, 0));
    LLVMSetLinkage(function, LLVMInternalLinkage);
    lower_code_attributes(cx, function);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs;
    lower_begin(cx, &fs, cx->fs->instance, function);
    fs.shared = true;
    fs.record = LLVMGetParam(function, 0);
    change->words = LLVMGetParam(function, 1);
    LLVMValueRef at = LLVMBuildLoad2(cx->builder, cx->ptr,
                                     lower_field(cx, fs.record, change->kept->field), "");
    set_slot(cx, change->kept, at);
    fs.slots[change->kept->symbol->index].kept = false;
    if (change->indices > 0)
        change_element(cx, change);
    else
        change_whole(cx, change);
    LLVMBuildRetVoid(cx->builder);
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    return function;
}

static const Kept *kept_of(LowerCtx *cx, Symbol *symbol) {
    Par *par = cx->fs->par;
    for (uint32_t i = 0; par && i < par->kept.len; i++)
        if (par->kept.items[i].symbol == symbol) return &par->kept.items[i];
    return NULL;
}

bool lower_keep(LowerCtx *cx, Node *node) {
    Node *root = path_root(node->update.target);
    if (!cx->fs->par || root->kind != NODE_NAME) return false;
    Change change = {.node = node, .kept = kept_of(cx, root->name.symbol)};
    if (!change.kept) return false;
    find_operands(cx, &change);
    uint32_t count = change.nodes.len;
    change.values = ARENA_ARRAY(cx->arena, LVal, count + 1);
    lower_operands(cx, change.nodes.items, count, change.values);
    if (node->update.or_return)
        change.values[count - 1] = lower_or_return(cx, change.values[count - 1]);
    change.waits = waits_for_turn(cx, &change);
    LLVMValueRef words = lower_words_alloca(cx, count, "kept");
    for (uint32_t i = 0; i < count; i++) {
        LVal v = change.values[i];
        if (lower_is_counted_rep(v.rep)) v = lower_own(cx, v);
        LLVMBuildStore(cx->builder, lower_word(cx, v), lower_field(cx, words, 8 * (int64_t)i));
    }
    if (change.waits) RT0(cx, rt_par_turn);
    LLVMValueRef function = add_change(cx, &change);
    RT(cx, rt_par_keep, function, cx->fs->record, words, lower_i64(cx, count));
    return true;
}
