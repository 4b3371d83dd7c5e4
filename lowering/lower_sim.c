// lower_sim.c: simulated hardware as data: global variables of the direct engine, offsets of the
// staged one, and the tables that the runtime finds everything by (RtSim of rt_layout.h).
#include "lower_sim.h"

static LLVMValueRef variable(LowerCtx *cx, LLVMTypeRef type, LLVMValueRef initial,
                             const char *name) {
    LLVMValueRef global = LLVMAddGlobal(cx->module, type, name);
    LLVMSetInitializer(global, initial ? initial : LLVMConstNull(type));
    LLVMSetLinkage(global, LLVMInternalLinkage);
    LLVMSetAlignment(global, 16);
    return global;
}

static LLVMTypeRef words(LowerCtx *cx, uint64_t count) {
    return LLVMArrayType2(cx->i64, count);
}

// --- layout --------------------------------------------------------------------------------------

static int64_t take(int64_t *size, int64_t bytes) {
    int64_t at = *size;
    *size += (bytes + 15) / 16 * 16;
    return at;
}

// What must begin with zeroes comes first, registers' elements behind it.
static void place_state(SimLayout *layout) {
    const SimModel *model = layout->model;
    int64_t *size = &layout->state_size;
    for (uint32_t i = 0; i < model->exposed.len; i++) layout->exposed_offset[i] = take(size, 16);
    VEC_EACH(SimModule *, module, &model->ranked)
    layout->own[module->rank] = take(size, sizeof(RtSimOwn));
    VEC_EACH(SimTarget *, target, &model->targets) {
        SimPlace *place = &layout->places[target->number];
        if (target->kind != SIM_REGISTER) place->offset = take(size, sizeof(RtSimQueue));
        place->stamps_offset = place->stamped ? take(size, 8 * (int64_t)target->length) : -1;
    }
    layout->state_zeroed = *size;
    VEC_EACH(SimTarget *, target, &model->targets)
    if (target->kind == SIM_REGISTER)
        layout->places[target->number].offset =
            take(size, (int64_t)target->length * (int64_t)sim_bytes(target->type));
}

// What a module writes in a cycle lies together, on cache lines of its own.
static void place_slots(LowerCtx *cx, SimLayout *layout, const SimModule *module) {
    layout->block[module->rank] = take(&layout->slots_size, sizeof(RtSimBlock));
    for (uint32_t i = 0; i < module->uses.len; i++) {
        const SimUse *use = &module->uses.items[i];
        if (use->writes == 0) continue;
        SimPlace *place = &layout->places[use->target->number];
        if (!place->slots)
            place->slots = arena_alloc(cx->arena, sizeof(*place->slots) * use->target->writers.len);
        uint32_t writer = 0;
        while (use->target->writers.items[writer].module != module) writer++;
        bool events = use->target->kind == SIM_EVENTS;
        place->slots[writer] =
            take(&layout->slots_size, RT_SIM_SLOTS_SIZE(events ? 0 : use->writes));
    }
    layout->slots_size = (layout->slots_size + 127) / 128 * 128;
}

// --- variables of the direct engine --------------------------------------------------------------

static LLVMValueRef initial_values(LowerCtx *cx, const SimTarget *target, LLVMTypeRef element) {
    if (!target->initial) return NULL;
    LLVMValueRef *values = ARENA_ARRAY(cx->arena, LLVMValueRef, target->length);
    for (uint64_t i = 0; i < target->length; i++) {
        int64_t value = sim_cut(target->type, (int64_t)target->initial[i]);
        values[i] = LLVMConstInt(element, (unsigned long long)value, 1);
    }
    return LLVMConstArray2(element, values, target->length);
}

static void make_register(LowerCtx *cx, const SimTarget *target, SimPlace *place) {
    LLVMTypeRef type = LLVMArrayType2(place->element, target->length);
    LLVMValueRef initial = initial_values(cx, target, place->element);
    const char *name = target->name->text;
    place->data = variable(cx, type, initial, arena_printf(cx->arena, "sim.%s", name));
    if (place->stamped)
        place->stamps = variable(cx, words(cx, target->length), NULL,
                                 arena_printf(cx->arena, "sim.%s.stamps", name));
    if (place->at_once) return;
    uint64_t most = 0;
    for (uint32_t i = 0; i < target->writers.len; i++) most += target->writers.items[i].most;
    const char *next = arena_printf(cx->arena, "sim.%s.next", name);
    place->next = target->is_array ? variable(cx, words(cx, 2 + 4 * most), NULL, next)
                                   : variable(cx, type, initial, next);
}

static void make_variables(LowerCtx *cx, SimLayout *layout) {
    const SimModel *model = layout->model;
    VEC_EACH(SimTarget *, target, &model->targets) {
        SimPlace *place = &layout->places[target->number];
        const char *name = arena_printf(cx->arena, "sim.%s%s", sim_target_text(cx->arena, target),
                                        target->kind == SIM_EVENTS ? ".calls" : "");
        if (target->kind == SIM_REGISTER)
            make_register(cx, target, place);
        else
            place->data = variable(cx, words(cx, place->plain ? 2 : 6), NULL, name);
    }
    VEC_EACH(SimExposed *, exposed, &model->exposed) {
        if (!exposed->used) continue;
        layout->exposed[exposed->number] = variable(
            cx, words(cx, 2), NULL,
            arena_printf(cx->arena, "sim.%s.%s", exposed->module->name->text, exposed->name->text));
    }
    bool downstream = false;
    VEC_EACH(SimModule *, module, &model->modules)
    downstream = downstream || module->kind == SIM_DOWNSTREAM;
    layout->counts = variable(cx, words(cx, 2 * model->modules.len + 1), NULL, "sim.counts");
    if (downstream) layout->ran = variable(cx, words(cx, model->modules.len), NULL, "sim.ran");
}

// --- tables --------------------------------------------------------------------------------------

typedef struct Row {
    LLVMValueRef parts[24];
    unsigned count;
} Row;

static void add(Row *row, LLVMValueRef part) {
    row->parts[row->count++] = part;
}

static void add_i32(LowerCtx *cx, Row *row, int64_t value) {
    add(row, lower_i32(cx, (int32_t)value));
}

static void add_i64(LowerCtx *cx, Row *row, int64_t value) {
    add(row, lower_i64(cx, value));
}

static void add_ptr(LowerCtx *cx, Row *row, LLVMValueRef pointer) {
    add(row, pointer ? pointer : LLVMConstNull(cx->ptr));
}

static LLVMValueRef finish_row(LowerCtx *cx, const Row *row) {
    LLVMValueRef parts[24];
    for (unsigned i = 0; i < row->count; i++) parts[i] = row->parts[i];
    return LLVMConstStructInContext(cx->context, parts, row->count, 0);
}

static LLVMValueRef table(LowerCtx *cx, LLVMValueRef *rows, uint32_t count) {
    LLVMTypeRef type = count > 0 ? LLVMTypeOf(rows[0]) : cx->i64;
    return lower_private(cx, LLVMConstArray2(type, rows, count), "sim.table", 16);
}

static LLVMValueRef writers_of(LowerCtx *cx, const SimLayout *layout, const SimTarget *target) {
    const SimPlace *place = &layout->places[target->number];
    LLVMValueRef *rows = ARENA_ARRAY(cx->arena, LLVMValueRef, target->writers.len + 1);
    for (uint32_t i = 0; i < target->writers.len; i++) {
        Row row = {.count = 0};
        add_i32(cx, &row, target->writers.items[i].module->rank);
        add_i32(cx, &row, target->writers.items[i].most);
        add_i64(cx, &row, layout->block[target->writers.items[i].module->rank]);
        add_i64(cx, &row, place->slots[i]);
        rows[i] = finish_row(cx, &row);
    }
    return table(cx, rows, target->writers.len);
}

static int32_t position_of(const SimTarget *target) {
    if (target->kind != SIM_PORT) return 0;
    int32_t at = 0;
    while (target->module->ports.items[at] != target) at++;
    return at;
}

static LLVMValueRef target_row(LowerCtx *cx, const SimLayout *layout, const SimTarget *target) {
    Row row = {.count = 0};
    const SimPlace *place = &layout->places[target->number];
    LLVMValueRef initial = initial_values(cx, target, place->element);
    add(&row, lower_cstr(cx, sim_target_text(cx->arena, target)));
    add_i32(cx, &row, target->kind);
    add_i32(cx, &row, target->type.width);
    add_i32(cx, &row, target->type.is_signed);
    add_i32(cx, &row, (int32_t)sim_bytes(target->type));
    add_i64(cx, &row, (int64_t)(target->kind == SIM_REGISTER ? target->length : target->depth));
    add_i32(cx, &row, target->is_array);
    add_i32(cx, &row, target->module ? target->module->rank : 0);
    add_i32(cx, &row, place->plain);
    add_i32(cx, &row, position_of(target));
    add_i32(cx, &row, sim_is_large(target));
    add_i32(cx, &row, 0);
    add_ptr(cx, &row, initial ? lower_private(cx, initial, "sim.initial", 16) : NULL);
    add_ptr(cx, &row, place->data);
    add_ptr(cx, &row, place->next);
    add_ptr(cx, &row, place->stamps);
    add_i64(cx, &row, place->offset);
    add_i64(cx, &row, place->stamps_offset);
    add(&row, writers_of(cx, layout, target));
    add_i64(cx, &row, target->writers.len);
    return finish_row(cx, &row);
}

static LLVMValueRef numbers(LowerCtx *cx, const uint32_t *values, uint32_t count) {
    LLVMValueRef *items = ARENA_ARRAY(cx->arena, LLVMValueRef, count + 1);
    for (uint32_t i = 0; i < count; i++) items[i] = lower_i32(cx, (int32_t)values[i]);
    return lower_private(cx, LLVMConstArray2(cx->i32, items, count), "sim.numbers", 4);
}

static LLVMValueRef module_row(LowerCtx *cx, SimLayout *layout, const SimModule *module) {
    Row row = {.count = 0};
    uint32_t uses = 0, upstreams = 0;
    uint32_t *used = ARENA_ARRAY(cx->arena, uint32_t, module->uses.len + 1);
    uint32_t *upstream = ARENA_ARRAY(cx->arena, uint32_t, module->upstream.len + 1);
    for (uint32_t i = 0; i < module->uses.len; i++)
        if (module->uses.items[i].reads) used[uses++] = module->uses.items[i].target->number;
    VEC_EACH(SimModule *, up, &module->upstream) upstream[upstreams++] = up->rank;
    add(&row, lower_cstr(cx, module->name->text));
    add_i32(cx, &row, module->kind);
    add_i32(cx, &row, module->level);
    add_i32(cx, &row, module->number);
    add_i32(cx, &row, module->weight);
    add_i32(cx, &row, module->part);
    add_i32(cx, &row, 0);
    add(&row, layout->steps[module->rank]);
    add_i64(cx, &row, layout->own[module->rank]);
    add_i64(cx, &row, layout->block[module->rank]);
    add(&row, numbers(cx, used, uses));
    add_i64(cx, &row, uses);
    add(&row, numbers(cx, upstream, upstreams));
    add_i64(cx, &row, upstreams);
    return finish_row(cx, &row);
}

static LLVMValueRef exposed_row(LowerCtx *cx, const SimLayout *layout, const SimExposed *exposed) {
    Row row = {.count = 0};
    add(&row, lower_cstr(cx, exposed->name->text));
    add_i32(cx, &row, exposed->module->rank);
    add_i32(cx, &row, exposed->type.width);
    add_i32(cx, &row, exposed->type.is_signed);
    add_i32(cx, &row, 0);
    add_i64(cx, &row, layout->exposed_offset[exposed->number]);
    return finish_row(cx, &row);
}

static LLVMValueRef model_table(LowerCtx *cx, SimLayout *layout, LLVMValueRef cycles) {
    const SimModel *model = layout->model;
    uint32_t modules = model->ranked.len, targets = model->targets.len, names = model->exposed.len;
    LLVMValueRef *rows = ARENA_ARRAY(cx->arena, LLVMValueRef, modules + targets + names + 1);
    for (uint32_t i = 0; i < modules; i++) rows[i] = module_row(cx, layout, model->ranked.items[i]);
    Row row = {.count = 0};
    add(&row, table(cx, rows, modules));
    add_i64(cx, &row, modules);
    for (uint32_t i = 0; i < targets; i++)
        rows[i] = target_row(cx, layout, model->targets.items[i]);
    add(&row, table(cx, rows, targets));
    add_i64(cx, &row, targets);
    for (uint32_t i = 0; i < names; i++) rows[i] = exposed_row(cx, layout, model->exposed.items[i]);
    add(&row, table(cx, rows, names));
    add_i64(cx, &row, names);
    add(&row, cycles);
    add(&row, layout->counts);
    add_i64(cx, &row, layout->state_size);
    add_i64(cx, &row, layout->slots_size);
    add_i64(cx, &row, layout->state_zeroed);
    add_i64(cx, &row, model->parts);
    return lower_private(cx, finish_row(cx, &row), "sim.model", 16);
}

static SimLayout *new_layout(LowerCtx *cx, const SimModel *model) {
    SimLayout *layout = ARENA_NEW(cx->arena, SimLayout);
    uint32_t modules = model->modules.len + 1;
    layout->model = model;
    layout->places = ARENA_ARRAY(cx->arena, SimPlace, model->targets.len + 1);
    layout->order = ARENA_ARRAY(cx->arena, SimModule *, modules);
    layout->exposed = ARENA_ARRAY(cx->arena, LLVMValueRef, model->exposed.len + 1);
    layout->exposed_offset = ARENA_ARRAY(cx->arena, int64_t, model->exposed.len + 1);
    layout->tables = ARENA_ARRAY(cx->arena, LLVMValueRef, model->tables.len + 1);
    layout->functions = ARENA_ARRAY(cx->arena, LLVMValueRef, model->functions.len + 1);
    layout->steps = ARENA_ARRAY(cx->arena, LLVMValueRef, modules);
    layout->own = ARENA_ARRAY(cx->arena, int64_t, modules);
    layout->block = ARENA_ARRAY(cx->arena, int64_t, modules);
    return layout;
}

void lower_sim(LowerCtx *cx) {
    const SimModel *model = cx->c->program->sim;
    if (!model || (model->modules.len == 0 && model->targets.len == 0)) return;
    SimLayout *layout = new_layout(cx, model);
    sim_plan(cx, layout);
    for (uint32_t i = 0; i < model->targets.len; i++) {
        const SimTarget *target = model->targets.items[i];
        layout->places[i].element = LLVMIntTypeInContext(cx->context, sim_bytes(target->type) * 8);
    }
    place_state(layout);
    VEC_EACH(SimModule *, module, &model->ranked) place_slots(cx, layout, module);
    make_variables(cx, layout);
    LLVMValueRef cycles = sim_direct(cx, layout);
    sim_staged(cx, layout);
    cx->sim_model = model_table(cx, layout, cycles);
}
