// sim_staged.c: the staged engine's memory (sim_staged.h): states of threads, who keeps what of them,
// and the application of slots.
#include "sim_staged.h"

enum {
    RING_LEAST = 8,           // cycles that threads of a pipeline may be apart, and two
    RING_BYTES = 1024 * 1024, // of slots: what a second-level cache holds
};

static void *zeroed(size_t size) {
    return rti_set(rti_alloc(size ? size : 1), 0, size);
}

// On the beginning of a cache line within `memory`, which has room for that.
static char *on_line(void *memory) {
    uintptr_t at = (uintptr_t)memory;
    return (char *)memory + (RTI_CACHE_LINE - at % RTI_CACHE_LINE) % RTI_CACHE_LINE;
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

// --- memory --------------------------------------------------------------------------------------

// As long as there are threads, and then twice as much as that, but not more than caches hold.
static int64_t ring_for(const RtSim *model, int32_t threads) {
    int64_t ring = threads > 1 ? RING_LEAST : 2;
    if (model->parts < 2) return 2;
    while (ring < threads * 2) ring *= 2;
    while (ring > 2 && ring * model->slots_size > RING_BYTES) ring /= 2;
    return ring;
}

void rti_staged_begin(RtiSimStaged *staged, const RtSim *model, int32_t threads) {
    size_t modules = (size_t)model->module_count, targets = (size_t)model->target_count;
    staged->model = model;
    staged->made = threads;
    staged->ring = ring_for(model, threads);
    staged->memory = zeroed((size_t)(model->slots_size * staged->ring) + RTI_CACHE_LINE);
    staged->slots = on_line(staged->memory);
    staged->workers_memory = zeroed(sizeof(RtiSimWorker) * (size_t)threads + RTI_CACHE_LINE);
    staged->workers = (RtiSimWorker *)(void *)on_line(staged->workers_memory);
    staged->owner = zeroed(targets * sizeof(int32_t));
    staged->thread_of = zeroed(modules * sizeof(int32_t));
    for (int32_t t = 0; t < threads; t++) {
        RtiSimWorker *worker = &staged->workers[t];
        worker->thread.keeps_all = true;
        worker->modules = zeroed(modules * sizeof(int32_t));
        worker->kept = zeroed(targets * sizeof(int32_t));
        worker->changed = zeroed(targets * sizeof(RtiSimChanged));
        worker->costs = zeroed(modules * sizeof(uint64_t));
    }
}

static void make_state(const RtSim *model, RtiSimWorker *worker) {
    worker->state_memory = rti_alloc((size_t)model->state_size + RTI_CACHE_LINE);
    worker->state = on_line(worker->state_memory);
    rti_set(worker->state, 0, (size_t)model->state_zeroed);
}

static void free_state(const RtSim *model, RtiSimWorker *worker) {
    for (int64_t i = 0; worker->state && i < model->target_count; i++)
        if (model->targets[i].kind == RT_SIM_PORT)
            rti_free(queue_in(worker->state, &model->targets[i])->values);
    rti_free(worker->state_memory);
}

void rti_staged_end(RtiSimStaged *staged) {
    for (int32_t t = 0; t < staged->made; t++) {
        RtiSimWorker *worker = &staged->workers[t];
        free_state(staged->model, worker);
        rti_free(worker->modules);
        rti_free(worker->kept);
        rti_free(worker->changed);
        rti_free(worker->costs);
        rti_sink_free(&worker->thread.text.sink);
        rti_free(worker->thread.text.segments);
        rti_sink_free(&worker->waves.sink);
        rti_free(worker->waves.segments);
    }
    rti_free(staged->workers_memory);
    rti_free(staged->memory);
    rti_free(staged->owner);
    rti_free(staged->thread_of);
}

// --- between phases ------------------------------------------------------------------------------

static void keep(RtiSimStaged *staged, int32_t thread, int32_t target) {
    RtiSimWorker *worker = &staged->workers[thread];
    worker->kept[worker->kept_count++] = target;
    if (staged->owner[target] < 0) staged->owner[target] = thread;
}

// What a thread's modules read; `seen`: by target, one more than the last thread that keeps it.
static void keep_used(RtiSimStaged *staged, int32_t thread, int32_t *seen) {
    const RtiSimWorker *worker = &staged->workers[thread];
    for (int64_t m = 0; m < worker->module_count; m++) {
        const RtSimModule *module = &staged->model->modules[worker->modules[m]];
        for (int64_t i = 0; i < module->use_count; i++) {
            int32_t target = module->uses[i];
            if (seen[target] == thread + 1) continue;
            seen[target] = thread + 1;
            keep(staged, thread, target);
        }
    }
}

// What nobody reads is kept by the last thread that writes it, to which all others' slots come.
static void keep_unread(RtiSimStaged *staged) {
    for (int32_t i = 0; i < staged->model->target_count; i++) {
        const RtSimTarget *target = &staged->model->targets[i];
        int32_t thread = staged->trace ? 0 : -1;
        for (int64_t w = 0; w < target->writer_count; w++) {
            int32_t writer = staged->thread_of[target->writers[w].rank];
            if (writer > thread) thread = writer;
        }
        if (staged->owner[i] < 0 && thread >= 0) keep(staged, thread, i);
    }
}

// Modules to their threads, and what they read with them.
static void distribute(RtiSimStaged *staged) {
    const RtSim *model = staged->model;
    int32_t *seen = zeroed((size_t)model->target_count * sizeof *seen);
    for (int32_t t = 0; t < staged->thread_count; t++)
        staged->workers[t].module_count = staged->workers[t].kept_count = 0;
    for (int64_t i = 0; i < model->target_count; i++) staged->owner[i] = -1;
    for (int32_t rank = 0; rank < model->module_count; rank++) {
        RtiSimWorker *worker = &staged->workers[staged->thread_of[rank]];
        worker->modules[worker->module_count++] = rank;
    }
    for (int32_t t = 0; t < staged->thread_count; t++) keep_used(staged, t, seen);
    keep_unread(staged);
    rti_free(seen);
}

static RtSimOwn *own_in(const RtiSimStaged *staged, const RtiSimWorker *worker, int32_t rank) {
    return (RtSimOwn *)(void *)(worker->state + staged->model->modules[rank].own);
}

// What the thread keeps and somebody changes, laid out for rti_staged_apply.
static void list_changed(const RtSim *model, RtiSimWorker *worker) {
    worker->changed_count = 0;
    for (int64_t i = 0; i < worker->kept_count; i++) {
        const RtSimTarget *target = &model->targets[worker->kept[i]];
        bool port = target->kind == RT_SIM_PORT, stamped = target->stamps_offset >= 0;
        RtiSimChanged *changed = &worker->changed[worker->changed_count];
        if (target->kind == RT_SIM_REGISTER && target->writer_count == 0) continue;
        worker->changed_count++;
        *changed = (RtiSimChanged){.target = target,
                                   .kind = target->kind,
                                   .bytes = target->bytes,
                                   .at = worker->state + target->offset,
                                   .writer_count = target->writer_count,
                                   .block = model->modules[target->rank].block,
                                   .taken = port ? (int64_t)1 << target->position : RT_SIM_CALL};
        if (stamped) changed->stamps = (uint64_t *)(void *)(worker->state + target->stamps_offset);
        if (target->writer_count > 0) changed->only = target->writers[0];
    }
}

void rti_staged_load(RtiSimStaged *staged) {
    const RtSim *model = staged->model;
    distribute(staged);
    for (int32_t t = 0; t < staged->thread_count; t++) {
        RtiSimWorker *worker = &staged->workers[t];
        if (!worker->state) make_state(model, worker);
        list_changed(model, worker);
        for (int64_t i = 0; i < worker->kept_count; i++)
            target_load(model, &model->targets[worker->kept[i]], worker->state);
        for (int64_t i = 0; i < worker->module_count; i++)
            *own_in(staged, worker, worker->modules[i]) = (RtSimOwn){0};
    }
}

void rti_staged_store(RtiSimStaged *staged) {
    const RtSim *model = staged->model;
    for (int64_t i = 0; i < model->target_count; i++)
        if (staged->owner[i] >= 0)
            target_store(&model->targets[i], staged->workers[staged->owner[i]].state);
    for (int32_t rank = 0; rank < model->module_count; rank++) {
        const RtSimOwn *own = own_in(staged, &staged->workers[staged->thread_of[rank]], rank);
        model->counts[2 * rank] += own->runs;
        model->counts[2 * rank + 1] += own->stalls;
    }
}

// --- slots ---------------------------------------------------------------------------------------

// What the writer has for the target, or null: it did not run.
static const RtSimSlots *slots_of(const char *all, const RtSimWriter *writer, int64_t cycle) {
    const RtSimBlock *block = (const void *)(all + writer->block);
    return block->stamp == cycle + 1 ? (const void *)(all + writer->slots) : NULL;
}

static const RtSimWriter *writers_of(const RtiSimChanged *changed) {
    return changed->writer_count == 1 ? &changed->only : changed->target->writers;
}

static void put(const RtiSimChanged *changed, int64_t index, int64_t value) {
    if (changed->bytes == 8)
        ((int64_t *)(void *)changed->at)[index] = value;
    else
        rti_sim_set(changed->target, changed->at, index, value);
}

static void apply_register(const char *all, RtiSimWorker *worker, const RtiSimChanged *changed,
                           int64_t cycle) {
    const RtSimWriter *writer = writers_of(changed);
    for (const RtSimWriter *end = writer + changed->writer_count; writer < end; writer++) {
        const RtSimSlots *slots = slots_of(all, writer, cycle);
        for (int64_t i = 0; slots && i < slots->count; i++) {
            int64_t index = slots->entries[i].index;
            uint64_t *stamp = changed->stamps ? &changed->stamps[index] : NULL;
            if (stamp && *stamp >> 16 == (uint64_t)cycle + 1) {
                rt_sim_stop(&worker->thread.run, slots->entries[i].site, cycle, writer->rank, index,
                            (int64_t)(*stamp & 0xFFFF));
                continue;
            }
            if (stamp) *stamp = ((uint64_t)cycle + 1) << 16 | (uint64_t)writer->rank;
            put(changed, index, slots->entries[i].value);
        }
    }
}

// Values of a writer behind those of the queue, which has so many with them.
static int64_t apply_pushes(RtiSimWorker *worker, const RtiSimChanged *changed,
                            const RtSimSlots *slots, int64_t count, int64_t cycle, int64_t rank) {
    RtSimQueue *queue = (RtSimQueue *)(void *)changed->at;
    int64_t depth = changed->target->length;
    for (int64_t i = 0; i < slots->count; i++) {
        if (depth > 0 && count >= depth)
            rt_sim_stop(&worker->thread.run, slots->entries[i].site, cycle, rank, 0, 0);
        else
            queue_push(queue, count++, slots->entries[i].value);
    }
    return count;
}

static void apply_queue(const char *all, RtiSimWorker *worker, const RtiSimChanged *changed,
                        int64_t cycle) {
    RtSimQueue *queue = (RtSimQueue *)(void *)changed->at;
    const RtSimBlock *block = (const void *)(all + changed->block);
    int64_t count = queue->count;
    bool port = changed->kind == RT_SIM_PORT;
    const RtSimWriter *writer = writers_of(changed);
    for (const RtSimWriter *end = writer + changed->writer_count; writer < end; writer++) {
        const RtSimSlots *slots = slots_of(all, writer, cycle);
        if (!slots) continue;
        count = port ? apply_pushes(worker, changed, slots, count, cycle, writer->rank)
                     : count + slots->count;
    }
    if (block->stamp == cycle + 1 && (block->taken & changed->taken)) {
        count--;
        queue->head = (queue->head + port) & queue->mask;
    }
    queue->count = count;
}

void rti_staged_apply(const RtiSimStaged *staged, RtiSimWorker *worker, int64_t cycle) {
    const char *all = rti_staged_slots(staged, cycle);
    const RtiSimChanged *changed = worker->changed;
    for (const RtiSimChanged *end = changed + worker->changed_count; changed < end; changed++) {
        if (changed->kind == RT_SIM_REGISTER)
            apply_register(all, worker, changed, cycle);
        else
            apply_queue(all, worker, changed, cycle);
    }
}
