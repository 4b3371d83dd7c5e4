// lower_sim_plan.c: the direct engine's plan: in which order modules run, and which changes need not
// wait for the end of the cycle.
//
// Results do not depend on the order, so it is chosen for speed: whoever reads a target runs before
// those that change it, as far as that has no circle; then the change is made at once. Three things
// bind the order: a downstream module comes after its upstreams; modules that log come by rank, for
// their text; and those that change one and the same target come by rank, so that values queue up,
// and errors are told, as everywhere.
#include "lower_sim.h"

typedef struct Edge {
    uint32_t from, to; // ranks
    bool hard;
} Edge;

typedef struct Plan {
    LowerCtx *cx;
    SimLayout *layout;
    VEC(Edge) edges;
    uint32_t *place; // by rank: place in the order
} Plan;

static void add_edge(Plan *plan, const SimModule *from, const SimModule *to, bool hard) {
    Edge edge = {from->rank, to->rank, hard};
    if (from != to) vec_push(plan->cx->arena, &plan->edges, edge);
}

// --- ports that are registers --------------------------------------------------------------------

static bool contains_hold(const SimNode *node) {
    if (!node) return false;
    if (node->op == SIM_HOLD) return true;
    if (contains_hold(node->a) || contains_hold(node->b) || contains_hold(node->c)) return true;
    VEC_EACH(SimNode *, item, &node->items)
    if (contains_hold(item)) return true;
    return false;
}

static uint64_t total_writes(const SimTarget *target) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < target->writers.len; i++) sum += target->writers.items[i].most;
    return sum;
}

// Called at most once a cycle, always with all values, and never waiting.
static bool is_plain(const SimModule *module) {
    if (module->kind != SIM_CALLED || module->wait || module->partial) return false;
    if (total_writes(module->events) > 1 || contains_hold(module->body)) return false;
    VEC_EACH(SimTarget *, port, &module->ports)
    if (port->depth == 1) return false;
    return true;
}

// --- the order -----------------------------------------------------------------------------------

static void bind_order(Plan *plan) {
    const SimModel *model = plan->layout->model;
    const SimModule *logger = NULL;
    VEC_EACH(SimModule *, module, &model->ranked) {
        VEC_EACH(SimModule *, upstream, &module->upstream) add_edge(plan, upstream, module, true);
        if (!module->logs) continue;
        if (logger) add_edge(plan, logger, module, true);
        logger = module;
    }
    VEC_EACH(SimTarget *, target, &model->targets) {
        const SimPlace *place = &plan->layout->places[target->number];
        for (uint32_t i = 1; i < target->writers.len; i++)
            add_edge(plan, target->writers.items[i - 1].module, target->writers.items[i].module,
                     true);
        if (target->kind != SIM_REGISTER && !place->plain) continue; // queues show nothing early
        for (uint32_t i = 0; i < target->writers.len; i++)
            VEC_EACH(SimModule *, reader, &target->readers)
        add_edge(plan, reader, target->writers.items[i].module, false);
    }
}

typedef struct Waiting {
    uint32_t hard, soft; // edges that lead to it and begin at a module not yet placed
    VEC(uint32_t) out;   // edges that begin at it
    bool placed;
} Waiting;

static int32_t best_of(const Waiting *waiting, uint32_t count) {
    int32_t best = -1;
    for (uint32_t i = 0; i < count; i++) {
        if (waiting[i].placed || waiting[i].hard > 0) continue;
        if (best < 0 || waiting[i].soft < waiting[best].soft) best = (int32_t)i;
        if (waiting[best].soft == 0) break;
    }
    return best;
}

static void choose_order(Plan *plan) {
    const SimModel *model = plan->layout->model;
    uint32_t count = model->ranked.len;
    Waiting *waiting = ARENA_ARRAY(plan->cx->arena, Waiting, count + 1);
    for (uint32_t i = 0; i < plan->edges.len; i++) {
        const Edge *edge = &plan->edges.items[i];
        vec_push(plan->cx->arena, &waiting[edge->from].out, i);
        if (edge->hard)
            waiting[edge->to].hard++;
        else
            waiting[edge->to].soft++;
    }
    for (uint32_t at = 0; at < count; at++) {
        int32_t best = best_of(waiting, count);
        CHECK(best >= 0, "binding edges go up the ranks");
        waiting[best].placed = true;
        plan->place[best] = at;
        plan->layout->order[at] = model->ranked.items[best];
        for (uint32_t i = 0; i < waiting[best].out.len; i++) {
            const Edge *edge = &plan->edges.items[waiting[best].out.items[i]];
            if (edge->hard)
                waiting[edge->to].hard--;
            else
                waiting[edge->to].soft--;
        }
    }
}

// Nobody reads the target after the first change of it in a cycle.
static bool is_seen_by_nobody(const Plan *plan, const SimTarget *target) {
    for (uint32_t w = 0; w < target->writers.len; w++) {
        const SimModule *writer = target->writers.items[w].module;
        const SimUse *use = sim_use(writer, target);
        // Of its own ports a module keeps the values at hand (lower_sim_direct.c).
        if (target->kind == SIM_REGISTER && use->reads_late) return false;
        VEC_EACH(SimModule *, reader, &target->readers)
        if (reader != writer && plan->place[reader->rank] > plan->place[writer->rank]) return false;
    }
    return true;
}

void sim_plan(LowerCtx *cx, SimLayout *layout) {
    const SimModel *model = layout->model;
    Plan plan = {.cx = cx, .layout = layout};
    plan.place = ARENA_ARRAY(cx->arena, uint32_t, model->ranked.len + 1);
    VEC_EACH(SimModule *, module, &model->ranked) {
        if (!is_plain(module)) continue;
        layout->places[module->events->number].plain = true;
        VEC_EACH(SimTarget *, port, &module->ports) layout->places[port->number].plain = true;
    }
    bind_order(&plan);
    choose_order(&plan);
    VEC_EACH(SimTarget *, target, &model->targets) {
        SimPlace *place = &layout->places[target->number];
        place->at_once = is_seen_by_nobody(&plan, target);
        place->stamped = target->kind == SIM_REGISTER && total_writes(target) > 1;
    }
}
