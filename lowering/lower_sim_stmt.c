// lower_sim_stmt.c: statements of bodies. What changes a target has two forms: at once or into the
// second variable (direct engine), and into a slot (staged engine).
#include "lower_sim.h"

#define B(code) ((code)->cx->builder)

static LLVMValueRef i64(SimCode *code, int64_t value) {
    return lower_i64(code->cx, value);
}

static SimPlace *place_of(SimCode *code, const SimTarget *target) {
    return &code->layout->places[target->number];
}

void sim_begin_body(SimCode *code, uint32_t locals, uint32_t loops) {
    LowerCtx *cx = code->cx;
    code->locals = ARENA_ARRAY(cx->arena, LLVMValueRef, locals + 1);
    for (uint32_t i = 0; i < locals; i++) code->locals[i] = lower_alloca(cx, cx->i64, "");
    code->next = ARENA_ARRAY(cx->arena, LLVMBasicBlockRef, loops + 1);
    code->leave = ARENA_ARRAY(cx->arena, LLVMBasicBlockRef, loops + 1);
}

static void note_active(SimCode *code) {
    sim_store(code, LLVMConstInt(code->cx->i1, 1, 0), code->active);
}

// --- stops that do not end the body --------------------------------------------------------------

// Two writes of one element, a full port: they are told when the cycle is over, like in the staged
// engine, which finds them then.
static LLVMBasicBlockRef noted_stop(SimCode *code, LLVMValueRef condition, int kind,
                                    const SimTarget *target, LLVMValueRef a, LLVMValueRef b,
                                    Span span) {
    LowerCtx *cx = code->cx;
    LLVMBasicBlockRef on = lower_rare(cx, condition, "noted");
    LLVMBasicBlockRef end = lower_block_new(cx, "end");
    LLVMValueRef site = sim_site(code, kind, target->number, NULL, span);
    RT(cx, rt_sim_stop, code->run, site, code->cycle, code->rank, a, b);
    LLVMBuildBr(B(code), end);
    lower_at(cx, on);
    return end;
}

// --- slots ---------------------------------------------------------------------------------------

static uint32_t use_number(const SimCode *code, const SimTarget *target) {
    uint32_t at = 0;
    while (code->module->uses.items[at].target != target) at++;
    return at;
}

static void stage(SimCode *code, const SimNode *node, LLVMValueRef index, LLVMValueRef value) {
    LowerCtx *cx = code->cx;
    const SimTarget *target = node->target;
    const SimPlace *place = place_of(code, target);
    uint32_t writer = 0;
    while (target->writers.items[writer].module != code->module) writer++;
    LLVMValueRef slots = lower_field(cx, code->slots, place->slots[writer]);
    LLVMValueRef counter = code->staged_counts[use_number(code, target)];
    LLVMValueRef count = sim_load(code, cx->i64, counter);
    LLVMValueRef skip = LLVMBuildShl(B(code), count, i64(code, 5), "");
    LLVMValueRef at = LLVMBuildInBoundsGEP2(B(code), cx->i8, slots, &skip, 1, "");
    sim_store(code, index ? index : i64(code, 0), lower_field(cx, at, 16));
    sim_store(code, value, lower_field(cx, at, 24));
    if (place->stamped || target->depth > 0) { // it may turn out to be one too many
        int kind = target->kind == SIM_REGISTER ? RT_SIM_TWICE : RT_SIM_FULL;
        sim_store(code, sim_site(code, kind, target->number, NULL, node->span),
                  lower_field(cx, at, 32));
    }
    sim_store(code, LLVMBuildAdd(B(code), count, i64(code, 1), ""), counter);
}

// --- registers -----------------------------------------------------------------------------------

// Notes (cycle, rank) as the element's last write; gives the block behind the store when it was
// written in this cycle before.
static LLVMBasicBlockRef check_twice(SimCode *code, const SimNode *node, LLVMValueRef index) {
    LowerCtx *cx = code->cx;
    LLVMValueRef position = index ? index : i64(code, 0);
    LLVMValueRef at = LLVMBuildInBoundsGEP2(B(code), cx->i64, place_of(code, node->target)->stamps,
                                            &position, 1, "");
    LLVMValueRef last = sim_load(code, cx->i64, at);
    LLVMValueRef now = LLVMBuildAdd(B(code), code->cycle, i64(code, 1), "");
    LLVMValueRef when = LLVMBuildLShr(B(code), last, i64(code, 16), "");
    LLVMValueRef twice = LLVMBuildICmp(B(code), LLVMIntEQ, when, now, "twice");
    LLVMValueRef before = LLVMBuildAnd(B(code), last, i64(code, 0xFFFF), "");
    LLVMBasicBlockRef end =
        noted_stop(code, twice, RT_SIM_TWICE, node->target, position, before, node->span);
    LLVMValueRef stamp = LLVMBuildShl(B(code), now, i64(code, 16), "");
    sim_store(code, LLVMBuildOr(B(code), stamp, code->rank, ""), at);
    return end;
}

static void write_direct(SimCode *code, const SimNode *node, LLVMValueRef index,
                         LLVMValueRef value) {
    LowerCtx *cx = code->cx;
    const SimTarget *target = node->target;
    const SimPlace *place = place_of(code, target);
    LLVMBasicBlockRef end = place->stamped ? check_twice(code, node, index) : NULL;
    LLVMValueRef narrow = LLVMBuildTruncOrBitCast(B(code), value, place->element, "");
    if (place->at_once) {
        sim_store(code, narrow, sim_element_at(code, target, place->data, index));
    } else if (!index) {
        sim_store(code, narrow, place->next);
    } else {
        LLVMValueRef counter = lower_field(cx, place->next, 8);
        LLVMValueRef count = sim_load(code, cx->i64, counter);
        LLVMValueRef skip = LLVMBuildShl(B(code), count, i64(code, 5), "");
        LLVMValueRef at = LLVMBuildInBoundsGEP2(B(code), cx->i8, place->next, &skip, 1, "");
        sim_store(code, index, lower_field(cx, at, 16));
        sim_store(code, value, lower_field(cx, at, 24));
        sim_store(code, LLVMBuildAdd(B(code), count, i64(code, 1), ""), counter);
    }
    if (end) lower_go(cx, end);
}

static void write_register(SimCode *code, const SimNode *node) {
    const SimTarget *target = node->target;
    LLVMValueRef index = node->b ? sim_value(code, node->b) : NULL;
    LLVMValueRef value = sim_cut_value(code, target->type, sim_value(code, node->a));
    if (index) {
        LLVMValueRef outside = LLVMBuildICmp(B(code), LLVMIntUGE, index,
                                             i64(code, (int64_t)target->length), "outside");
        sim_stop_if(code, outside, RT_SIM_INDEX, target->number, index, NULL, node->span);
    }
    if (code->staged)
        stage(code, node, index, value);
    else
        write_direct(code, node, index, value);
    note_active(code);
}

// --- ports and calls -----------------------------------------------------------------------------

static LLVMValueRef plain_at(SimCode *code, const SimTarget *target) {
    const SimPlace *place = place_of(code, target);
    return lower_field(code->cx, place->data, place->at_once ? 0 : 8);
}

static void push_direct(SimCode *code, const SimNode *node, LLVMValueRef value) {
    LowerCtx *cx = code->cx;
    const SimTarget *port = node->target;
    LLVMValueRef pushed = sim_queue(code, port, QUEUE_PUSHED);
    LLVMValueRef count = LLVMBuildAdd(B(code), sim_queue(code, port, QUEUE_COUNT), pushed, "");
    LLVMBasicBlockRef end = NULL;
    if (port->depth > 0) {
        LLVMValueRef full =
            LLVMBuildICmp(B(code), LLVMIntUGE, count, i64(code, (int64_t)port->depth), "full");
        end = noted_stop(code, full, RT_SIM_FULL, port, i64(code, 0), i64(code, 0), node->span);
    }
    LLVMValueRef small =
        LLVMBuildICmp(B(code), LLVMIntUGT, count, sim_queue(code, port, QUEUE_MASK), "");
    LLVMBasicBlockRef on = lower_rare(cx, small, "grow");
    RT(cx, rt_sim_grow, sim_target_at(code, port));
    lower_go(cx, on);
    LLVMValueRef at = LLVMBuildAdd(B(code), sim_queue(code, port, QUEUE_HEAD), count, "");
    at = LLVMBuildAnd(B(code), at, sim_queue(code, port, QUEUE_MASK), "");
    LLVMValueRef ring = sim_queue(code, port, QUEUE_VALUES);
    sim_store(code, value, LLVMBuildInBoundsGEP2(B(code), cx->i64, ring, &at, 1, ""));
    sim_store(code, LLVMBuildAdd(B(code), pushed, i64(code, 1), ""),
              sim_queue_at(code, port, QUEUE_PUSHED));
    if (end) lower_go(cx, end);
}

static void push(SimCode *code, const SimNode *node) {
    LLVMValueRef value = sim_cut_value(code, node->target->type, sim_value(code, node->a));
    if (code->staged)
        stage(code, node, NULL, value);
    else if (place_of(code, node->target)->plain)
        sim_store(code, value, plain_at(code, node->target));
    else
        push_direct(code, node, value);
    note_active(code);
}

static void event(SimCode *code, const SimNode *node) {
    const SimTarget *target = node->target;
    if (code->staged) {
        LLVMValueRef counter = code->staged_counts[use_number(code, target)];
        LLVMValueRef count = sim_load(code, code->cx->i64, counter);
        sim_store(code, LLVMBuildAdd(B(code), count, i64(code, 1), ""), counter);
    } else if (place_of(code, target)->plain) {
        sim_store(code, i64(code, 1), plain_at(code, target));
    } else {
        LLVMValueRef pushed = sim_queue(code, target, QUEUE_PUSHED);
        sim_store(code, LLVMBuildAdd(B(code), pushed, i64(code, 1), ""),
                  sim_queue_at(code, target, QUEUE_PUSHED));
    }
    note_active(code);
}

static void hold(SimCode *code, const SimTarget *port) {
    uint32_t at = 0;
    while (port->module->ports.items[at] != port) at++;
    sim_store(code, LLVMConstInt(code->cx->i1, 1, 0), code->held[at]);
}

// --- names ---------------------------------------------------------------------------------------

static void set(SimCode *code, const SimNode *node) {
    LowerCtx *cx = code->cx;
    LLVMValueRef value = sim_value(code, node->a);
    sim_store(code, value, code->locals[node->local->number]);
    const SimExposed *exposed = node->local->exposed;
    if (!exposed || (!code->staged && !exposed->used)) return;
    LLVMValueRef at = sim_exposed_at(code, exposed);
    sim_store(code, value, at);
    sim_store(code, LLVMBuildAdd(B(code), code->cycle, i64(code, 1), ""), lower_field(cx, at, 8));
}

// --- control -------------------------------------------------------------------------------------

static LLVMValueRef choose(SimCode *code, const SimNode *node) {
    LowerCtx *cx = code->cx;
    LLVMBasicBlockRef yes = lower_block_new(cx, "yes"), no = lower_block_new(cx, "no");
    LLVMBasicBlockRef on = lower_block_new(cx, "on");
    lower_branch(cx, sim_bit(code, node->a), yes, no);
    lower_at(cx, yes);
    LLVMValueRef values[2] = {sim_value(code, node->b), NULL};
    LLVMBasicBlockRef from[2] = {LLVMGetInsertBlock(B(code)), NULL};
    LLVMBuildBr(B(code), on);
    lower_at(cx, no);
    values[1] = node->c ? sim_value(code, node->c) : i64(code, 0);
    from[1] = LLVMGetInsertBlock(B(code));
    lower_go(cx, on);
    LLVMValueRef phi = LLVMBuildPhi(B(code), cx->i64, "");
    LLVMAddIncoming(phi, values, from, 2);
    return phi;
}

static LLVMValueRef block(SimCode *code, const SimNode *node) {
    LLVMValueRef last = i64(code, 0);
    VEC_EACH(SimNode *, item, &node->items) last = sim_value(code, item);
    return last;
}

static void loop(SimCode *code, const SimNode *node) {
    LowerCtx *cx = code->cx;
    const SimLoop *loop = node->loop;
    if (loop->count == 0) return;
    LLVMValueRef variable = code->locals[loop->variable->number];
    LLVMValueRef counter = lower_alloca(cx, cx->i64, "");
    LLVMBasicBlockRef body = lower_block_new(cx, "loop"), next = lower_block_new(cx, "next");
    LLVMBasicBlockRef end = lower_block_new(cx, "end");
    code->next[loop->number] = next;
    code->leave[loop->number] = end;
    sim_store(code, i64(code, loop->low), counter);
    lower_go(cx, body);
    sim_store(code, sim_load(code, cx->i64, counter), variable);
    sim_value(code, node->a);
    lower_go(cx, next);
    LLVMValueRef up = LLVMBuildAdd(B(code), sim_load(code, cx->i64, counter), i64(code, 1), "");
    sim_store(code, up, counter);
    LLVMValueRef more =
        LLVMBuildICmp(B(code), LLVMIntSLT, up, i64(code, loop->low + loop->count), "");
    lower_branch(cx, more, body, end);
    lower_at(cx, end);
}

static void jump(SimCode *code, LLVMBasicBlockRef to) {
    LLVMBuildBr(B(code), to);
    lower_at(code->cx, lower_block_new(code->cx, "dead"));
}

static void give_back(SimCode *code, const SimNode *node) {
    if (code->module) {
        jump(code, code->done);
        return;
    }
    LLVMBuildRet(B(code), sim_value(code, node->a));
    lower_at(code->cx, lower_block_new(code->cx, "dead"));
}

// --- text ----------------------------------------------------------------------------------------

static LLVMValueRef pack(SimCode *code, const SimText *text) {
    LowerCtx *cx = code->cx;
    uint32_t count = 0;
    for (uint32_t i = 0; i < text->pieces.len; i++) count += text->pieces.items[i].value != NULL;
    LLVMValueRef words = lower_words_alloca(cx, count, "values");
    count = 0;
    for (uint32_t i = 0; i < text->pieces.len; i++) {
        if (!text->pieces.items[i].value) continue;
        LLVMValueRef v = sim_value(code, text->pieces.items[i].value);
        sim_store(code, v, lower_field(cx, words, 8 * (int64_t)count++));
    }
    return words;
}

static void write_log(SimCode *code, const SimNode *node) {
    LLVMValueRef values = pack(code, node->text);
    LLVMValueRef site = sim_site(code, 0, 0, node->text, node->span);
    RT(code->cx, rt_sim_log, code->run, site, code->cycle, code->rank, values);
}

static void assert_that(SimCode *code, const SimNode *node) {
    LowerCtx *cx = code->cx;
    LLVMValueRef wrong = LLVMBuildNot(B(code), sim_bit(code, node->a), "");
    LLVMBasicBlockRef on = lower_rare(cx, wrong, "assertion");
    LLVMValueRef values = pack(code, node->text);
    LLVMValueRef site = sim_site(code, RT_SIM_ASSERTION, 0, node->text, node->span);
    RT(cx, rt_sim_assertion, code->run, site, code->cycle, code->rank, values);
    LLVMBuildBr(B(code), code->done);
    lower_at(cx, on);
}

static void finish(SimCode *code) {
    RT(code->cx, rt_sim_finish, code->run, code->cycle, code->rank);
}

LLVMValueRef sim_statement(SimCode *code, const SimNode *node) {
    LLVMValueRef zero = i64(code, 0);
    switch ((int)node->op) {
    case SIM_IF: return choose(code, node);
    case SIM_BLOCK: return block(code, node);
    case SIM_SET: set(code, node); return zero;
    case SIM_WRITE: write_register(code, node); return zero;
    case SIM_PUSH: push(code, node); return zero;
    case SIM_EVENT: event(code, node); return zero;
    case SIM_HOLD: hold(code, node->target); return zero;
    case SIM_LOOP: loop(code, node); return zero;
    case SIM_LEAVE: jump(code, code->leave[node->loop->number]); return zero;
    case SIM_NEXT: jump(code, code->next[node->loop->number]); return zero;
    case SIM_RETURN: give_back(code, node); return zero;
    case SIM_LOG: write_log(code, node); return zero;
    case SIM_FINISH: finish(code); return zero;
    case SIM_ASSERT: assert_that(code, node); return zero;
    }
    UNREACHABLE("a statement of the dialect");
}
