// lower_reduce.c: reductions of parallel loops: s += e and its like. Every block runs the body on a
// variable of its own that starts neutral; the blocks' results are combined in block order, so that
// they do not depend on the number of threads. Sums and products of doubles run in eight interleaved
// lanes, joined in a fixed tree: the same bits on any processor, and vectors for the asking.
#include "lower_par.h"
#include "../rt/rt_layout.h"
#include <math.h>

static LLVMValueRef identity(LowerCtx *cx, const Reduction *r);

// Of numbers that may turn out to be errors: the first error of a block stays its result. Where the
// numbers are whole it is a whole number too.
static LLVMValueRef identity_word(LowerCtx *cx, const Reduction *r) {
    Reduction number = *r;
    number.rep = REP_F64;
    LLVMValueRef start = identity(cx, &number);
    bool most = r->op == REDUCE_MAX;
    if (r->type.integer && (most || r->op == REDUCE_MIN))
        start = lower_f64(cx, most ? -TYPE_MAX_INTEGER : TYPE_MAX_INTEGER);
    return lower_word(cx, lower_val(REP_F64, type_number(), start, false));
}

static LLVMValueRef identity(LowerCtx *cx, const Reduction *r) {
    bool integer = r->rep == REP_I64;
    if (r->rep == REP_ANY) return identity_word(cx, r);
    switch (r->op) {
    case REDUCE_ADD:
    case REDUCE_SUB: return integer ? lower_i64(cx, 0) : lower_f64(cx, -0.0);
    case REDUCE_MUL: return integer ? lower_i64(cx, 1) : lower_f64(cx, 1);
    case REDUCE_MIN: return integer ? lower_i64(cx, INT64_MAX) : lower_f64(cx, (double)INFINITY);
    case REDUCE_MAX: return integer ? lower_i64(cx, INT64_MIN) : lower_f64(cx, -(double)INFINITY);
    case REDUCE_AND: return lower_f64(cx, 2);   // no result of `and`
    case REDUCE_OR: return lower_f64(cx, -0.0); // nor this of `or`
    case REDUCE_BAND: return integer ? lower_i64(cx, -1) : lower_f64(cx, -1);
    case REDUCE_BOR:
    case REDUCE_BXOR: return integer ? lower_i64(cx, 0) : lower_f64(cx, 0);
    }
    UNREACHABLE("a reduction has an operator");
}

static LLVMValueRef combine_extreme(LowerCtx *cx, const Reduction *r, LLVMValueRef a,
                                    LLVMValueRef b) {
    bool most = r->op == REDUCE_MAX, integer = r->rep == REP_I64;
    const char *name =
        integer ? (most ? "llvm.smax" : "llvm.smin") : (most ? "llvm.maximum" : "llvm.minimum");
    LLVMValueRef two[] = {a, b};
    return lower_intrinsic(cx, name, lower_type(cx, r->rep), two, 2);
}

// `a and b`, `a or b` of what was and a block's part; a part that nothing went into changes nothing.
static LLVMValueRef combine_truth(LowerCtx *cx, const Reduction *r, LLVMValueRef a,
                                  LLVMValueRef b) {
    LVal x = lower_val(r->outer, r->type, a, false),
         y = lower_val(REP_F64, type_number(), b, false);
    LLVMValueRef p = lower_truth(cx, x, (Span){0, 0}), q = lower_truth(cx, y, (Span){0, 0});
    LLVMValueRef both = r->op == REDUCE_AND ? LLVMBuildAnd(cx->builder, p, q, "")
                                            : LLVMBuildOr(cx->builder, p, q, "");
    LLVMValueRef result = lower_convert(cx, lower_bit(cx, both), r->outer).v;
    LLVMValueRef none = LLVMBuildBitCast(cx->builder, identity(cx, r), cx->i64, "");
    LLVMValueRef bits = LLVMBuildBitCast(cx->builder, b, cx->i64, "");
    LLVMValueRef same = LLVMBuildICmp(cx->builder, LLVMIntEQ, bits, none, "untouched");
    return LLVMBuildSelect(cx->builder, same, a, result, "");
}

static BinaryOp operator_of(ReduceOp op) {
    switch (op) {
    case REDUCE_ADD:
    case REDUCE_SUB: return BINARY_ADD;
    case REDUCE_MUL: return BINARY_MUL;
    case REDUCE_BAND: return BINARY_BAND;
    case REDUCE_BOR: return BINARY_BOR;
    case REDUCE_BXOR: return BINARY_BXOR;
    case REDUCE_AND: return BINARY_AND;
    case REDUCE_OR: return BINARY_OR;
    case REDUCE_MIN:
    case REDUCE_MAX: break;
    }
    UNREACHABLE("least and most are builtins");
}

// Numbers or errors: what the operator makes of them, which is the first error.
static LLVMValueRef combine_words(LowerCtx *cx, const Reduction *r, LLVMValueRef a,
                                  LLVMValueRef b) {
    LVal both[2] = {lower_val(REP_ANY, r->type, a, true), lower_val(REP_ANY, r->type, b, true)};
    LVal result, first = both[0];
    if (r->last) { // e + s: of two errors the later one
        both[0] = both[1];
        both[1] = first;
    }
    if (r->op == REDUCE_MIN || r->op == REDUCE_MAX) {
        BuiltinCall call = {.builtin = &builtins[r->op == REDUCE_MIN ? BUILTIN_min : BUILTIN_max],
                            .args = both,
                            .count = 2,
                            .type = r->type};
        result = lower_builtin(cx, call);
    } else {
        result = lower_operation(cx, operator_of(r->op), both[0], both[1], r->type, (Span){0, 0});
    }
    result = lower_own(cx, lower_convert(cx, result, REP_ANY));
    lower_release_all(cx, both, 2);
    return result.v;
}

static LLVMValueRef combine(LowerCtx *cx, const Reduction *r, LLVMValueRef a, LLVMValueRef b) {
    bool integer = r->rep == REP_I64;
    if (r->rep == REP_ANY) return combine_words(cx, r, a, b);
    LVal x = lower_val(r->rep, r->type, a, false), y = lower_val(r->rep, r->type, b, false);
    switch (r->op) {
    case REDUCE_ADD:
    case REDUCE_SUB:
        return integer ? LLVMBuildAdd(cx->builder, a, b, "") : LLVMBuildFAdd(cx->builder, a, b, "");
    case REDUCE_MUL:
        return integer ? LLVMBuildMul(cx->builder, a, b, "") : LLVMBuildFMul(cx->builder, a, b, "");
    case REDUCE_MIN:
    case REDUCE_MAX: return combine_extreme(cx, r, a, b);
    case REDUCE_AND:
    case REDUCE_OR: return combine_truth(cx, r, a, b);
    case REDUCE_BAND:
    case REDUCE_BOR:
    case REDUCE_BXOR:
        x = lower_operation(cx, operator_of(r->op), x, y, r->type, (Span){0, 0});
        return lower_convert(cx, x, r->rep).v;
    }
    UNREACHABLE("a reduction has an operator");
}

static bool is_extreme(const Reduction *r) {
    return r->op == REDUCE_MIN || r->op == REDUCE_MAX;
}

// Results of blocks that turn out not to be wanted, and may be errors, are released.
static bool may_drop(const Par *par, const Reduction *r) {
    return par->loop->left && r->rep == REP_ANY;
}

// False: the variable is no reduction of numbers (lower_keep.c).
static bool is_reduced(LowerCtx *cx, const ParVariable *variable, Reduction *r) {
    if (variable->use != PAR_REDUCE) return false;
    SymSlot *slot = lower_slot(cx, variable->symbol);
    if (!par_is_summed(slot->type)) return false;
    bool truth = variable->op == REDUCE_AND || variable->op == REDUCE_OR;
    bool sum =
        variable->op == REDUCE_ADD || variable->op == REDUCE_SUB || variable->op == REDUCE_MUL;
    *r = (Reduction){.symbol = variable->symbol,
                     .op = variable->op,
                     .rep = truth ? REP_F64 : slot->rep,
                     .outer = slot->rep,
                     .type = slot->type,
                     .last = !variable->first,
                     .laned = sum && slot->rep == REP_F64};
    r->exact = !r->laned && (r->rep == REP_I64 || truth || is_extreme(r)) && r->rep != REP_ANY;
    return true;
}

static void make_partials(LowerCtx *cx, const Par *par, Reduction *r) {
    r->partials = lower_words_alloca(cx, RT_PAR_MAX_BLOCKS, "partials");
    bool may_lose = cx->fs->gives_up && r->rep == REP_ANY;
    if (may_lose || may_drop(par, r))
        LLVMBuildMemSet(cx->builder, r->partials, LLVMConstInt(cx->i8, 0, 0),
                        lower_i64(cx, RT_PAR_MAX_BLOCKS * 8), 8);
    if (may_lose) r->root = lower_root_of(cx, r->partials, RT_ROOT_WORDS);
}

void lower_reductions_find(LowerCtx *cx, Par *par) {
    for (uint32_t i = 0; i < par->plan->captures.len; i++) {
        Reduction r;
        if (!is_reduced(cx, &par->plan->captures.items[i], &r)) continue;
        make_partials(cx, par, &r);
        vec_push(cx->arena, &par->reductions, r);
    }
}

// --- who has results for what --------------------------------------------------------------------

// Exact ones have one for each run of blocks that the runtime hands out. `runs` tells where the next begins.
void lower_reductions_decide(LowerCtx *cx, Par *par) {
    bool exact = false, all = lower_par_walks(par);
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        const Reduction *r = &par->reductions.items[i];
        exact |= r->exact;
        all &= r->exact || r->laned;
    }
    par->by_runs = all;
    if (all && exact)
        par->runs = lower_alloca(cx, LLVMArrayType2(cx->i32, RT_PAR_MAX_BLOCKS), "runs");
}

static bool has_result(const Par *par, const Reduction *r, ReducePer per) {
    return per == (par->by_runs && r->exact ? REDUCE_PER_RUN : REDUCE_PER_BLOCK);
}

bool lower_reductions_have(const Par *par, bool laned) {
    for (uint32_t i = 0; i < par->reductions.len; i++)
        if (laned ? par->reductions.items[i].laned : par->reductions.items[i].exact) return true;
    return false;
}

int64_t lower_reductions_plain(LowerCtx *cx, const Par *par, bool loops) {
    int64_t most = INT64_MAX;
    for (uint32_t i = 0; i < par->plan->captures.len; i++) {
        const ParVariable *variable = &par->plan->captures.items[i];
        Reduction r;
        if (!is_reduced(cx, variable, &r) || r.exact) continue;
        if (loops || variable->updates.len > 1) return 0; // (s + a) + b and s + (a + b) differ
        most = RT_PAR_MAX_BLOCKS;
    }
    return most;
}

// --- in the body ---------------------------------------------------------------------------------

static LLVMValueRef word_at(LowerCtx *cx, LLVMValueRef words, LLVMValueRef at) {
    return LLVMBuildInBoundsGEP2(cx->builder, cx->i64, words, &at, 1, "");
}

void lower_reductions_start(LowerCtx *cx, Par *par) {
    if (par->runs) par->runs_inside = lower_import(cx, par->runs);
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        Reduction *r = &par->reductions.items[i];
        r->inside = lower_import(cx, r->partials);
        const char *name = r->symbol->name->text;
        r->local = r->rep == REP_ANY ? lower_variable(cx, REP_ANY, name)
                                     : lower_words_alloca(cx, r->laned ? LANES : 1, name);
        if (r->laned) r->value = lower_words_alloca(cx, 1, name);
        SymSlot *slot = &cx->fs->slots[r->symbol->index];
        Type type = r->rep == r->outer ? r->type : type_number();
        *slot = (SymSlot){.at = r->local, .rep = r->rep, .type = type};
    }
}

void lower_reductions_reset(LowerCtx *cx, Par *par, ReducePer per) {
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        Reduction *r = &par->reductions.items[i];
        if (!has_result(par, r, per)) continue;
        for (int64_t k = 0; k < (r->laned ? LANES : 1); k++)
            LLVMBuildStore(cx->builder, identity(cx, r), lower_field(cx, r->local, 8 * k));
    }
}

void lower_reductions_lane(LowerCtx *cx, Par *par, LLVMValueRef lane) {
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        Reduction *r = &par->reductions.items[i];
        if (!r->laned) continue;
        if (par->valued) LLVMBuildStore(cx->builder, identity(cx, r), r->value);
        cx->fs->slots[r->symbol->index].at = par->valued ? r->value : word_at(cx, r->local, lane);
    }
}

// ((0+1)+(2+3))+((4+5)+(6+7)), of the first lanes: the others are neutral.
static LLVMValueRef join_some(LowerCtx *cx, const Reduction *r, LLVMValueRef *lanes,
                              int64_t count) {
    for (int64_t step = 1; step < count; step *= 2)
        for (int64_t i = 0; i + step < count; i += 2 * step)
            lanes[i] = combine(cx, r, lanes[i], lanes[i + step]);
    return lanes[0];
}

static LLVMValueRef join_lanes(LowerCtx *cx, const Reduction *r) {
    LLVMValueRef lanes[LANES];
    for (int64_t i = 0; i < LANES; i++)
        lanes[i] = LLVMBuildLoad2(cx->builder, cx->f64, lower_field(cx, r->local, 8 * i), "");
    return join_some(cx, r, lanes, LANES);
}

void lower_reductions_add(LowerCtx *cx, Par *par, int64_t count) {
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        const Reduction *r = &par->reductions.items[i];
        if (!r->laned) continue;
        LLVMValueRef lanes[LANES];
        for (int64_t k = 0; k < count; k++)
            lanes[k] = LLVMBuildLoad2(cx->builder, cx->f64, r->values[k], "");
        LLVMValueRef old = LLVMBuildLoad2(cx->builder, cx->f64, r->total, "");
        LLVMBuildStore(cx->builder, combine(cx, r, old, join_some(cx, r, lanes, count)), r->total);
    }
}

// The block behind a run whose iterations end at `end`, which is where a block begins.
static LLVMValueRef block_behind(LowerCtx *cx, LLVMValueRef count, LLVMValueRef end) {
    LLVMValueRef most = lower_i64(cx, RT_PAR_MAX_BLOCKS), one = lower_i64(cx, 1);
    LLVMValueRef is_few = LLVMBuildICmp(cx->builder, LLVMIntSLE, count, most, "");
    LLVMValueRef by = LLVMBuildSelect(cx->builder, is_few, one, count, "");
    LLVMValueRef part = LLVMBuildMul(cx->builder, end, most, ""); // at most 2^63
    part = LLVMBuildAdd(cx->builder, part, LLVMBuildSub(cx->builder, count, one, ""), "");
    LLVMValueRef many = LLVMBuildUDiv(cx->builder, part, by, ""); // rounded up
    return LLVMBuildSelect(cx->builder, is_few, end, many, "behind");
}

// Of values of iterations there is one run, which has no number.
void lower_reductions_finish(LowerCtx *cx, Par *par, ReducePer per) {
    LLVMValueRef block = par->block;
    if (per == REDUCE_PER_RUN && par->runs_inside) {
        LLVMValueRef two[] = {block, lower_i64(cx, 0)};
        block = lower_intrinsic(cx, "llvm.smax", cx->i64, two, 2);
        LLVMValueRef behind = block_behind(cx, par->frame.total, par->end);
        LLVMBuildStore(
            cx->builder, LLVMBuildTrunc(cx->builder, behind, cx->i32, ""),
            LLVMBuildInBoundsGEP2(cx->builder, cx->i32, par->runs_inside, &block, 1, ""));
    }
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        Reduction *r = &par->reductions.items[i];
        if (!has_result(par, r, per)) continue;
        LLVMValueRef v = r->laned
                             ? join_lanes(cx, r)
                             : LLVMBuildLoad2(cx->builder, lower_type(cx, r->rep), r->local, "");
        if (lower_needs_root(cx, r->rep)) lower_empty_root(cx, r->local);
        LLVMBuildStore(cx->builder, v, word_at(cx, r->inside, block));
    }
}

void lower_reductions_value(LowerCtx *cx, Par *par, int64_t lane) {
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        Reduction *r = &par->reductions.items[i];
        if (r->laned) r->value = r->values[lane] = lower_words_alloca(cx, 1, "value");
    }
}

void lower_reductions_total(LowerCtx *cx, Par *par, bool begins) {
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        Reduction *r = &par->reductions.items[i];
        if (!r->laned) continue;
        if (begins) r->total = lower_words_alloca(cx, 1, "total");
        LLVMValueRef from = begins ? r->inside : r->total, to = begins ? r->total : r->inside;
        LLVMBuildStore(cx->builder, LLVMBuildLoad2(cx->builder, cx->f64, from, ""), to);
    }
}

void lower_reductions_put(LowerCtx *cx, Par *par, LLVMValueRef at) {
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        const Reduction *r = &par->reductions.items[i];
        if (!r->laned) continue;
        LLVMValueRef v = LLVMBuildLoad2(cx->builder, cx->f64, r->value, "");
        LLVMBuildStore(cx->builder, v, word_at(cx, r->place, at));
    }
}

void lower_reductions_join(LowerCtx *cx, Par *par, LLVMValueRef block, LLVMValueRef end) {
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        const Reduction *r = &par->reductions.items[i];
        if (!r->laned) continue;
        LLVMValueRef results = word_at(cx, r->inside, block), count = par->frame.total;
        if (r->op == REDUCE_MUL)
            RT(cx, rt_par_lanes_product, r->place, results, block, end, count);
        else
            RT(cx, rt_par_lanes_sum, r->place, results, block, end, count);
    }
}

// --- after the loop ------------------------------------------------------------------------------

static void combine_one(LowerCtx *cx, const Reduction *r, LLVMValueRef at) {
    SymSlot *slot = lower_slot(cx, r->symbol);
    LLVMValueRef part =
        LLVMBuildLoad2(cx->builder, lower_type(cx, r->rep), word_at(cx, r->partials, at), "");
    LLVMValueRef old = LLVMBuildLoad2(cx->builder, lower_type(cx, r->outer), slot->at, "");
    LLVMBuildStore(cx->builder, combine(cx, r, old, part), slot->at);
}

static void combine_per(LowerCtx *cx, const Par *par, LLVMValueRef at, ReducePer per) {
    for (uint32_t i = 0; i < par->reductions.len; i++)
        if (has_result(par, &par->reductions.items[i], per))
            combine_one(cx, &par->reductions.items[i], at);
}

static void combine_block(LowerCtx *cx, Par *par, LLVMValueRef block, LLVMValueRef extra) {
    (void)extra;
    combine_per(cx, par, block, REDUCE_PER_BLOCK);
}

static void combine_runs(LowerCtx *cx, const Par *par, LLVMValueRef blocks) {
    LLVMValueRef at = lower_alloca(cx, cx->i64, "run");
    LLVMBuildStore(cx->builder, lower_i64(cx, 0), at);
    LLVMBasicBlockRef head = lower_block_new(cx, "runs"), each = lower_block_new(cx, "run");
    LLVMBasicBlockRef end = lower_block_new(cx, "runs.end");
    lower_go(cx, head);
    LLVMValueRef block = LLVMBuildLoad2(cx->builder, cx->i64, at, "");
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSLT, block, blocks, ""), each, end);
    lower_at(cx, each);
    combine_per(cx, par, block, REDUCE_PER_RUN);
    LLVMValueRef next = LLVMBuildInBoundsGEP2(cx->builder, cx->i32, par->runs, &block, 1, "");
    next = LLVMBuildLoad2(cx->builder, cx->i32, next, "");
    LLVMBuildStore(cx->builder, LLVMBuildZExt(cx->builder, next, cx->i64, ""), at);
    LLVMBuildBr(cx->builder, head);
    lower_at(cx, end);
}

static void drop_block(LowerCtx *cx, Par *par, LLVMValueRef block, LLVMValueRef extra) {
    (void)extra;
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        const Reduction *r = &par->reductions.items[i];
        if (!may_drop(par, r)) continue;
        LLVMValueRef word =
            LLVMBuildLoad2(cx->builder, cx->i64, word_at(cx, r->partials, block), "");
        lower_drop(cx, lower_val(REP_ANY, r->type, word, true));
    }
}

void lower_reductions_combine(LowerCtx *cx, Par *par, LLVMValueRef blocks) {
    if (!par->reductions.len) return;
    bool drops = false;
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        lower_empty_root(cx, par->reductions.items[i].root);
        drops |= may_drop(par, &par->reductions.items[i]);
    }
    if (par->runs) combine_runs(cx, par, blocks);
    if (!par->by_runs || lower_reductions_have(par, true))
        lower_par_count(cx, par, lower_i64(cx, 0), blocks, 1, combine_block, NULL, NULL);
    if (drops)
        lower_par_count(cx, par, blocks, lower_i64(cx, RT_PAR_MAX_BLOCKS), 1, drop_block, NULL,
                        NULL);
}

void lower_reductions_hand(LowerCtx *cx, Par *par, bool in) {
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        const Reduction *r = &par->reductions.items[i];
        LLVMValueRef at = r->laned ? lower_slot(cx, r->symbol)->at : NULL;
        if (!in && !r->laned) combine_one(cx, r, lower_i64(cx, 0));
        if (!r->laned) continue;
        LLVMValueRef from = in ? at : r->partials, to = in ? r->partials : at;
        LLVMBuildStore(cx->builder, LLVMBuildLoad2(cx->builder, cx->f64, from, ""), to);
    }
}
