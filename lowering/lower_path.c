// lower_path.c: updates through a path, xs[i][j] <- v: every list on the way is made unshared where
// it lies, so that the element is changed in place. Only where a map or anything else may stand on
// the way does the runtime walk the path.
//
// Invariant: indices and the new value are computed before the first list is touched.
#include "lower_internal.h"
#include "../rt/rt_layout.h"

Path lower_path(LowerCtx *cx, Node *target, Node *const *more, LVal *values, uint32_t count) {
    Path path = {.span = target->span};
    for (Node *at = target; at->kind != NODE_NAME; at = at->index.base) {
        CHECK(at->kind == NODE_INDEX, "sema refuses paths with fields");
        path.count++;
    }
    path.steps = ARENA_ARRAY(cx->arena, Node *, path.count + 1);
    path.indices = ARENA_ARRAY(cx->arena, LVal, path.count + count + 1);
    Node **nodes = ARENA_ARRAY(cx->arena, Node *, path.count + count + 1);
    uint32_t i = path.count;
    Node *root = target;
    for (; root->kind == NODE_INDEX; root = root->index.base) {
        path.steps[--i] = root;
        nodes[i] = root->index.index;
    }
    for (uint32_t k = 0; k < count; k++) nodes[path.count + k] = more[k];
    if (cx->fs->par && path.count > 0) lower_kept_fetch(cx, path.steps[0]);
    lower_operands(cx, nodes, path.count + count, path.indices);
    for (uint32_t k = 0; k < count; k++) values[k] = path.indices[path.count + k];
    path.symbol = root->name.symbol;
    path.slot = lower_slot(cx, path.symbol);
    return path;
}

void lower_path_end(LowerCtx *cx, const Path *path) {
    lower_release_all(cx, path->indices, path->count);
}

// The address of the elements where the last step is known to be inside (lower_bounds.c), or null.
static LLVMValueRef known_inside(LowerCtx *cx, const Path *path) {
    bool written_out = path->count > 0 && path->steps; // not a loop's own write (lower_ctl.c)
    return written_out ? map_get(&cx->inside, path->steps[path->count - 1]) : NULL;
}

LVal lower_path_read(LowerCtx *cx, const Path *path) {
    LLVMValueRef inside = known_inside(cx, path);
    if (inside) {
        LLVMValueRef position = lower_position(cx, path->indices[path->count - 1], path->span);
        Type element = lower_element_type(cx, path->steps[path->count - 1]);
        return lower_element_inside(cx, inside, position, element);
    }
    if (path->count == 1 && path->slot->data) {
        LLVMValueRef position = lower_position(cx, path->indices[0], path->span);
        Type element = type_element(path->slot->type);
        return lower_element(cx, path->slot->data, path->slot->length, position, element);
    }
    LVal at = lower_symbol(cx, path->symbol);
    for (uint32_t i = 0; i < path->count; i++) {
        Type type = lower_node_type(cx, path->steps[i]);
        LVal next = lower_index_value(cx, at, path->indices[i], type, path->span);
        if (at.owned) next = lower_own(cx, next);
        lower_release(cx, at);
        at = next;
    }
    return at;
}

// --- writing -------------------------------------------------------------------------------------

void lower_check_bounds(LowerCtx *cx, LLVMValueRef position, LLVMValueRef length, Span span) {
    LLVMValueRef outside = LLVMBuildICmp(cx->builder, LLVMIntUGE, position, length, "outside");
    LLVMBasicBlockRef on = lower_rare(cx, outside, "out.of.range");
    RT(cx, rt_stop_range, position, length, lower_place(cx, span));
    lower_rare_stop(cx, on);
}

// Makes the list in the slot or element `at` unshared there.
static LLVMValueRef unshare(LowerCtx *cx, LLVMValueRef list, LLVMValueRef at, bool boxed) {
    LLVMValueRef count = lower_load(cx, cx->i32, list, cx->tbaa_header, "count");
    if (cx->fs->shared) {
        LLVMSetOrdering(count, LLVMAtomicOrderingAcquire);
        LLVMSetAlignment(count, 4);
    }
    LLVMValueRef shared =
        LLVMBuildICmp(cx->builder, LLVMIntNE, count, lower_i32(cx, 1), "is.shared");
    LLVMBasicBlockRef from = LLVMGetInsertBlock(cx->builder);
    LLVMBasicBlockRef on = lower_rare(cx, shared, "unshare");
    LLVMBasicBlockRef rare = LLVMGetInsertBlock(cx->builder);
    LLVMValueRef own = RT(cx, rt_list_unique, list);
    LVal made = lower_val(REP_LIST, type_of_kind(KIND_LIST), own, false);
    lower_store(cx, boxed ? lower_word(cx, made) : own, at, boxed ? cx->tbaa_element : NULL);
    lower_go(cx, on);
    LLVMValueRef phi = LLVMBuildPhi(cx->builder, cx->ptr, "list");
    LLVMAddIncoming(phi, &list, &from, 1);
    LLVMAddIncoming(phi, &own, &rare, 1);
    return phi;
}

// Stored only where it is not set: other threads may be storing into the same list.
static void mark_boxed(LowerCtx *cx, LLVMValueRef list) {
    LLVMValueRef flags = lower_field(cx, list, 5), boxed = LLVMConstInt(cx->i8, RT_FLAG_BOXED, 0);
    LLVMValueRef was = lower_load(cx, cx->i8, flags, cx->tbaa_header, "flags");
    LLVMSetOrdering(was, LLVMAtomicOrderingMonotonic);
    LLVMSetAlignment(was, 1);
    LLVMValueRef bit = LLVMBuildAnd(cx->builder, was, boxed, "");
    LLVMValueRef unset =
        LLVMBuildICmp(cx->builder, LLVMIntEQ, bit, LLVMConstInt(cx->i8, 0, 0), "not.boxed");
    LLVMBasicBlockRef on = lower_rare(cx, unset, "mark.boxed");
    LLVMValueRef store =
        LLVMBuildStore(cx->builder, LLVMBuildOr(cx->builder, was, boxed, ""), flags);
    LLVMSetOrdering(store, LLVMAtomicOrderingMonotonic);
    LLVMSetAlignment(store, 1);
    lower_go(cx, on);
}

static void store_element(LowerCtx *cx, LLVMValueRef list, LLVMValueRef at, Type element,
                          LVal value) {
    bool number = value.rep == REP_F64 || value.rep == REP_I64;
    if (number && element.kinds == KIND_NUMBER) {
        lower_number_store(cx, at, element, value);
        return;
    }
    LLVMValueRef old = lower_load(cx, cx->i64, at, cx->tbaa_element, "old");
    lower_store(cx, lower_word(cx, lower_own(cx, value)), at, cx->tbaa_element);
    if (!number) {
        mark_boxed(cx, list);
    }
    lower_drop(cx, lower_val(REP_ANY, element, old, true));
}

// An element that is about to be written, and the unshared list that it is in.
typedef struct Written {
    LLVMValueRef list, at;
    Type type;
} Written;

// Through the first `count` steps of the path, all into lists.
static Written element_to_write(LowerCtx *cx, const Path *path, uint32_t count) {
    LLVMValueRef at = path->slot->at, list = NULL;
    Type type = path->slot->type;
    Rep rep = path->slot->rep;
    for (uint32_t i = 0; i < count; i++) {
        LLVMValueRef held =
            lower_load(cx, lower_type(cx, rep), at, i ? cx->tbaa_element : NULL, "");
        list = lower_expect(cx, lower_val(rep, type, held, false), KIND_LIST, "an element update",
                            path->span);
        if (i > 0 || !path->slot->known_unique) list = unshare(cx, list, at, rep == REP_ANY);
        LLVMValueRef position = lower_position(cx, path->indices[i], path->span);
        lower_check_bounds(cx, position, lower_length(cx, list), path->span);
        type = type_element(type);
        at = lower_element_at(cx, lower_data(cx, list), position, type);
        rep = REP_ANY;
    }
    return (Written){list, at, type};
}

static void write_lists(LowerCtx *cx, const Path *path, LVal value) {
    Written element = element_to_write(cx, path, path->count);
    store_element(cx, element.list, element.at, element.type, value);
}

// Where a map or anything else may stand on the way. Takes the container and the value.
static LLVMValueRef write_any(LowerCtx *cx, const Path *path, LLVMValueRef base,
                              LLVMValueRef value) {
    LLVMValueRef place = lower_place(cx, path->span);
    if (path->count == 1)
        return RT(cx, rt_index_set, base, lower_word(cx, path->indices[0]), value, place);
    return RT(cx, rt_index_set_path, base, lower_pack(cx, path->indices, path->count),
              lower_i64(cx, path->count), value, place);
}

// m[k] <- v with a number as the key. Takes the value.
static bool write_number_key(LowerCtx *cx, const Path *path, LVal value) {
    const LVal *key = &path->indices[0];
    if (path->count != 1 || path->slot->rep != REP_MAP ||
        (key->rep != REP_F64 && key->rep != REP_I64))
        return false;
    value = lower_own_rooted(cx, value);
    LLVMValueRef map = RT(cx, rt_map_put_number, lower_symbol(cx, path->symbol).v,
                          lower_convert(cx, *key, REP_F64).v, lower_word(cx, value),
                          lower_place(cx, path->span));
    lower_unrooted(cx, value);
    LLVMBuildStore(cx->builder, map, path->slot->at);
    return true;
}

// m.name <- v, xs[i].name <- v, with a name of a map literal. Takes the value.
static bool write_field(LowerCtx *cx, const Path *path, LVal value) {
    SymSlot *slot = path->slot;
    LVal key = path->indices[path->count - 1];
    int64_t field = lower_field_place(cx, key);
    bool of_list = path->count == 2 && slot->rep == REP_LIST;
    if (field < 0 || (path->count > 1 && !of_list)) return false;
    LLVMValueRef at = of_list ? element_to_write(cx, path, 1).at : slot->at;
    LVal base = of_list ? lower_val(REP_ANY, type_element(slot->type),
                                    lower_load(cx, cx->i64, at, cx->tbaa_element, ""), false)
                        : lower_symbol(cx, path->symbol);
    LLVMValueRef word =
        RT(cx, rt_index_set_field, lower_word(cx, base), lower_word(cx, key), lower_word(cx, value),
           lower_i64(cx, field), lower_place(cx, path->span));
    lower_unrooted(cx, value);
    if (of_list) {
        lower_store(cx, word, at, cx->tbaa_element);
    } else {
        LVal whole = lower_val(REP_ANY, slot->type, word, true);
        LLVMBuildStore(cx->builder, lower_convert(cx, whole, slot->rep).v, at);
    }
    return true;
}

static bool only_lists(const Path *path) {
    Type type = path->slot->type;
    for (uint32_t i = 0; i < path->count; i++) {
        if ((type.kinds & ~(KIND_LIST | KIND_NUMBER)) != 0) return false;
        type = type_element(type);
    }
    return true;
}

// p.name <- number, of a loop's variable that stands for an element of a list: set in place where both hold
// the same map, and nobody else does. Gives where code goes on when that was done, or null.
static LLVMBasicBlockRef write_through_field(LowerCtx *cx, const Path *path, LVal value) {
    bool number = value.rep == REP_F64 || value.rep == REP_I64;
    int64_t field = path->count == 1 ? lower_field_place(cx, path->indices[0]) : -1;
    LVal position;
    SymSlot *source = lower_source_of(cx, path->symbol, &position);
    if (!source || source->rep != REP_LIST || !number || field < 0 || cx->fs->par) return NULL;
    LLVMValueRef list = LLVMBuildLoad2(cx->builder, cx->ptr, source->at, "");
    LLVMValueRef done = RT(cx, rt_field_through, list, position.v,
                           lower_word(cx, lower_symbol(cx, path->symbol)),
                           lower_word(cx, path->indices[0]), lower_word(cx, value),
                           lower_i64(cx, field));
    LLVMBasicBlockRef on = lower_block_new(cx, "on"), other = lower_block_new(cx, "through");
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntNE, done, lower_i32(cx, 0), ""), on, other);
    lower_at(cx, other);
    return on;
}

void lower_path_write(LowerCtx *cx, const Path *path, LVal value) {
    SymSlot *slot = path->slot;
    if (path->count == 0) {
        lower_assign(cx, path->symbol, value);
        return;
    }
    if (slot->undo) lower_note_old(cx, path);
    if (value.rep == REP_ANY && value.type.kinds == KIND_NUMBER)
        value = lower_convert(cx, value, REP_F64);
    LLVMValueRef inside = known_inside(cx, path);
    if (inside || (path->count == 1 && slot->data && slot->hoisted_write)) {
        LLVMValueRef position = lower_position(cx, path->indices[path->count - 1], path->span);
        if (!inside) lower_check_bounds(cx, position, slot->length, path->span);
        LLVMValueRef data = inside ? inside : slot->data;
        Type element = inside ? lower_element_type(cx, path->steps[path->count - 1])
                              : type_element(slot->type);
        LLVMValueRef at = lower_element_at(cx, data, position, element);
        lower_alias_access(cx, lower_number_store(cx, at, element, value), data);
        return;
    }
    // Owned first: it may be, or hold, the very list that is written to.
    value = lower_own_rooted(cx, value);
    LLVMBasicBlockRef done = NULL;
    if (path->symbol->rebound_by_loop) {
        done = write_through_field(cx, path, value);
        lower_write_through(cx, path->symbol, true);
    }
    if (only_lists(path)) {
        write_lists(cx, path, value);
    } else if (!write_field(cx, path, value) && !write_number_key(cx, path, value)) {
        LVal base = lower_symbol(cx, path->symbol);
        LLVMValueRef word = write_any(cx, path, lower_word(cx, base), lower_word(cx, value));
        lower_unrooted(cx, value);
        LVal whole = lower_val(REP_ANY, slot->type, word, true);
        LLVMBuildStore(cx->builder, lower_convert(cx, whole, slot->rep).v, slot->at);
    }
    if (path->symbol->rebound_by_loop) lower_write_through(cx, path->symbol, false);
    if (!done) return;
    LLVMBuildBr(cx->builder, done);
    LLVMPositionBuilderAtEnd(cx->builder, done);
}
