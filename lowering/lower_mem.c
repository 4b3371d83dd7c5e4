// lower_mem.c: variables and element reads: names, xs[i], slices, definitions, updates, swaps.
//
// A read of a variable borrows from its slot; whoever keeps it longer owns it first. Updates whose
// old value is not needed any more take it out of the slot, so that the runtime may change it in
// place.
#include "lower_internal.h"
#include "../frontend/range.h"
#include "../rt/rt_layout.h"

LVal lower_symbol(LowerCtx *cx, Symbol *symbol) {
    SymSlot *slot = lower_slot(cx, symbol);
    if (slot->value) return lower_val(slot->rep, slot->type, slot->value, false);
    LLVMValueRef tbaa = symbol->is_global ? cx->tbaa_slot : NULL;
    const char *name = symbol->name ? symbol->name->text : "";
    LLVMValueRef v = lower_load(cx, lower_type(cx, slot->rep), slot->at, tbaa, name);
    return lower_val(slot->rep, slot->type, v, false);
}

// --- elements ------------------------------------------------------------------------------------

LVal lower_element_inside(LowerCtx *cx, LLVMValueRef data, LLVMValueRef position, Type element) {
    LLVMValueRef found = lower_element_load(cx, data, position, element);
    lower_alias_access(cx, found, data);
    return lower_element_val(cx, found, element);
}

// A constant position below 0: no address is made of it, which may be too far from a constant list.
static bool is_before(LLVMValueRef position) {
    return LLVMIsAConstantInt(position) && LLVMConstIntGetSExtValue(position) < 0;
}

LVal lower_element(LowerCtx *cx, LLVMValueRef data, LLVMValueRef count, LLVMValueRef position,
                   Type element) {
    LLVMTypeRef type = lower_element_llvm(cx, element);
    if (is_before(position)) return lower_element_val(cx, LLVMConstNull(type), element);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(cx->builder);
    LLVMBasicBlockRef read = lower_block_new(cx, "read"), on = lower_block_new(cx, "on");
    LLVMValueRef inside = LLVMBuildICmp(cx->builder, LLVMIntULT, position, count, "inside");
    lower_branch(cx, inside, read, on);
    lower_at(cx, read);
    LLVMValueRef found = lower_element_load(cx, data, position, element);
    lower_alias_access(cx, found, data);
    lower_go(cx, on);
    LLVMValueRef phi = LLVMBuildPhi(cx->builder, type, ""), miss = LLVMConstNull(type);
    LLVMAddIncoming(phi, &found, &read, 1);
    LLVMAddIncoming(phi, &miss, &from, 1);
    LVal value = lower_element_val(cx, phi, element);
    if (value.rep != REP_F64)
        value.type = type_join(cx->arena, value.type, type_integer(0, 0)); // a miss
    return value;
}

static LVal list_element(LowerCtx *cx, LLVMValueRef list, LVal index, Type element, Span span) {
    LLVMValueRef position = lower_position(cx, index, span);
    return lower_element(cx, lower_data(cx, list), lower_length(cx, list), position, element);
}

// Lists inline, everything else by the runtime.
static LVal any_element(LowerCtx *cx, LVal base, LVal index, Type type, Span span) {
    Rep rep = type_rep(type) == REP_NONE ? REP_ANY : type_rep(type);
    LLVMValueRef word = lower_word(cx, base);
    LLVMBasicBlockRef yes = lower_block_new(cx, "list"), no = lower_block_new(cx, "any");
    LLVMBasicBlockRef on = lower_block_new(cx, "on");
    lower_branch(cx, lower_is_tag(cx, word, RT_TAG_LIST), yes, no);
    lower_at(cx, yes);
    LLVMValueRef list = lower_convert(cx, lower_val(REP_ANY, base.type, word, false), REP_LIST).v;
    LVal fast = list_element(cx, list, index, type_element(base.type), span);
    fast = lower_convert(cx, fast, rep);
    LLVMBasicBlockRef from_fast = LLVMGetInsertBlock(cx->builder);
    LLVMBuildBr(cx->builder, on);
    lower_at(cx, no);
    LLVMValueRef other = RT(cx, rt_index, word, lower_word(cx, index), lower_place(cx, span));
    LVal slow = lower_convert(cx, lower_val(REP_ANY, type, other, false), rep);
    LLVMBasicBlockRef from_slow = LLVMGetInsertBlock(cx->builder);
    lower_go(cx, on);
    LLVMValueRef phi = LLVMBuildPhi(cx->builder, lower_type(cx, rep), "");
    LLVMAddIncoming(phi, &fast.v, &from_fast, 1);
    LLVMAddIncoming(phi, &slow.v, &from_slow, 1);
    return lower_val(rep, type, phi, false);
}

LVal lower_index_value(LowerCtx *cx, LVal base, LVal index, Type type, Span span) {
    LLVMValueRef word;
    if (base.rep == REP_LIST || base.rep == REP_PACKED)
        return lower_as(cx, list_element(cx, base.v, index, type_element(base.type), span), type);
    if (base.rep == REP_STRING) {
        LLVMValueRef at = lower_string_position(cx, index, span);
        LLVMValueRef point = RT(cx, rt_str_at, base.v, at);
        return lower_val(REP_I64, type_integer(0, 0x10FFFF), point, false);
    }
    int64_t field = lower_field_place(cx, index);
    bool list = type_may(base.type, KIND_LIST) && !type_may(index.type, KIND_ERROR) && field < 0;
    if (base.rep == REP_ANY && list) return any_element(cx, base, index, type, span);
    bool number = index.rep == REP_F64 || index.rep == REP_I64;
    LLVMValueRef place = lower_place(cx, span);
    if (field >= 0 && base.rep == REP_MAP)
        word = RT(cx, rt_map_get_field, base.v, lower_word(cx, index), lower_i64(cx, field), place);
    else if (field >= 0)
        word = RT(cx, rt_index_field, lower_word(cx, base), lower_word(cx, index),
                  lower_i64(cx, field), place);
    else if (base.rep == REP_MAP && number)
        word = RT(cx, rt_map_get_number, base.v, lower_convert(cx, index, REP_F64).v, place);
    else if (base.rep == REP_MAP && index.rep == REP_STRING)
        word = RT(cx, rt_map_get, base.v, lower_word(cx, index), place);
    else
        word = RT(cx, rt_index, lower_word(cx, base), lower_word(cx, index), place);
    return lower_as(cx, lower_val(REP_ANY, type, word, false), type);
}

static LVal observed_index(LowerCtx *cx, Node *node) {
    Node *parts[] = {node->index.base, node->index.index};
    LVal v[2];
    lower_operands(cx, parts, 2, v);
    LLVMValueRef word = RT(cx, rt_index_result, lower_word(cx, v[0]), lower_word(cx, v[1]),
                           lower_place(cx, node->span));
    lower_release_all(cx, v, 2);
    return lower_val(REP_ANY, lower_node_type(cx, node), word, true);
}

// --- parts of a text as keys of a map: no string is made of them to look for one

// text[low:high], of a variable that stays what it is.
static bool is_text_part(LowerCtx *cx, Node *key) {
    if (lower_node_flags(cx, key) & NODE_MAY_UPDATE) return false;
    return key->kind == NODE_SLICE && !key->slice.step && key->slice.base->kind == NODE_NAME &&
           type_rep(lower_node_type(cx, key->slice.base)) == REP_STRING;
}

// The text and the ends as words, and after them `more`.
static void part_operands(LowerCtx *cx, Node *part, Node *more, LLVMValueRef words[3], LVal *last) {
    Node *nodes[4] = {part->slice.base};
    LVal v[4];
    uint32_t count = 1;
    if (part->slice.low) nodes[count++] = part->slice.low;
    if (part->slice.high) nodes[count++] = part->slice.high;
    if (more) nodes[count++] = more;
    lower_operands(cx, nodes, count, v);
    uint32_t next = 1;
    words[0] = lower_convert(cx, v[0], REP_STRING).v;
    words[1] = part->slice.low ? lower_word(cx, v[next++]) : lower_i64(cx, (int64_t)RT_ABSENT);
    words[2] = part->slice.high ? lower_word(cx, v[next++]) : lower_i64(cx, (int64_t)RT_ABSENT);
    if (more) *last = v[next];
}

static bool are_numbers(LowerCtx *cx, const Node *part, const Node *more) { // or null
    const Node *nodes[] = {part->slice.low, part->slice.high, more};
    for (int i = 0; i < 3; i++) {
        Rep rep = nodes[i] ? type_rep(lower_node_type(cx, nodes[i])) : REP_I64;
        if (rep != REP_F64 && rep != REP_I64) return false;
    }
    return true;
}

// m[text[i:j]]
static bool index_of_part(LowerCtx *cx, Node *node, LVal *result) {
    Node *base = node->index.base, *key = node->index.index;
    if (base->kind != NODE_NAME || type_rep(lower_node_type(cx, base)) != REP_MAP ||
        !is_text_part(cx, key) || !are_numbers(cx, key, NULL))
        return false;
    LLVMValueRef w[3];
    part_operands(cx, key, NULL, w, NULL);
    LLVMValueRef map = lower_convert(cx, lower_peek(cx, base), REP_MAP).v;
    LLVMValueRef word = RT(cx, rt_map_get_part, map, w[0], w[1], w[2], lower_place(cx, key->span));
    Type type = lower_node_type(cx, node);
    *result = lower_as(cx, lower_val(REP_ANY, type, word, false), type);
    return true;
}

static SymSlot *hoisted_slot(LowerCtx *cx, const Node *base) {
    if (base->kind != NODE_NAME) return NULL;
    Symbol *symbol = base->name.symbol;
    if (!symbol || symbol->function || symbol->kind == SYMBOL_CONSTANT ||
        symbol->kind == SYMBOL_BUILTIN)
        return NULL;
    SymSlot *slot = lower_slot(cx, symbol);
    return slot->data ? slot : NULL;
}

// b[k][j] where the rows were looked at before the loop (lower_bounds.c). Rows share a scope.
static LVal walked_element(LowerCtx *cx, Node *node, LLVMValueRef rows) {
    Node *base = node->index.base;
    LLVMValueRef at = lower_position(cx, lower_expr(cx, base->index.index), base->span);
    LVal word = lower_element_inside(cx, rows, at, lower_element_type(cx, base));
    LVal row = lower_val(REP_ANY, type_of_kind(KIND_LIST), word.v, false);
    LLVMValueRef data = lower_data(cx, lower_convert(cx, row, REP_LIST).v);
    LVal index = lower_expr(cx, node->index.index);
    LLVMValueRef position = lower_position(cx, index, node->index.index->span);
    uint32_t scopes = lower_alias_mark(cx);
    lower_alias_add(cx, data, base->index.base->name.symbol);
    LVal element = lower_element_inside(cx, data, position, lower_element_type(cx, node));
    lower_alias_end(cx, scopes);
    return element;
}

static LVal inside_element(LowerCtx *cx, Node *node, LLVMValueRef data) {
    Type element = lower_element_type(cx, node);
    LLVMValueRef row = data, running = lower_strided(cx, node->index.index, &row, element);
    if (running) {
        LLVMValueRef found = lower_element_load(cx, row, running, element);
        lower_alias_access(cx, found, data);
        return lower_element_val(cx, found, element);
    }
    LVal index = lower_expr(cx, node->index.index);
    LLVMValueRef position = lower_position(cx, index, node->index.index->span);
    return lower_element_inside(cx, data, position, element);
}

LVal lower_index(LowerCtx *cx, Node *node) {
    if (cx->fs->par && node->index.base->kind == NODE_NAME) lower_kept_fetch(cx, node);
    if (node->observed) return observed_index(cx, node);
    LLVMValueRef inside = map_get(&cx->inside, node);
    if (inside) {
        LLVMValueRef rows = map_get(&cx->walked, node);
        return rows ? walked_element(cx, node, rows) : inside_element(cx, node, inside);
    }
    SymSlot *slot = hoisted_slot(cx, node->index.base);
    if (slot) {
        LVal index = lower_expr(cx, node->index.index);
        LLVMValueRef position = lower_position(cx, index, node->index.index->span);
        lower_release(cx, index);
        return lower_element(cx, slot->data, slot->length, position, type_element(slot->type));
    }
    Node *parts[] = {node->index.base, node->index.index};
    LVal v[2], result;
    if (index_of_part(cx, node, &result)) return result;
    lower_operands(cx, parts, 2, v);
    result = lower_index_value(cx, v[0], v[1], lower_node_type(cx, node), node->span);
    if (v[0].owned) result = lower_own(cx, result); // it goes with what it lies in
    lower_release_all(cx, v, 2);
    return result;
}

Type lower_element_type(LowerCtx *cx, const Node *node) {
    const Node *base = node->index.base;
    if (base->kind == NODE_NAME) return type_element(lower_slot(cx, base->name.symbol)->type);
    return type_element(lower_node_type(cx, base));
}

// A slice of a packed list is one, until its type says otherwise.
LVal lower_slice(LowerCtx *cx, Node *node) {
    Node *all[] = {node->slice.base, node->slice.low, node->slice.high, node->slice.step},
         *parts[4];
    uint32_t count = 0;
    for (int i = 0; i < 4; i++)
        if (all[i]) parts[count++] = all[i];
    LVal v[4];
    lower_operands(cx, parts, count, v);
    lower_take(cx, parts[0], &v[0]);
    v[0] = lower_own_rooted(cx, v[0]);
    LLVMValueRef w[3], place = lower_place(cx, node->span);
    for (uint32_t i = 1, next = 1; i < 4; i++)
        w[i - 1] = all[i] ? lower_word(cx, v[next++]) : lower_i64(cx, (int64_t)RT_ABSENT);
    bool packed = v[0].rep == REP_PACKED;
    LLVMValueRef part = packed
                            ? RT(cx, rt_packed_slice, v[0].v, w[0], w[1], w[2], place)
                            : RT(cx, rt_slice_taken, lower_word(cx, v[0]), w[0], w[1], w[2], place);
    lower_unrooted(cx, v[0]);
    lower_release_all(cx, v + 1, count - 1);
    Type type = lower_node_type(cx, node);
    if (packed) return lower_as(cx, lower_val(REP_PACKED, v[0].type, part, true), type);
    return lower_as(cx, lower_val(REP_ANY, type, part, true), type);
}

// --- definitions ---------------------------------------------------------------------------------

static LVal rounded(LowerCtx *cx, const Symbol *symbol, LVal v) {
    if (!symbol->to_f32 || (v.rep != REP_F64 && v.rep != REP_I64)) return v;
    LLVMValueRef number = lower_convert(cx, v, REP_F64).v;
    number = LLVMBuildFPTrunc(cx->builder, number, LLVMFloatTypeInContext(cx->context), "");
    return lower_val(REP_F64, type_number(), LLVMBuildFPExt(cx->builder, number, cx->f64, ""),
                     false);
}

void lower_take_apart(LowerCtx *cx, const SymbolVec *symbols, LVal value, Span span) {
    value = lower_rooted(cx, value);
    LLVMValueRef list = lower_expect(cx, value, KIND_LIST, "a list taken apart", span);
    LLVMValueRef wanted = lower_i64(cx, symbols->len);
    LLVMValueRef length = lower_length(cx, list);
    LLVMValueRef wrong = LLVMBuildICmp(cx->builder, LLVMIntNE, length, wanted, "");
    LLVMBasicBlockRef on = lower_rare(cx, wrong, "wrong.length");
    RT(cx, rt_stop_apart, wanted, length, lower_place(cx, span));
    lower_rare_stop(cx, on);
    for (uint32_t i = 0; i < symbols->len; i++) {
        Symbol *symbol = symbols->items[i];
        if (!symbol) continue;
        Type element = type_element(value.type);
        LLVMValueRef word = lower_load(cx, cx->i64, lower_field(cx, list, 32 + 8 * (int64_t)i),
                                       cx->tbaa_element, "");
        LVal item = lower_as(cx, lower_val(REP_ANY, element, word, false), element);
        lower_define(cx, symbol, rounded(cx, symbol, item));
    }
    lower_release(cx, value);
}

void lower_definition(LowerCtx *cx, Node *node) {
    DefineNode *define = node->define;
    Symbol *symbol = define->symbols.len ? define->symbols.items[0] : NULL;
    if (define->symbols.len > 1) {
        LVal value = lower_expr(cx, define->value);
        if (define->or_return) value = lower_or_return(cx, value);
        lower_take_apart(cx, &define->symbols, value, node->span);
        return;
    }
    if (!symbol || symbol->kind == SYMBOL_CONSTANT) return;
    if (symbol->function && define->value->kind == NODE_LAMBDA) {
        lower_snapshots(cx, symbol->function); // mentions make what they need
        return;
    }
    LVal value = lower_expr(cx, define->value);
    if (define->or_return) value = lower_or_return(cx, value);
    lower_define(cx, symbol, rounded(cx, symbol, value));
}

// --- updates -------------------------------------------------------------------------------------

void lower_assign(LowerCtx *cx, Symbol *symbol, LVal value) {
    SymSlot *slot = lower_slot(cx, symbol);
    value = lower_own(cx, lower_fit(cx, rounded(cx, symbol, value), slot->type, slot->rep));
    LVal old = lower_val(slot->rep, slot->type, NULL, true);
    bool counted = lower_is_counted_rep(slot->rep);
    if (counted) old.v = LLVMBuildLoad2(cx->builder, lower_type(cx, slot->rep), slot->at, "");
    LLVMBuildStore(cx->builder, value.v, slot->at);
    if (counted) lower_drop(cx, old);
    if (symbol->rebound_by_loop) lower_write_through(cx, symbol, false);
}

BinaryOp lower_operator_of(UpdateOp op) {
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

typedef VEC(Node *) Parts;

// The parts appended by `x <- x + a + b` or `x += a`, in order; none if the update is of another
// kind.
static Parts appended_parts(LowerCtx *cx, Node *node, Symbol *symbol, Rep rep) {
    Parts parts = {0}, none = {0};
    Node *value = node->update.value;
    if (node->update.op == UPDATE_ADD) {
        vec_push(cx->arena, &parts, value);
    } else if (node->update.op == UPDATE_SET) {
        while (value->kind == NODE_BINARY && value->binary.op == BINARY_ADD) {
            vec_push(cx->arena, &parts, value->binary.right);
            value = value->binary.left;
        }
        if (value->kind != NODE_NAME || value->name.symbol != symbol) return none;
    }
    for (uint32_t i = 0; i < parts.len; i++) {
        if (type_rep(lower_node_type(cx, parts.items[i])) != rep) return none;
        if (lower_node_flags(cx, parts.items[i]) & NODE_MAY_UPDATE) return none;
    }
    for (uint32_t i = 0, k = parts.len; i + 1 < k; i++, k--) {
        Node *swap = parts.items[i];
        parts.items[i] = parts.items[k - 1];
        parts.items[k - 1] = swap;
    }
    return parts;
}

static LLVMValueRef append_list(LowerCtx *cx, LLVMValueRef list, LVal part) {
    // Owned first: it may be the very list that is appended to.
    part = lower_own_rooted(cx, part);
    list = RT(cx, rt_list_append, list, part.v);
    lower_release(cx, part);
    return list;
}

// The argument of chr(number), which is appended without being made a text; else null.
static Node *letter_of(LowerCtx *cx, const Node *part) {
    const Node *callee = part->kind == NODE_CALL ? part->call.callee : NULL;
    if (!callee || callee->kind != NODE_NAME || !callee->name.symbol || part->call.max) return NULL;
    const Builtin *builtin = callee->name.symbol->builtin;
    if (!builtin || builtin->id != BUILTIN_chr || part->call.args.len != 1) return NULL;
    Node *point = part->call.args.items[0];
    return type_is(lower_node_type(cx, point), KIND_NUMBER) ? point : NULL;
}

static LLVMValueRef append_text(LowerCtx *cx, LLVMValueRef text, const Node *part, LVal value) {
    if (value.rep == REP_STRING) {
        value = lower_own_rooted(cx, value);
        text = RT(cx, rt_str_append, text, value.v);
        lower_release(cx, value);
        return text;
    }
    return RT(cx, rt_str_push, text, lower_integer(cx, value, "chr", part->span));
}

// x <- push(x, item), where the item is no error, which would be the result.
static bool push_in_place(LowerCtx *cx, const Node *node, Symbol *symbol, SymSlot *slot) {
    Node *call = node->update.value;
    if (node->update.op != UPDATE_SET || call->kind != NODE_CALL || call->call.args.len != 2 ||
        call->call.callee->kind != NODE_NAME || !call->call.callee->name.symbol || call->call.max)
        return false;
    const Builtin *builtin = call->call.callee->name.symbol->builtin;
    Node *list = call->call.args.items[0], *item = call->call.args.items[1];
    if (!builtin || builtin->id != BUILTIN_push || list->kind != NODE_NAME ||
        list->name.symbol != symbol || (lower_node_flags(cx, item) & NODE_MAY_UPDATE))
        return false;
    Type type = lower_node_type(cx, item);
    if (type.kinds == 0 || type_may(type, KIND_ERROR)) return false;
    LVal value;
    lower_operands(cx, &item, 1, &value);
    LVal taken = lower_symbol(cx, symbol);
    LLVMBuildStore(cx->builder, lower_push_items(cx, taken, slot->at, &value, 1), slot->at);
    return true;
}

static bool append_in_place(LowerCtx *cx, Node *node, Symbol *symbol) {
    SymSlot *slot = lower_slot(cx, symbol);
    bool list = slot->rep == REP_LIST, packed = slot->rep == REP_PACKED;
    if ((!list && !packed && slot->rep != REP_STRING) || symbol->rebound_by_loop) return false;
    if (list && push_in_place(cx, node, symbol, slot)) return true;
    Parts parts = appended_parts(cx, node, symbol, slot->rep);
    if (parts.len == 0) return false;
    bool single = list && parts.len == 1 && lower_is_short_list(parts.items[0]);
    Node **nodes = single ? parts.items[0]->list.items.items : parts.items;
    uint32_t count = single ? parts.items[0]->list.items.len : parts.len;
    for (uint32_t i = 0; i < count && slot->rep == REP_STRING; i++) {
        Node *letter = letter_of(cx, nodes[i]);
        if (letter) nodes[i] = letter;
    }
    LVal *values = ARENA_ARRAY(cx->arena, LVal, count);
    lower_operands(cx, nodes, count, values);
    // Several: a later one may be the variable itself, as it was before the first is put to it.
    for (uint32_t i = 0; i < count && count > 1; i++) values[i] = lower_own_rooted(cx, values[i]);
    LLVMValueRef taken = lower_symbol(cx, symbol).v;
    if (single) taken = lower_push_items(cx, lower_symbol(cx, symbol), slot->at, values, count);
    for (uint32_t i = 0; i < count && !single; i++) {
        taken = list     ? append_list(cx, taken, values[i])
                : packed ? lower_packed_behind(cx, taken, values[i], slot->type)
                         : append_text(cx, taken, nodes[i], values[i]);
        if (cx->fs->gives_up && i + 1 < count) LLVMBuildStore(cx->builder, taken, slot->at);
    }
    LLVMBuildStore(cx->builder, taken, slot->at);
    return true;
}

static bool is_number(LVal v) {
    return v.rep == REP_F64 || v.rep == REP_I64;
}

// Whether a number in a map may be changed where it lies.
static bool may_update_in_map(const Node *node, const Symbol *symbol, const SymSlot *slot) {
    UpdateOp op = node->update.op;
    bool simple = op == UPDATE_ADD || op == UPDATE_SUB || op == UPDATE_MUL;
    return simple && slot->rep == REP_MAP && !slot->undo && !symbol->rebound_by_loop;
}

// Updates the number at the address, if it is not null. Gives where that is done; the builder stands
// where it is to be done by reading and writing.
static LLVMBasicBlockRef update_at(LowerCtx *cx, const Node *node, LLVMValueRef at, LVal by) {
    UpdateOp op = node->update.op;
    LLVMBasicBlockRef none = lower_block_new(cx, "none"), some = lower_block_new(cx, "some");
    LLVMBasicBlockRef end = lower_block_new(cx, "updated");
    lower_branch(cx, LLVMBuildIsNull(cx->builder, at, ""), none, some);
    lower_at(cx, some);
    LLVMValueRef old = LLVMBuildLoad2(cx->builder, cx->f64, at, "");
    LVal was = lower_val(REP_F64, type_number(), old, false);
    LVal now = lower_operation(cx, lower_operator_of(op), was, by, type_number(), node->span);
    LLVMBuildStore(cx->builder, lower_convert(cx, now, REP_F64).v, at);
    LLVMBuildBr(cx->builder, end);
    lower_at(cx, none);
    return end;
}

static LLVMValueRef number_place(LowerCtx *cx, LLVMValueRef map, LLVMValueRef key) {
    LLVMValueRef found = RT(cx, rt_map_number_place, map, key);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(cx->builder);
    LLVMBasicBlockRef on = lower_rare(cx, LLVMBuildIsNull(cx->builder, found, ""), "new.key");
    LLVMBasicBlockRef rare = LLVMGetInsertBlock(cx->builder);
    LLVMValueRef made = RT(cx, rt_map_number_make, map, key);
    lower_go(cx, on);
    LLVMValueRef at = LLVMBuildPhi(cx->builder, cx->ptr, "");
    LLVMAddIncoming(at, &found, &from, 1);
    LLVMAddIncoming(at, &made, &rare, 1);
    return at;
}

// counts[key] += 1: where the map has a number for the key already, one look finds its place. As
// update_at(), or null.
static LLVMBasicBlockRef update_in_map(LowerCtx *cx, const Node *node, const Path *path, LVal by) {
    const LVal *key = &path->indices[0];
    if (path->count != 1 || !is_number(by) || !may_update_in_map(node, path->symbol, path->slot))
        return NULL;
    LLVMValueRef map = lower_symbol(cx, path->symbol).v, at;
    if (is_number(*key))
        at = number_place(cx, map, lower_convert(cx, *key, REP_F64).v);
    else if (key->rep == REP_STRING && !key->owned)
        at = RT(cx, rt_map_text_place, map, key->v);
    else
        return NULL;
    return update_at(cx, node, at, by);
}

// counts[text[i:j]] += 1. The path, with a string as the key, is for what is left to be done.
static bool update_of_part(LowerCtx *cx, const Node *node, Path *path, LVal *by,
                           LLVMBasicBlockRef *updated) {
    Node *target = node->update.target, *base = target->index.base;
    if (target->kind != NODE_INDEX || base->kind != NODE_NAME || node->update.or_return)
        return false;
    Symbol *symbol = base->name.symbol;
    Node *key = target->index.index;
    if (!is_text_part(cx, key) || !are_numbers(cx, key, node->update.value)) return false;
    if (lower_node_flags(cx, node->update.value) & NODE_MAY_UPDATE) return false;
    SymSlot *slot = lower_slot(cx, symbol);
    if (!may_update_in_map(node, symbol, slot)) return false;
    if (cx->fs->par) lower_kept_fetch(cx, target);
    LLVMValueRef w[3], place = lower_place(cx, key->span);
    part_operands(cx, key, node->update.value, w, by);
    LLVMValueRef map = lower_symbol(cx, symbol).v;
    *updated = update_at(cx, node, RT(cx, rt_map_part_place, map, w[0], w[1], w[2], place), *by);
    LLVMValueRef text =
        lower_word(cx, lower_val(REP_STRING, type_of_kind(KIND_STRING), w[0], false));
    LLVMValueRef part =
        RT(cx, rt_slice, text, w[1], w[2], lower_i64(cx, (int64_t)RT_ABSENT), place);
    LVal string = lower_val(REP_ANY, type_of_kind(KIND_STRING), part, true);
    *path = (Path){.symbol = symbol, .slot = slot, .count = 1, .span = target->span};
    path->steps = ARENA_ARRAY(cx->arena, Node *, 1);
    path->indices = ARENA_ARRAY(cx->arena, LVal, 1);
    path->steps[0] = target;
    path->indices[0] = lower_rooted(cx, lower_convert(cx, string, REP_STRING));
    return true;
}

static void update_path(LowerCtx *cx, Node *node) {
    if (lower_grow_path(cx, node)) return;
    LVal value;
    Path path;
    LLVMBasicBlockRef updated = NULL;
    if (!update_of_part(cx, node, &path, &value, &updated)) {
        path = lower_path(cx, node->update.target, &node->update.value, &value, 1);
        if (node->update.or_return) value = lower_or_return(cx, value);
        updated = update_in_map(cx, node, &path, value);
    }
    if (node->update.op != UPDATE_SET) {
        LVal old = lower_path_read(cx, &path);
        Type type = lower_node_type(cx, node->update.target);
        bool packed = path.slot->rep == REP_PACKED;
        if (path.slot->rep == REP_LIST && path.count == 1) type = type_element(path.slot->type);
        if (packed)
            type =
                range_binary(lower_operator_of(node->update.op), old.type, value.type, USE_VALUE);
        else if (type.integer)
            type = type_number();
        LVal result =
            lower_operation(cx, lower_operator_of(node->update.op), old, value, type, node->span);
        lower_release(cx, old);
        lower_release(cx, value);
        value = result;
    }
    lower_path_write(cx, &path, value);
    lower_path_end(cx, &path);
    if (updated) lower_go(cx, updated);
}

void lower_update(LowerCtx *cx, Node *node) {
    Node *target = node->update.target;
    if (target->kind == NODE_MEMORY) {
        bool plain = node->update.op == UPDATE_SET;
        lower_memory_update(cx, node, plain ? BINARY_ADD : lower_operator_of(node->update.op));
        return;
    }
    if (lower_keep(cx, node)) return;
    if (target->kind != NODE_NAME) {
        update_path(cx, node);
        return;
    }
    Symbol *symbol = target->name.symbol;
    if (lower_packed_append(cx, node, symbol)) return;
    if (append_in_place(cx, node, symbol) || lower_change_in_place(cx, node, symbol)) return;
    if (lower_slot(cx, symbol)->rep == REP_ANY && !symbol->rebound_by_loop &&
        lower_grow_path(cx, node))
        return;
    LVal value = lower_expr(cx, node->update.value);
    if (node->update.or_return) value = lower_or_return(cx, value);
    if (node->update.op != UPDATE_SET) {
        SymSlot *slot = lower_slot(cx, symbol);
        value = lower_rooted(cx, value);
        LVal old = lower_symbol(cx, symbol);
        Type type = slot->type;
        BinaryOp op = lower_operator_of(node->update.op);
        bool checks = lower_guess(cx, symbol) || cx->fs->instance->checked;
        if (checks && type.integer && op != BINARY_DIV) // no -0, as types know
            type = range_binary(op, old.type, value.type, USE_SUM | USE_CHECKED);
        LVal result = lower_operation(cx, op, old, value, type, node->span);
        lower_release(cx, value);
        value = result;
    }
    lower_assign(cx, symbol, value);
}

void lower_swap(LowerCtx *cx, Node *node) {
    Path left = lower_path(cx, node->swap.left, NULL, NULL, 0);
    Path right = lower_path(cx, node->swap.right, NULL, NULL, 0);
    LVal a = lower_own_rooted(cx, lower_path_read(cx, &left));
    LVal b = lower_own_rooted(cx, lower_path_read(cx, &right));
    lower_path_write(cx, &left, b);
    lower_path_write(cx, &right, a);
    lower_path_end(cx, &left);
    lower_path_end(cx, &right);
}
