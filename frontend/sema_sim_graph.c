// sema_sim_graph.c: who is connected to whom: what every module reads and changes and how often,
// levels of downstream modules, and warnings about what is connected to nothing.
//
// `most` counts along the path through a body on which most happens: arms of a match exclude each
// other, a loop multiplies. The engines rely on it for the number of slots, and for knowing which
// values cannot meet.
#include "sema_sim.h"
#include <string.h>

const char *sim_type_text(Arena *arena, SimType type) {
    return arena_printf(arena, "%c%d", type.is_signed ? 'i' : 'u', type.width ? type.width : 64);
}

const char *sim_target_text(Arena *arena, const SimTarget *target) {
    if (target->kind != SIM_PORT) return target->name->text;
    return arena_printf(arena, "%s.%s", target->module->name->text, target->name->text);
}

uint32_t sim_bytes(SimType type) {
    return type.width <= 8 ? 1 : type.width <= 16 ? 2 : type.width <= 32 ? 4 : 8;
}

bool sim_is_large(const SimTarget *target) {
    return target->kind == SIM_REGISTER &&
           target->length * sim_bytes(target->type) > SIM_COPIED_MOST;
}

const SimUse *sim_use(const SimModule *module, const SimTarget *target) {
    for (uint32_t i = 0; i < module->uses.len; i++)
        if (module->uses.items[i].target == target) return &module->uses.items[i];
    return NULL;
}

// --- uses ----------------------------------------------------------------------------------------

typedef struct Survey {
    Sema *s;
    SimModule *module;
    SimTarget *target; // the one being counted, or null: all are noted
    bool written;      // in the order of evaluation
    uint32_t reads;
    bool read_late;
} Survey;

static SimUse *use_of(Survey *survey, SimTarget *target) {
    SimModule *module = survey->module;
    for (uint32_t i = 0; i < module->uses.len; i++)
        if (module->uses.items[i].target == target) return &module->uses.items[i];
    SimUse use = {.target = target};
    vec_push(survey->s->arena, &module->uses, use);
    return &module->uses.items[module->uses.len - 1];
}

static uint64_t count_writes(Survey *survey, const SimNode *node);

static uint64_t count_items(Survey *survey, const SimNodeVec *items) {
    uint64_t sum = 0;
    VEC_EACH(SimNode *, item, items) sum += count_writes(survey, item);
    return sum;
}

static uint64_t count_if(Survey *survey, const SimNode *node) {
    uint64_t before = count_writes(survey, node->a);
    bool written = survey->written;
    uint64_t yes = count_writes(survey, node->b);
    bool after_yes = survey->written;
    survey->written = written;
    uint64_t no = count_writes(survey, node->c);
    survey->written = survey->written || after_yes;
    return before + (yes > no ? yes : no);
}

static uint64_t count_loop(Survey *survey, const SimNode *node) {
    uint32_t reads = survey->reads;
    uint64_t body = count_writes(survey, node->a);
    if (body > 0 && survey->reads > reads) survey->read_late = true; // in the next iteration
    uint64_t most = body * (uint64_t)node->loop->count;
    return most > SIM_WRITES_MOST ? SIM_WRITES_MOST + 1 : most;
}

static uint64_t count_text(Survey *survey, const SimText *text) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < text->pieces.len; i++)
        sum += count_writes(survey, text->pieces.items[i].value);
    return sum;
}

// Notes the node's own target when all are noted; else whether it is a write of the one counted.
static uint64_t count_own(Survey *survey, const SimNode *node) {
    SimOp op = (SimOp)node->op;
    bool writes = op == SIM_WRITE || op == SIM_PUSH || op == SIM_EVENT;
    bool reads =
        op == SIM_READ || op == SIM_HEAD || op == SIM_VALID || op == SIM_READY || op == SIM_HOLD;
    if (!writes && !reads) return 0;
    if (survey->target == NULL) {
        SimUse *use = use_of(survey, node->target);
        use->reads = use->reads || reads;
        return 0;
    }
    if (node->target != survey->target) return 0;
    if (reads && survey->written) survey->read_late = true;
    survey->reads += reads;
    if (writes) survey->written = true;
    return writes;
}

static uint64_t count_writes(Survey *survey, const SimNode *node) {
    if (node == NULL) return 0;
    if (node->op == SIM_IF || node->op == SIM_BOTH || node->op == SIM_EITHER)
        return count_if(survey, node);
    if (node->op == SIM_LOOP) return count_loop(survey, node);
    uint64_t sum = count_writes(survey, node->a) + count_writes(survey, node->b);
    sum += count_items(survey, &node->items);
    if (node->op == SIM_LOG || node->op == SIM_ASSERT) sum += count_text(survey, node->text);
    return sum + count_own(survey, node);
}

static void survey_module(Sema *s, SimModule *module) {
    Survey all = {.s = s, .module = module};
    count_writes(&all, module->wait);
    count_writes(&all, module->body);
    // Its own ports and events decide whether it runs.
    VEC_EACH(SimTarget *, port, &module->ports) use_of(&all, port)->reads = true;
    if (module->events != NULL) use_of(&all, module->events)->reads = true;
    bool told = false;
    for (uint32_t i = 0; i < module->uses.len; i++) {
        SimUse *use = &module->uses.items[i];
        Survey one = {.s = s, .module = module, .target = use->target};
        uint64_t most = count_writes(&one, module->body);
        use->reads_late = one.read_late;
        if (most > SIM_WRITES_MOST && !told) {
            told = true;
            diag_report(s->c, DIAG_E0704, module->span, "the number of writes in a cycle",
                        "at most 1048576");
        }
        use->writes = (uint32_t)most;
    }
}

// --- levels --------------------------------------------------------------------------------------

enum { NOT_SEEN, OPEN, DONE };

typedef struct Leveling {
    Sema *s;
    uint8_t *state; // by module number
    SimModuleVec path;
    bool failed;
} Leveling;

static void report_cycle(Leveling *leveling, SimModule *again) {
    Arena *arena = leveling->s->arena;
    uint32_t from = leveling->path.len;
    while (leveling->path.items[from - 1] != again) from--;
    const char *path = again->name->text;
    for (uint32_t i = leveling->path.len; i-- > from - 1;)
        path = arena_printf(arena, "%s → %s", leveling->path.items[i]->name->text, path);
    Diag *diag = diag_report(leveling->s->c, DIAG_E0717, again->span, path);
    diag_help(leveling->s->c, diag,
              "break it with a register: its value is seen in the next cycle");
    leveling->failed = true;
}

static void level_of(Leveling *leveling, SimModule *module) {
    if (leveling->state[module->number] == DONE || leveling->failed) return;
    if (leveling->state[module->number] == OPEN) {
        report_cycle(leveling, module);
        return;
    }
    leveling->state[module->number] = OPEN;
    vec_push(leveling->s->scratch, &leveling->path, module);
    VEC_EACH(SimModule *, upstream, &module->upstream) {
        level_of(leveling, upstream);
        if (upstream->level >= module->level) module->level = upstream->level + 1;
    }
    leveling->path.len--;
    leveling->state[module->number] = DONE;
}

static void rank_modules(Sema *s, SimModel *model) {
    for (uint32_t level = 0; model->ranked.len < model->modules.len; level++) {
        VEC_EACH(SimModule *, module, &model->modules) {
            if (module->level != level) continue;
            module->rank = model->ranked.len;
            vec_push(s->arena, &model->ranked, module);
        }
    }
}

// --- connections ---------------------------------------------------------------------------------

static void connect_targets(Sema *s, SimModel *model) {
    VEC_EACH(SimModule *, module, &model->ranked) {
        for (uint32_t i = 0; i < module->uses.len; i++) {
            const SimUse *use = &module->uses.items[i];
            SimWriter writer = {module, use->writes};
            if (use->writes > 0) vec_push(s->arena, &use->target->writers, writer);
            if (use->reads) vec_push(s->arena, &use->target->readers, module);
        }
    }
}

static void warn(Sema *s, SimModel *model) {
    VEC_EACH(SimTarget *, target, &model->targets) {
        const char *name = sim_target_text(s->arena, target);
        bool meant = target->name->text[0] == '_';
        if (meant) continue;
        switch (target->kind) {
        case SIM_REGISTER:
            if (!target->used) diag_report(s->c, DIAG_W0123, target->span, name);
            break;
        case SIM_PORT:
            if (target->writers.len == 0 && target->module->events->writers.len > 0)
                diag_report(s->c, DIAG_W0122, target->span, "port", name, "feeds");
            break;
        case SIM_EVENTS:
            if (target->writers.len == 0)
                diag_report(s->c, DIAG_W0122, target->span, "module", name, "calls");
            break;
        }
    }
}

void sim_connect(Sema *s, SimModel *model) {
    Leveling leveling = {.s = s};
    leveling.state = ARENA_ARRAY(s->scratch, uint8_t, model->modules.len + 1);
    VEC_EACH(SimModule *, module, &model->modules) {
        if (module->body == NULL) return; // a syntax error was told
        survey_module(s, module);
        if (module->kind == SIM_DOWNSTREAM && module->upstream.len == 0 && s->c->errors == 0)
            diag_report(s->c, DIAG_E0726, module->span, module->name->text);
        level_of(&leveling, module);
    }
    if (model->modules.len > SIM_MODULES_MOST)
        diag_report(s->c, DIAG_E0704, model->modules.items[0]->span, "the number of modules",
                    "at most 65535");
    if (leveling.failed || s->c->errors > 0) return;
    rank_modules(s, model);
    connect_targets(s, model);
    sim_part(s, model);
    warn(s, model);
}
