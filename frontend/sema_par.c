// sema_par.c: a plan for each parallel loop: what its body shares with the code around it, and how.
//
// Every outer variable is read, summed up, or written at the iteration's own elements; anything
// else is an error that says why. Inner parallel loops are judged before the loops around them, and
// a mistake that both have is told once.
#include "sema_par.h"

static void plan_variables(ParCheck *check, ParPlan *plan) {
    Sema *s = check->s;
    for (uint32_t i = 0; i < check->symbols.len; i++) {
        const ParSymbol *variable = check->symbols.items[i];
        if (variable->symbol->is_global) continue;
        ParVariable result = {.symbol = variable->symbol,
                              .span = variable->accesses.items[0].node->span};
        par_judge(check, variable, &result);
        vec_push(s->arena, &plan->captures, result);
        if (result.use != PAR_ELEMENT) continue;
        for (uint32_t j = 0; j < variable->accesses.len; j++) {
            const Access *access = &variable->accesses.items[j];
            if (access->kind == ACCESS_WRITE || access->kind == ACCESS_ELEMENT)
                affine_assumptions(&check->affine, &access->position, &plan->whole);
        }
    }
}

static void plan_loop(Sema *s, ParSite *site, uint32_t number) {
    ParPlan *plan = ARENA_NEW(s->arena, ParPlan);
    plan->number = number;
    plan->function = site->function;
    plan->loop = site->loop;
    plan->effects = (uint8_t)(site->effects & 0x7f);
    ParCheck check = {.s = s, .site = site};
    check.by_symbol.arena = check.written.arena = check.skipped.arena = s->scratch;
    check.affine = (Affine){s, site, &check.written};
    par_walk(&check);
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
