// sema_sim_parts.c: the hardware as a pipeline of parts. Modules that depend on each other in a circle
// are one part; parts are numbered so that what a module does is met only in its own part and in
// later ones. Where a simulation is cut between parts, nothing goes back, and its halves need not
// keep in step (rt/sim_cycles.c).
//
// Strongly connected components by Tarjan's algorithm, without recursion. The nodes are modules
// and, so that many writers and readers of one thing are no square of edges, targets. A big register
// array keeps its readers together too: a copy of it for every thread would cost more than it gains.
#include "sema_sim.h"

typedef struct PartNode {
    VEC(uint32_t) out;
    uint32_t seen; // in the order of the walk, from 1; 0: not yet
    uint32_t low;  // the least one that it reaches
    uint32_t next; // edge to follow
    bool open;     // its component is not known yet
} PartNode;

typedef struct Walk {
    Sema *s;
    const SimModel *model;
    PartNode *nodes; // modules by rank, then targets
    VEC(uint32_t) path, open;
    uint32_t seen, parts;
} Walk;

static void add_edge(Walk *walk, uint32_t from, uint32_t to) {
    vec_push(walk->s->scratch, &walk->nodes[from].out, to);
}

static void add_edges(Walk *walk, const SimModule *module) {
    uint32_t targets = walk->model->ranked.len;
    VEC_EACH(SimModule *, upstream, &module->upstream) {
        add_edge(walk, upstream->rank, module->rank); // within one cycle: on one thread
        add_edge(walk, module->rank, upstream->rank);
    }
    for (uint32_t i = 0; i < module->uses.len; i++) {
        const SimUse *use = &module->uses.items[i];
        const SimTarget *target = use->target;
        uint32_t node = targets + target->number;
        if (use->reads) add_edge(walk, node, module->rank);
        bool takes = target->module == module; // its own port or calls
        bool stays = use->reads && sim_is_large(target);
        if (use->writes > 0 || takes || stays) add_edge(walk, module->rank, node);
    }
}

// All that is open down to the node is one component.
static void close_component(Walk *walk, uint32_t node) {
    uint32_t top;
    bool has_module = false;
    do {
        top = walk->open.items[--walk->open.len];
        walk->nodes[top].open = false;
        if (top >= walk->model->ranked.len) continue;
        has_module = true;
        walk->model->ranked.items[top]->part = walk->parts;
    } while (top != node);
    walk->parts += has_module;
}

static void enter(Walk *walk, uint32_t at) {
    PartNode *node = &walk->nodes[at];
    node->seen = node->low = ++walk->seen;
    node->open = true;
    vec_push(walk->s->scratch, &walk->path, at);
    vec_push(walk->s->scratch, &walk->open, at);
}

static void leave(Walk *walk) {
    uint32_t at = walk->path.items[--walk->path.len];
    const PartNode *node = &walk->nodes[at];
    if (node->low == node->seen) close_component(walk, at);
    if (walk->path.len == 0) return;
    PartNode *before = &walk->nodes[walk->path.items[walk->path.len - 1]];
    if (node->open && node->low < before->low) before->low = node->low;
}

static void walk_from(Walk *walk, uint32_t start) {
    if (walk->nodes[start].seen) return;
    enter(walk, start);
    while (walk->path.len > 0) {
        PartNode *node = &walk->nodes[walk->path.items[walk->path.len - 1]];
        if (node->next == node->out.len) {
            leave(walk);
            continue;
        }
        uint32_t to = node->out.items[node->next++];
        if (!walk->nodes[to].seen)
            enter(walk, to);
        else if (walk->nodes[to].open && walk->nodes[to].seen < node->low)
            node->low = walk->nodes[to].seen;
    }
}

void sim_part(Sema *s, SimModel *model) {
    Walk walk = {.s = s, .model = model};
    walk.nodes = ARENA_ARRAY(s->scratch, PartNode, model->ranked.len + model->targets.len + 1);
    VEC_EACH(SimModule *, module, &model->ranked) add_edges(&walk, module);
    VEC_EACH(SimModule *, module, &model->modules) walk_from(&walk, module->rank);
    // Components were closed from the last one to the first.
    model->parts = walk.parts;
    VEC_EACH(SimModule *, module, &model->ranked) module->part = walk.parts - 1 - module->part;
}
