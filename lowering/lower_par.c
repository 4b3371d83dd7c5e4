// lower_par.c: parallel loops. The body becomes a function `<function>.par.<n>` over a run of
// iterations [begin, end), with a record of what it captures; the loop itself fills the record and
// calls the runtime (parallel.md 2 and 3).
//
// The record: the loop's first index, its count, then one word per capture, in the order in which
// the body first mentions them. What it holds is borrowed for the loop. Reductions go through one
// partial result per block, combined in block order, so that they do not depend on the number of
// threads.
#include "lower_par.h"
#include "../rt/rt_layout.h"

enum { CHEAP = 40 }; // instructions of an iteration that a branch or two are more than

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

// --- the body ------------------------------------------------------------------------------------

// A zero divisor in a run of mere arithmetic is told after it: which run it was makes no difference.
static void blocks_inside(LowerCtx *cx, Par *par) {
    bool notes = par->kept.len == 0 && lower_zero_begin(cx, par->loop);
    lower_par_blocks(cx, par);
    if (notes) lower_zero_end(cx);
}

// Without checks where all positions of this run are inside their lists (lower_bounds.c).
static void checked_iterations(LowerCtx *cx, Par *par) {
    Bounds in = {0};
    if (par->loop->kind == LOOP_RANGE && !par->loop->left) {
        LLVMValueRef low = LLVMBuildNSWAdd(cx->builder, par->frame.first, par->begin, "");
        LLVMValueRef high = LLVMBuildNSWAdd(cx->builder, par->frame.first, par->end, "");
        in = lower_bounds(cx, par->loop, low, high);
    }
    if (!in.inside) {
        blocks_inside(cx, par);
        return;
    }
    LLVMBasicBlockRef fast = lower_block_new(cx, "inside"), slow = lower_block_new(cx, "checked");
    LLVMBasicBlockRef end = lower_block_new(cx, "either");
    lower_branch(cx, in.inside, fast, slow);
    lower_at(cx, fast);
    lower_bounds_begin(cx, &in);
    blocks_inside(cx, par);
    lower_bounds_end(cx, &in);
    LLVMBuildBr(cx->builder, end);
    lower_at(cx, slow);
    cx->unlikely++;
    lower_par_blocks(cx, par);
    cx->unlikely--;
    lower_go(cx, end);
}

// A copy of its own for runs in which every change can be made at once, so that these ask for nothing.
static void fill_iterations(LowerCtx *cx, Par *par) {
    LLVMValueRef now = par->loop->left ? NULL : lower_kept_now(cx, par);
    if (!now || !lower_par_is_small(par->loop->body)) {
        checked_iterations(cx, par);
        return;
    }
    LLVMBasicBlockRef yes = lower_block_new(cx, "all.now"), no = lower_block_new(cx, "some.later");
    LLVMBasicBlockRef end = lower_block_new(cx, "done");
    lower_branch(cx, now, yes, no);
    lower_at(cx, yes);
    par->now = true;
    checked_iterations(cx, par);
    par->now = false;
    LLVMBuildBr(cx->builder, end);
    lower_at(cx, no);
    checked_iterations(cx, par);
    lower_go(cx, end);
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

static LLVMValueRef add_body(LowerCtx *cx, const Par *par, const char *what) {
    LLVMTypeRef params[] = {cx->ptr, cx->i64, cx->i64, cx->i64};
    LLVMTypeRef type = LLVMFunctionType(cx->void_t, params, 4, 0);
    const Instance *instance = cx->fs->instance;
    const char *name =
        arena_printf(cx->arena, "flap.%s.%s.%u", instance->link_name, what, par->plan->number);
    LLVMValueRef function = LLVMAddFunction(cx->module, name, type);
    LLVMSetLinkage(function, LLVMInternalLinkage);
    lower_code_attributes(cx, function);
    static const char *const names[] = {"captures", "begin", "end", "block"};
    for (unsigned i = 0; i < 4; i++) LLVMSetValueName(LLVMGetParam(function, i), names[i]);
    return function;
}

static void fill_body(LowerCtx *cx, Par *par, FuncState *fs) {
    FuncState *outer = cx->fs;
    par->function = add_body(cx, par, "par");
    lower_begin(cx, fs, outer->instance, par->function);
    fs->plan = par->plan;
    fs->par = par;
    fs->shared = true;
    fs->gives_up = outer->gives_up || par->loop->left;
    fs->record = LLVMGetParam(par->function, 0);
    // Iterations count from 0, which lets LLVM see that i % 16 is no remainder of something negative.
    par->begin =
        LLVMBuildAnd(cx->builder, LLVMGetParam(par->function, 1), lower_i64(cx, INT64_MAX), "from");
    par->end = LLVMGetParam(par->function, 2);
    par->block = LLVMGetParam(par->function, 3);
    par->record = fs->record;
    import_frames(cx, outer);
    LoopFrame *frame = &par->frame;
    *frame = (LoopFrame){.loop = par->loop, .outer = fs->loop};
    frame->index = lower_alloca(cx, cx->i64, "index");
    frame->first = LLVMIsConstant(par->low)
                       ? par->low
                       : LLVMBuildLoad2(cx->builder, cx->i64, fs->record, "low");
    frame->total = LLVMBuildLoad2(cx->builder, cx->i64, lower_field(cx, fs->record, 8), "count");
    LLVMValueRef key = lower_key(cx, par->loop);
    lower_streams_begin(cx, frame, key ? lower_import(cx, key) : NULL);
    par->exit = lower_block_new(cx, "exit");
    if (par->loop->left) par->loop_inside = lower_import(cx, par->loop_record);
    if (par->list.v) par->list_inside = lower_import(cx, par->list.v);
    if (par->ascii) par->ascii_inside = lower_import(cx, par->ascii);
    if (par->ascii) par->text_inside = lower_import(cx, par->source.v);
    if (par->values.v) par->values_inside = lower_import(cx, par->values.v);
    lower_reductions_start(cx, par);
    lower_reductions_reset(cx, par, REDUCE_PER_RUN);
    lower_reductions_reset(cx, par, REDUCE_PER_BLOCK);
    lower_kept_start(cx, par);
    Hoist hoist = lower_hoist(cx, par->loop);
    fill_iterations(cx, par);
    lower_hoist_end(cx, &hoist);
    lower_go(cx, par->exit);
    if (!lower_par_walks(par)) lower_reductions_finish(cx, par, REDUCE_PER_BLOCK);
    lower_reductions_finish(cx, par, REDUCE_PER_RUN);
    lower_kept_end(cx, par);
    lower_roots_leave(cx);
    LLVMBuildRetVoid(cx->builder);
    lower_end(cx);
}

// --- the loop ------------------------------------------------------------------------------------

static void share_elements(LowerCtx *cx, const Par *par) {
    for (uint32_t i = 0; i < par->plan->captures.len; i++) {
        const ParVariable *variable = &par->plan->captures.items[i];
        if (variable->use != PAR_ELEMENT) continue;
        SymSlot *slot = lower_slot(cx, variable->symbol);
        bool list = slot->rep == REP_LIST || slot->rep == REP_PACKED;
        if (!list || slot->hoisted_write || slot->known_unique) continue;
        LLVMValueRef own = RT(cx, rt_list_unique, lower_symbol(cx, variable->symbol).v);
        LLVMBuildStore(cx->builder, own, slot->at);
        if (type_element(slot->type).kinds != KIND_NUMBER)
            lower_store(cx, LLVMConstInt(cx->i8, RT_FLAG_BOXED, 0), lower_field(cx, own, 5),
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
    if (par->reductions.len && !lower_par_walks(par)) flags |= RT_PAR_PER_BLOCK;
    if (par->plan->effects & EFFECT_OUTPUT) flags |= RT_PAR_OUTPUT;
    if (par->plan->effects & EFFECT_WAIT) flags |= RT_PAR_WAITS;
    if (par->loop->left) flags |= RT_PAR_LEAVES;
    if (par->loop->prefix == PREFIX_COUNT) flags |= RT_PAR_COUNTED;
    return flags;
}

// True when what the proofs of PAR_ELEMENT take for whole numbers are; null: nothing to ask.
static LLVMValueRef all_whole(LowerCtx *cx, const Par *par) {
    LLVMValueRef all = NULL;
    VEC_EACH(Symbol *, symbol, &par->plan->whole) {
        LVal v = lower_symbol(cx, symbol);
        if (v.rep == REP_I64 || v.rep == REP_NONE) continue;
        LLVMValueRef whole = LLVMConstInt(cx->i1, 0, 0);
        if (v.rep == REP_F64 || v.rep == REP_ANY) {
            LLVMValueRef number = v.v, most = lower_f64(cx, 0x1p53);
            if (v.rep == REP_ANY) number = LLVMBuildBitCast(cx->builder, number, cx->f64, "");
            LLVMValueRef trunc = RT(cx, rt_trunc, number);
            LLVMValueRef size = lower_intrinsic(cx, "llvm.fabs", cx->f64, &number, 1);
            whole = LLVMBuildAnd( // words that are no numbers are NaNs
                cx->builder, LLVMBuildFCmp(cx->builder, LLVMRealOEQ, trunc, number, ""),
                LLVMBuildFCmp(cx->builder, LLVMRealOLE, size, most, ""), "whole");
        }
        all = all ? LLVMBuildAnd(cx->builder, all, whole, "") : whole;
    }
    return all;
}

static void call_body(LowerCtx *cx, const Par *par, LLVMValueRef record, LLVMValueRef begin,
                      LLVMValueRef end, LLVMValueRef block) {
    LLVMValueRef args[] = {record, begin, end, block};
    LLVMBuildCall2(cx->builder, LLVMGlobalGetValueType(par->function), par->function, args, 4, "");
}

static void call_alone(LowerCtx *cx, Par *par, LLVMValueRef record, LLVMValueRef count) {
    lower_reductions_hand(cx, par, true);
    call_body(cx, par, record, lower_i64(cx, 0), count, lower_i64(cx, -1));
    lower_reductions_hand(cx, par, false);
}

// Sums of too few iterations to share whose blocks have at most as many as there are lanes. Goes on at `end`.
static void run_alone(LowerCtx *cx, Par *par, LLVMValueRef record, LLVMValueRef count,
                      LLVMBasicBlockRef end) {
    int32_t cost = lower_par_cost(cx, par->loop->body);
    int64_t most = lower_par_alone(par);
    if (flags_of(par) || most == 0) return;
    int64_t cheap = cost <= CHEAP ? 2 * RT_PAR_MAX_BLOCKS : 0; // partial results cost more
    int64_t enough =
        cost ? 4 * LOWER_PLAIN_COST / cost : most; // almost as good as without the prefix
    if (enough < cheap) enough = cheap;
    if (most > enough) most = enough;
    LLVMBasicBlockRef few = lower_block_new(cx, "few"), no = lower_block_new(cx, "apart");
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSLE, count, lower_i64(cx, most), ""), few,
                 no);
    lower_at(cx, few);
    if (cost) {
        call_alone(cx, par, record, count);
    } else {
        LLVMValueRef start = lower_plain_ask(cx, par, count, 1, no);
        call_alone(cx, par, record, count);
        lower_plain_tell(cx, par, count, start);
    }
    LLVMBuildBr(cx->builder, end);
    lower_at(cx, no);
}

// A loop that is known to be too small to share is a call of its body, which the optimiser may take
// into the function: not even the runtime is asked. `cost`: of an iteration; 0: not known.
static void run_small(LowerCtx *cx, const Par *par, int32_t cost, LLVMValueRef record,
                      LLVMValueRef count, LLVMBasicBlockRef end) {
    if (cost <= 0) return;
    LLVMValueRef most = lower_i64(cx, RT_PAR_ALONE_COST / cost), zero = lower_i64(cx, 0);
    LLVMBasicBlockRef small = lower_block_new(cx, "small"), large = lower_block_new(cx, "large");
    lower_branch(cx, LLVMBuildICmp(cx->builder, LLVMIntSLE, count, most, ""), small, large);
    lower_at(cx, small);
    call_body(cx, par, record, zero, count, zero);
    LLVMBuildBr(cx->builder, end);
    lower_at(cx, large);
}

LLVMValueRef lower_par_history(LowerCtx *cx, Par *par) {
    if (par->history) return par->history;
    LLVMTypeRef words = LLVMArrayType2(cx->i64, RT_PAR_HISTORY_WORDS);
    const char *name = arena_printf(cx->arena, "flap.%s.%u.history", cx->fs->instance->link_name,
                                    par->plan->number);
    par->history = LLVMAddGlobal(cx->module, words, name);
    LLVMSetInitializer(par->history, LLVMConstNull(words));
    LLVMSetLinkage(par->history, LLVMInternalLinkage);
    return par->history;
}

// parts: of an RtParLoop, up to its history.
static void hand_over(LowerCtx *cx, LLVMValueRef loop, LLVMValueRef parts[8]) {
    static const int64_t offsets[] = {0, 8, 16, 24, 32, 36, 40, 72};
    for (uint32_t i = 0; i < COUNT_OF(offsets); i++)
        LLVMBuildStore(cx->builder, parts[i], lower_field(cx, loop, offsets[i]));
    RT(cx, rt_par_for, loop);
}

static void run(LowerCtx *cx, Par *par, LLVMValueRef record, LLVMValueRef threads,
                LLVMValueRef count) {
    LLVMBasicBlockRef end = lower_block_new(cx, "ran");
    int32_t cost = lower_par_cost(cx, par->loop->body);
    run_small(cx, par, flags_of(par) || par->kept.len ? 0 : cost, record, count, end);
    LLVMValueRef flags =
        LLVMBuildOr(cx->builder, lower_i32(cx, flags_of(par) | (par->asks ? RT_PAR_ASKED : 0)),
                    lower_kept_flag(cx, par), "flags");
    LLVMValueRef parts[] = {par->function,
                            record,
                            count,
                            threads,
                            flags,
                            lower_i32(cx, cost),
                            lower_place(cx, par->loop->header),
                            lower_par_history(cx, par)};
    LLVMValueRef whole = all_whole(cx, par), alone = NULL;
    if (whole) alone = LLVMBuildNot(cx->builder, whole, ""); // nothing is proven
    if (par->kept.len && par->loop->prefix == PREFIX_ALL) {
        LLVMValueRef small = lower_kept_alone(cx, par);
        alone = alone ? LLVMBuildOr(cx->builder, alone, small, "") : small;
    }
    if (alone) { // the caller runs it, in order
        parts[3] = LLVMBuildSelect(cx->builder, alone, lower_i64(cx, 1), parts[3], "");
        parts[4] = LLVMBuildSelect(cx->builder, alone,
                                   lower_i32(cx, flags_of(par) | RT_PAR_COUNTED), parts[4], "");
    }
    hand_over(cx, par->loop_record, parts);
    lower_go(cx, end);
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

static LVal made_list(LowerCtx *cx, LLVMValueRef list, Type element) {
    LVal made = lower_val(REP_LIST, type_list(cx->arena, element), list, true);
    lower_hold(cx, made);
    return made;
}

// The keys and the values of a map, each a list: so that iterations find theirs by position.
static void find_pairs(LowerCtx *cx, Par *par, LVal map) {
    par->list = made_list(cx, RT(cx, rt_map_keys, map.v), type_of_kind(KIND_NUMBER | KIND_STRING));
    if (lower_loop_symbol(par->loop, 1))
        par->values = made_list(cx, RT(cx, rt_map_values, map.v), type_element(map.type));
}

// The code points of a text by position: its bytes, if it is ASCII, else a list.
static void find_points(LowerCtx *cx, Par *par) {
    Type element = cx->fs->instance->symbol_types[par->loop->symbols.items[0]->index];
    LLVMValueRef flags =
        lower_load(cx, cx->i8, lower_field(cx, par->source.v, 5), cx->tbaa_header, "");
    flags = LLVMBuildZExt(cx->builder, flags, cx->i64, "");
    par->ascii = LLVMBuildAnd(cx->builder, flags, lower_i64(cx, RT_FLAG_ASCII), "ascii");
    LLVMBasicBlockRef bytes = lower_block_new(cx, "bytes"), other = lower_block_new(cx, "points");
    LLVMBasicBlockRef on = lower_block_new(cx, "by.position");
    lower_branch(cx, LLVMBuildIsNotNull(cx->builder, par->ascii, ""), bytes, other);
    lower_at(cx, bytes);
    LLVMValueRef lists[] = {RT(cx, rt_list_new, lower_i64(cx, 0)), NULL};
    LLVMBasicBlockRef from[] = {LLVMGetInsertBlock(cx->builder), NULL};
    LLVMBuildBr(cx->builder, on);
    lower_at(cx, other);
    lists[1] = RT(cx, rt_elements, lower_word(cx, par->source),
                  lower_place(cx, par->loop->iterable->span));
    from[1] = LLVMGetInsertBlock(cx->builder);
    lower_go(cx, on);
    LLVMValueRef list = LLVMBuildPhi(cx->builder, cx->ptr, "list");
    LLVMAddIncoming(list, lists, from, 2);
    par->list = made_list(cx, list, element);
}

// The list of what the loop goes over, by position.
static void find_list(LowerCtx *cx, Par *par) {
    if (par->loop->kind == LOOP_RANGE || par->list.v) return;
    if (par->loop->kind == LOOP_PAIRS) {
        find_pairs(cx, par, par->source);
        return;
    }
    par->list = par->source;
    if (par->source.rep == REP_STRING) find_points(cx, par);
}

// The loop may change a map that it goes over, which nobody is to hold then.
static bool changes_maps(LowerCtx *cx, const ParPlan *plan) {
    for (uint32_t i = 0; i < plan->captures.len; i++) {
        const ParVariable *variable = &plan->captures.items[i];
        if (variable->use == PAR_READ) continue;
        if (type_may(lower_slot(cx, variable->symbol)->type, KIND_MAP)) return true;
    }
    return false;
}

static LVal held(LowerCtx *cx, LVal v) {
    v = lower_own(cx, v);
    if (lower_is_counted(v)) lower_hold(cx, v);
    return v;
}

static void find_map(LowerCtx *cx, Par *par) {
    Node *iterable = par->loop->iterable;
    LVal map = lower_expr(cx, iterable);
    LLVMValueRef object = lower_expect(cx, map, KIND_MAP, "a loop with two names", iterable->span);
    LVal source = lower_val(REP_MAP, map.type, object, false);
    if (changes_maps(cx, par->plan)) {
        find_pairs(cx, par, source);
        lower_release(cx, map);
        par->count = lower_length(cx, par->list.v);
        return;
    }
    (void)held(cx, map);
    par->source = source;
    par->count = lower_load(cx, cx->i64, lower_field(cx, object, 8), cx->tbaa_header, "");
}

// What the loop goes over. A list whose elements are written through the loop's variable is
// made unshared by share_elements(), before it is looked at.
static void find_sequence(LowerCtx *cx, Par *par) {
    Node *iterable = par->loop->iterable;
    par->low = lower_i64(cx, 0);
    if (par->loop->kind == LOOP_PAIRS) {
        find_map(cx, par);
        return;
    }
    LVal source = lower_expr(cx, iterable);
    if (source.rep == REP_STRING) {
        par->source = held(cx, source);
        par->count = lower_load(cx, cx->i64, lower_field(cx, source.v, 16), cx->tbaa_header, "");
        return;
    }
    if (source.rep != REP_LIST && source.rep != REP_PACKED) { // a map's keys, or what the run tells
        Type element = cx->fs->instance->symbol_types[par->loop->symbols.items[0]->index];
        LLVMValueRef made =
            RT(cx, rt_elements, lower_word(cx, source), lower_place(cx, iterable->span));
        lower_release(cx, source);
        source = made_list(cx, made, element);
    } else if (!par->loop->writes_through) {
        source = held(cx, source);
    }
    par->source = source;
    par->count = lower_length(cx, source.v);
}

bool lower_loses_prefix(LowerCtx *cx, const LoopNode *loop) {
    Symbol *source = loop->source;
    if (loop->plan->watched) return true;
    if (source && par_is_unsure(loop, source, lower_slot(cx, source)->type)) return true;
    if (!cx->fs->par) return false;
    for (uint32_t i = 0; i < loop->plan->captures.len; i++) {
        const ParVariable *variable = &loop->plan->captures.items[i];
        if (variable->use != PAR_READ && lower_slot(cx, variable->symbol)->kept) return true;
    }
    return lower_parts_clash(cx, loop->plan);
}

// Behind the last iteration: `max` was too small, or the loop was to have a value.
static void end_of_all(LowerCtx *cx, const Par *par, LLVMValueRef most) {
    if (most) {
        LLVMValueRef over = LLVMBuildICmp(cx->builder, LLVMIntSGT, par->count, most, "");
        LLVMBasicBlockRef on = lower_rare(cx, over, "too.many");
        RT(cx, rt_stop_loop_at, most, lower_place(cx, par->loop->header));
        lower_rare_stop(cx, on);
    }
    if (!par->result) return;
    static const char text[] = "loop ended without a value";
    LLVMValueRef error = RT(cx, rt_error_new, lower_str(cx, text, sizeof text - 1));
    LVal none = lower_val(REP_ANY, type_of_kind(KIND_ERROR), error, true);
    LLVMBuildStore(cx->builder, lower_convert(cx, none, par->result_rep).v, par->result);
}

static void find_iterations(LowerCtx *cx, Par *par) {
    if (par->loop->writes_through) share_elements(cx, par);
    if (par->loop->kind == LOOP_RANGE)
        find_range(cx, par);
    else
        find_sequence(cx, par);
}

static void make_result(LowerCtx *cx, Par *par, bool want_value) {
    if (!par->loop->has_value || !want_value) return;
    Type type = lower_node_type(cx, par->node);
    par->result_rep = type_rep(type) == REP_NONE ? REP_ANY : type_rep(type);
    par->result = lower_alloca(cx, lower_type(cx, par->result_rep), "loop.value");
}

// What became of loop variables around this loop goes to the elements that they stand for.
static void write_through(LowerCtx *cx, const ParPlan *plan) {
    for (uint32_t i = 0; i < plan->captures.len; i++) {
        const ParVariable *variable = &plan->captures.items[i];
        bool changed = variable->use == PAR_REDUCE || variable->use == PAR_KEPT;
        if (changed && variable->symbol->rebound_by_loop)
            lower_write_through(cx, variable->symbol, false);
    }
}

static void in_parallel(LowerCtx *cx, Par *par, LLVMValueRef threads) {
    uint32_t mark = lower_scope(cx);
    LLVMValueRef most = NULL;
    find_list(cx, par);
    if (par->loop->max && !par->loop->max_inf)
        most = lower_integer(cx, lower_expr(cx, par->loop->max), "max", par->loop->max->span);
    LLVMValueRef count = most ? lower_smaller(cx, par->count, most) : par->count;
    lower_parts_take(cx, par);
    lower_reductions_find(cx, par);
    if (!par->loop->writes_through) share_elements(cx, par);
    lower_kept_find(cx, par, count, threads);
    lower_reductions_decide(cx, par);
    lower_exits_begin(cx, par);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder),
                      joined = lower_block_new(cx, "joined");
    FuncState fs;
    fill_body(cx, par, &fs);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    LLVMValueRef record = fill_record(cx, par, &fs);
    run_alone(cx, par, record, count, joined);
    run(cx, par, record, threads, count);
    LLVMValueRef blocks = lower_smaller(cx, count, lower_i64(cx, RT_PAR_MAX_BLOCKS));
    lower_reductions_combine(cx, par, lower_blocks_wanted(cx, par, blocks));
    lower_kept_finish(cx, par);
    lower_go(cx, joined);
    lower_parts_put(cx, par);
    write_through(cx, par->plan);
    LLVMBasicBlockRef end = lower_block_new(cx, "loop.end");
    if (par->loop->left) lower_exits(cx, par, end);
    end_of_all(cx, par, most);
    lower_go(cx, end);
    lower_scope_end(cx, mark);
}

LVal lower_parallel(LowerCtx *cx, Node *node, bool want_value) {
    Par par = {.node = node, .loop = node->loop, .plan = node->loop->plan};
    uint32_t mark = lower_scope(cx);
    LLVMValueRef threads = thread_count(cx, &par);
    find_iterations(cx, &par);
    make_result(cx, &par, want_value);
    LLVMBasicBlockRef plain = lower_plain(cx, &par);
    in_parallel(cx, &par, threads);
    if (plain) lower_go(cx, plain);
    lower_scope_end(cx, mark);
    if (!par.result) return lower_zero(cx);
    Rep rep = par.result_rep;
    LLVMValueRef v = LLVMBuildLoad2(cx->builder, lower_type(cx, rep), par.result, "");
    return lower_val(rep, lower_node_type(cx, node), v, lower_is_counted_rep(rep));
}

// --- loops that no prefix stands before -----------------------------------------------------------

static void each_iteration(LowerCtx *cx, Par *par, LLVMValueRef k, LLVMValueRef extra) {
    (void)extra;
    uint32_t mark = lower_scope(cx);
    par->each->fill(cx, par->each->context, k);
    lower_scope_end(cx, mark);
}

static void run_each(LowerCtx *cx, Par *par, const FuncState *fs, Span span) {
    uint8_t effects = par->each->effects;
    int32_t flags =
        (effects & EFFECT_OUTPUT ? RT_PAR_OUTPUT : 0) | (effects & EFFECT_WAIT ? RT_PAR_WAITS : 0);
    LLVMValueRef record = fill_record(cx, par, fs);
    LLVMBasicBlockRef end = lower_block_new(cx, "ran");
    run_small(cx, par, flags ? 0 : par->each->cost, record, par->count, end);
    LLVMValueRef parts[] = {par->function,
                            record,
                            par->count,
                            lower_i64(cx, 0),
                            lower_i32(cx, flags),
                            lower_i32(cx, par->each->cost),
                            lower_place(cx, span),
                            lower_par_history(cx, par)};
    hand_over(cx, lower_words_alloca(cx, RT_PAR_LOOP_WORDS, "loop"), parts);
    lower_go(cx, end);
}

void lower_parallel_each(LowerCtx *cx, LLVMValueRef count, Span span, const EachBody *body) {
    ParPlan *plan = ARENA_NEW(cx->arena, ParPlan);
    LoopNode *loop = ARENA_NEW(cx->arena, LoopNode);
    plan->number = cx->maps++;
    plan->loop = loop;
    Par par = {.loop = loop, .plan = plan, .low = lower_i64(cx, 0), .count = count, .each = body};
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cx->builder);
    FuncState fs, *outer = cx->fs;
    par.function = add_body(cx, &par, "map");
    lower_begin(cx, &fs, outer->instance, par.function);
    fs.plan = plan;
    fs.shared = true;
    fs.gives_up = outer->gives_up;
    fs.record = LLVMGetParam(par.function, 0);
    body->start(cx, body->context, NULL);
    lower_par_count(cx, &par, LLVMGetParam(par.function, 1), LLVMGetParam(par.function, 2), 1,
                    each_iteration, NULL, NULL);
    lower_roots_leave(cx);
    LLVMBuildRetVoid(cx->builder);
    lower_end(cx);
    LLVMPositionBuilderAtEnd(cx->builder, here);
    run_each(cx, &par, &fs, span);
}
