// given_up.c: which functions may run in iterations of a parallel loop that turn out not to be wanted:
// those that bodies which can leave their loop may call, directly or by way of others. Such an
// iteration is given up in the middle, so these functions keep what they own where it can be found
// (lower_roots.c) and look at their loops' ends whether they are wanted still. No other code pays for it.
#include "sema_internal.h"

typedef VEC(const CallSite *) CallSiteVec;

typedef struct Marker {
    Sema *s;
    CallSiteVec *sites; // by Function.index
    FunctionVec found;  // marked, in the order in which they are looked at
} Marker;

static void mark(void *context, Function *function) {
    Marker *marker = context;
    if (function->given_up) return;
    function->given_up = true;
    vec_push(marker->s->scratch, &marker->found, function);
}

// Every function that is called by something else than its name.
static void mark_values(Marker *marker) {
    Program *program = marker->s->program;
    if (program->values_given_up) return;
    program->values_given_up = true;
    VEC_EACH(Function *, function, &program->functions)
    if (function->is_value) mark(marker, function);
    VEC_EACH(Export *, export, &program->exports)
    if (export->symbol->function != NULL) mark(marker, export->symbol->function);
}

// C, and functions that are not known, may call any value.
static void mark_callees(Marker *marker, const CallSite *site) {
    if ((sema_site_effects(marker->s, site, mark, marker) & EFFECT_FOREIGN) != 0)
        mark_values(marker);
}

void sema_find_given_up(Sema *s) {
    Marker marker = {.s = s, .sites = ARENA_ARRAY(s->scratch, CallSiteVec, s->infos.len)};
    for (uint32_t i = 0; i < s->calls.len; i++) {
        const CallSite *site = &s->calls.items[i];
        vec_push(s->scratch, &marker.sites[site->function->index], site);
    }
    for (uint32_t i = 0; i < s->parallel.len; i++) {
        const ParSite *loop = &s->parallel.items[i];
        if (!loop->loop->left) continue;
        for (uint32_t k = loop->calls_begin; k < loop->calls_end; k++)
            if (s->calls.items[k].function == loop->function)
                mark_callees(&marker, &s->calls.items[k]);
    }
    for (uint32_t i = 0; i < marker.found.len; i++) {
        const CallSiteVec *sites = &marker.sites[marker.found.items[i]->index];
        for (uint32_t k = 0; k < sites->len; k++) mark_callees(&marker, sites->items[k]);
    }
}
