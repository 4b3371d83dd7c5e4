// lower_sim_module.c: one module: whether it runs in this cycle, its body, and what it takes from its
// ports afterwards.
#include "lower_sim.h"

#define B(code) ((code)->cx->builder)

static LLVMValueRef i64(SimCode *code, int64_t value) {
    return lower_i64(code->cx, value);
}

static LLVMValueRef now_stamp(SimCode *code) {
    return LLVMBuildAdd(B(code), code->cycle, i64(code, 1), "now");
}

static bool is_plain(const SimCode *code, const SimTarget *target) {
    return !code->staged && code->layout->places[target->number].plain;
}

static LLVMValueRef own_at(SimCode *code, uint32_t rank, int64_t member) {
    return lower_field(code->cx, code->state, code->layout->own[rank] + member);
}

static LLVMValueRef block_at(SimCode *code, uint32_t rank, int64_t member) {
    return lower_field(code->cx, code->slots, code->layout->block[rank] + member);
}

static void add_one(SimCode *code, LLVMValueRef at) {
    LLVMValueRef v = sim_load(code, code->cx->i64, at);
    sim_store(code, LLVMBuildAdd(B(code), v, i64(code, 1), ""), at);
}

static void count(SimCode *code, bool stalls) {
    const SimModule *module = code->module;
    if (code->staged) {
        add_one(code, own_at(code, module->rank,
                             stalls ? offsetof(RtSimOwn, stalls) : offsetof(RtSimOwn, runs)));
        return;
    }
    int64_t offset = 16 * (int64_t)module->rank + (stalls ? 8 : 0);
    add_one(code, lower_field(code->cx, code->layout->counts, offset));
}

// --- does it run? --------------------------------------------------------------------------------

static LLVMValueRef ran(SimCode *code, const SimModule *module) {
    LLVMValueRef at = code->staged
                          ? block_at(code, module->rank, offsetof(RtSimBlock, stamp))
                          : lower_field(code->cx, code->layout->ran, 8 * (int64_t)module->rank);
    LLVMValueRef stamp = sim_load(code, code->cx->i64, at);
    return LLVMBuildICmp(B(code), LLVMIntEQ, stamp, now_stamp(code), "ran");
}

// A call waits for it; an upstream ran. Null: always.
static LLVMValueRef is_wanted(SimCode *code) {
    LowerCtx *cx = code->cx;
    const SimModule *module = code->module;
    LLVMValueRef wanted = NULL;
    switch (module->kind) {
    case SIM_DRIVER: return NULL;
    case SIM_CALLED: {
        int member = is_plain(code, module->events) ? 0 : QUEUE_COUNT;
        LLVMValueRef calls = sim_queue(code, module->events, member);
        return LLVMBuildICmp(B(code), LLVMIntSGT, calls, i64(code, 0), "called");
    }
    case SIM_DOWNSTREAM:
        wanted = LLVMConstInt(cx->i1, 0, 0);
        VEC_EACH(SimModule *, upstream, &module->upstream)
        wanted = LLVMBuildOr(B(code), wanted, ran(code, upstream), "");
        return wanted;
    }
    UNREACHABLE("a kind of module");
}

// Null: it never waits.
static LLVMValueRef is_ready(SimCode *code) {
    const SimModule *module = code->module;
    if (module->wait) return sim_bit(code, module->wait);
    if (module->kind != SIM_CALLED || is_plain(code, module->events)) return NULL;
    LLVMValueRef ready = NULL;
    VEC_EACH(SimTarget *, port, &module->ports) {
        LLVMValueRef values = sim_queue(code, port, QUEUE_COUNT);
        LLVMValueRef some = LLVMBuildICmp(B(code), LLVMIntSGT, values, i64(code, 0), "valid");
        ready = ready ? LLVMBuildAnd(B(code), ready, some, "") : some;
    }
    return ready;
}

// --- before and after the body -------------------------------------------------------------------

static void note_active(SimCode *code) {
    sim_store(code, LLVMConstInt(code->cx->i1, 1, 0), code->active);
}

static void begin(SimCode *code) {
    LowerCtx *cx = code->cx;
    const SimModule *module = code->module;
    LLVMValueRef no = LLVMConstInt(cx->i1, 0, 0);
    count(code, false);
    if (module->kind != SIM_DRIVER) note_active(code);
    if (!code->staged && code->layout->ran)
        sim_store(code, now_stamp(code),
                  lower_field(cx, code->layout->ran, 8 * (int64_t)module->rank));
    for (uint32_t i = 0; i < module->ports.len; i++) {
        const SimTarget *port = module->ports.items[i];
        sim_store(code, no, code->held[i]);
        if (is_plain(code, port)) code->heads[i] = sim_queue(code, port, 0);
    }
    bool plain = module->events && is_plain(code, module->events);
    if (plain && code->layout->places[module->events->number].at_once)
        sim_store(code, i64(code, 0), sim_queue_at(code, module->events, 0));
    for (uint32_t i = 0; code->staged && i < module->uses.len; i++)
        if (module->uses.items[i].writes) sim_store(code, i64(code, 0), code->staged_counts[i]);
}

// Whether it takes the head of its i-th port.
static LLVMValueRef takes(SimCode *code, uint32_t i) {
    LLVMValueRef values = sim_queue(code, code->module->ports.items[i], QUEUE_COUNT);
    LLVMValueRef some = LLVMBuildICmp(B(code), LLVMIntSGT, values, i64(code, 0), "");
    LLVMValueRef held = sim_load(code, code->cx->i1, code->held[i]);
    return LLVMBuildAnd(B(code), some, LLVMBuildNot(B(code), held, ""), "takes");
}

static void end_direct(SimCode *code) {
    const SimModule *module = code->module;
    if (!module->events || is_plain(code, module->events)) return;
    sim_store(code, i64(code, 1), sim_queue_at(code, module->events, QUEUE_POPPED));
    for (uint32_t i = 0; i < module->ports.len; i++)
        sim_store(code, LLVMBuildZExt(B(code), takes(code, i), code->cx->i64, ""),
                  sim_queue_at(code, module->ports.items[i], QUEUE_POPPED));
}

static void publish_slots(SimCode *code, const SimUse *use, LLVMValueRef written) {
    LowerCtx *cx = code->cx;
    const SimTarget *target = use->target;
    const SimPlace *place = &code->layout->places[target->number];
    uint32_t writer = 0;
    while (target->writers.items[writer].module != code->module) writer++;
    sim_store(
        code, sim_load(code, cx->i64, written),
        lower_field(cx, code->slots, place->slots[writer] + (int64_t)offsetof(RtSimSlots, count)));
}

static void end_staged(SimCode *code) {
    LowerCtx *cx = code->cx;
    const SimModule *module = code->module;
    for (uint32_t i = 0; i < module->uses.len; i++)
        if (module->uses.items[i].writes)
            publish_slots(code, &module->uses.items[i], code->staged_counts[i]);
    LLVMValueRef taken = i64(code, module->events ? RT_SIM_CALL : 0);
    for (uint32_t i = 0; i < module->ports.len; i++) {
        LLVMValueRef bit = LLVMBuildZExt(B(code), takes(code, i), cx->i64, "");
        bit = LLVMBuildShl(B(code), bit, i64(code, i), "");
        taken = LLVMBuildOr(B(code), taken, bit, "");
    }
    sim_store(code, taken, block_at(code, module->rank, offsetof(RtSimBlock, taken)));
    sim_store(code, now_stamp(code), block_at(code, module->rank, offsetof(RtSimBlock, stamp)));
    LLVMValueRef active_at = own_at(code, module->rank, offsetof(RtSimOwn, active));
    LLVMValueRef active = sim_load(code, cx->i1, code->active);
    LLVMValueRef stamp =
        LLVMBuildSelect(B(code), active, now_stamp(code), sim_load(code, cx->i64, active_at), "");
    sim_store(code, stamp, active_at);
}

// --- the module ----------------------------------------------------------------------------------

static void prepare(SimCode *code, const SimModule *module) {
    LowerCtx *cx = code->cx;
    code->module = module;
    code->rank = lower_i64(cx, module->rank);
    cx->fs->name = module->name->text;
    sim_begin_body(code, module->locals, module->loops);
    code->heads = ARENA_ARRAY(cx->arena, LLVMValueRef, module->ports.len + 1);
    code->held = ARENA_ARRAY(cx->arena, LLVMValueRef, module->ports.len + 1);
    for (uint32_t i = 0; i < module->ports.len; i++)
        code->held[i] = lower_alloca(cx, cx->i1, "held");
    code->staged_counts = ARENA_ARRAY(cx->arena, LLVMValueRef, module->uses.len + 1);
    for (uint32_t i = 0; code->staged && i < module->uses.len; i++)
        code->staged_counts[i] = lower_alloca(cx, cx->i64, "count");
}

void sim_module(SimCode *code, const SimModule *module) {
    LowerCtx *cx = code->cx;
    prepare(code, module);
    LLVMBasicBlockRef run = lower_block_new(cx, module->name->text);
    LLVMBasicBlockRef end = lower_block_new(cx, "idle");
    LLVMBasicBlockRef finished = lower_block_new(cx, "done");
    code->done = end; // a stop in wait_until
    LLVMValueRef wanted = is_wanted(code);
    if (wanted) {
        LLVMBasicBlockRef ask = lower_block_new(cx, "wanted");
        lower_branch(cx, wanted, ask, end);
        lower_at(cx, ask);
    }
    LLVMValueRef ready = is_ready(code);
    if (ready) {
        LLVMBasicBlockRef wait = lower_block_new(cx, "waits");
        lower_branch(cx, ready, run, wait);
        lower_at(cx, wait);
        count(code, true);
        LLVMBuildBr(B(code), end);
        lower_at(cx, run);
    } else {
        lower_go(cx, run);
    }
    begin(code);
    code->done = finished;
    sim_value(code, module->body);
    lower_go(cx, finished);
    if (code->staged)
        end_staged(code);
    else
        end_direct(code);
    lower_go(cx, end);
}
