// sema_par.c: a plan for each parallel loop: what its body shares with the code around it, and how.
//
// Every outer variable is read, summed up, or written at the iteration's own elements; anything
// else is an error that says why. Inner parallel loops are judged before the loops around them, and
// a mistake that both have is told once.
#include "sema_par.h"

static void plan_variable(ParCheck *check, ParPlan *plan, const ParSymbol *variable) {
    if (variable->accesses.len == 0) return;
    ParVariable result = {.symbol = variable->symbol,
                          .span = variable->accesses.items[0].node->span};
    par_judge(check, variable, &result);
    vec_push(check->s->arena, &plan->captures, result);
    if (result.use != PAR_ELEMENT) return;
    for (uint32_t i = 0; i < variable->accesses.len; i++) {
        const Access *access = &variable->accesses.items[i];
        if (access->kind == ACCESS_WRITE || access->kind == ACCESS_ELEMENT)
            affine_assumptions(&check->affine, &access->position, &plan->whole);
    }
}

static void plan_variables(ParCheck *check, ParPlan *plan) {
    VEC_EACH(ParSymbol *, variable, &check->symbols) {
        if (variable->symbol->is_global) continue;
        ParSymbolVec parts = {0};
        par_split(check, variable, plan, &parts);
        VEC_EACH(ParSymbol *, part, &parts) plan_variable(check, plan, part);
        plan_variable(check, plan, variable);
    }
}

// A stop runs the deferred blocks around the loop, which are to find what the sequential loop would have
// made of its variables by then.
static const Symbol *find_watched(ParCheck *check) {
    const Sema *s = check->s;
    VEC_EACH(ParSymbol *, variable, &check->symbols) {
        if (map_get(&check->written, variable->symbol) == NULL) continue;
        for (uint32_t i = 0; i < s->watches.len; i++)
            if (s->watches.items[i].symbol == variable->symbol &&
                s->watches.items[i].order < check->site->begin)
                return variable->symbol;
    }
    return NULL;
}

static void plan_loop(Sema *s, ParSite *site, uint32_t number) {
    ParPlan *plan = ARENA_NEW(s->arena, ParPlan);
    plan->number = number;
    plan->function = site->function;
    plan->loop = site->loop;
    plan->effects = (uint8_t)(site->effects & 0x7f);
    ParCheck check = {.s = s, .site = site};
    check.by_symbol.arena = check.written.arena = check.skipped.arena = s->scratch;
    bool counts = site->loop->kind == LOOP_RANGE;
    const Symbol *variable = site->loop->symbols.len > 0 ? site->loop->symbols.items[0] : NULL;
    const Symbol *index = counts ? variable : ARENA_NEW(s->scratch, Symbol);
    check.affine = (Affine){s, site, &check.written, index};
    par_walk(&check);
    plan->watched = find_watched(&check);
    plan_variables(&check, plan);
    site->loop->plan = plan;
    if (s->c->remarks || s->c->verbose) sema_remark_loop(s, site);
}

void sema_check_parallel(Sema *s) {
    sema_check_mutexes(s);
    uint32_t *numbers = ARENA_ARRAY(s->scratch, uint32_t, s->infos.len);
    for (uint32_t i = 0; i < s->parallel.len; i++) {
        ParSite *site = &s->parallel.items[i];
        plan_loop(s, site, numbers[site->function->index]++);
    }
}
