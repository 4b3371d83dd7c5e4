// sim_print.c: the graph of simulated hardware for people: as lines for -v, and as Graphviz text for
// `flapc graph`.
#include "sim.h"

// --- lines ---------------------------------------------------------------------------------------

static const char *kind_text(const SimModule *module) {
    switch (module->kind) {
    case SIM_DRIVER: return "runs in every cycle";
    case SIM_CALLED: return "runs when called";
    case SIM_DOWNSTREAM: return "downstream";
    }
    UNREACHABLE("a kind of module");
}

static void print_uses(const SimModule *module, Arena *arena, FILE *out) {
    for (uint32_t i = 0; i < module->uses.len; i++) {
        const SimUse *use = &module->uses.items[i];
        const SimTarget *target = use->target;
        bool own = target->module == module;
        const char *name = sim_target_text(arena, target);
        if (use->reads && !own) fprintf(out, "    reads %s\n", name);
        if (use->writes == 0) continue;
        const char *verb = target->kind == SIM_REGISTER ? "writes"
                           : target->kind == SIM_PORT   ? "feeds"
                                                        : "calls";
        fprintf(out, "    %s %s", verb, name);
        if (use->writes > 1) fprintf(out, " (up to %u times a cycle)", use->writes);
        fputc('\n', out);
    }
}

static void print_module(const SimModule *module, Arena *arena, FILE *out) {
    fprintf(out, "  %s: level %u, %s%s\n", module->name->text, module->level, kind_text(module),
            module->wait != NULL ? ", waits" : "");
    VEC_EACH(SimTarget *, port, &module->ports) {
        fprintf(out, "    port %s: %s", port->name->text, sim_type_text(arena, port->type));
        if (port->depth > 0) fprintf(out, " depth %llu", (unsigned long long)port->depth);
        fprintf(out, ", %u writer%s\n", port->writers.len, port->writers.len == 1 ? "" : "s");
    }
    VEC_EACH(SimModule *, upstream, &module->upstream)
    fprintf(out, "    after %s\n", upstream->name->text);
    print_uses(module, arena, out);
}

// Where the hardware can be cut so that nothing goes back.
static void print_parts(const SimModel *model, FILE *out) {
    fputs("  one way:", out);
    for (uint32_t part = 0; part < model->parts; part++) {
        if (part > 0) fputs(" |", out);
        VEC_EACH(SimModule *, module, &model->modules)
        if (module->part == part) fprintf(out, " %s", module->name->text);
    }
    fputc('\n', out);
}

void sim_print(const SimModel *model, Arena *arena, FILE *out) {
    if (model == NULL || model->modules.len == 0) return;
    fprintf(out, "hardware: %u module%s\n", model->modules.len, model->modules.len == 1 ? "" : "s");
    VEC_EACH(SimModule *, module, &model->ranked) print_module(module, arena, out);
    if (model->parts > 1) print_parts(model, out);
}

// --- Graphviz ------------------------------------------------------------------------------------

static const char *register_label(const SimTarget *target, Arena *arena) {
    const char *type = sim_type_text(arena, target->type);
    if (!target->is_array) return arena_printf(arena, "%s: %s", target->name->text, type);
    return arena_printf(arena, "%s: %s[%llu]", target->name->text, type,
                        (unsigned long long)target->length);
}

static void print_nodes(const SimModel *model, Arena *arena, FILE *out) {
    VEC_EACH(SimModule *, module, &model->ranked) {
        const char *ports = "";
        VEC_EACH(SimTarget *, port, &module->ports)
        ports = arena_printf(arena, "%s\\n%s: %s", ports, port->name->text,
                             sim_type_text(arena, port->type));
        fprintf(out, "    \"%s\" [shape=%s, label=\"%s%s\"];\n", module->name->text,
                module->kind == SIM_DOWNSTREAM ? "ellipse" : "box", module->name->text, ports);
    }
    VEC_EACH(SimTarget *, target, &model->targets)
    if (target->kind == SIM_REGISTER)
        fprintf(out, "    \"reg %s\" [shape=cylinder, label=\"%s\"];\n", target->name->text,
                register_label(target, arena));
}

// One edge for a call with its values; partial ones have a label each.
static void print_edges(const SimModule *module, FILE *out) {
    const char *from = module->name->text;
    for (uint32_t i = 0; i < module->uses.len; i++) {
        const SimUse *use = &module->uses.items[i];
        const SimTarget *target = use->target;
        const char *to =
            target->kind == SIM_REGISTER ? target->name->text : target->module->name->text;
        if (target->kind == SIM_REGISTER && use->reads)
            fprintf(out, "    \"reg %s\" -> \"%s\" [style=dashed];\n", to, from);
        if (use->writes == 0) continue;
        if (target->kind == SIM_REGISTER)
            fprintf(out, "    \"%s\" -> \"reg %s\";\n", from, to);
        else if (target->kind == SIM_EVENTS)
            fprintf(out, "    \"%s\" -> \"%s\" [penwidth=2];\n", from, to);
        else if (target->module->partial)
            fprintf(out, "    \"%s\" -> \"%s\" [label=\"%s\"];\n", from, to, target->name->text);
    }
    VEC_EACH(SimModule *, upstream, &module->upstream)
    fprintf(out, "    \"%s\" -> \"%s\" [style=dotted];\n", upstream->name->text, from);
}

void sim_print_dot(const SimModel *model, Arena *arena, FILE *out) {
    fputs("digraph hardware {\n    rankdir=LR;\n", out);
    if (model != NULL) {
        print_nodes(model, arena, out);
        VEC_EACH(SimModule *, module, &model->ranked) print_edges(module, out);
    }
    fputs("}\n", out);
}
