// called_params.c: which functions a parameter that is called may be (CalledParam). What a function
// given as an argument may do is then known where it is given: calling `integrate(x => x * i, 0, 1)` in a
// parallel body has the effects of that lambda, not all there are.
//
// A parameter counts as called if its function calls it, hands it to sort or filter to be called, or
// hands it on as a called parameter. What it may be are the functions and builtins given for it in calls
// by name. Of functions that are values, or exported, not all calls are seen: their parameters may be
// anything, and so may one that is given something else than a known function. Parameters never change.
#include "sema_internal.h"

// `from`, a called parameter, is handed on as `to`.
typedef struct Handing {
    CalledParam *from, *to;
} Handing;

enum { FUNCTIONS_MOST = 64 }; // a parameter that may be more of them may be anything

typedef struct Calls {
    Sema *s;
    VEC(Handing) handings;
} Calls;

CalledParam *sema_called_param(const Sema *s, const Node *node) {
    if (node->kind != NODE_NAME || node->name.symbol == NULL) return NULL;
    const Symbol *symbol = node->name.symbol;
    return map_get(&s->called_params, symbol->param != NULL ? symbol->param : symbol);
}

static const Symbol *param_of(const Node *node) {
    if (node->kind != NODE_NAME || node->name.symbol == NULL) return NULL;
    const Symbol *symbol = node->name.symbol;
    if (symbol->param != NULL) return symbol->param;
    return symbol->kind == SYMBOL_PARAMETER ? symbol : NULL;
}

// True if that was not known.
static bool mark_called(Sema *s, const Node *node) {
    const Symbol *param = param_of(node);
    if (param == NULL || map_get(&s->called_params, param) != NULL) return false;
    CalledParam *called = ARENA_NEW(s->scratch, CalledParam);
    called->owner = param->owner;
    if (param->owner->is_value) called->effects = EFFECT_EVERYTHING;
    param->owner->calls_params = true;
    map_put(&s->called_params, param, called);
    return true;
}

static CalledParam *param_at(const Sema *s, const Function *function, uint32_t position) {
    return map_get(&s->called_params, function->params.items[position]);
}

static uint32_t given(const CallSite *site) {
    return site->args != NULL ? site->args->len : 0;
}

// Functions that take the number of arguments that they are given: else there is an error.
static Function *well_called(const CallSite *site) {
    Function *function = sema_known_function(site->callee);
    bool fits = function != NULL && function->param_count == given(site) + site->piped;
    return fits ? function : NULL;
}

static bool mark_site(Sema *s, const CallSite *site) {
    bool grew = mark_called(s, site->callee);
    const Function *function = well_called(site);
    for (uint32_t i = 0; i < given(site); i++) {
        const Node *arg = site->args->items[i];
        bool called = function != NULL ? param_at(s, function, i) != NULL
                                       : sema_calls_argument(site->callee, i);
        if (called && mark_called(s, arg)) grew = true;
    }
    return grew;
}

static void add_function(Sema *s, CalledParam *param, Function *function) {
    VEC_EACH(Function *, one, &param->functions)
    if (one == function) return;
    if (param->functions.len == FUNCTIONS_MOST || function->calls_params)
        param->effects = EFFECT_EVERYTHING;
    if (param->functions.len < FUNCTIONS_MOST)
        vec_push(s->scratch, &param->functions, function);
}

static void hand(Calls *calls, CalledParam *from, CalledParam *to) {
    Handing handing = {from, to};
    vec_push(calls->s->scratch, &calls->handings, handing);
}

static void give(Calls *calls, CalledParam *to, const Node *arg) {
    Sema *s = calls->s;
    Function *function = sema_known_function(arg);
    CalledParam *from = sema_called_param(s, arg);
    if (function != NULL)
        add_function(s, to, function);
    else if (from != NULL)
        hand(calls, from, to);
    else
        to->effects |= sema_effects_of_unknown(arg);
}

static void give_site(Calls *calls, const CallSite *site) {
    const Function *function = well_called(site);
    if (function == NULL) return;
    for (uint32_t i = 0; i < function->param_count; i++) {
        CalledParam *param = param_at(calls->s, function, i);
        if (param == NULL) continue;
        if (i < given(site))
            give(calls, param, site->args->items[i]);
        else
            param->effects = EFFECT_EVERYTHING; // what a pipe brings
    }
}

// C calls it, with what it likes.
static void give_export(const Sema *s, const Function *function) {
    for (uint32_t i = 0; function != NULL && i < function->param_count; i++) {
        CalledParam *param = param_at(s, function, i);
        if (param != NULL) param->effects = EFFECT_EVERYTHING;
    }
}

// True if `to` may be more than before.
static bool hand_on(Sema *s, const Handing *handing) {
    CalledParam *from = handing->from, *to = handing->to;
    uint32_t before = to->functions.len;
    uint16_t had = to->effects;
    uint16_t effects = from->effects;
    for (uint32_t i = 0; i < from->functions.len; i++)
        add_function(s, to, from->functions.items[i]);
    effects |= to->effects;
    bool grew = to->functions.len > before || effects != had;
    to->effects = effects;
    return grew;
}

void sema_find_called_params(Sema *s) {
    Calls calls = {.s = s};
    for (bool grew = true; grew;) {
        grew = false;
        for (uint32_t i = 0; i < s->calls.len; i++)
            if (mark_site(s, &s->calls.items[i])) grew = true;
    }
    VEC_EACH(Export *, export, &s->program->exports)
    give_export(s, export->symbol->function);
    for (uint32_t i = 0; i < s->calls.len; i++) give_site(&calls, &s->calls.items[i]);
    for (bool grew = true; grew;) {
        grew = false;
        VEC_EACH(Handing, handing, &calls.handings)
        if (hand_on(s, &handing)) grew = true;
    }
}
