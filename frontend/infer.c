// infer.c: the worklist of type inference, and the instances of functions.
//
// A function gets one instance per shape of its arguments (see same_shape), at most MAX_INSTANCES;
// what all callers of an instance pass is joined. Beyond that one instance takes any value.
// Termination: types have finite height, and after a few walks ranges are widened.
#include "infer_internal.h"

enum { MAX_INSTANCES = 12, WALKS_BEFORE_WIDENING = 3 };

// Whether values of two types can share an instance without losing a representation: ranges do not
// matter, what is held as a word shares one whatever its kinds, and an empty container or a value that
// does not exist yet fits any.
static bool same_shape(Type a, Type b) {
    if (a.kinds == 0 || b.kinds == 0) return true;
    if (type_rep(a) == REP_ANY && type_rep(b) == REP_ANY) return true;
    if (a.kinds != b.kinds || a.function != b.function) return false;
    if (a.element == NULL || b.element == NULL) return true;
    return same_shape(*a.element, *b.element);
}

static bool is_parallel(const Walk *w) {
    return w->instance->shared.parallel || w->par_depth > 0;
}

static InferInstance *owner_instance(Walk *w, Function *function) {
    if (w->instance->shared.function == function) return w->instance;
    return function->parent == NULL ? w->infer->instances.items[0] : NULL;
}

static Type *capture_slot(InferInstance *instance, const Symbol *symbol) {
    SymbolVec *captures = &instance->shared.function->captures;
    for (uint32_t i = 0; i < captures->len; i++)
        if (captures->items[i] == symbol) return &instance->shared.captures[i];
    return NULL;
}

Type infer_symbol(Walk *w, Symbol *symbol) {
    const Type *guess = infer_guess(w, symbol);
    if (guess != NULL) return *guess;
    InferInstance *owner = owner_instance(w, symbol->owner);
    if (owner == w->instance || (symbol->is_global && owner != NULL)) {
        if (owner != w->instance) w->instance->reads_globals = true;
        return owner->shared.symbol_types[symbol->index];
    }
    Type *slot = capture_slot(w->instance, symbol);
    CHECK(slot != NULL, "a symbol of another function is a capture");
    return *slot;
}

// Joins `type` into *slot, for lists of that class; true if that grew.
static bool grow(Walk *w, Type *slot, Type type, ListClass *lists, bool widen) {
    Arena *arena = w->infer->arena;
    type = type_plain(arena, infer_allowed(w->infer, type), packed_may_be(lists));
    Type joined = widen ? type_widen(arena, *slot, type) : type_join(arena, *slot, type);
    if (type_equal(joined, *slot)) return false;
    *slot = joined;
    return true;
}

void infer_set_symbol(Walk *w, Symbol *symbol, Type type) {
    if (w->guess != NULL) {
        infer_guess_set(w, symbol, type);
        return;
    }
    if (symbol->to_f32 && type_may(type, KIND_NUMBER)) type.integer = false;
    type = infer_sum_set(w, symbol, type);
    Type *slot = &w->instance->shared.symbol_types[symbol->index];
    if (!grow(w, slot, type, symbol->lists, w->instance->walks > WALKS_BEFORE_WIDENING)) return;
    w->grew = true;
    if (symbol->is_global) w->infer->changed_globals = true;
}

void infer_result(Walk *w, Type type) {
    if (w->guess != NULL) return; // types are final
    InferInstance *self = w->instance;
    ListClass *lists = self->shared.function->lists;
    if (!grow(w, &self->shared.result, type, lists, self->walks > WALKS_BEFORE_WIDENING)) return;
    VEC_EACH(InferInstance *, caller, &self->callers) caller->dirty = true;
}

bool infer_may_report(Walk *w, const Node *node) {
    Infer *infer = w->infer;
    const Instance *instance = &w->instance->shared;
    if (instance->boxed || w->guess != NULL) return false;
    Fault *fault = map_get(&infer->faults, node);
    if (infer->counting) {
        if (fault == NULL) {
            fault = ARENA_NEW(&infer->c->scratch, Fault);
            map_put(&infer->faults, node, fault);
        }
        if (fault->last != w->instance) fault->instances++;
        fault->last = w->instance;
    }
    if (!infer->reporting || fault == NULL) return false;
    if (fault->instances < infer->kept_counts[instance->function->index]) return false;
    return map_put(&infer->reported, node, w) == NULL;
}

// --- instances ----------------------------------------------------------------------------------

static const char *name_instance(Infer *infer, const Instance *instance) {
    const Function *function = instance->function;
    const char *name = function->name != NULL ? function->name->text : "lambda";
    for (const Function *up = function->parent; up != NULL && up->parent != NULL; up = up->parent)
        name = arena_printf(infer->arena, "%s.%s", up->name != NULL ? up->name->text : "lambda",
                            name);
    if (function->parent == NULL) return "main";
    uint32_t count = infer->instance_counts[function->index];
    const char *suffix = instance->parallel ? ".shared" : "";
    if (count == 0) return arena_printf(infer->arena, "%s%s", name, suffix);
    return arena_printf(infer->arena, "%s.%u%s", name, count, suffix);
}

static InferInstance *new_instance(Infer *infer, Function *function, bool parallel, bool boxed) {
    Arena *arena = infer->arena;
    InferInstance *made = ARENA_NEW(arena, InferInstance);
    Instance *shared = &made->shared;
    shared->function = function;
    shared->parallel = parallel;
    shared->boxed = boxed;
    shared->number = infer->instances.len;
    shared->captures = ARENA_ARRAY(arena, Type, function->captures.len);
    shared->params = ARENA_ARRAY(arena, Type, function->param_count);
    shared->node_types = ARENA_ARRAY(arena, Type, function->node_count);
    shared->symbol_types = ARENA_ARRAY(arena, Type, function->symbols.len);
    shared->callees = ARENA_ARRAY(arena, Instance *, function->node_count);
    shared->parallel_callees = ARENA_ARRAY(arena, Instance *, function->node_count);
    shared->link_name = name_instance(infer, shared);
    made->dirty = true;
    made->next = infer->of_function[function->index];
    infer->of_function[function->index] = made;
    infer->instance_counts[function->index]++;
    vec_push(arena, &infer->instances, made);
    return made;
}

static bool matches(const InferInstance *instance, const Type *captures, const Type *args) {
    const Function *function = instance->shared.function;
    for (uint32_t i = 0; i < function->captures.len; i++)
        if (!same_shape(instance->shared.captures[i], captures[i])) return false;
    for (uint32_t i = 0; args != NULL && i < function->param_count; i++)
        if (!same_shape(instance->shared.params[i], args[i])) return false;
    return true;
}

static InferInstance *find_instance(Infer *infer, Function *function, bool parallel,
                                    const Type *captures, const Type *args) {
    uint32_t count = 0;
    InferInstance *general = NULL;
    for (InferInstance *at = infer->of_function[function->index]; at != NULL; at = at->next) {
        if (at->shared.parallel != parallel || at->shared.boxed != (args == NULL)) continue;
        if (matches(at, captures, args)) return at;
        count++;
        general = general == NULL ? at : general;
    }
    return count < MAX_INSTANCES ? NULL : general;
}

// True if some did.
static bool grow_inputs(Walk *w, InferInstance *callee, const SymbolVec *symbols, Type *slots,
                        const Type *types) {
    bool grew = false;
    for (uint32_t i = 0; i < symbols->len; i++) {
        bool widen = callee->param_growths > WALKS_BEFORE_WIDENING;
        if (!grow(w, &slots[i], types[i], symbols->items[i]->lists, widen)) continue;
        callee->param_growths++;
        callee->dirty = grew = true;
    }
    return grew;
}

// Something else may be in closures of the function: whoever calls them takes it from there.
static void closures_grew(Infer *infer, const Function *function) {
    for (InferInstance *at = infer->of_function[function->index]; at != NULL; at = at->next)
        VEC_EACH(InferInstance *, caller, &at->callers)
    if (at->shared.boxed) caller->dirty = true;
}

// The instance for what is captured and given.
static InferInstance *instance_for(Walk *w, Function *function, const Type *captures,
                                   const Type *args) {
    Infer *infer = w->infer;
    bool parallel = is_parallel(w);
    InferInstance *callee = find_instance(infer, function, parallel, captures, args);
    if (callee == NULL) callee = new_instance(infer, function, parallel, args == NULL);
    bool grew = grow_inputs(w, callee, &function->captures, callee->shared.captures, captures);
    if (grew && args == NULL) closures_grew(infer, function);
    if (args == NULL) {
        Type *any = ARENA_ARRAY(infer->arena, Type, function->param_count + 1);
        for (uint32_t i = 0; i < function->param_count; i++) any[i] = type_any();
        args = any;
    }
    grow_inputs(w, callee, &function->params, callee->shared.params, args);
    return callee;
}

InferInstance *infer_instance(Walk *w, Function *function, const Type *args) {
    uint32_t captured = function->captures.len;
    Type *captures = ARENA_ARRAY(w->infer->arena, Type, captured);
    for (uint32_t i = 0; i < captured; i++)
        captures[i] = infer_symbol(w, function->captures.items[i]);
    return instance_for(w, function, captures, args);
}

static void note_caller(Walk *w, InferInstance *callee) {
    VEC_EACH(InferInstance *, caller, &callee->callers)
        if (caller == w->instance) return;
    vec_push(w->infer->arena, &callee->callers, w->instance);
}

InferInstance *infer_closure_instance(Walk *w, Function *function, const Type *args) {
    Arena *arena = w->infer->arena;
    uint32_t captured = function->captures.len;
    Type *captures = ARENA_ARRAY(arena, Type, captured);
    for (InferInstance *at = w->infer->of_function[function->index]; at != NULL; at = at->next) {
        if (!at->shared.boxed) continue;
        note_caller(w, at);
        for (uint32_t i = 0; i < captured; i++)
            captures[i] = type_join(arena, captures[i], at->shared.captures[i]);
    }
    return instance_for(w, function, captures, args);
}

void infer_note_callee(Walk *w, const Node *node, InferInstance *callee) {
    Instance *self = &w->instance->shared;
    if (w->par_depth > 0 && !self->parallel) self->parallel_callees[node->id] = &callee->shared;
    else self->callees[node->id] = &callee->shared;
    note_caller(w, callee);
}

// --- walks --------------------------------------------------------------------------------------

static void walk_clauses(Walk *w, Function *function) {
    for (uint32_t i = 0; i < function->node->lambda.clauses.len; i++) {
        Clause *clause = &function->node->lambda.clauses.items[i];
        for (uint32_t p = 0; p < clause->params.len; p++) {
            Pattern *pattern = &clause->params.items[p];
            if (pattern->literal != NULL) infer_expr(w, pattern->literal);
            if (pattern->symbol != NULL && pattern->symbol != function->params.items[p])
                infer_set_symbol(w, pattern->symbol, infer_symbol(w, function->params.items[p]));
        }
        infer_result(w, infer_expr(w, clause->body));
    }
    infer_result(w, type_integer(0, 0)); // nothing fits
}

static void walk_body(Walk *w) {
    Function *function = w->instance->shared.function;
    for (uint32_t i = 0; i < function->param_count; i++)
        infer_set_symbol(w, function->params.items[i], w->instance->shared.params[i]);
    if (function->has_clauses) walk_clauses(w, function);
    else infer_result(w, infer_expr(w, function->body));
}

static void walk_instance(Infer *infer, InferInstance *instance) {
    Walk w = {.infer = infer, .instance = instance, .loop_types = {.arena = infer->arena}};
    do {
        instance->dirty = false;
        instance->walks++;
        w.grew = false;
        w.refinements.len = 0;
        walk_body(&w);
    } while (w.grew);
}

static bool walk_dirty(Infer *infer) {
    bool walked = false;
    for (uint32_t i = 0; i < infer->instances.len; i++) {
        InferInstance *instance = infer->instances.items[i];
        if (!instance->dirty) continue;
        walk_instance(infer, instance);
        walked = true;
    }
    if (infer->changed_globals) {
        infer->changed_globals = false;
        VEC_EACH(InferInstance *, instance, &infer->instances)
            if (instance->reads_globals) instance->dirty = true;
    }
    return walked;
}

// Keeps an instance that `main` can reach.
static void keep_instance(Infer *infer, InstanceVec *kept, Instance *instance) {
    InferInstance *whole = (InferInstance *)instance;
    if (instance == NULL || whole->kept) return;
    whole->kept = true;
    instance->number = kept->len;
    if (!instance->boxed) infer->kept_counts[instance->function->index]++;
    vec_push(infer->arena, kept, instance);
}

static void walk_once(Infer *infer, Instance *instance) {
    Walk w = {.infer = infer, .instance = (InferInstance *)instance,
              .loop_types = {.arena = infer->arena}};
    walk_body(&w);
    if (w.grew) w.instance->dirty = true;
}

static bool is_final(const Infer *infer) {
    if (infer->changed_globals) return false;
    for (uint32_t i = 0; i < infer->instances.len; i++)
        if (infer->instances.items[i]->dirty) return false;
    return true;
}

// Walks what `main` reaches once more, and counts the mistakes. A call may now find an instance that
// was made later than the one it had, and make that grow: false, and all is to be done again.
static bool count_mistakes(Infer *infer, Program *program) {
    InstanceVec *kept = &program->instances;
    kept->len = 0;
    infer->faults = (PtrMap){.arena = &infer->c->scratch};
    infer->accesses = infer->no_accesses = infer->faults;
    for (uint32_t i = 0; i < infer->instances.len; i++) infer->instances.items[i]->kept = false;
    for (uint32_t i = 0; i < program->functions.len; i++) infer->kept_counts[i] = 0;
    keep_instance(infer, kept, &infer->instances.items[0]->shared);
    keep_instance(infer, kept, program->user_main_instance);
    VEC_EACH(Export *, export, &program->exports) keep_instance(infer, kept, export->instance);
    for (uint32_t i = 0; i < kept->len; i++) {
        Instance *instance = kept->items[i];
        uint32_t nodes = instance->function->node_count;
        for (uint32_t n = 0; n < nodes; n++)
            instance->callees[n] = instance->parallel_callees[n] = NULL;
        walk_once(infer, instance);
        for (uint32_t n = 0; n < nodes; n++) {
            keep_instance(infer, kept, instance->callees[n]);
            keep_instance(infer, kept, instance->parallel_callees[n]);
        }
    }
    return is_final(infer);
}

// Instances made for types that were still growing may be left without a caller: they are dropped.
// The others are walked twice more: what is a mistake in all instances of a function is told. False:
// the program is to be analysed again first.
static bool finish(Infer *infer, Program *program) {
    for (;;) {
        infer->counting = true;
        bool final = count_mistakes(infer, program);
        infer->counting = false;
        if (final) break;
        while (walk_dirty(infer)) {}
    }
    if (infer_found_accesses(infer)) return false;
    infer->reporting = true;
    VEC_EACH(Instance *, instance, &program->instances) walk_once(infer, instance);
    CHECK(is_final(infer), "types are final in the last walks");
    return true;
}

// A program's own `main` is called with nothing after the top level.
static void infer_user_main(Infer *infer, Program *program) {
    if (program->user_main == NULL || program->user_main->function == NULL) return;
    Walk w = {.infer = infer, .instance = infer->instances.items[0]};
    Function *function = program->user_main->function;
    Type *none = ARENA_ARRAY(infer->arena, Type, function->param_count + 1);
    program->user_main_instance = &infer_instance(&w, function, none)->shared;
}

// All types, as far as they can be known without telling anybody.
static Infer *solve(Compilation *c) {
    Program *program = c->program;
    Infer *infer = ARENA_NEW(&c->scratch, Infer);
    *infer = (Infer){.c = c, .arena = &c->unit, .reported = {.arena = &c->scratch},
                     .faults = {.arena = &c->scratch}};
    infer->of_function = ARENA_ARRAY(&c->scratch, InferInstance *, program->functions.len);
    infer->instance_counts = ARENA_ARRAY(&c->scratch, uint32_t, program->functions.len);
    infer->kept_counts = ARENA_ARRAY(&c->scratch, uint32_t, program->functions.len);
    new_instance(infer, program->main, false, false);
    infer_user_main(infer, program);
    infer_exports(infer, program);
    while (walk_dirty(infer)) {}
    return infer;
}

bool infer_run(Compilation *c) {
    packed_survey(c);
    Infer *infer = solve(c);
    for (uint32_t round = 1; !packed_decide(infer, round); round++) infer = solve(c);
    c->again = !finish(infer, c->program);
    if (c->again) return false;
    packed_mark(infer);
    infer_check_exports(infer, c->program);
    return c->errors == 0;
}
