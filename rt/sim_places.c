// sim_places.c: which module runs on which thread.
//
// Modules are put into an order and cut into runs of about the same cost, so that neighbours, which
// usually talk to each other, stay together. In the order of parts (RtSimModule.part) nothing goes
// back, and the threads are a pipeline; but when that has no good cut, a part being too large, it is
// the order of the source, with those together that must be.
#include "sim_staged.h"

// Bytes of a state that it is no trouble to save often: where a pipeline went too far, cycles are
// repeated from where states were saved last.
enum { PIPELINE_STATE = 1024 * 1024 };

// A run of modules in the order that are not to be torn.
typedef struct Unit {
    int32_t first; // place in the order
    uint64_t cost;
} Unit;

typedef struct Order {
    int32_t *ranks;
    Unit *units; // and one behind the last
    int32_t unit_count;
} Order;

static uint64_t next_random(uint64_t *random) {
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *random >> 33;
}

static uint64_t cost_of(const RtiSimStaged *staged, int32_t rank) {
    uint64_t cost = (uint64_t)staged->model->modules[rank].weight + 1; // before it is known better
    for (int32_t t = 0; t < staged->made; t++) cost += staged->workers[t].costs[rank];
    return cost;
}

// --- orders --------------------------------------------------------------------------------------

static int32_t group_of(int32_t *groups, int32_t rank) {
    while (groups[rank] != rank) rank = groups[rank] = groups[groups[rank]];
    return rank;
}

static void join(int32_t *groups, int32_t a, int32_t b) {
    groups[group_of(groups, a)] = group_of(groups, b);
}

// Those that must be on one thread in any case: a downstream module and those that it reads, and
// all that read an array of which there is to be one copy.
static int32_t *groups_of(const RtSim *model) {
    int32_t *groups = rti_alloc((size_t)model->module_count * sizeof *groups + 1);
    int32_t *reader = rti_alloc((size_t)model->target_count * sizeof *reader + 1);
    for (int32_t i = 0; i < model->target_count; i++) reader[i] = -1;
    for (int32_t rank = 0; rank < model->module_count; rank++) groups[rank] = rank;
    for (int32_t rank = 0; rank < model->module_count; rank++) {
        const RtSimModule *module = &model->modules[rank];
        for (int64_t i = 0; i < module->upstream_count; i++)
            join(groups, module->upstream[i], rank);
        for (int64_t i = 0; i < module->use_count; i++) {
            int32_t target = module->uses[i];
            if (!model->targets[target].large) continue;
            if (reader[target] >= 0) join(groups, reader[target], rank);
            reader[target] = rank;
        }
    }
    for (int32_t rank = 0; rank < model->module_count; rank++)
        groups[rank] = group_of(groups, rank);
    rti_free(reader);
    return groups;
}

// Modules by the number of their unit, those of one unit as in the source. Numbers are below
// module_count.
static void sort_by_unit(const RtiSimStaged *staged, const int32_t *unit, Order *order) {
    const RtSim *model = staged->model;
    size_t count = (size_t)model->module_count;
    int32_t *by_number = rti_alloc(count * sizeof *by_number);
    int32_t *at = rti_set(rti_alloc((count + 1) * sizeof *at), 0, (count + 1) * sizeof *at);
    for (int32_t rank = 0; rank < model->module_count; rank++) {
        by_number[model->modules[rank].number] = rank;
        at[unit[rank] + 1]++;
    }
    for (size_t i = 0; i < count; i++) {
        if (at[i + 1] > 0) order->units[order->unit_count++] = (Unit){.first = at[i]};
        at[i + 1] += at[i];
    }
    order->units[order->unit_count].first = (int32_t)count;
    for (size_t number = 0; number < count; number++) {
        int32_t rank = by_number[number];
        order->ranks[at[unit[rank]]++] = rank;
    }
    for (int32_t u = 0; u < order->unit_count; u++)
        for (int32_t i = order->units[u].first; i < order->units[u + 1].first; i++)
            order->units[u].cost += cost_of(staged, order->ranks[i]);
    rti_free(by_number);
    rti_free(at);
}

static Order order_of(const RtiSimStaged *staged, bool by_part) {
    const RtSim *model = staged->model;
    size_t count = (size_t)model->module_count;
    Order order = {.ranks = rti_alloc(count * sizeof(int32_t)),
                   .units = rti_alloc((count + 1) * sizeof(Unit))};
    int32_t *unit = by_part ? rti_alloc(count * sizeof *unit) : groups_of(model);
    int32_t *first = rti_alloc(count * sizeof *first); // by group: its first module in the source
    for (size_t i = 0; i < count; i++) first[i] = INT32_MAX;
    for (size_t rank = 0; rank < count; rank++) {
        const RtSimModule *module = &model->modules[rank];
        if (by_part)
            unit[rank] = module->part;
        else if (module->number < first[unit[rank]])
            first[unit[rank]] = module->number;
    }
    for (size_t rank = 0; !by_part && rank < count; rank++) unit[rank] = first[unit[rank]];
    sort_by_unit(staged, unit, &order);
    rti_free(first);
    rti_free(unit);
    return order;
}

static void order_free(Order *order) {
    rti_free(order->ranks);
    rti_free(order->units);
}

// --- cuts ----------------------------------------------------------------------------------------

// The threads that are needed when none has more than `most` to do, or one more than `threads`.
// `place`: null, or by unit: the thread.
static int32_t fill(const Order *order, uint64_t most, int32_t threads, int32_t *place) {
    int32_t used = 1;
    uint64_t sum = 0;
    for (int32_t u = 0; u < order->unit_count; u++) {
        uint64_t cost = order->units[u].cost;
        if (sum > 0 && sum + cost > most) {
            if (++used > threads) return used;
            sum = 0;
        }
        sum += cost;
        if (place) place[u] = used - 1;
    }
    return used;
}

// The least that the busiest thread must do.
static uint64_t least_most(const Order *order, int32_t threads) {
    uint64_t low = 0, high = 0;
    for (int32_t u = 0; u < order->unit_count; u++) {
        if (order->units[u].cost > low) low = order->units[u].cost;
        high += order->units[u].cost;
    }
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (fill(order, middle, threads, NULL) <= threads)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void place_by_chance(const Order *order, bool pipeline, int32_t threads, uint64_t random,
                            int32_t *place) {
    int32_t at = 0;
    for (int32_t u = 0; u < order->unit_count; u++) {
        uint64_t chance = next_random(&random);
        int32_t left = order->unit_count - u;
        if (pipeline && u > 0 && at + 1 < threads)
            at += chance % (uint64_t)left < (uint64_t)(threads - at);
        place[u] = pipeline ? at : (int32_t)(chance % (uint64_t)threads);
    }
}

// Threads without modules are left out.
static void take_places(RtiSimStaged *staged, const Order *order, const int32_t *place,
                        int32_t threads) {
    bool has_some[RTI_SIM_THREADS_MOST] = {false};
    int32_t number[RTI_SIM_THREADS_MOST] = {0}, used = 0;
    for (int32_t u = 0; u < order->unit_count; u++) has_some[place[u]] = true;
    for (int32_t t = 0; t < threads; t++)
        if (has_some[t]) number[t] = used++;
    for (int32_t u = 0; u < order->unit_count; u++)
        for (int32_t i = order->units[u].first; i < order->units[u + 1].first; i++)
            staged->thread_of[order->ranks[i]] = number[place[u]];
    staged->thread_count = used;
}

void rti_staged_assign(RtiSimStaged *staged, int32_t threads, uint64_t random) {
    Order pipeline = order_of(staged, true), source = order_of(staged, false);
    int32_t most = threads;
    if (most > staged->ring - 2) most = (int32_t)staged->ring - 2;
    bool possible = most > 1 && staged->model->parts > 1 && !staged->trace &&
                    staged->model->state_size <= PIPELINE_STATE;
    uint64_t in_pipeline = possible ? least_most(&pipeline, most) : UINT64_MAX;
    uint64_t together = least_most(&source, threads);
    bool chosen = random ? possible && random % 2 : possible && in_pipeline / 9 * 8 <= together;
    const Order *order = chosen ? &pipeline : &source;
    int32_t *place = rti_alloc((size_t)order->unit_count * sizeof *place + 1);
    if (random)
        place_by_chance(order, chosen, chosen ? most : threads, random, place);
    else
        (void)fill(order, chosen ? in_pipeline : together, threads, place);
    take_places(staged, order, place, threads);
    staged->is_pipeline = chosen && staged->thread_count > 1;
    rti_free(place);
    order_free(&pipeline);
    order_free(&source);
}
