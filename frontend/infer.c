// infer.c: the worklist of type inference, and the instances of functions.
//
// A function gets one instance per shape of its arguments (see same_shape), at most MAX_INSTANCES;
// what all callers of an instance pass is joined. Beyond that one instance takes any value.
// Termination: types have finite height, and after a few walks ranges are widened.
//
// Little is walked twice. A callee that is new is walked at its call, so that its result is known. When a
// symbol's type grows, what read it before in the same walk is out of date: the innermost loop around
// these reads is walked again (infer_again), else the function; of a long one only the statements that
// read the symbol. What other instances read of an instance, its result and global variables, makes
// those dirty; of the dirty ones callees come first. Only who has something to tell is walked in the end.
#include "infer_internal.h"

enum { MAX_INSTANCES = 12, WALKS_BEFORE_WIDENING = 3, DEEPEST_WALK = 64, EARLY_WALKS = 3, LONG_BODY = 8,
       OWN_GROWTHS = 2 };

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

// --- what depends on what -----------------------------------------------------------------------

static bool comes_first(const InferInstance *a, const InferInstance *b) {
    return a->order > b->order; // made later: called by the other, as a rule
}

static void mark_dirty(Infer *infer, InferInstance *instance) {
    if (instance->dirty) return;
    instance->dirty = true;
    if (instance->walking) return; // and is walked again thereafter
    vec_push(&infer->c->scratch, &infer->work, instance);
    InferInstance **heap = infer->work.items;
    uint32_t at = infer->work.len - 1;
    for (; at > 0 && comes_first(instance, heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = instance;
}

// The one to be walked next, or null.
static InferInstance *take_dirty(Infer *infer) {
    InferInstance **heap = infer->work.items;
    while (infer->work.len > 0) {
        InferInstance *first = heap[0], *last = heap[--infer->work.len];
        uint32_t at = 0, count = infer->work.len;
        for (uint32_t below; (below = 2 * at + 1) < count; at = below) {
            if (below + 1 < count && comes_first(heap[below + 1], heap[below])) below++;
            if (!comes_first(heap[below], last)) break;
            heap[at] = heap[below];
        }
        heap[at] = last;
        if (first->dirty) return first; // else it was walked at a call meanwhile
    }
    return NULL;
}

static void mark_statement(InferInstance *instance, uint32_t statement) {
    if (instance->changed != NULL) instance->changed[statement] = true;
    else instance->all_changed = true;
}

// Everything that waits for something is walked again, and then says anew what it waits for.
static void wake(Infer *infer, WaiterVec *waiting) {
    for (uint32_t i = 0; i < waiting->len; i++) {
        const Waiter *waiter = &waiting->items[i];
        mark_statement(waiter->instance, waiter->statement);
        mark_dirty(infer, waiter->instance);
    }
    waiting->len = 0;
}

static void wait_for(Walk *w, WaiterVec *waiting) {
    Waiter waiter = {w->instance, w->statement};
    const Waiter *last = waiting->len > 0 ? &waiting->items[waiting->len - 1] : NULL;
    if (last && last->instance == waiter.instance && last->statement == waiter.statement) return;
    vec_push(&w->infer->c->scratch, waiting, waiter);
}

// The statement that is walked reads a symbol of its function.
static void note_read(Walk *w, uint32_t symbol) {
    SymbolReads *reads = &w->instance->reads[symbol];
    if (reads->first >= w->start) return;
    reads->first = ++w->infer->clock;
    if (w->instance->changed != NULL && w->statement != INFER_NO_STATEMENT)
        vec_push(&w->infer->c->scratch, &reads->statements, w->statement);
}

// What read the symbol before is out of date.
static void symbol_grew(Walk *w, uint32_t symbol) {
    SymbolReads *reads = &w->instance->reads[symbol];
    if (reads->first >= w->start) infer_again(w, reads->first);
    VEC_EACH(uint32_t, statement, &reads->statements)
    if (statement != w->statement) w->instance->changed[statement] = w->more = true;
    reads->statements.len = 0;
    if (w->instance->changed != NULL) reads->first = 0; // to be noted again
}

void infer_again(Walk *w, uint64_t since) {
    if (since < w->stale) w->stale = since;
}

// --- symbols ------------------------------------------------------------------------------------

Type infer_symbol(Walk *w, Symbol *symbol) {
    const Type *guess = infer_guess(w, symbol);
    if (guess != NULL) return *guess;
    InferInstance *owner = owner_instance(w, symbol->owner);
    if (owner == w->instance) {
        note_read(w, symbol->index);
        return owner->shared.symbol_types[symbol->index];
    }
    if (symbol->is_global && owner != NULL) {
        wait_for(w, &w->infer->readers[symbol->index]);
        return owner->shared.symbol_types[symbol->index];
    }
    Type *slot = capture_slot(w->instance, symbol);
    CHECK(slot != NULL, "a symbol of another function is a capture");
    return *slot;
}

// Ranges of checked instances come to rest soon: what they exceed is looked at anyway.
static Type widened(Arena *arena, const InferInstance *of, Type old, Type new_type) {
    if (!of->shared.checked || !old.integer) return type_widen(arena, old, new_type);
    Type joined = type_join(arena, old, new_type);
    if (!joined.integer) return joined;
    if (joined.low < old.low) joined.low = joined.low >= 0 ? 0 : -TYPE_MAX_INTEGER;
    if (joined.high > old.high) joined.high = TYPE_MAX_INTEGER;
    return joined;
}

// Joins `type` into *slot, which is one of the instance, for lists of that class; true if that grew.
static bool grow(Walk *w, const InferInstance *of, Type *slot, Type type, ListClass *lists,
                 bool widen) {
    Arena *arena = w->infer->arena;
    if (type.kinds == 0 || type_equal(type, *slot)) return false;
    type = type_plain(arena, infer_allowed(w->infer, type), packed_may_be(lists));
    Type joined = widen ? widened(arena, of, *slot, type) : type_join(arena, *slot, type);
    if (type_equal(joined, *slot)) return false;
    *slot = joined;
    return true;
}

static bool is_widening(const Walk *w) {
    return w->instance->walks > WALKS_BEFORE_WIDENING || w->rounds > WALKS_BEFORE_WIDENING;
}

void infer_set_symbol(Walk *w, Symbol *symbol, Type type) {
    if (w->guess != NULL) {
        infer_guess_set(w, symbol, type);
        return;
    }
    if (symbol->to_f32 && type_may(type, KIND_NUMBER)) type.integer = false;
    if (infer_checks(w)) type = infer_checked(type);
    type = infer_sum_set(w, symbol, type);
    InferInstance *self = w->instance;
    Type *slot = &self->shared.symbol_types[symbol->index];
    if (!grow(w, self, slot, type, symbol->lists, is_widening(w))) return;
    symbol_grew(w, symbol->index);
    if (symbol->is_global) wake(w->infer, &w->infer->readers[symbol->index]);
}

void infer_result(Walk *w, Type type) {
    if (w->guess != NULL) return; // types are final
    InferInstance *self = w->instance;
    ListClass *lists = self->shared.function->lists;
    if (grow(w, self, &self->shared.result, type, lists, is_widening(w)))
        wake(w->infer, &self->callers);
}

bool infer_may_report(Walk *w, const Node *node) {
    Infer *infer = w->infer;
    const Instance *instance = &w->instance->shared;
    if (instance->boxed || infer_checks(w)) return false;
    w->instance->reports = true;
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

// How many statements the body has, if it is a long one; else 0.
static uint32_t statements_of(const Function *function) {
    if (function->has_clauses || function->body == NULL || function->body->kind != NODE_BLOCK) return 0;
    uint32_t count = function->body->block.statements.len;
    return count >= LONG_BODY ? count : 0;
}

static InferInstance *new_instance(Infer *infer, Function *function, bool parallel, bool boxed,
                                   bool checked) {
    Arena *arena = infer->arena;
    InferInstance *made = ARENA_NEW(arena, InferInstance);
    Instance *shared = &made->shared;
    shared->function = function;
    shared->parallel = parallel;
    shared->boxed = boxed;
    shared->checked = checked;
    shared->number = infer->instances.len;
    shared->captures = ARENA_ARRAY(arena, Type, function->captures.len);
    shared->params = ARENA_ARRAY(arena, Type, function->param_count);
    shared->node_types = ARENA_ARRAY(arena, Type, function->node_count);
    shared->symbol_types = ARENA_ARRAY(arena, Type, function->symbols.len);
    shared->callees = ARENA_ARRAY(arena, Instance *, function->node_count);
    shared->parallel_callees = ARENA_ARRAY(arena, Instance *, function->node_count);
    shared->link_name = name_instance(infer, shared);
    made->reads = ARENA_ARRAY(&infer->c->scratch, SymbolReads, function->symbols.len);
    uint32_t statements = statements_of(function);
    if (statements > 0) made->changed = ARENA_ARRAY(&infer->c->scratch, bool, statements);
    made->all_changed = true;
    made->order = infer->instances.len;
    made->next = infer->of_function[function->index];
    infer->of_function[function->index] = made;
    infer->instance_counts[function->index]++;
    vec_push(arena, &infer->instances, made);
    mark_dirty(infer, made);
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

static InferInstance *find_instance(Infer *infer, Function *function, bool parallel, bool checked,
                                    const Type *captures, const Type *args) {
    uint32_t count = 0;
    InferInstance *general = NULL;
    for (InferInstance *at = infer->of_function[function->index]; at != NULL; at = at->next) {
        if (at->shared.parallel != parallel || at->shared.boxed != (args == NULL)) continue;
        if (at->shared.checked != checked) continue;
        if (matches(at, captures, args)) return at;
        count++;
        general = general == NULL ? at : general;
    }
    return count < MAX_INSTANCES ? NULL : general;
}

// What recursion drives over one bound after the other will not stop at the next.
static Type widen_at_once(Type old, Type grown) {
    if (!old.integer || !grown.integer) return grown;
    const double most = TYPE_MAX_INTEGER;
    if (grown.low < old.low && grown.low < 0 && grown.low > -most) grown.low = -most;
    if (grown.high > old.high && grown.high > 0 && grown.high < most) grown.high = most;
    return grown;
}

// True if some did.
static bool grow_inputs(Walk *w, InferInstance *callee, const SymbolVec *symbols, Type *slots,
                        const Type *types) {
    bool grew = false;
    for (uint32_t i = 0; i < symbols->len; i++) {
        bool widen = callee->param_growths > WALKS_BEFORE_WIDENING;
        Type old = slots[i];
        if (!grow(w, callee, &slots[i], types[i], symbols->items[i]->lists, widen)) continue;
        if (widen && w->instance == callee && ++callee->own_growths > OWN_GROWTHS)
            slots[i] = widen_at_once(old, slots[i]);
        callee->param_growths++;
        callee->walks = 0;
        callee->all_changed |= callee->changed == NULL || symbols != &callee->shared.function->params;
        grew = true;
        mark_dirty(w->infer, callee);
    }
    return grew;
}

// Something else may be in closures of the function: whoever calls them takes it from there.
static void closures_grew(Infer *infer, const Function *function) {
    for (InferInstance *at = infer->of_function[function->index]; at != NULL; at = at->next)
        if (at->shared.boxed) wake(infer, &at->callers);
}

// The instance for what is captured and given.
static InferInstance *instance_for(Walk *w, Function *function, const Type *captures,
                                   const Type *args) {
    Infer *infer = w->infer;
    Arena *scratch = &infer->c->scratch;
    // A value may be called wherever it gets to.
    bool parallel = is_parallel(w) || (args == NULL && infer->c->program->parallel);
    bool checked = w->instance->shared.checked && args != NULL && infer->checkable[function->index];
    InferInstance *callee = find_instance(infer, function, parallel, checked, captures, args);
    if (callee == NULL) callee = new_instance(infer, function, parallel, args == NULL, checked);
    bool grew = grow_inputs(w, callee, &function->captures, callee->shared.captures, captures);
    if (grew && args == NULL) closures_grew(infer, function);
    if (args == NULL) {
        Type *any = ARENA_ARRAY(scratch, Type, function->param_count + 1);
        for (uint32_t i = 0; i < function->param_count; i++) any[i] = type_any();
        args = any;
    }
    grow_inputs(w, callee, &function->params, callee->shared.params, args);
    return callee;
}

// Room for what the function captures.
static Type *new_captures(Walk *w, const Function *function) {
    uint32_t captured = function->captures.len;
    return captured > 0 ? ARENA_ARRAY(&w->infer->c->scratch, Type, captured) : NULL;
}

InferInstance *infer_instance(Walk *w, Function *function, const Type *args) {
    Type *captures = new_captures(w, function);
    for (uint32_t i = 0; i < function->captures.len; i++)
        captures[i] = infer_symbol(w, function->captures.items[i]);
    return instance_for(w, function, captures, args);
}

InferInstance *infer_closure_instance(Walk *w, Function *function, const Type *args) {
    Type *captures = new_captures(w, function);
    for (InferInstance *at = w->infer->of_function[function->index]; at != NULL; at = at->next) {
        if (!at->shared.boxed) continue;
        wait_for(w, &at->callers);
        for (uint32_t i = 0; i < function->captures.len; i++)
            captures[i] = type_join(w->infer->arena, captures[i], at->shared.captures[i]);
    }
    return instance_for(w, function, captures, args);
}

static Type likely(Type type) {
    bool whole = !type_is(type, KIND_NUMBER) || type.integer;
    return whole ? type : type_integer(0, TYPE_MAX_INTEGER);
}

InferInstance *infer_checked_twin(Infer *infer, InferInstance *doubles) {
    Function *function = doubles->shared.function;
    InferInstance *twin = new_instance(infer, function, doubles->shared.parallel, false, true);
    for (uint32_t i = 0; i < function->captures.len; i++)
        twin->shared.captures[i] = likely(doubles->shared.captures[i]);
    for (uint32_t i = 0; i < function->param_count; i++)
        twin->shared.params[i] = likely(doubles->shared.params[i]);
    doubles->shared.integers = &twin->shared;
    return twin;
}

static void forget_checked(WaiterVec *waiting) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < waiting->len; i++)
        if (!waiting->items[i].instance->shared.checked) waiting->items[left++] = waiting->items[i];
    waiting->len = left;
}

void infer_drop_checked(Infer *infer) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < infer->instances.len; i++) {
        InferInstance *instance = infer->instances.items[i];
        instance->shared.integers = NULL;
        forget_checked(&instance->callers);
        if (!instance->shared.checked) infer->instances.items[left++] = instance;
    }
    infer->instances.len = left;
    for (uint32_t i = 0; i < infer->c->program->main->symbols.len; i++)
        forget_checked(&infer->readers[i]);
    for (uint32_t f = 0; f < infer->c->program->functions.len; f++) {
        InferInstance **from = &infer->of_function[f];
        while (*from != NULL)
            if ((*from)->shared.checked) *from = (*from)->next;
            else from = &(*from)->next;
    }
}

static Instance **callee_slot(Walk *w, const Node *node) {
    Instance *self = &w->instance->shared;
    bool parallel = w->par_depth > 0 && !self->parallel;
    return &(parallel ? self->parallel_callees : self->callees)[node->id];
}

void infer_note_callee(Walk *w, const Node *node, InferInstance *callee) {
    *callee_slot(w, node) = &callee->shared;
}

void infer_no_callee(Walk *w, const Node *node) {
    *callee_slot(w, node) = NULL;
}

static void walk_instance(Infer *infer, InferInstance *instance, uint32_t depth);

Type infer_known_call(Walk *w, const Node *node, InferInstance *callee) {
    Infer *infer = w->infer;
    infer_note_callee(w, node, callee);
    uint32_t inputs = callee->shared.function->captures.len + callee->shared.function->param_count;
    bool early = callee->param_growths <= EARLY_WALKS * (inputs + 1);
    if (callee->dirty && !callee->walking && !infer->counting && early && w->depth < DEEPEST_WALK)
        walk_instance(infer, callee, w->depth + 1);
    wait_for(w, &callee->callers);
    return callee->shared.result;
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

// Of a long body only what is out of date.
static void walk_statements(Walk *w, const Node *body) {
    bool *changed = w->instance->changed;
    const NodeVec *statements = &body->block.statements;
    Type *types = w->instance->shared.node_types;
    for (uint32_t i = 0; i < statements->len; i++) {
        if (!w->all && !changed[i]) continue;
        changed[i] = false;
        w->statement = i;
        w->start = ++w->infer->clock;
        infer_expr(w, statements->items[i]);
        if (w->stale == INFER_FRESH) continue;
        w->stale = INFER_FRESH;
        changed[i] = w->more = true;
    }
    types[body->id] = types[statements->items[statements->len - 1]->id];
    infer_result(w, types[body->id]);
}

static void walk_body(Walk *w) {
    Function *function = w->instance->shared.function;
    for (uint32_t i = 0; i < function->param_count; i++)
        infer_set_symbol(w, function->params.items[i], w->instance->shared.params[i]);
    if (function->has_clauses) walk_clauses(w, function);
    else if (w->instance->changed != NULL) walk_statements(w, function->body);
    else infer_result(w, infer_expr(w, function->body));
}

static Walk walk_begin(Infer *infer, InferInstance *instance, uint32_t depth) {
    return (Walk){.infer = infer, .instance = instance, .depth = depth, .start = ++infer->clock,
                  .stale = INFER_FRESH, .statement = INFER_NO_STATEMENT,
                  .loop_types = {.arena = &infer->c->scratch}};
}

static void walk_instance(Infer *infer, InferInstance *instance, uint32_t depth) {
    bool again;
    instance->walking = true;
    do {
        Walk w = walk_begin(infer, instance, depth);
        w.all = instance->all_changed;
        instance->dirty = instance->all_changed = false;
        instance->walks++;
        walk_body(&w);
        again = w.stale != INFER_FRESH || w.more || instance->dirty;
    } while (again);
    instance->walking = false;
}

static void walk_dirty(Infer *infer) {
    for (InferInstance *next; (next = take_dirty(infer)) != NULL;) walk_instance(infer, next, 0);
}

// Keeps an instance that `main` can reach.
static void keep_instance(Infer *infer, InstanceVec *kept, Instance *instance) {
    InferInstance *whole = (InferInstance *)instance;
    if (instance == NULL || whole->kept) return;
    whole->kept = true;
    instance->number = kept->len;
    if (!instance->boxed && !instance->checked) infer->kept_counts[instance->function->index]++;
    vec_push(infer->arena, kept, instance);
}

static void walk_once(Infer *infer, Instance *instance) {
    Walk w = walk_begin(infer, (InferInstance *)instance, 0);
    w.all = true;
    walk_body(&w);
    if (w.stale != INFER_FRESH || w.more) mark_dirty(infer, w.instance);
}

// Walks once more what `main` reaches and what may have something to tell, and counts the mistakes. A call
// may now find an instance that was made later than the one it had, and make that grow: false, and all
// is to be done again.
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
        InferInstance *whole = (InferInstance *)instance;
        if (whole->reports || program->c_types) {
            whole->reports = false;
            walk_once(infer, instance);
        }
        keep_instance(infer, kept, instance->integers);
        for (uint32_t n = 0; n < nodes; n++) {
            keep_instance(infer, kept, instance->callees[n]);
            keep_instance(infer, kept, instance->parallel_callees[n]);
        }
    }
    return infer->work.len == 0;
}

// Instances made for types that were still growing may be left without a caller: they are dropped.
// The others are walked once more, and those with something to tell a second time: what is a mistake in all
// instances of a function is told. False: the program is to be analysed again first.
static bool finish(Infer *infer, Program *program) {
    for (;;) {
        infer->counting = true;
        bool final = count_mistakes(infer, program);
        infer->counting = false;
        if (final && recursion_settle(infer)) break;
        walk_dirty(infer);
    }
    if (infer_found_accesses(infer)) return false;
    infer->reporting = true;
    VEC_EACH(Instance *, instance, &program->instances)
    if (((InferInstance *)instance)->reports) walk_once(infer, instance);
    CHECK(infer->work.len == 0, "types are final in the last walks");
    return true;
}

// A program's own `main` is called with nothing after the top level.
static void infer_user_main(Infer *infer, Program *program) {
    if (program->user_main == NULL || program->user_main->function == NULL) return;
    Walk w = walk_begin(infer, infer->instances.items[0], 0);
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
    infer->checkable = ARENA_ARRAY(&c->scratch, bool, program->functions.len);
    infer->readers = ARENA_ARRAY(&c->scratch, WaiterVec, program->main->symbols.len);
    new_instance(infer, program->main, false, false, false);
    walk_dirty(infer);
    infer_user_main(infer, program);
    infer_exports(infer, program);
    walk_dirty(infer);
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
