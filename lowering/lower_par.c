// lower_par.c: parallel loops. The body becomes a function `<function>.par.<n>` over a run of
// iterations [begin, end), with a record of what it captures; the loop itself fills the record and
// calls the runtime (parallel.md 2 and 3).
//
// The record: the loop's first index, its count, then one word per capture, in the order in which
// the body first mentions them. What it holds is borrowed for the loop. Reductions go through one
// partial result per block, combined in block order, so that they do not depend on the number of
// threads.
#include "lower_internal.h"
#include "../rt/rt_layout.h"
#include <math.h>

enum { LANES = 8, SMALL_BODY = 60 };

typedef struct Reduction {
    Symbol *symbol;
    ReduceOp op;
    Rep rep;
    Type type;
    bool laned;            // sums and products of doubles
    LLVMValueRef partials; // array in the function that the loop stands in
    LLVMValueRef inside;   // the same, in the body
    LLVMValueRef local;    // the block's result so far: one value, or LANES of them
} Reduction;

typedef struct Par {
    Node *node;
    LoopNode *loop;
    ParPlan *plan;
    LLVMValueRef low, count; // i64
    LVal list;               // of a loop over a list
    LLVMValueRef list_inside;
    VEC(Reduction) reductions;
    LoopFrame frame;
    LLVMValueRef function, begin, end, block;
} Par;

LLVMValueRef lower_import(LowerCtx *cx, LLVMValueRef value) {
    FuncState *fs = cx->fs;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    LLVMPositionBuilderBefore(cx->builder, fs->entry_end);
    LLVMValueRef from = lower_field(cx, fs->record, 16 + 8 * (int64_t)fs->imports.len);
    LLVMValueRef loaded = LLVMBuildLoad2(cx->builder, LLVMTypeOf(value), from, "");
    LLVMPositionBuilderAtEnd(cx->builder, here);
    ParImport import = {.value = value};
    vec_push(cx->arena, &fs->imports, import);
    return loaded;
}

// --- costs
// ----------------------------------------------------------------------------------------

typedef struct Cost {
    uint64_t count;
    bool loops;
} Cost;

static void add_cost(void *context, Node **child) {
    Cost *cost = context;
    Node *node = *child;
    if (!node || cost->count > 1000000) return;
    Cost inner = {0};
    ast_children(node, add_cost, &inner);
    bool loop = node->kind == NODE_LOOP;
    cost->count += 1 + (loop ? inner.count * 16 : inner.count) + (node->kind == NODE_CALL ? 10 : 0);
    cost->loops |= loop || inner.loops;
}

static Cost cost_of(Node *body) {
    Cost cost = {0};
    add_cost(&cost, &body);
    return cost;
}

// --- reductions
// -----------------------------------------------------------------------------------

static LLVMValueRef identity(LowerCtx *cx, const Reduction *r) {
    bool integer = r->rep == REP_I64;
    switch (r->op) {
    case REDUCE_ADD:
    case REDUCE_SUB: return integer ? lower_i64(cx, 0) : lower_f64(cx, -0.0);
    case REDUCE_MUL: return integer ? lower_i64(cx, 1) : lower_f64(cx, 1);
    case REDUCE_MIN: return integer ? lower_i64(cx, INT64_MAX) : lower_f64(cx, (double)INFINITY);
    case REDUCE_MAX: return integer ? lower_i64(cx, INT64_MIN) : lower_f64(cx, -(double)INFINITY);
    case REDUCE_AND: return integer ? lower_i64(cx, 2) : lower_f64(cx, 2); // 2: never combined yet
    case REDUCE_BAND: return integer ? lower_i64(cx, -1) : lower_f64(cx, -1);
    case REDUCE_OR:
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

// `a and b`, `a or b` of what was and a block's part; a part that nothing went into changes
// nothing.
static LLVMValueRef combine_truth(LowerCtx *cx, const Reduction *r, LLVMValueRef a,
                                  LLVMValueRef b) {
    LVal x = lower_val(r->rep, r->type, a, false), y = lower_val(r->rep, r->type, b, false);
    LLVMValueRef p = lower_truth(cx, x, (Span){0, 0}), q = lower_truth(cx, y, (Span){0, 0});
    LLVMValueRef both = r->op == REDUCE_AND ? LLVMBuildAnd(cx->builder, p, q, "")
                                            : LLVMBuildOr(cx->builder, p, q, "");
    LLVMValueRef result = lower_convert(cx, lower_bit(cx, both), r->rep).v;
    LVal none = lower_val(r->rep, r->type, identity(cx, r), false);
    return LLVMBuildSelect(cx->builder, lower_equal(cx, y, none), a, result, "");
}

static LLVMValueRef combine(LowerCtx *cx, const Reduction *r, LLVMValueRef a, LLVMValueRef b) {
    bool integer = r->rep == REP_I64;
    LVal x = lower_val(r->rep, r->type, a, false), y = lower_val(r->rep, r->type, b, false);
    BinaryOp op = r->op == REDUCE_BAND  ? BINARY_BAND
                  : r->op == REDUCE_BOR ? BINARY_BOR
                                        : BINARY_BXOR;
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
        return lower_convert(cx, lower_operation(cx, op, x, y, r->type, (Span){0, 0}), r->rep).v;
    }
    UNREACHABLE("a reduction has an operator");
}

static void find_reductions(LowerCtx *cx, Par *par) {
    for (uint32_t i = 0; i < par->plan->captures.len; i++) {
        const ParVariable *variable = &par->plan->captures.items[i];
        if (variable->use != PAR_REDUCE) continue;
        SymSlot *slot = lower_slot(cx, variable->symbol);
        if (slot->rep == REP_NONE) continue;
        CHECK(slot->rep == REP_F64 || slot->rep == REP_I64, "reductions are of numbers");
        bool sum =
            variable->op == REDUCE_ADD || variable->op == REDUCE_SUB || variable->op == REDUCE_MUL;
        Reduction r = {.symbol = variable->symbol,
                       .op = variable->op,
                       .rep = slot->rep,
                       .type = slot->type,
                       .laned = sum && slot->rep == REP_F64};
        r.partials = lower_words_alloca(cx, RT_PAR_MAX_BLOCKS, "partials");
        vec_push(cx->arena, &par->reductions, r);
    }
}

static LLVMValueRef lane_at(LowerCtx *cx, LLVMValueRef lanes, LLVMValueRef lane) {
    return LLVMBuildInBoundsGEP2(cx->builder, cx->i64, lanes, &lane, 1, "");
}

static void start_reductions(LowerCtx *cx, Par *par) {
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        Reduction *r = &par->reductions.items[i];
        r->inside = lower_import(cx, r->partials);
        r->local = lower_words_alloca(cx, r->laned ? LANES : 1, r->symbol->name->text);
        for (int64_t k = 0; k < (r->laned ? LANES : 1); k++)
            LLVMBuildStore(cx->builder, identity(cx, r), lower_field(cx, r->local, 8 * k));
        SymSlot *slot = &cx->fs->slots[r->symbol->index];
        *slot = (SymSlot){.at = r->local, .rep = r->rep, .type = r->type};
    }
}

static void choose_lanes(LowerCtx *cx, Par *par, LLVMValueRef lane) {
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        Reduction *r = &par->reductions.items[i];
        if (r->laned) cx->fs->slots[r->symbol->index].at = lane_at(cx, r->local, lane);
    }
}

// ((0+1)+(2+3))+((4+5)+(6+7))
static LLVMValueRef join_lanes(LowerCtx *cx, const Reduction *r) {
    LLVMValueRef lanes[LANES];
    for (int64_t i = 0; i < LANES; i++)
        lanes[i] = LLVMBuildLoad2(cx->builder, cx->f64, lower_field(cx, r->local, 8 * i), "");
    for (int step = 1; step < LANES; step *= 2)
        for (int i = 0; i + step < LANES; i += 2 * step)
            lanes[i] = combine(cx, r, lanes[i], lanes[i + step]);
    return lanes[0];
}

static void finish_reductions(LowerCtx *cx, Par *par) {
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        Reduction *r = &par->reductions.items[i];
        LLVMValueRef v = r->laned
                             ? join_lanes(cx, r)
                             : LLVMBuildLoad2(cx->builder, lower_type(cx, r->rep), r->local, "");
        LLVMBuildStore(cx->builder, v, lane_at(cx, r->inside, par->block));
    }
}

// --- the body
// -------------------------------------------------------------------------------------

// A loop over i64s from `from` up to `to`; the callback fills its body.
typedef void Fill(LowerCtx *cx, Par *par, LLVMValueRef i, LLVMValueRef extra);

static void count_loop(LowerCtx *cx, Par *par, LLVMValueRef from, LLVMValueRef to, int64_t step,
                       Fill *fill, LLVMValueRef extra, LLVMValueRef after) {
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

static void bind_variable(LowerCtx *cx, Par *par, LLVMValueRef k) {
    LoopNode *loop = par->loop;
    Symbol *symbol = loop->symbols.len ? loop->symbols.items[0] : NULL;
    if (!symbol) return;
    if (loop->kind == LOOP_RANGE) {
        LLVMValueRef i = LLVMBuildNSWAdd(cx->builder, par->frame.first, k, "i");
        lower_alias(cx, symbol, lower_val(REP_I64, type_integer(-0x1p53, 0x1p53), i, false));
        return;
    }
    Type element = type_element(par->list.type);
    bool numbers = element.kinds == KIND_NUMBER || element.kinds == 0;
    LLVMValueRef at =
        LLVMBuildInBoundsGEP2(cx->builder, cx->i64, lower_data(cx, par->list_inside), &k, 1, "");
    LLVMValueRef word = lower_load(cx, numbers ? cx->f64 : cx->i64, at, cx->tbaa_element, "");
    LVal item = lower_val(numbers ? REP_F64 : REP_ANY, element, word, false);
    if (symbol->rebound_by_loop)
        lower_define(cx, symbol, item);
    else
        lower_alias(cx, symbol, item);
}

static void iteration(LowerCtx *cx, Par *par, LLVMValueRef k, LLVMValueRef lane) {
    LoopFrame *frame = &par->frame;
    if (!lane) { // k counts from the block's beginning
        LLVMValueRef done = LLVMBuildNSWSub(cx->builder, k, par->begin, "");
        lane = LLVMBuildAnd(cx->builder, done, lower_i64(cx, LANES - 1), "lane");
    }
    choose_lanes(cx, par, lane);
    LLVMBuildStore(cx->builder, LLVMBuildNSWAdd(cx->builder, frame->first, k, ""), frame->index);
    frame->next = lower_block_new(cx, "next");
    frame->end = frame->next; // sema refuses jumps out of the loop
    frame->cleanups = lower_scope(cx);
    cx->fs->loop = frame;
    bind_variable(cx, par, k);
    lower_effect(cx, par->loop->body);
    lower_scope_end(cx, frame->cleanups);
    lower_go(cx, frame->next);
    cx->fs->loop = frame->outer;
}

static void iteration_in_lane(LowerCtx *cx, Par *par, LLVMValueRef lane, LLVMValueRef base) {
    iteration(cx, par, LLVMBuildNSWAdd(cx->builder, base, lane, "k"), lane);
}

static void eight_iterations(LowerCtx *cx, Par *par, LLVMValueRef base, LLVMValueRef extra) {
    (void)extra;
    count_loop(cx, par, lower_i64(cx, 0), lower_i64(cx, LANES), 1, iteration_in_lane, base, NULL);
}

// Small bodies that sum doubles run eight iterations at a time, so that lanes become registers.
static void all_iterations(LowerCtx *cx, Par *par) {
    Cost cost = cost_of(par->loop->body);
    bool laned = false;
    for (uint32_t i = 0; i < par->reductions.len; i++) laned |= par->reductions.items[i].laned;
    LLVMValueRef from = par->begin;
    if (laned && !cost.loops && cost.count < SMALL_BODY) {
        LLVMValueRef after = lower_alloca(cx, cx->i64, "rest");
        count_loop(cx, par, from, par->end, LANES, eight_iterations, NULL, after);
        from = LLVMBuildLoad2(cx->builder, cx->i64, after, "");
    }
    count_loop(cx, par, from, par->end, 1, iteration, NULL, NULL);
}

// The loops around this one, as far as @counter and its like may ask.
static void import_frames(LowerCtx *cx, FuncState *outer) {
    LoopFrame **link = &cx->fs->loop;
    for (const LoopFrame *frame = outer->loop; frame; frame = frame->outer) {
        LoopFrame *copy = ARENA_NEW(cx->arena, LoopFrame);
        copy->loop = frame->loop;
        copy->next = copy->end = NULL;
        copy->index = lower_alloca(cx, cx->i64, "outer");
        LLVMValueRef index = lower_import(cx, frame->index); // the variable itself
        copy->first = lower_import(cx, frame->first);
        if (frame->total) copy->total = lower_import(cx, frame->total);
        LLVMBuildStore(cx->builder, LLVMBuildLoad2(cx->builder, cx->i64, index, ""), copy->index);
        *link = copy;
        link = &copy->outer;
    }
}

static LLVMValueRef add_body(LowerCtx *cx, const Par *par) {
    LLVMTypeRef params[] = {cx->ptr, cx->i64, cx->i64, cx->i64};
    LLVMTypeRef type = LLVMFunctionType(cx->void_t, params, 4, 0);
    const Instance *instance = cx->fs->instance;
    const char *name =
        arena_printf(cx->arena, "flap.%s.par.%u", instance->link_name, par->plan->number);
    LLVMValueRef function = LLVMAddFunction(cx->module, name, type);
    LLVMSetLinkage(function, LLVMInternalLinkage);
    lower_fn_attr(cx, function, "nounwind", 0);
    static const char *const names[] = {"captures", "begin", "end", "block"};
    for (unsigned i = 0; i < 4; i++) LLVMSetValueName(LLVMGetParam(function, i), names[i]);
    return function;
}

static void fill_body(LowerCtx *cx, Par *par, FuncState *fs) {
    FuncState *outer = cx->fs;
    par->function = add_body(cx, par);
    lower_begin(cx, fs, outer->instance, par->function);
    fs->plan = par->plan;
    fs->shared = true;
    fs->record = LLVMGetParam(par->function, 0);
    par->begin = LLVMGetParam(par->function, 1);
    par->end = LLVMGetParam(par->function, 2);
    par->block = LLVMGetParam(par->function, 3);
    import_frames(cx, outer);
    LoopFrame *frame = &par->frame;
    *frame = (LoopFrame){.loop = par->loop, .outer = fs->loop};
    frame->index = lower_alloca(cx, cx->i64, "index");
    frame->first = LLVMBuildLoad2(cx->builder, cx->i64, fs->record, "low");
    frame->total = LLVMBuildLoad2(cx->builder, cx->i64, lower_field(cx, fs->record, 8), "count");
    if (par->list.v) par->list_inside = lower_import(cx, par->list.v);
    start_reductions(cx, par);
    Hoist hoist = lower_hoist(cx, par->loop);
    all_iterations(cx, par);
    lower_hoist_end(cx, &hoist);
    finish_reductions(cx, par);
    LLVMBuildRetVoid(cx->builder);
    lower_end(cx);
}

// --- the loop
// -------------------------------------------------------------------------------------

static void share_elements(LowerCtx *cx, const Par *par) {
    for (uint32_t i = 0; i < par->plan->captures.len; i++) {
        const ParVariable *variable = &par->plan->captures.items[i];
        if (variable->use != PAR_ELEMENT) continue;
        SymSlot *slot = lower_slot(cx, variable->symbol);
        if (slot->rep != REP_LIST || slot->hoisted_write || slot->known_unique) continue;
        LLVMValueRef list = RT(cx, rt_list_unique, lower_symbol(cx, variable->symbol).v);
        LLVMBuildStore(cx->builder, list, slot->at);
        if (type_element(slot->type).kinds != KIND_NUMBER)
            lower_store(cx, LLVMConstInt(cx->i8, RT_FLAG_BOXED, 0), lower_field(cx, list, 5),
                        cx->tbaa_header);
    }
}

static LLVMValueRef fill_record(LowerCtx *cx, const Par *par, const FuncState *fs) {
    LLVMValueRef record = lower_words_alloca(cx, 2 + fs->imports.len, "captures");
    LLVMBuildStore(cx->builder, par->low, record);
    LLVMBuildStore(cx->builder, par->count, lower_field(cx, record, 8));
    for (uint32_t i = 0; i < fs->imports.len; i++) {
        const ParImport *import = &fs->imports.items[i];
        LLVMValueRef value = import->symbol ? lower_symbol(cx, import->symbol).v : import->value;
        LLVMBuildStore(cx->builder, value, lower_field(cx, record, 16 + 8 * (int64_t)i));
    }
    return record;
}

static LLVMValueRef thread_count(LowerCtx *cx, const Par *par) {
    if (par->loop->prefix != PREFIX_COUNT) return lower_i64(cx, 0);
    Node *node = par->loop->threads;
    LVal v = lower_expr(cx, node);
    LLVMValueRef count = lower_integer(cx, v, "the number of threads", node->span);
    LLVMValueRef least = LLVMBuildSub(cx->builder, count, lower_i64(cx, 1), "");
    LLVMValueRef wrong =
        LLVMBuildICmp(cx->builder, LLVMIntUGE, least, lower_i64(cx, RT_PAR_MAX_THREADS), "");
    LLVMBasicBlockRef on = lower_rare(cx, wrong, "bad.threads");
    RT(cx, rt_stop_cstr, lower_cstr(cx, "the number of threads must be between 1 and 1024"),
       lower_place(cx, node->span));
    lower_rare_stop(cx, on);
    lower_release(cx, v);
    return count;
}

static int32_t flags_of(const Par *par) {
    int32_t flags = 0;
    if (par->reductions.len) flags |= RT_PAR_PER_BLOCK;
    if (par->plan->effects & EFFECT_OUTPUT) flags |= RT_PAR_OUTPUT;
    if (par->plan->effects & EFFECT_WAIT) flags |= RT_PAR_WAITS;
    if (par->loop->prefix == PREFIX_COUNT) flags |= RT_PAR_COUNTED;
    return flags;
}

static void run(LowerCtx *cx, const Par *par, LLVMValueRef record, LLVMValueRef threads,
                LLVMValueRef count) {
    uint64_t cost = cost_of(par->loop->body).count;
    LLVMValueRef parts[] = {par->function,
                            record,
                            count,
                            threads,
                            lower_i32(cx, flags_of(par)),
                            lower_i32(cx, cost > 1000000 ? 1000000 : (int32_t)cost),
                            lower_place(cx, par->loop->header)};
    static const int64_t offsets[] = {0, 8, 16, 24, 32, 36, 40};
    LLVMValueRef loop = lower_words_alloca(cx, 6, "loop");
    for (uint32_t i = 0; i < COUNT_OF(parts); i++)
        LLVMBuildStore(cx->builder, parts[i], lower_field(cx, loop, offsets[i]));
    RT(cx, rt_par_for, loop);
}

static void combine_block(LowerCtx *cx, Par *par, LLVMValueRef block, LLVMValueRef extra) {
    (void)extra;
    for (uint32_t i = 0; i < par->reductions.len; i++) {
        const Reduction *r = &par->reductions.items[i];
        SymSlot *slot = lower_slot(cx, r->symbol);
        LLVMTypeRef type = lower_type(cx, r->rep);
        LLVMValueRef part = LLVMBuildLoad2(cx->builder, type, lane_at(cx, r->partials, block), "");
        LLVMValueRef old = LLVMBuildLoad2(cx->builder, type, slot->at, "");
        LLVMBuildStore(cx->builder, combine(cx, r, old, part), slot->at);
    }
}

static LLVMValueRef smaller(LowerCtx *cx, LLVMValueRef a, LLVMValueRef b) {
    LLVMValueRef two[] = {a, b};
    return lower_intrinsic(cx, "llvm.smin", cx->i64, two, 2);
}

static void find_range(LowerCtx *cx, Par *par) {
    LoopNode *loop = par->loop;
    Node *parts[] = {loop->low, loop->high};
    LVal bounds[2];
    lower_operands(cx, parts, 2, bounds);
    par->low = lower_bound(cx, bounds[0], loop->low->span);
    LLVMValueRef high = lower_bound(cx, bounds[1], loop->high->span);
    lower_release_all(cx, bounds, 2);
    if (loop->inclusive) high = LLVMBuildNSWAdd(cx->builder, high, lower_i64(cx, 1), "");
    LLVMValueRef two[] = {LLVMBuildNSWSub(cx->builder, high, par->low, ""), lower_i64(cx, 0)};
    par->count = lower_intrinsic(cx, "llvm.smax", cx->i64, two, 2);
}

static void find_list(LowerCtx *cx, Par *par) {
    LVal list = lower_own(cx, lower_expr(cx, par->loop->iterable));
    CHECK(list.rep == REP_LIST, "sema refuses parallel loops over anything but ranges and lists");
    if (lower_is_counted(list)) lower_hold(cx, list);
    par->list = list;
    par->low = lower_i64(cx, 0);
    par->count = lower_length(cx, list.v);
}

void lower_parallel(LowerCtx *cx, Node *node) {
    Par par = {.node = node, .loop = node->loop, .plan = node->loop->plan};
    uint32_t mark = lower_scope(cx);
    LLVMValueRef threads = thread_count(cx, &par), most = NULL;
    if (par.loop->kind == LOOP_RANGE)
        find_range(cx, &par);
    else
        find_list(cx, &par);
    if (par.loop->max && !par.loop->max_inf)
        most = lower_integer(cx, lower_expr(cx, par.loop->max), "max", par.loop->max->span);
    LLVMValueRef count = most ? smaller(cx, par.count, most) : par.count;
    find_reductions(cx, &par);
    share_elements(cx, &par);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs;
    fill_body(cx, &par, &fs);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    run(cx, &par, fill_record(cx, &par, &fs), threads, count);
    if (par.reductions.len)
        count_loop(cx, &par, lower_i64(cx, 0), smaller(cx, count, lower_i64(cx, RT_PAR_MAX_BLOCKS)),
                   1, combine_block, NULL, NULL);
    if (most) {
        LLVMValueRef over = LLVMBuildICmp(cx->builder, LLVMIntSGT, par.count, most, "");
        LLVMBasicBlockRef on = lower_rare(cx, over, "too.many");
        RT(cx, rt_stop_loop, most);
        lower_rare_stop(cx, on);
    }
    lower_scope_end(cx, mark);
}
