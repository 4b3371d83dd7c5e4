// effects.c: what running a function may do besides giving a value, summed over the calls.
//
// Strongly connected groups of functions (Tarjan, without recursion) are summed callees first: all
// members of a group have the same effects but EFFECT_RECURSE, which is each function's own.
#include "sema_internal.h"

enum {
    NOT_SEEN = 0,
    // Of calling a parameter, whatever it is: no function, perhaps, or one that comes back.
    EFFECT_OWN_PARAM = EFFECT_STOP | EFFECT_DIVIDE | EFFECT_RECURSE
};

typedef struct CallGraph {
    Sema *s;
    FunctionVec *callees; // by Function.index
    uint32_t *number, *lowest;
    bool *on_stack;
    uint32_t counter;
    VEC(uint32_t) stack; // Tarjan's
} CallGraph;

static const Builtin *known_builtin(const Node *node) {
    if (node->kind != NODE_NAME || node->name.symbol == NULL) return NULL;
    return node->name.symbol->builtin;
}

static bool may_be_function(const Node *node) {
    switch ((int)node->kind) {
    case NODE_NUMBER:
    case NODE_STRING:
    case NODE_FSTRING:
    case NODE_LIST:
    case NODE_BINARY:
    case NODE_CAST: return false;
    case NODE_UNARY: return node->unary.op == UNARY_HEAD;
    }
    return true;
}

uint16_t sema_effects_of_unknown(const Node *arg) {
    const Builtin *builtin = known_builtin(arg);
    bool calls = builtin != NULL && (sema_calls_argument(arg, 0) || sema_calls_argument(arg, 1) ||
                                     builtin->id == BUILTIN_call);
    if (builtin != NULL) return calls ? EFFECT_EVERYTHING : builtin->effects;
    return may_be_function(arg) ? EFFECT_EVERYTHING : EFFECT_STOP;
}

// Who takes the functions that a call may run.
typedef struct Taker {
    void (*edge)(void *context, Function *callee);
    void *context;
    const Function *summed; // whose effects are being summed up, or null: what it is given counts for
                            // its callers, who know what that is
} Taker;

// Effects of calling what is given as `arg`. What a function would be given that calls its own arguments
// is not known here.
static uint16_t argument_effects(const Sema *s, const Node *arg, const Taker *taker) {
    Function *callee = sema_known_function(arg);
    const CalledParam *param = sema_called_param(s, arg);
    if (callee != NULL) {
        taker->edge(taker->context, callee);
        return callee->calls_params ? EFFECT_EVERYTHING : 0;
    }
    if (param == NULL) return sema_effects_of_unknown(arg);
    if (param->owner == taker->summed) return EFFECT_OWN_PARAM;
    VEC_EACH(Function *, one, &param->functions) taker->edge(taker->context, one);
    return EFFECT_OWN_PARAM | param->effects;
}

// Effects of a builtin's call but for those of functions among its arguments.
static uint16_t builtin_effects(const Sema *s, const Builtin *builtin, const CallSite *site,
                                const Taker *taker) {
    uint16_t effects = builtin->effects;
    if ((effects & EFFECT_STOP) != 0 &&
        (builtin->id == BUILTIN_exit || builtin->id == BUILTIN_assert))
        effects |= EFFECT_DIVIDE;
    uint32_t given = site->args != NULL ? site->args->len : 0;
    for (uint32_t i = 0; i < given + site->piped; i++) {
        const Node *arg = i < given ? site->args->items[i] : NULL; // what a pipe brings is not known
        bool surely = sema_calls_argument(site->callee, i);
        bool perhaps = builtin->id == BUILTIN_call && arg != NULL &&
                       (sema_known_function(arg) != NULL || known_builtin(arg) != NULL);
        if (surely || perhaps)
            effects |= arg != NULL ? argument_effects(s, arg, taker) : EFFECT_EVERYTHING;
    }
    return effects;
}

// A C function may call the functions that it is given.
static uint16_t foreign_effects(const CDecl *decl, const CallSite *site, const Taker *taker) {
    VEC_EACH(Node *, arg, site->args) {
        Function *callee = sema_known_function(arg);
        if (callee != NULL) taker->edge(taker->context, callee);
    }
    return decl->pure ? EFFECT_STOP : EFFECT_STOP | EFFECT_FOREIGN;
}

// Effects of what a known function calls among its arguments. A pipe's come last, and are not known.
static uint16_t given_effects(const Sema *s, const Function *callee, const CallSite *site,
                              const Taker *taker) {
    uint16_t effects = 0;
    uint32_t given = site->args != NULL ? site->args->len : 0;
    if (!callee->calls_params || given + site->piped != callee->param_count) return 0;
    for (uint32_t i = 0; i < callee->param_count; i++) {
        if (map_get(&s->called_params, callee->params.items[i]) == NULL) continue;
        effects |= i < given ? argument_effects(s, site->args->items[i], taker) : EFFECT_EVERYTHING;
    }
    return effects;
}

static uint16_t call_effects(const Sema *s, const CallSite *site, const Taker *taker) {
    Function *callee = sema_known_function(site->callee);
    if (callee != NULL) {
        taker->edge(taker->context, callee);
        return given_effects(s, callee, site, taker);
    }
    const Builtin *builtin = known_builtin(site->callee);
    if (builtin != NULL) return builtin_effects(s, builtin, site, taker);
    const CDecl *foreign = sema_foreign_function(site->callee);
    if (foreign != NULL) return foreign_effects(foreign, site, taker);
    if (sema_called_param(s, site->callee) != NULL)
        return argument_effects(s, site->callee, taker);
    return EFFECT_EVERYTHING;
}

// What a child process does is counted too: it runs in its parent's place.
static uint16_t site_effects(const Sema *s, const CallSite *site, const Taker *taker) {
    uint16_t started = site->spawned ? EFFECT_WAIT | EFFECT_STOP | EFFECT_SHARED : 0;
    return started | call_effects(s, site, taker);
}

uint16_t sema_site_effects(const Sema *s, const CallSite *site,
                           void (*edge)(void *context, Function *callee), void *context) {
    Taker taker = {edge, context, NULL};
    return site_effects(s, site, &taker);
}

// --- groups -------------------------------------------------------------------------------------

typedef struct Edges {
    Sema *s;
    FunctionVec *callees;
} Edges;

static void add_edge(void *context, Function *callee) {
    Edges *edges = context;
    vec_push(edges->s->scratch, edges->callees, callee);
}

static void collect_edges(CallGraph *graph) {
    Sema *s = graph->s;
    for (uint32_t i = 0; i < s->calls.len; i++) {
        const CallSite *site = &s->calls.items[i];
        uint32_t from = site->function->index;
        Edges edges = {s, &graph->callees[from]};
        Taker taker = {add_edge, &edges, site->function};
        s->infos.items[from]->effects |= site_effects(s, site, &taker);
    }
}

// Everything on the stack above `root` is one group.
static void sum_group(CallGraph *graph, uint32_t root) {
    Sema *s = graph->s;
    uint32_t from = graph->stack.len;
    while (graph->stack.items[from - 1] != root) from--;
    from--;
    uint16_t effects = 0;
    bool recursive = graph->stack.len - from > 1;
    for (uint32_t i = from; i < graph->stack.len; i++) {
        uint32_t at = graph->stack.items[i];
        effects |= s->infos.items[at]->effects;
        VEC_EACH(Function *, callee, &graph->callees[at]) {
            if (callee->index == at) recursive = true;
            effects |= s->infos.items[callee->index]->effects & (uint16_t)~EFFECT_RECURSE;
        }
    }
    for (uint32_t i = from; i < graph->stack.len; i++) {
        uint32_t at = graph->stack.items[i];
        FunctionInfo *info = s->infos.items[at];
        info->effects = (uint16_t)(effects | (recursive ? EFFECT_RECURSE : 0));
        info->function->effects = (uint8_t)(info->effects & 0x7f);
        info->function->group = root;
        graph->on_stack[at] = false;
    }
    graph->stack.len = from;
}

typedef struct Visit {
    uint32_t function, next; // the next callee to look at
} Visit;
typedef VEC(Visit) VisitVec;

static void enter(CallGraph *graph, VisitVec *path, uint32_t function) {
    graph->number[function] = graph->lowest[function] = ++graph->counter;
    graph->on_stack[function] = true;
    vec_push(graph->s->scratch, &graph->stack, function);
    Visit visit = {function, 0};
    vec_push(graph->s->scratch, path, visit);
}

static void lower_to(CallGraph *graph, uint32_t function, uint32_t number) {
    if (graph->lowest[function] > number) graph->lowest[function] = number;
}

static void walk_from(CallGraph *graph, VisitVec *path, uint32_t start) {
    enter(graph, path, start);
    while (path->len > 0) {
        Visit *top = &path->items[path->len - 1];
        const FunctionVec *callees = &graph->callees[top->function];
        if (top->next < callees->len) {
            uint32_t callee = callees->items[top->next++]->index;
            if (graph->number[callee] == NOT_SEEN)
                enter(graph, path, callee);
            else if (graph->on_stack[callee])
                lower_to(graph, top->function, graph->number[callee]);
            continue;
        }
        uint32_t done = top->function;
        if (graph->lowest[done] == graph->number[done]) sum_group(graph, done);
        path->len--;
        if (path->len > 0)
            lower_to(graph, path->items[path->len - 1].function, graph->lowest[done]);
    }
}

// --- parallel bodies ----------------------------------------------------------------------------

typedef struct BodySum {
    const Sema *s;
    uint16_t effects;
} BodySum;

static void add_body_effects(void *context, Function *callee) {
    BodySum *sum = context;
    sum->effects |= sema_info(sum->s, callee)->effects;
}

uint16_t sema_call_effects(const Sema *s, const CallSite *site) {
    BodySum sum = {s, 0};
    sum.effects |= sema_site_effects(s, site, add_body_effects, &sum);
    return sum.effects;
}

static void sum_body(Sema *s, ParSite *site) {
    for (uint32_t i = site->calls_begin; i < site->calls_end; i++) {
        const CallSite *call = &s->calls.items[i];
        if (call->function != site->function) continue;
        uint16_t effects = sema_call_effects(s, call);
        if (site->loop->draws && sema_is_draw(call)) effects &= (uint16_t)~EFFECT_WAIT;
        site->effects |= effects;
    }
    s->program->parallel = true;
    if (s->program->foreign && (site->effects & EFFECT_FOREIGN) != 0)
        s->program->foreign_in_parallel = true;
}

// `xs || f` runs f on several threads.
static void sum_pipes(Sema *s) {
    for (uint32_t i = 0; i < s->calls.len; i++) {
        const CallSite *call = &s->calls.items[i];
        if (call->node->kind != NODE_PIPE || call->node->pipe.op != PIPE_PARALLEL) continue;
        s->program->parallel = true;
        if (s->program->foreign && (sema_call_effects(s, call) & EFFECT_FOREIGN) != 0)
            s->program->foreign_in_parallel = true;
    }
}

void sema_sum_effects(Sema *s) {
    CallGraph graph = {.s = s};
    uint32_t count = s->infos.len;
    graph.callees = ARENA_ARRAY(s->scratch, FunctionVec, count);
    graph.number = ARENA_ARRAY(s->scratch, uint32_t, count);
    graph.lowest = ARENA_ARRAY(s->scratch, uint32_t, count);
    graph.on_stack = ARENA_ARRAY(s->scratch, bool, count);
    sema_find_called_params(s);
    collect_edges(&graph);
    VisitVec path = {0};
    for (uint32_t i = 0; i < count; i++)
        if (graph.number[i] == NOT_SEEN) walk_from(&graph, &path, i);
    for (uint32_t i = 0; i < s->parallel.len; i++) sum_body(s, &s->parallel.items[i]);
    sum_pipes(s);
}
