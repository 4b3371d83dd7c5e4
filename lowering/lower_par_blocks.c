// lower_par_blocks.c: the iterations of a run of blocks, inside the body of a parallel loop: what an
// iteration binds, and how results of reductions go from iterations to blocks (parallel.md 3).
//
// Reductions whose result is the same in whatever order are made over the whole run. Sums and products of
// doubles are made block by block, in lanes: where blocks have eight iterations or more, these go eight at a
// time; where they have fewer, lane k of a block is its iteration k, so that a loop without blocks gives the
// value of each iteration, and the runtime joins them (rt_par_lanes).
#include "lower_par.h"
#include "../rt/rt_layout.h"

void lower_par_count(LowerCtx *cx, Par *par, LLVMValueRef from, LLVMValueRef to, int64_t step,
                     ParCount *fill, LLVMValueRef extra, LLVMValueRef after) {
    LLVMValueRef at = lower_alloca(cx, cx->i64, "at");
    LLVMBuildStore(cx->builder, from, at);
    LLVMBasicBlockRef head = lower_block_new(cx, "run"), body = lower_block_new(cx, "run.body");
    LLVMBasicBlockRef end = lower_block_new(cx, "run.end");
    lower_go(cx, head);
    LLVMValueRef i = LLVMBuildLoad2(cx->builder, cx->i64, at, "k");
    LLVMValueRef reach =
        step == 1 ? i : LLVMBuildNSWAdd(cx->builder, i, lower_i64(cx, step - 1), "");
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSLT, reach, to, ""), body, end);
    lower_at(cx, body);
    fill(cx, par, i, extra);
    LLVMBuildStore(cx->builder, LLVMBuildNSWAdd(cx->builder, i, lower_i64(cx, step), ""), at);
    LLVMBuildBr(cx->builder, head);
    lower_at(cx, end);
    if (after) LLVMBuildStore(cx->builder, LLVMBuildLoad2(cx->builder, cx->i64, at, ""), after);
}

// The k-th code point of the text that the loop goes over, as the list would have it.
static LLVMValueRef load_point(LowerCtx *cx, const Par *par, LLVMValueRef k, Type element) {
    LLVMBasicBlockRef byte = lower_block_new(cx, "byte"), point = lower_block_new(cx, "point");
    LLVMBasicBlockRef on = lower_block_new(cx, "on");
    lower_branch(cx, LLVMBuildIsNotNull(cx->builder, par->ascii_inside, ""), byte, point);
    lower_at(cx, byte);
    LLVMValueRef bytes = lower_field(cx, par->text_inside, 32);
    LLVMValueRef at = LLVMBuildInBoundsGEP2(cx->builder, cx->i8, bytes, &k, 1, "");
    LLVMValueRef loaded[] = {LLVMBuildLoad2(cx->builder, cx->i8, at, ""), NULL};
    loaded[0] = LLVMBuildUIToFP(cx->builder, loaded[0], cx->f64, "");
    if (lower_element_llvm(cx, element) == cx->i64)
        loaded[0] = LLVMBuildBitCast(cx->builder, loaded[0], cx->i64, "");
    LLVMBuildBr(cx->builder, on);
    lower_at(cx, point);
    loaded[1] = lower_element_load(cx, lower_data(cx, par->list_inside), k, element);
    lower_go(cx, on);
    LLVMValueRef phi = LLVMBuildPhi(cx->builder, LLVMTypeOf(loaded[1]), "");
    LLVMBasicBlockRef from[] = {byte, point};
    LLVMAddIncoming(phi, loaded, from, 2);
    return phi;
}

static void bind_element(LowerCtx *cx, const Par *par, Symbol *symbol, LVal list,
                         LLVMValueRef inside, LLVMValueRef k) {
    if (!symbol) return;
    Type element = type_element(list.type);
    LLVMValueRef loaded = par->ascii_inside
                              ? load_point(cx, par, k, element)
                              : lower_element_load(cx, lower_data(cx, inside), k, element);
    LVal item = lower_element_val(cx, loaded, element);
    if (symbol->rebound_by_loop)
        lower_define(cx, symbol, item);
    else
        lower_alias(cx, symbol, lower_as(cx, item, cx->fs->instance->symbol_types[symbol->index]));
}

Symbol *lower_loop_symbol(const LoopNode *loop, uint32_t i) {
    return i < loop->symbols.len ? loop->symbols.items[i] : NULL;
}

static void bind_variable(LowerCtx *cx, Par *par, LLVMValueRef k) {
    LoopNode *loop = par->loop;
    Symbol *symbol = lower_loop_symbol(loop, 0);
    if (symbol && loop->kind == LOOP_RANGE)
        lower_alias(cx, symbol, lower_val(REP_I64, type_integer(-0x1p53, 0x1p53), k, false));
    if (loop->kind == LOOP_RANGE) return;
    bind_element(cx, par, symbol, par->list, par->list_inside, k);
    if (par->values.v)
        bind_element(cx, par, lower_loop_symbol(loop, 1), par->values, par->values_inside, k);
}

// What the code of a run counts: values of a range's variable, positions in a list.
static LLVMValueRef counted(LowerCtx *cx, const Par *par, LLVMValueRef iteration) {
    if (par->loop->kind != LOOP_RANGE) return iteration;
    return LLVMBuildNSWAdd(cx->builder, par->frame.first, iteration, "");
}

static void iteration(LowerCtx *cx, Par *par, LLVMValueRef k, LLVMValueRef lane) {
    LoopFrame *frame = &par->frame;
    if (!lane) { // k counts from the block's beginning
        LLVMValueRef done = LLVMBuildNSWSub(cx->builder, k, counted(cx, par, par->begin), "");
        lane = LLVMBuildAnd(cx->builder, done, lower_i64(cx, LANES - 1), "lane");
    }
    lower_reductions_lane(cx, par, lane);
    if (par->loop->left) lower_look(cx);
    LLVMBuildStore(cx->builder, k, frame->index);
    frame->next = lower_block_new(cx, "next");
    frame->end = frame->next; // jumps out of the loop are lower_exit()'s
    frame->cleanups = lower_scope(cx);
    cx->fs->loop = frame;
    lower_streams_next(cx, frame);
    bind_variable(cx, par, k);
    lower_effect(cx, par->loop->body);
    lower_scope_end(cx, frame->cleanups);
    lower_go(cx, frame->next);
    lower_kept_bound(cx, par);
    cx->fs->loop = frame->outer;
}

static void iteration_in_lane(LowerCtx *cx, Par *par, LLVMValueRef lane, LLVMValueRef base) {
    iteration(cx, par, LLVMBuildNSWAdd(cx->builder, base, lane, "k"), lane);
}

static void eight_iterations(LowerCtx *cx, Par *par, LLVMValueRef base, LLVMValueRef extra) {
    (void)extra;
    lower_par_count(cx, par, lower_i64(cx, 0), lower_i64(cx, LANES), 1, iteration_in_lane, base,
                    NULL);
}

// The last iterations of a block, fewer than there are lanes, each with a lane that is known.
static void last_iterations(LowerCtx *cx, Par *par, LLVMValueRef from, LLVMValueRef to) {
    LLVMBasicBlockRef end = lower_block_new(cx, "rest.end");
    for (int64_t lane = 0; lane < LANES - 1; lane++) {
        LLVMValueRef k = LLVMBuildNSWAdd(cx->builder, from, lower_i64(cx, lane), "k");
        LLVMBasicBlockRef on = lower_block_new(cx, "rest");
        lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSLT, k, to, ""), on, end);
        lower_at(cx, on);
        iteration(cx, par, k, lower_i64(cx, lane));
    }
    lower_go(cx, end);
}

// Small bodies that sum doubles run eight iterations at a time, so that lanes become registers; and so do those that
// change elements here and there, since a branch back for each takes as long as the change.
static void all_iterations(LowerCtx *cx, Par *par) {
    bool laned = lower_reductions_have(par, true);
    LLVMValueRef from = counted(cx, par, par->begin), to = counted(cx, par, par->end);
    bool in_place = !par->reductions.len && !par->kept.len && !par->loop->left;
    if (in_place && par->loop->kind == LOOP_RANGE) from = lower_strips(cx, par->node, from, to);
    if (!(laned || par->now) || par->loop->left || !lower_par_is_small(par->loop->body)) {
        lower_par_count(cx, par, from, to, 1, iteration, NULL, NULL);
        return;
    }
    LLVMValueRef after = lower_alloca(cx, cx->i64, "rest");
    lower_par_count(cx, par, from, to, LANES, eight_iterations, NULL, after);
    from = LLVMBuildLoad2(cx->builder, cx->i64, after, "");
    if (laned)
        last_iterations(cx, par, from, to);
    else
        lower_par_count(cx, par, from, to, 1, iteration, NULL, NULL);
}

// Blocks matter to nobody but the reductions: the body goes from block to block by itself,
// since a call for each would cost more than blocks of a few iterations do.
bool lower_par_walks(const Par *par) {
    return par->reductions.len && !par->loop->left && !par->loop->max && !par->kept.len &&
           !(par->plan->effects & (EFFECT_OUTPUT | EFFECT_WAIT));
}

// Where the block after `block` begins (parallel.md 3): of at most RT_PAR_MAX_BLOCKS iterations each
// is a block, else it is a power of two that their number is divided by.
static LLVMValueRef block_end(LowerCtx *cx, LLVMValueRef count, LLVMValueRef block,
                              LLVMValueRef from) {
    _Static_assert((RT_PAR_MAX_BLOCKS & (RT_PAR_MAX_BLOCKS - 1)) == 0, "a power of two");
    LLVMValueRef one = lower_i64(cx, 1), most = lower_i64(cx, RT_PAR_MAX_BLOCKS);
    LLVMValueRef next = LLVMBuildAdd(cx->builder, block, one, "");
    LLVMValueRef part = LLVMBuildMul(cx->builder, next, count, ""); // below 2^63
    LLVMValueRef many = LLVMBuildUDiv(cx->builder, part, most, "");
    LLVMValueRef few = LLVMBuildAdd(cx->builder, from, one, "");
    LLVMValueRef is_few = LLVMBuildICmp(cx->builder, LLVMIntSLE, count, most, "");
    return LLVMBuildSelect(cx->builder, is_few, few, many, "to");
}

LLVMValueRef lower_smaller(LowerCtx *cx, LLVMValueRef a, LLVMValueRef b) {
    LLVMValueRef two[] = {a, b};
    return lower_intrinsic(cx, "llvm.smin", cx->i64, two, 2);
}

// --- blocks of fewer iterations than there are lanes ----------------------------------------------

enum { VALUES = 256 }; // of iterations, kept in the body's frame

LLVMValueRef lower_par_fitting(LowerCtx *cx, LLVMValueRef count, int64_t most) {
    LLVMValueRef all =
        lower_i64(cx, (most - 2) * RT_PAR_MAX_BLOCKS); // c blocks: c * count / 1024 + 1
    LLVMValueRef two[] = {count, lower_i64(cx, 1)};
    return LLVMBuildUDiv(cx->builder, all, lower_intrinsic(cx, "llvm.smax", cx->i64, two, 2), "");
}

LLVMValueRef lower_par_begin(LowerCtx *cx, LLVMValueRef count, LLVMValueRef block) {
    LLVMValueRef part = LLVMBuildMul(cx->builder, block, count, "");
    return LLVMBuildUDiv(cx->builder, part, lower_i64(cx, RT_PAR_MAX_BLOCKS), "");
}

// The place of the k-th value: at once where blocks have their results, if each has one iteration, else in a
// buffer.
static void find_places(LowerCtx *cx, Par *par, LLVMValueRef at_once) {
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        Reduction *r = &par->reductions.items[i];
        if (!r->laned) continue;
        LLVMValueRef direct =
            LLVMBuildInBoundsGEP2(cx->builder, cx->i64, r->inside, &par->block, 1, "");
        LLVMValueRef buffer = lower_words_alloca(cx, VALUES, "values");
        r->place = LLVMBuildSelect(cx->builder, at_once, direct, buffer, "place");
    }
}

static void one_value(LowerCtx *cx, Par *par, LLVMValueRef k, LLVMValueRef first) {
    iteration(cx, par, k, lower_i64(cx, 0));
    lower_reductions_put(cx, par, LLVMBuildNSWSub(cx->builder, k, first, ""));
}

// The values of all iterations, as many at a time as the buffer holds, and the blocks' results made of them.
static void short_blocks(LowerCtx *cx, Par *par) {
    LLVMValueRef count = par->frame.total;
    LLVMValueRef at_once =
        LLVMBuildICmp(cx->builder, LLVMIntSLE, count, lower_i64(cx, RT_PAR_MAX_BLOCKS), "at.once");
    LLVMValueRef step = lower_par_fitting(cx, count, VALUES);
    find_places(cx, par, at_once);
    LLVMValueRef from = lower_alloca(cx, cx->i64, "from"), at = lower_alloca(cx, cx->i64, "block");
    LLVMBuildStore(cx->builder, par->begin, from);
    LLVMBuildStore(cx->builder, par->block, at);
    LLVMBasicBlockRef head = lower_block_new(cx, "parts"), each = lower_block_new(cx, "part");
    LLVMBasicBlockRef join = lower_block_new(cx, "part.join"),
                      end = lower_block_new(cx, "parts.end");
    lower_go(cx, head);
    LLVMValueRef first = LLVMBuildLoad2(cx->builder, cx->i64, from, "");
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSLT, first, par->end, ""), each, end);
    lower_at(cx, each);
    LLVMValueRef block = LLVMBuildLoad2(cx->builder, cx->i64, at, "");
    LLVMValueRef next = LLVMBuildAdd(cx->builder, block, step, "");
    LLVMValueRef until = lower_smaller(cx, lower_par_begin(cx, count, next), par->end);
    until = LLVMBuildSelect(cx->builder, at_once, par->end, until, "until");
    LLVMValueRef start = counted(cx, par, first);
    par->valued = true;
    lower_par_count(cx, par, start, counted(cx, par, until), 1, one_value, start, NULL);
    par->valued = false;
    lower_branch(cx, at_once, end, join);
    lower_at(cx, join);
    lower_reductions_join(cx, par, block, until);
    LLVMBuildStore(cx->builder, until, from);
    LLVMBuildStore(cx->builder, next, at);
    LLVMBuildBr(cx->builder, head);
    lower_at(cx, end);
}

// --- from block to block --------------------------------------------------------------------------

static void each_block(LowerCtx *cx, Par *par) {
    LLVMValueRef begin = par->begin, end = par->end, first = par->block;
    LLVMValueRef from = lower_alloca(cx, cx->i64, "from"), at = lower_alloca(cx, cx->i64, "block");
    LLVMBuildStore(cx->builder, begin, from);
    LLVMBuildStore(cx->builder, first, at);
    LLVMBasicBlockRef head = lower_block_new(cx, "blocks"), each = lower_block_new(cx, "block");
    LLVMBasicBlockRef done = lower_block_new(cx, "blocks.end");
    lower_go(cx, head);
    par->begin = LLVMBuildLoad2(cx->builder, cx->i64, from, "");
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSLT, par->begin, end, ""), each, done);
    lower_at(cx, each);
    par->block = LLVMBuildLoad2(cx->builder, cx->i64, at, "");
    par->end = block_end(cx, par->frame.total, par->block, par->begin);
    lower_reductions_reset(cx, par, REDUCE_PER_BLOCK);
    all_iterations(cx, par);
    lower_reductions_finish(cx, par, REDUCE_PER_BLOCK);
    LLVMBuildStore(cx->builder, par->end, from);
    LLVMBuildStore(cx->builder, LLVMBuildAdd(cx->builder, par->block, lower_i64(cx, 1), ""), at);
    LLVMBuildBr(cx->builder, head);
    lower_at(cx, done);
    par->begin = begin;
    par->end = end;
    par->block = first;
}

// --- all blocks in their order --------------------------------------------------------------------

int64_t lower_par_alone(const Par *par) {
    int64_t most = lower_par_is_small(par->loop->body) ? LANES : 2;
    bool can = par->by_runs && lower_reductions_have(par, true);
    return can ? most * RT_PAR_MAX_BLOCKS : 0;
}

// A block of at most `most` iterations, as straight code with an exit behind each: lane k is iteration k, a value
// of its own that stays in a register. What is missing is neutral.
static void straight_block(LowerCtx *cx, Par *par, LLVMValueRef from, LLVMValueRef end,
                           int64_t most, LLVMBasicBlockRef next) {
    for (int64_t k = 0; k < most; k++) {
        LLVMValueRef at = LLVMBuildNSWAdd(cx->builder, from, lower_i64(cx, k), "k");
        lower_reductions_value(cx, par, k);
        iteration(cx, par, counted(cx, par, at), lower_i64(cx, 0));
        LLVMBasicBlockRef join = lower_block_new(cx, "join"), more = NULL;
        if (k + 1 < most) {
            more = lower_block_new(cx, "more");
            LLVMValueRef behind = LLVMBuildNSWAdd(cx->builder, at, lower_i64(cx, 1), "");
            lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSLT, behind, end, ""), more, join);
        } else {
            LLVMBuildBr(cx->builder, join);
        }
        lower_at(cx, join);
        lower_reductions_add(cx, par, k + 1);
        LLVMBuildBr(cx->builder, next);
        if (more) lower_at(cx, more);
    }
}

// The caller runs the loop alone: blocks' results go to the sums at once, which a loop without the prefix does
// just so. Block b ends at (b + 1) * count / 1024, or behind its one iteration.
static void blocks_in_order(LowerCtx *cx, Par *par) {
    int64_t most = lower_par_alone(par) / RT_PAR_MAX_BLOCKS;
    LLVMValueRef two[] = {par->frame.total, lower_i64(cx, RT_PAR_MAX_BLOCKS)};
    LLVMValueRef step = lower_intrinsic(cx, "llvm.smax", cx->i64, two, 2);
    LLVMValueRef from = lower_alloca(cx, cx->i64, "from"), at = lower_alloca(cx, cx->i64, "place");
    LLVMBuildStore(cx->builder, lower_i64(cx, 0), from);
    LLVMBuildStore(cx->builder, lower_i64(cx, 0), at);
    lower_reductions_total(cx, par, true);
    LLVMBasicBlockRef head = lower_block_new(cx, "blocks"), each = lower_block_new(cx, "block");
    LLVMBasicBlockRef next = lower_block_new(cx, "next"), done = lower_block_new(cx, "blocks.end");
    lower_go(cx, head);
    LLVMValueRef begin = LLVMBuildLoad2(cx->builder, cx->i64, from, "");
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSLT, begin, par->end, ""), each, done);
    lower_at(cx, each);
    LLVMValueRef place = LLVMBuildLoad2(cx->builder, cx->i64, at, "");
    place = LLVMBuildNSWAdd(cx->builder, place, step, "");
    LLVMBuildStore(cx->builder, place, at);
    LLVMValueRef end = LLVMBuildUDiv(cx->builder, place, lower_i64(cx, RT_PAR_MAX_BLOCKS), "end");
    par->valued = true;
    straight_block(cx, par, begin, end, most, next);
    par->valued = false;
    lower_at(cx, next);
    LLVMBuildStore(cx->builder, end, from);
    LLVMBuildBr(cx->builder, head);
    lower_at(cx, done);
    lower_reductions_total(cx, par, false);
}

// As one of several runs of blocks.
static void run_of_blocks(LowerCtx *cx, Par *par) {
    if (!lower_par_is_small(par->loop->body)) {
        each_block(cx, par);
        return;
    }
    LLVMBasicBlockRef few = lower_block_new(cx, "short"), many = lower_block_new(cx, "long");
    LLVMBasicBlockRef end = lower_block_new(cx, "blocks.end");
    LLVMValueRef least = lower_i64(cx, (int64_t)LANES * RT_PAR_MAX_BLOCKS);
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSLT, par->frame.total, least, ""), few,
                 many);
    lower_at(cx, few);
    short_blocks(cx, par);
    LLVMBuildBr(cx->builder, end);
    lower_at(cx, many);
    each_block(cx, par);
    lower_go(cx, end);
}

void lower_par_blocks(LowerCtx *cx, Par *par) {
    bool laned = lower_reductions_have(par, true);
    if (!lower_par_walks(par) || (par->by_runs && !laned)) {
        all_iterations(cx, par);
        return;
    }
    if (!par->by_runs) {
        each_block(cx, par);
        return;
    }
    LLVMBasicBlockRef alone = lower_block_new(cx, "alone"), run = lower_block_new(cx, "a.run");
    LLVMBasicBlockRef end = lower_block_new(cx, "all.blocks");
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSLT, par->block, lower_i64(cx, 0), ""),
                 alone, run);
    lower_at(cx, alone);
    blocks_in_order(cx, par);
    LLVMBuildBr(cx->builder, end);
    lower_at(cx, run);
    run_of_blocks(cx, par);
    lower_go(cx, end);
}
