// infer_prefix.c: parallel loops that run as loops without the prefix, which --remarks tells: those inside the
// bodies of others that change what those keep in order (par_keep.c), and those that only the run knows to
// update a list. A block's part of a list or text is its own, and inner loops may share in it.
#include "infer_internal.h"

static bool in_order(const ParVariable *variable, Type type) {
    if (!par_keeps(variable, type)) return false;
    switch (par_kept_form(variable, type)) {
    case KEPT_APPEND:
    case KEPT_PREPEND:
    case KEPT_PUT: return false;
    case KEPT_CHANGES:
    case KEPT_SUM:
    case KEPT_LAST: return true;
    }
    UNREACHABLE("changes are kept in one of these forms");
}

static bool keeps_in_order(Walk *w, const ParPlan *plan, Symbol *symbol) {
    for (uint32_t i = 0; i < plan->captures.len; i++)
        if (plan->captures.items[i].symbol == symbol)
            return in_order(&plan->captures.items[i], infer_symbol(w, symbol));
    return false;
}

// What `node`, a path, is for the body of the loop: a part that it takes, or the path's root.
static Symbol *place_of(const ParPlan *plan, const Node *node) {
    for (; node->kind == NODE_INDEX; node = node->index.base)
        for (uint32_t i = 0; i < plan->parts.len; i++)
            VEC_EACH(const Node *, part, &plan->parts.items[i].nodes)
    if (part == node) return plan->parts.items[i].symbol;
    return node->kind == NODE_NAME ? node->name.symbol : NULL;
}

// Some part of the variable is taken by the loop, and so not in it meanwhile.
static bool is_taken(const ParPlan *plan, const Symbol *symbol) {
    for (uint32_t i = 0; i < plan->parts.len; i++) {
        const Node *node = plan->parts.items[i].nodes.items[0];
        while (node->kind == NODE_INDEX) node = node->index.base;
        if (node->name.symbol == symbol) return true;
    }
    return false;
}

// The node of a part in the source, or null for another symbol.
static const Node *part_node(const ParPlan *plan, const Symbol *symbol) {
    for (uint32_t i = 0; i < plan->parts.len; i++)
        if (plan->parts.items[i].symbol == symbol) return plan->parts.items[i].nodes.items[0];
    return NULL;
}

// Whether `outer` has changes of what is this variable of a loop inside it made in order.
static bool clashes(Walk *w, const ParPlan *outer, const ParPlan *plan,
                    const ParVariable *variable) {
    const Node *part = part_node(plan, variable->symbol);
    if (part == NULL)
        return is_taken(outer, variable->symbol) || keeps_in_order(w, outer, variable->symbol);
    Symbol *place = place_of(outer, part);
    return place != NULL && keeps_in_order(w, outer, place);
}

static void say(Walk *w, const Node *node, const char *why, const char *name) {
    if (infer_may_report(w, node))
        diag_report(w->infer->c, DIAG_R0106, node->loop->header,
                    arena_printf(w->infer->arena, why, name));
}

// A variable that it changes and the loop keeps in order, or null.
static const ParVariable *find_clash(Walk *w, const ParPlan *outer, const ParPlan *plan) {
    for (uint32_t i = 0; i < plan->captures.len; i++) {
        const ParVariable *variable = &plan->captures.items[i];
        if (variable->use != PAR_READ && clashes(w, outer, plan, variable)) return variable;
    }
    return NULL;
}

void infer_remark_prefix(Walk *w, const Node *node) {
    const ParPlan *plan = node->loop->plan;
    const Compilation *c = w->infer->c;
    Symbol *source = node->loop->source;
    if ((!c->remarks && !c->verbose) || plan->watched != NULL) return;
    if (source != NULL && par_is_unsure(node->loop, source, infer_symbol(w, source))) {
        say(w, node, "only the run tells whether '%s' is a list", source->name->text);
        return;
    }
    for (const ParAround *at = w->around; at != NULL; at = at->outer) {
        if (at->plan->watched != NULL) continue; // it has no prefix itself
        const ParVariable *variable = find_clash(w, at->plan, plan);
        if (variable == NULL) continue;
        say(w, node, "'%s' is changed in the order of the parallel loop around it", variable->name);
        return;
    }
}
