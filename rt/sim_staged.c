// sim_staged.c: the staged engine (sim_staged.h): states, the application of slots, a thread's cycles,
// and the merging of text.
#include "sim_staged.h"
#include "sys.h"

enum {
    PAUSE_AT = 256 * 1024, // bytes of a thread's text before it is merged
    SAMPLE_MASK = 31,
    SAMPLE_CYCLES = 4, // what modules cost is measured in 4 of 32 cycles
};

static void *zeroed(size_t size) {
    return rti_set(rti_alloc(size ? size : 1), 0, size);
}

// --- states --------------------------------------------------------------------------------------

static RtSimQueue *queue_in(char *state, const RtSimTarget *target) {
    return (RtSimQueue *)(void *)(state + target->offset);
}

static void queue_push(RtSimQueue *queue, int64_t position, int64_t value) {
    if (position > queue->mask || !queue->values) rt_sim_grow(queue);
    queue->values[(queue->head + position) & queue->mask] = value;
}

static void queue_load(const RtSimTarget *target, RtSimQueue *queue) {
    const RtSimQueue *from = target->data;
    const RtSimPlain *plain = target->data;
    bool port = target->kind == RT_SIM_PORT;
    queue->head = 0;
    queue->count = target->plain && !port ? plain->now : from->count;
    if (!port) return;
    if (!queue->values) rt_sim_grow(queue);
    if (target->plain) {
        // It holds a value exactly when its module has been called; the caller sets the count.
        queue->count = 0;
        queue_push(queue, 0, plain->now);
        return;
    }
    for (int64_t i = 0; i < from->count; i++)
        queue_push(queue, i, from->values[(from->head + i) & from->mask]);
}

static void queue_store(const RtSimTarget *target, const RtSimQueue *queue) {
    RtSimQueue *to = target->data;
    RtSimPlain *plain = target->data;
    bool port = target->kind == RT_SIM_PORT;
    if (target->plain) {
        if (!port)
            *plain = (RtSimPlain){.now = queue->count};
        else if (queue->count)
            plain->now = plain->next = queue->values[queue->head];
        return;
    }
    to->count = queue->count;
    to->head = 0;
    for (int64_t i = 0; port && i < queue->count; i++)
        queue_push(to, i, queue->values[(queue->head + i) & queue->mask]);
}

static const RtSimTarget *events_of(const RtSim *model, int32_t rank) {
    for (int64_t i = 0; i < model->target_count; i++)
        if (model->targets[i].kind == RT_SIM_EVENTS && model->targets[i].rank == rank)
            return &model->targets[i];
    return NULL;
}

static void target_load(const RtSim *model, const RtSimTarget *target, char *state) {
    if (target->kind == RT_SIM_REGISTER) {
        rti_copy(state + target->offset, target->data, (size_t)(target->length * target->bytes));
        return;
    }
    RtSimQueue *queue = queue_in(state, target);
    queue_load(target, queue);
    if (target->kind == RT_SIM_PORT && target->plain)
        queue->count = ((const RtSimPlain *)events_of(model, target->rank)->data)->now;
}

static void target_store(const RtSimTarget *target, char *state) {
    if (target->kind != RT_SIM_REGISTER) {
        queue_store(target, queue_in(state, target));
        return;
    }
    size_t size = (size_t)(target->length * target->bytes);
    rti_copy(target->data, state + target->offset, size);
    if (target->next && !target->is_array) rti_copy(target->next, state + target->offset, size);
}

// --- between phases ------------------------------------------------------------------------------

void rti_staged_begin(RtiSimStaged *staged, const RtSim *model, int32_t threads) {
    size_t modules = (size_t)model->module_count, targets = (size_t)model->target_count;
    staged->model = model;
    staged->made = threads;
    staged->slots = zeroed((size_t)model->slots_size);
    staged->workers = zeroed(sizeof(RtiSimWorker) * (size_t)threads);
    staged->owner = zeroed(targets * sizeof(int32_t));
    staged->thread_of = zeroed(modules * sizeof(int32_t));
    for (int32_t t = 0; t < threads; t++) {
        RtiSimWorker *worker = &staged->workers[t];
        worker->thread.keeps_all = true;
        worker->modules = zeroed(modules * sizeof(int32_t));
        worker->run_order = zeroed(modules * sizeof(int32_t));
        worker->kept = zeroed(targets * sizeof(int32_t));
        worker->costs = zeroed(modules * sizeof(uint64_t));
    }
}

static void free_state(const RtSim *model, char *state) {
    for (int64_t i = 0; state && i < model->target_count; i++)
        if (model->targets[i].kind == RT_SIM_PORT)
            rti_free(queue_in(state, &model->targets[i])->values);
    rti_free(state);
}

static void add_counts(RtiSimStaged *staged) {
    const RtSim *model = staged->model;
    for (int64_t rank = 0; rank < model->module_count; rank++) {
        const RtSimOwn *own = (const void *)(staged->slots + model->modules[rank].own);
        model->counts[2 * rank] += own->runs;
        model->counts[2 * rank + 1] += own->stalls;
    }
}

void rti_staged_end(RtiSimStaged *staged) {
    add_counts(staged);
    for (int32_t t = 0; t < staged->made; t++) {
        RtiSimWorker *worker = &staged->workers[t];
        free_state(staged->model, worker->state);
        rti_free(worker->modules);
        rti_free(worker->run_order);
        rti_free(worker->kept);
        rti_free(worker->costs);
        rti_sink_free(&worker->thread.text.sink);
        rti_free(worker->thread.text.segments);
    }
    rti_free(staged->workers);
    rti_free(staged->slots);
    rti_free(staged->owner);
    rti_free(staged->thread_of);
}

static void keep(RtiSimStaged *staged, int32_t thread, int32_t target) {
    RtiSimWorker *worker = &staged->workers[thread];
    for (int64_t i = 0; i < worker->kept_count; i++)
        if (worker->kept[i] == target) return;
    worker->kept[worker->kept_count++] = target;
    if (staged->owner[target] < 0) staged->owner[target] = thread;
}

// Modules to their threads, and what they read with them; what nobody reads to who writes it.
static void distribute(RtiSimStaged *staged) {
    const RtSim *model = staged->model;
    for (int32_t t = 0; t < staged->thread_count; t++)
        staged->workers[t].module_count = staged->workers[t].kept_count = 0;
    for (int64_t i = 0; i < model->target_count; i++) staged->owner[i] = -1;
    for (int32_t rank = 0; rank < model->module_count; rank++) {
        const RtSimModule *module = &model->modules[rank];
        RtiSimWorker *worker = &staged->workers[staged->thread_of[rank]];
        worker->run_order[worker->module_count] = rank;
        worker->modules[worker->module_count++] = rank;
        for (int64_t i = 0; i < module->use_count; i++)
            keep(staged, staged->thread_of[rank], module->uses[i]);
    }
    for (int32_t i = 0; i < model->target_count; i++) {
        const RtSimTarget *target = &model->targets[i];
        if (staged->owner[i] < 0 && target->writer_count > 0)
            keep(staged, staged->thread_of[target->writers[0].rank], i);
    }
}

static void load_states(RtiSimStaged *staged) {
    const RtSim *model = staged->model;
    for (int32_t t = 0; t < staged->thread_count; t++) {
        RtiSimWorker *worker = &staged->workers[t];
        if (!worker->state) worker->state = zeroed((size_t)model->state_size);
        for (int64_t i = 0; i < worker->kept_count; i++)
            target_load(model, &model->targets[worker->kept[i]], worker->state);
    }
}

void rti_staged_load(RtiSimStaged *staged) {
    distribute(staged);
    load_states(staged);
}

void rti_staged_load_all(RtiSimStaged *staged) {
    distribute(staged);
    for (int32_t i = 0; i < staged->model->target_count; i++) keep(staged, 0, i);
    load_states(staged);
}

void rti_staged_store(RtiSimStaged *staged) {
    const RtSim *model = staged->model;
    for (int64_t i = 0; i < model->target_count; i++)
        if (staged->owner[i] >= 0)
            target_store(&model->targets[i], staged->workers[staged->owner[i]].state);
}

// --- slots ---------------------------------------------------------------------------------------

static const RtSimSlots *slots_of(const RtiSimStaged *staged, const RtSimWriter *writer,
                                  int64_t cycle) {
    const RtSimSlots *slots = (const void *)(staged->slots + writer->slots[cycle & 1]);
    return slots->stamp == cycle + 1 ? slots : NULL;
}

static void apply_register(const RtiSimStaged *staged, RtiSimWorker *worker,
                           const RtSimTarget *target, int64_t cycle) {
    char *elements = worker->state + target->offset;
    uint64_t *stamps = target->stamps_offset < 0
                           ? NULL
                           : (uint64_t *)(void *)(worker->state + target->stamps_offset);
    for (int64_t w = 0; w < target->writer_count; w++) {
        const RtSimWriter *writer = &target->writers[w];
        const RtSimSlots *slots = slots_of(staged, writer, cycle);
        for (int64_t i = 0; slots && i < slots->count; i++) {
            int64_t index = slots->entries[i].index;
            uint64_t *stamp = stamps ? &stamps[index] : NULL;
            if (stamp && *stamp >> 16 == (uint64_t)cycle + 1) {
                rt_sim_stop(&worker->thread.run, slots->entries[i].site, cycle, writer->rank, index,
                            (int64_t)(*stamp & 0xFFFF));
                continue;
            }
            if (stamp) *stamp = ((uint64_t)cycle + 1) << 16 | (uint64_t)writer->rank;
            rti_sim_set(target, elements, index, slots->entries[i].value);
        }
    }
}

static void apply_queue(const RtiSimStaged *staged, RtiSimWorker *worker, const RtSimTarget *target,
                        int64_t cycle) {
    RtSimQueue *queue = queue_in(worker->state, target);
    int64_t count = queue->count;
    bool port = target->kind == RT_SIM_PORT;
    for (int64_t w = 0; w < target->writer_count; w++) {
        const RtSimWriter *writer = &target->writers[w];
        const RtSimSlots *slots = slots_of(staged, writer, cycle);
        if (!slots) continue;
        if (!port) count += slots->count;
        for (int64_t i = 0; port && i < slots->count; i++) {
            if (target->length > 0 && count >= target->length) {
                rt_sim_stop(&worker->thread.run, slots->entries[i].site, cycle, writer->rank, 0, 0);
                continue;
            }
            queue_push(queue, count++, slots->entries[i].value);
        }
    }
    const RtSimOwn *own = (const void *)(staged->slots + staged->model->modules[target->rank].own);
    int64_t bit = port ? (int64_t)1 << target->position : RT_SIM_CALL;
    if (own->stamp[cycle & 1] == cycle + 1 && (own->taken[cycle & 1] & bit)) {
        count--;
        queue->head = (queue->head + port) & queue->mask;
    }
    queue->count = count;
}

// What happened in `cycle` becomes the state of the next one.
static void apply(const RtiSimStaged *staged, RtiSimWorker *worker, int64_t cycle) {
    for (int64_t i = 0; i < worker->kept_count; i++) {
        const RtSimTarget *target = &staged->model->targets[worker->kept[i]];
        if (target->kind == RT_SIM_REGISTER)
            apply_register(staged, worker, target, cycle);
        else
            apply_queue(staged, worker, target, cycle);
    }
}

// --- cycles --------------------------------------------------------------------------------------

static uint64_t mixed(uint64_t x) {
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

// Modules of one level change places; levels keep theirs.
static void shuffle(const RtiSimStaged *staged, RtiSimWorker *worker, int64_t cycle) {
    const RtSimModule *modules = staged->model->modules;
    uint64_t random = mixed(staged->seed ^ mixed((uint64_t)cycle));
    for (int64_t i = worker->module_count - 1; i > 0; i--) {
        int64_t level = modules[worker->run_order[i]].level, first = i;
        while (first > 0 && modules[worker->run_order[first - 1]].level == level) first--;
        random = mixed(random);
        int64_t j = first + (int64_t)(random % (uint64_t)(i - first + 1));
        int32_t rank = worker->run_order[i];
        worker->run_order[i] = worker->run_order[j];
        worker->run_order[j] = rank;
    }
}

static void inject_delay(const RtiSimStaged *staged, int32_t index, int64_t cycle) {
    uint64_t random = mixed(staged->delays ^ mixed((uint64_t)cycle * 64 + (uint64_t)index));
    if (random % 4 != 0) return;
    for (uint64_t i = random / 4 % 2000; i > 0; i--) rti_pause();
    if (random / 8192 % 64 == 0) (void)rti_sys_sched_yield();
}

static uint32_t run_modules(const RtiSimStaged *staged, RtiSimWorker *worker, int64_t cycle) {
    uint32_t told = 0;
    bool measures = staged->measures || (cycle & SAMPLE_MASK) < SAMPLE_CYCLES;
    if (staged->random_order) shuffle(staged, worker, cycle);
    for (int64_t i = 0; i < worker->module_count; i++) {
        int32_t rank = worker->run_order[i];
        const RtSimModule *module = &staged->model->modules[rank];
        uint64_t start = measures ? rti_ticks() : 0;
        module->step(&worker->thread.run, worker->state, staged->slots, cycle);
        if (measures) worker->costs[rank] += rti_ticks() - start;
        const RtSimOwn *own = (const void *)(staged->slots + module->own);
        if (own->active == cycle + 1) told |= RTI_SIM_ACTIVE;
    }
    return told;
}

// What all threads told of the cycle; the same for each that asks.
static uint32_t told_by_all(const RtiSimStaged *staged, int64_t cycle) {
    uint32_t told = 0;
    for (int32_t t = 0; t < staged->thread_count; t++)
        // relaxed: the barrier between the store and this load orders them; the next store into this
        // word comes after the barrier of the next cycle, to which this thread comes later
        told |= atomic_load_explicit(&staged->workers[t].told[cycle & 1], memory_order_relaxed);
    return told;
}

static void meet(RtiSimStaged *staged) {
    if (staged->thread_count > 1) rti_barrier_wait(&staged->barrier, staged->spin);
}

void rti_staged_phase(RtiSimStaged *staged, int32_t index) {
    RtiSimWorker *worker = &staged->workers[index];
    int64_t first = staged->cycle, cycle = first, idle = staged->idle;
    for (bool more = true; more; cycle++) {
        uint32_t told = 0;
        if (cycle > first) apply(staged, worker, cycle - 1);
        if (!(worker->thread.run.ending & RT_SIM_STOPPED))
            told = run_modules(staged, worker, cycle);
        if (worker->thread.run.ending) told |= RTI_SIM_ENDS;
        if (worker->thread.text.sink.length > PAUSE_AT) told |= RTI_SIM_PAUSE;
        if (staged->delays) inject_delay(staged, index, cycle);
        // relaxed: the barrier publishes it
        atomic_store_explicit(&worker->told[cycle & 1], told, memory_order_relaxed);
        meet(staged);
        told = told_by_all(staged, cycle);
        idle = told & RTI_SIM_ACTIVE ? 0 : idle + 1;
        more = !(told & (RTI_SIM_ENDS | RTI_SIM_PAUSE)) && idle < staged->idle_limit &&
               cycle + 1 < staged->end;
    }
    apply(staged, worker, cycle - 1);
    meet(staged);
    if (index != 0) return;
    staged->cycle = cycle;
    staged->idle = idle;
    for (int32_t t = 0; t < staged->thread_count; t++) {
        RtiSimThread *thread = &staged->workers[t].thread;
        staged->ending |= thread->run.ending;
        rti_sim_stop_least(&staged->stop, &thread->stop);
    }
}

// --- text ----------------------------------------------------------------------------------------

typedef struct Piece {
    int64_t cycle, rank;
    const char *text;
    size_t length;
} Piece;

static bool is_before(const Piece *a, const Piece *b) {
    return a->cycle != b->cycle ? a->cycle < b->cycle : a->rank < b->rank;
}

// Bottom-up merge sort: pieces of a thread are nearly in order already.
static void sort_pieces(Piece *pieces, Piece *spare, size_t count) {
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t low = 0; low < count; low += 2 * run) {
            size_t middle = low + run < count ? low + run : count;
            size_t high = low + 2 * run < count ? low + 2 * run : count;
            size_t i = low, j = middle;
            for (size_t k = low; k < high; k++)
                spare[k] = j >= high || (i < middle && !is_before(&pieces[j], &pieces[i]))
                               ? pieces[i++]
                               : pieces[j++];
        }
        rti_copy(pieces, spare, count * sizeof(Piece));
    }
}

static size_t collect(const RtiSimText *text, Piece *to) {
    for (size_t i = 0; i < text->segment_count; i++) {
        const RtiSimSegment *segment = &text->segments[i];
        size_t end = i + 1 < text->segment_count ? segment[1].begin : text->sink.length;
        to[i] = (Piece){segment->cycle, segment->rank, text->sink.data + segment->begin,
                        end - segment->begin};
    }
    return text->segment_count;
}

void rti_staged_merge(RtiSimStaged *staged) {
    size_t count = 0;
    for (int32_t t = 0; t < staged->thread_count; t++)
        count += staged->workers[t].thread.text.segment_count;
    if (count == 0) return;
    Piece *pieces = rti_alloc(2 * count * sizeof *pieces);
    size_t at = 0;
    for (int32_t t = 0; t < staged->thread_count; t++)
        at += collect(&staged->workers[t].thread.text, pieces + at);
    sort_pieces(pieces, pieces + count, count);
    const RtiSimStop *stop = &staged->stop;
    for (size_t i = 0; i < count; i++) {
        bool late = stop->set && (pieces[i].cycle > stop->cycle ||
                                  (pieces[i].cycle == stop->cycle && pieces[i].rank > stop->rank));
        if (!late) rti_out(pieces[i].text, pieces[i].length);
    }
    rti_free(pieces);
    for (int32_t t = 0; t < staged->thread_count; t++) {
        RtiSimText *text = &staged->workers[t].thread.text;
        text->sink.length = 0;
        text->segment_count = 0;
    }
}
