// lower_keep.c: outer variables that a parallel body only writes (PAR_KEPT), in the order of the
// iterations: elements at positions that are not known to be the iteration's own, lists, texts and maps
// that are put together, last values, histograms.
//
// What a block puts together it puts together apart, in a variable of its own, and adds that as one
// when its turn has come (KeptForm); other changes are kept one by one (lower_keep_change.c). A block
// that has its turn from the start changes the variable itself. Where the order of the changes does
// not matter, every thread has a copy (rt/copies.c).
//
// The variable lives in a room of the loop's own (its address is in the record) while the loop runs.
// Invariant: the room is touched by the block that has its turn only, or while the loop runs on one
// thread alone.
#include "lower_par.h"
#include "../rt/rt_layout.h"
#include <math.h>

// --- how a variable is kept -----------------------------------------------------------------------

bool lower_par_keeps(LowerCtx *cx, const ParVariable *variable) {
    return variable->use != PAR_READ && par_keeps(variable, lower_slot(cx, variable->symbol)->type);
}

// The largest size of an operand: a whole number; infinite: it may be anything.
static double size_of(LowerCtx *cx, const Node *node, const Node *target) {
    if (ast_same(node, target)) return 0;
    Type type = lower_node_type(cx, node);
    if (type.kinds == KIND_NUMBER && type.integer)
        return fabs(type.low) > fabs(type.high) ? fabs(type.low) : fabs(type.high);
    if (node->kind != NODE_BINARY ||
        (node->binary.op != BINARY_ADD && node->binary.op != BINARY_SUB))
        return (double)INFINITY;
    return size_of(cx, node->binary.left, target) + size_of(cx, node->binary.right, target);
}

static int32_t combine_of(ReduceOp op) {
    switch (op) {
    case REDUCE_ADD:
    case REDUCE_SUB: return RT_COMBINE_ADD;
    case REDUCE_MIN: return RT_COMBINE_MIN;
    case REDUCE_MAX: return RT_COMBINE_MAX;
    case REDUCE_AND: return RT_COMBINE_AND;
    case REDUCE_OR: return RT_COMBINE_OR;
    case REDUCE_BAND: return RT_COMBINE_BAND;
    case REDUCE_BOR: return RT_COMBINE_BOR;
    case REDUCE_BXOR: return RT_COMBINE_BXOR;
    case REDUCE_MUL: return -1;
    }
    UNREACHABLE("a reduction has an operator");
}

// Of the operands of bit operators it matters only that they are whole.
static double change_size(LowerCtx *cx, const Kept *kept, const Node *node) {
    ReduceOp op = kept->variable->op;
    bool sum = op == REDUCE_ADD || op == REDUCE_SUB;
    bool bits = op == REDUCE_BAND || op == REDUCE_BOR || op == REDUCE_BXOR;
    if (!sum && !bits) return 0;
    if (sum) return size_of(cx, node->update.value, node->update.target);
    const Node *value = node->update.value;
    if (value->kind != NODE_BINARY) return (double)INFINITY;
    const Node *left = value->binary.left, *right = value->binary.right, *by = NULL;
    if (ast_same(left, node->update.target)) by = right;
    if (ast_same(right, node->update.target)) by = left;
    if (!by) return (double)INFINITY;
    Type type = lower_node_type(cx, by);
    return type.kinds == KIND_NUMBER && type.integer ? 0 : (double)INFINITY;
}

// How many changes inner loops make is not known. They are taken to make fewer than this, with sizes up
// to this, so that no element's sum reaches 2^53: a sum can only be rounded after 2^51 changes, each of 4
// and all of one element, which one thread would make in 26 days at one in a nanosecond, and 64 threads
// in ten hours. A look at the copies as they are joined could not replace this: by then it is too late
// to make the changes in order, and what has gone up and come down again does not show.
#define MOST_REPEATED    0x1p50
#define LARGEST_REPEATED 4.0

// The sizes of all changes that the loop can make, added up; null: they may be anything.
static LLVMValueRef bound_of(LowerCtx *cx, const Kept *kept, LLVMValueRef count) {
    double size = 0;
    VEC_EACH(Node *, node, &kept->variable->updates) size += change_size(cx, kept, node);
    if (!(size < 0x1p53) || (kept->variable->repeated && size > LARGEST_REPEATED)) return NULL;
    if (kept->variable->repeated) return lower_f64(cx, size * MOST_REPEATED);
    LLVMValueRef times = LLVMBuildSIToFP(cx->builder, count, cx->f64, "");
    return LLVMBuildFMul(cx->builder, times, lower_f64(cx, size), "bound");
}

// True for reductions of elements that may be made in any order, where what the run tells allows it.
static bool is_reduction(const Par *par, const Kept *kept) {
    return kept->variable->reduces && !par->loop->left && combine_of(kept->variable->op) >= 0 &&
           par_is_simple(kept->variable);
}

static bool is_sum_of_map(const Kept *kept) {
    int32_t combine = combine_of(kept->variable->op);
    return combine == RT_COMBINE_ADD || combine == RT_COMBINE_BOR || combine == RT_COMBINE_BXOR;
}

static KeptForm form_of(const Par *par, const Kept *kept) {
    KeptForm form = par_kept_form(kept->variable, kept->type);
    bool sum = form == KEPT_CHANGES && kept->rep == REP_MAP && kept->variable->reduces &&
               is_sum_of_map(kept) && is_reduction(par, kept);
    return sum ? KEPT_SUM : form;
}

// --- around the loop ------------------------------------------------------------------------------

enum {
    CHANGE_COST = 40
}; // instructions of an iteration for each change that other threads wait for

static bool is_number_list(const Kept *kept) {
    return kept->unique && type_element(kept->type).kinds == KIND_NUMBER;
}

static void find_copies(LowerCtx *cx, const Par *par, Kept *kept, LLVMValueRef list,
                        LLVMValueRef count, LLVMValueRef threads) {
    if (!is_number_list(kept) || !is_reduction(par, kept)) return;
    LLVMValueRef bound = bound_of(cx, kept, count);
    if (!bound) return;
    kept->copies = lower_words_alloca(cx, RT_PAR_COPIES_WORDS, "copies");
    LLVMValueRef combine = lower_i32(cx, combine_of(kept->variable->op));
    kept->exact =
        lower_bit_of(cx, RT(cx, rt_par_copies, kept->copies, list, combine, bound, count, threads));
}

static void find_one(LowerCtx *cx, Par *par, const ParVariable *variable, LLVMValueRef count,
                     LLVMValueRef threads) {
    SymSlot *slot = lower_slot(cx, variable->symbol);
    Kept kept = {
        .symbol = variable->symbol, .variable = variable, .rep = slot->rep, .type = slot->type};
    kept.unique = slot->rep == REP_LIST && variable->use == PAR_KEPT && variable->unread;
    kept.form = form_of(par, &kept);
    kept.room = slot->at; // where it stays, if it is a root
    if (!lower_needs_root(cx, kept.rep))
        kept.room = lower_alloca(cx, lower_type(cx, kept.rep), variable->symbol->name->text);
    LLVMValueRef value = lower_symbol(cx, kept.symbol).v;
    if (kept.unique) {
        value = RT(cx, rt_list_unique, value);
        LLVMBuildStore(cx->builder, value, slot->at);
        kept.length = lower_length(cx, value);
        find_copies(cx, par, &kept, value, count, threads);
    }
    if (par_reads_own(variable, kept.type)) {
        kept.base = value;
        kept.base_held = lower_own_rooted(cx, lower_val(REP_MAP, kept.type, value, false));
    }
    if (kept.form == KEPT_SUM) {
        LLVMValueRef bound = bound_of(cx, &kept, count);
        if (bound)
            kept.exact = lower_bit_of(cx, RT(cx, rt_par_sums, value, bound, count));
        else
            kept.form = KEPT_CHANGES;
    }
    LLVMBuildStore(cx->builder, value, kept.room);
    vec_push(cx->arena, &par->kept, kept);
}

void lower_kept_find(LowerCtx *cx, Par *par, LLVMValueRef count, LLVMValueRef threads) {
    for (uint32_t i = 0; i < par->plan->captures.len; i++) {
        const ParVariable *variable = &par->plan->captures.items[i];
        if (lower_par_keeps(cx, variable)) find_one(cx, par, variable, count, threads);
    }
}

LLVMValueRef lower_kept_flag(LowerCtx *cx, const Par *par) {
    LLVMValueRef keeps = lower_i32(cx, RT_PAR_KEEPS), all = NULL;
    for (uint32_t i = 0; i < par->kept.len; i++) {
        const Kept *kept = &par->kept.items[i];
        if (!kept->copies) return keeps;
        all = all ? LLVMBuildAnd(cx->builder, all, kept->exact, "") : kept->exact;
    }
    if (!all) return lower_i32(cx, 0);
    return LLVMBuildSelect(cx->builder, all, lower_i32(cx, 0), keeps, "");
}

LLVMValueRef lower_kept_alone(LowerCtx *cx, const Par *par) {
    int32_t cost = lower_par_cost(cx, par->loop->body);
    LLVMValueRef any = LLVMConstInt(cx->i1, 0, 0);
    for (uint32_t i = 0; i < par->kept.len && cost > 0; i++) {
        const Kept *kept = &par->kept.items[i];
        bool apart = kept->form != KEPT_CHANGES && kept->form != KEPT_SUM;
        if (apart || cost >= CHANGE_COST * (int32_t)kept->variable->updates.len) continue;
        LLVMValueRef ordered = LLVMConstInt(cx->i1, 1, 0);
        if (kept->exact) ordered = LLVMBuildNot(cx->builder, kept->exact, "");
        any = LLVMBuildOr(cx->builder, any, ordered, "alone");
    }
    return any;
}

void lower_kept_finish(LowerCtx *cx, Par *par) {
    for (uint32_t i = 0; i < par->kept.len; i++) {
        const Kept *kept = &par->kept.items[i];
        if (kept->copies) RT(cx, rt_par_copies_end, kept->copies);
        if (kept->base) lower_drop(cx, kept->base_held);
        LLVMTypeRef type = lower_type(cx, kept->rep);
        LLVMValueRef value = LLVMBuildLoad2(cx->builder, type, kept->room, "");
        LLVMBuildStore(cx->builder, value, lower_slot(cx, kept->symbol)->at);
    }
}

// --- where the body begins ------------------------------------------------------------------------

void lower_kept_slot(LowerCtx *cx, const Kept *kept, LLVMValueRef at) {
    cx->fs->slots[kept->symbol->index] = (SymSlot){
        .at = at, .rep = kept->rep, .type = kept->type, .known_unique = kept->unique, .kept = true};
}

static LLVMValueRef empty_value(LowerCtx *cx, Rep rep) {
    switch (rep) {
    case REP_LIST: return RT(cx, rt_list_new, lower_i64(cx, 0));
    case REP_STRING: return lower_str(cx, "", 0);
    case REP_MAP: return RT(cx, rt_map_new, lower_i64(cx, 0));
    case REP_F64: return lower_f64(cx, 0);
    case REP_I64:
    case REP_ANY: return lower_i64(cx, 0);
    case REP_PACKED:
    case REP_FUNCTION:
    case REP_NONE: break;
    }
    UNREACHABLE("functions are kept one by one");
}

// How long a block's part may be: about 1 MiB.
static int64_t most_length(const Kept *kept) {
    return kept->rep == REP_STRING ? 1 << 20 : kept->rep == REP_LIST ? 1 << 17 : 1 << 14;
}

// The value itself if the block has its turn, else an empty one.
static void start_local(LowerCtx *cx, const Par *par, Kept *kept, LLVMValueRef room) {
    kept->local = lower_variable(cx, kept->rep, kept->symbol->name->text);
    LLVMBasicBlockRef take = lower_block_new(cx, "take"), make = lower_block_new(cx, "make");
    LLVMBasicBlockRef on = lower_block_new(cx, "on");
    lower_branch(cx, par->direct, take, make);
    lower_at(cx, take);
    LLVMValueRef taken = LLVMBuildLoad2(cx->builder, lower_type(cx, kept->rep), room, "");
    LLVMBuildStore(cx->builder, taken, kept->local);
    if (cx->fs->gives_up) LLVMBuildStore(cx->builder, cx->taken, room);
    LLVMBuildBr(cx->builder, on);
    lower_at(cx, make);
    LLVMBuildStore(cx->builder, empty_value(cx, kept->rep), kept->local);
    lower_go(cx, on);
    kept->most = LLVMBuildSelect(cx->builder, par->direct, lower_i64(cx, INT64_MAX),
                                 lower_i64(cx, most_length(kept)), "most");
    if (kept->exact_inside)
        kept->at_once = LLVMBuildOr(cx->builder, par->direct, kept->exact_inside, "at.once");
    cx->fs->slots[kept->symbol->index] = (SymSlot){
        .at = kept->local, .rep = kept->rep, .type = kept->type, .kept = kept->form == KEPT_SUM};
}

static void start_last(LowerCtx *cx, Kept *kept) {
    kept->local = lower_variable(cx, kept->rep, kept->symbol->name->text);
    kept->set = lower_alloca(cx, cx->i1, "set");
    LLVMBuildStore(cx->builder, empty_value(cx, kept->rep), kept->local);
    LLVMBuildStore(cx->builder, LLVMConstInt(cx->i1, 0, 0), kept->set);
    cx->fs->slots[kept->symbol->index] =
        (SymSlot){.at = kept->local, .rep = kept->rep, .type = kept->type, .kept = true};
}

// The elements that the block may change at once: a copy, or the list itself in its turn.
static void start_elements(LowerCtx *cx, const Par *par, Kept *kept, LLVMValueRef room,
                           LLVMValueRef copies) {
    LLVMValueRef list = LLVMBuildLoad2(cx->builder, cx->ptr, room, "");
    LLVMValueRef own = LLVMBuildSelect(cx->builder, par->direct, lower_data(cx, list),
                                       LLVMConstNull(cx->ptr), "own");
    kept->elements = own;
    if (copies) {
        LLVMBasicBlockRef from = LLVMGetInsertBlock(cx->builder);
        LLVMBasicBlockRef copy = lower_block_new(cx, "copy"), on = lower_block_new(cx, "on");
        lower_branch(cx, kept->exact_inside, copy, on);
        lower_at(cx, copy);
        LLVMValueRef mine = RT(cx, rt_par_copy, copies);
        lower_go(cx, on);
        kept->elements = LLVMBuildPhi(cx->builder, cx->ptr, "elements");
        LLVMAddIncoming(kept->elements, &mine, &copy, 1);
        LLVMAddIncoming(kept->elements, &own, &from, 1);
    }
    kept->at_once =
        LLVMBuildICmp(cx->builder, LLVMIntNE, kept->elements, LLVMConstNull(cx->ptr), "at.once");
}

static void start_one(LowerCtx *cx, Par *par, Kept *kept) {
    kept->field = 16 + 8 * (int64_t)cx->fs->imports.len;
    LLVMValueRef room = lower_import(cx, kept->room), copies = NULL;
    if (kept->length) kept->length_inside = lower_import(cx, kept->length);
    if (kept->copies) copies = lower_import(cx, kept->copies);
    if (kept->base) kept->base_inside = lower_import(cx, kept->base);
    if (kept->exact) kept->exact_inside = lower_import(cx, kept->exact);
    switch (kept->form) {
    case KEPT_LAST: start_last(cx, kept); return;
    case KEPT_APPEND:
    case KEPT_PREPEND:
    case KEPT_PUT:
    case KEPT_SUM: start_local(cx, par, kept, room); return;
    case KEPT_CHANGES: break;
    }
    if (is_number_list(kept) && par_is_simple(kept->variable)) start_elements(cx, par, kept, room, copies);
    lower_kept_slot(cx, kept, room);
}

void lower_kept_start(LowerCtx *cx, Par *par) {
    if (!par->kept.len) return;
    par->direct = lower_bit_of(cx, RT(cx, rt_par_direct, par->record));
    for (uint32_t i = 0; i < par->kept.len; i++) start_one(cx, par, &par->kept.items[i]);
}

LLVMValueRef lower_kept_now(LowerCtx *cx, const Par *par) {
    LLVMValueRef all = NULL;
    for (uint32_t i = 0; i < par->kept.len; i++) {
        const Kept *kept = &par->kept.items[i];
        if (kept->form != KEPT_CHANGES && kept->form != KEPT_SUM) continue;
        if (!kept->at_once) return NULL;
        all = all ? LLVMBuildAnd(cx->builder, all, kept->at_once, "") : kept->at_once;
    }
    return all;
}

// --- a deferred block of the body -----------------------------------------------------------------

static bool any_deferred(const Par *par) {
    for (uint32_t i = 0; i < par->plan->captures.len; i++)
        if (par->plan->captures.items[i].deferred) return true;
    return false;
}

static LLVMValueRef imported(LowerCtx *cx, LLVMValueRef value) {
    return value ? lower_import_value(cx, value) : NULL;
}

static LLVMValueRef imported_room(LowerCtx *cx, LLVMValueRef address) {
    return address ? lower_import_room(cx, address) : NULL;
}

Par *lower_kept_deferred(LowerCtx *cx, const Par *body) {
    Par *par = ARENA_NEW(cx->arena, Par);
    *par = *body;
    par->kept = (KeptVec){0};
    if (any_deferred(body)) par->record = lower_import_value(cx, body->record);
    if (body->direct && any_deferred(body)) par->direct = lower_import_value(cx, body->direct);
    for (uint32_t i = 0; i < body->kept.len; i++) {
        Kept kept = body->kept.items[i];
        if (!kept.variable->deferred) continue;
        kept.local = imported_room(cx, kept.local);
        kept.set = imported_room(cx, kept.set);
        kept.length_inside = imported(cx, kept.length_inside);
        kept.base_inside = imported(cx, kept.base_inside);
        kept.elements = imported(cx, kept.elements);
        kept.at_once = imported(cx, kept.at_once);
        vec_push(cx->arena, &par->kept, kept);
    }
    return par;
}

// --- where a block's part is added ----------------------------------------------------------------

LLVMValueRef lower_kept_begin(LowerCtx *cx, const Kept *kept, FuncState *fs, LLVMValueRef *words) {
    Par *par = cx->fs->par;
    LLVMTypeRef params[] = {cx->ptr, cx->ptr};
    const char *name =
        arena_printf(cx->arena, "%s.keep.%u", LLVMGetValueName(par->function), cx->changes++);
    LLVMValueRef function =
        LLVMAddFunction(cx->module, name, LLVMFunctionType(cx->void_t, params, 2, 0));
    LLVMSetLinkage(function, LLVMInternalLinkage);
    lower_code_attributes(cx, function);
    lower_begin(cx, fs, cx->fs->instance, function);
    fs->shared = true;
    fs->gives_up = fs->outer->gives_up;
    fs->record = LLVMGetParam(function, 0);
    *words = LLVMGetParam(function, 1);
    LLVMValueRef at =
        LLVMBuildLoad2(cx->builder, cx->ptr, lower_field(cx, fs->record, kept->field), "");
    lower_kept_slot(cx, kept, at);
    fs->slots[kept->symbol->index].kept = false;
    return function;
}

void lower_kept_done(LowerCtx *cx, LLVMBasicBlockRef here) {
    lower_roots_leave(cx);
    LLVMBuildRetVoid(cx->builder);
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
}

static LLVMValueRef joined(LowerCtx *cx, const Kept *kept, LLVMValueRef whole, LLVMValueRef part) {
    bool before = kept->form == KEPT_PREPEND, list = kept->rep == REP_LIST;
    if (kept->form == KEPT_SUM)
        return RT(cx, rt_map_sum, whole, part, lower_i32(cx, combine_of(kept->variable->op)),
                  lower_place(cx, kept->variable->span));
    if (kept->rep == REP_MAP)
        return before ? RT(cx, rt_map_merge, part, whole) : RT(cx, rt_map_merge, whole, part);
    if (!before)
        return list ? RT(cx, rt_list_append, whole, part) : RT(cx, rt_str_append, whole, part);
    return list ? RT(cx, rt_list_prepend, whole, part) : RT(cx, rt_str_append, part, whole);
}

// The function that adds a block's part, in words[0], to the variable.
static LLVMValueRef add_join(LowerCtx *cx, const Kept *kept) {
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs;
    LLVMValueRef words, function = lower_kept_begin(cx, kept, &fs, &words);
    LLVMValueRef word = LLVMBuildLoad2(cx->builder, cx->i64, words, "");
    LVal part = lower_convert(cx, lower_val(REP_ANY, kept->type, word, true), kept->rep);
    part.owned = lower_is_counted_rep(part.rep);
    if (kept->form == KEPT_LAST) {
        lower_assign(cx, kept->symbol, part);
    } else {
        LLVMValueRef whole = lower_symbol(cx, kept->symbol).v;
        LLVMBuildStore(cx->builder, joined(cx, kept, whole, part.v),
                       lower_slot(cx, kept->symbol)->at);
        LVal other = part;
        if (kept->form == KEPT_PREPEND && kept->rep != REP_LIST) other.v = whole;
        lower_release(cx, other);
    }
    lower_kept_done(cx, here);
    return function;
}

static void keep_part(LowerCtx *cx, const Kept *kept, LLVMValueRef value) {
    LLVMValueRef words = lower_words_alloca(cx, 1, "part");
    LVal part = lower_val(kept->rep, kept->type, value, true);
    LLVMBuildStore(cx->builder, lower_word(cx, part), words);
    RT(cx, rt_par_keep, add_join(cx, kept), cx->fs->par->record, words, lower_i64(cx, 1));
}

static LLVMValueRef take_local(LowerCtx *cx, const Kept *kept) {
    LLVMTypeRef type = lower_type(cx, kept->rep);
    LLVMValueRef value = LLVMBuildLoad2(cx->builder, type, kept->local, "");
    if (lower_needs_root(cx, kept->rep))
        LLVMBuildStore(cx->builder, LLVMConstNull(type), kept->local);
    return value;
}

// Adds the part if there is something in it; else drops it.
static void flush(LowerCtx *cx, const Kept *kept) {
    LLVMValueRef value = take_local(cx, kept);
    LLVMValueRef some =
        kept->form == KEPT_LAST
            ? LLVMBuildLoad2(cx->builder, cx->i1, kept->set, "")
            : LLVMBuildICmp(cx->builder, LLVMIntNE, lower_length(cx, value), lower_i64(cx, 0), "");
    LLVMBasicBlockRef keep = lower_block_new(cx, "keep"), none = lower_block_new(cx, "none");
    LLVMBasicBlockRef on = lower_block_new(cx, "on");
    lower_branch(cx, some, keep, none);
    lower_at(cx, keep);
    keep_part(cx, kept, value);
    LLVMBuildBr(cx->builder, on);
    lower_at(cx, none);
    lower_drop(cx, lower_val(kept->rep, kept->type, value, true));
    lower_go(cx, on);
}

static bool has_part(const Kept *kept) {
    return kept->form != KEPT_CHANGES && kept->form != KEPT_LAST;
}

void lower_kept_bound(LowerCtx *cx, Par *par) {
    for (uint32_t i = 0; i < par->kept.len; i++) {
        const Kept *kept = &par->kept.items[i];
        if (!has_part(kept)) continue;
        LLVMValueRef value = LLVMBuildLoad2(cx->builder, cx->ptr, kept->local, "");
        LLVMValueRef length = lower_length(cx, value);
        LLVMValueRef full = LLVMBuildICmp(cx->builder, LLVMIntSGT, length, kept->most, "full");
        LLVMBasicBlockRef on = lower_rare(cx, full, "flush");
        RT0(cx, rt_par_turn);
        flush(cx, kept);
        LLVMBuildStore(cx->builder, empty_value(cx, kept->rep), kept->local);
        lower_go(cx, on);
    }
}

void lower_kept_end(LowerCtx *cx, Par *par) {
    for (uint32_t i = 0; i < par->kept.len; i++) {
        const Kept *kept = &par->kept.items[i];
        if (kept->form == KEPT_LAST) flush(cx, kept);
        if (!has_part(kept)) continue;
        LLVMBasicBlockRef put = lower_block_new(cx, "put.back"), add = lower_block_new(cx, "add");
        LLVMBasicBlockRef on = lower_block_new(cx, "on");
        lower_branch(cx, par->direct, put, add);
        lower_at(cx, put);
        LLVMValueRef room =
            LLVMBuildLoad2(cx->builder, cx->ptr, lower_field(cx, par->record, kept->field), "");
        LLVMBuildStore(cx->builder, take_local(cx, kept), room);
        LLVMBuildBr(cx->builder, on);
        lower_at(cx, add);
        flush(cx, kept);
        lower_go(cx, on);
    }
}

// --- a statement ----------------------------------------------------------------------------------

static Kept *kept_of(LowerCtx *cx, const Node *target) {
    Par *par = cx->fs->par;
    while (target->kind == NODE_INDEX) target = target->index.base;
    for (uint32_t i = 0; par && target->kind == NODE_NAME && i < par->kept.len; i++)
        if (par->kept.items[i].symbol == target->name.symbol) return &par->kept.items[i];
    return NULL;
}

// Before m[k] is read or written through: the block's part gets what the map had there.
void lower_kept_fetch(LowerCtx *cx, const Node *element) {
    const Kept *kept = kept_of(cx, element);
    if (!kept || !kept->base) return;
    LLVMBasicBlockRef fetch = lower_block_new(cx, "fetch"), on = lower_block_new(cx, "on");
    lower_branch(cx, cx->fs->par->direct, on, fetch);
    lower_at(cx, fetch);
    LVal key = lower_expr(cx, element->index.index);
    LLVMValueRef part = LLVMBuildLoad2(cx->builder, cx->ptr, kept->local, "");
    part = RT(cx, rt_map_fetch, part, kept->base_inside, lower_word(cx, key),
              lower_place(cx, element->span));
    LLVMBuildStore(cx->builder, part, kept->local);
    lower_release(cx, key);
    lower_go(cx, on);
}

static void update_now(LowerCtx *cx, Kept *kept, Node *node) {
    SymSlot *slot = lower_slot(cx, kept->symbol), saved = *slot;
    kept->now = true;
    if (kept->elements) {
        slot->data = kept->elements;
        slot->length = kept->length_inside;
        slot->hoisted_write = true;
    }
    slot->kept = false;
    lower_update(cx, node);
    *slot = saved;
    kept->now = false;
}

bool lower_keep(LowerCtx *cx, Node *node) {
    Kept *kept = kept_of(cx, node->update.target);
    if (!kept || kept->now) return false;
    if (kept->form == KEPT_LAST) {
        update_now(cx, kept, node);
        LLVMBuildStore(cx->builder, LLVMConstInt(cx->i1, 1, 0), kept->set);
        return true;
    }
    if (has_part(kept) && kept->form != KEPT_SUM) return false;
    if (!kept->at_once) {
        lower_keep_change(cx, kept, node);
        return true;
    }
    if (cx->fs->par->now) {
        update_now(cx, kept, node);
        return true;
    }
    LLVMBasicBlockRef now = lower_block_new(cx, "at.once"), later = lower_block_new(cx, "later");
    LLVMBasicBlockRef on = lower_block_new(cx, "on");
    lower_branch(cx, kept->at_once, now, later);
    lower_at(cx, now);
    update_now(cx, kept, node);
    LLVMBuildBr(cx->builder, on);
    lower_at(cx, later);
    lower_keep_change(cx, kept, node);
    lower_go(cx, on);
    return true;
}
