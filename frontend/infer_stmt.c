// infer_stmt.c: definitions, updates, loops and matches.
#include "infer_internal.h"
#include <math.h>

static Type zero(void) {
    return type_integer(0, 0);
}

static void check_taken_apart(Walk *w, Node *node, Type value) {
    const DefineNode *define = node->define;
    Span span = define->value->span;
    bool literal = define->value->kind == NODE_LIST;
    uint32_t names = define->symbols.len;
    uint32_t length = literal ? define->value->list.items.len : names;
    bool wrong = value.kinds != 0 && (value.kinds & (KIND_LIST | KIND_ERROR)) == 0;
    if ((!wrong && length == names) || !infer_may_report(w, node)) return;
    if (wrong)
        diag_report(w->infer->c, DIAG_E0560, span, type_kind_text(value.kinds));
    else
        diag_report(w->infer->c, DIAG_E0561, span, names, length, length == 1 ? "" : "s");
}

Type infer_define(Walk *w, Node *node) {
    DefineNode *define = node->define;
    Symbol *first = define->symbols.len > 0 ? define->symbols.items[0] : NULL;
    if (first != NULL && first->kind == SYMBOL_CONSTANT) return zero();
    if (first != NULL && first->function != NULL && define->value->kind == NODE_LAMBDA &&
        !first->function->is_value) { // only ever called by name: no closure
        infer_snapshots(w, first->function);
        return zero();
    }
    Type value = infer_expr(w, define->value);
    if (define->or_return && type_may(value, KIND_ERROR)) {
        infer_result(w, type_of_kind(KIND_ERROR));
        value.kinds &= (uint8_t)~KIND_ERROR;
    }
    if (define->symbols.len == 1 && first != NULL) {
        infer_set_symbol(w, first, value);
    } else {
        check_taken_apart(w, node, value);
        VEC_EACH(Symbol *, symbol, &define->symbols)
        if (symbol != NULL) infer_set_symbol(w, symbol, type_element(value));
    }
    return zero();
}

// A deferred block runs later: what conditions around it say of mutable variables holds no longer.
Type infer_defer(Walk *w, Node *node) {
    uint32_t count = refine_mark(w);
    Refinement *kept = ARENA_ARRAY(w->infer->arena, Refinement, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        kept[i] = w->refinements.items[i];
        if (kept[i].symbol != NULL && kept[i].symbol->is_mutable)
            w->refinements.items[i].symbol = NULL;
    }
    infer_expr(w, node->defer.body);
    for (uint32_t i = 0; i < count; i++) w->refinements.items[i] = kept[i];
    return zero();
}

// --- updates ------------------------------------------------------------------------------------

// `target` now holds `value` besides what it held: its containers' elements grow, up to the root.
static void grow_target(Walk *w, Node *target, Type value) {
    Arena *arena = w->infer->arena;
    while (target->kind == NODE_INDEX || target->kind == NODE_FIELD) {
        Node *base = target->kind == NODE_INDEX ? target->index.base : target->field.base;
        Type held = w->instance->shared.node_types[base->id];
        Type grown =
            type_list_ranged(arena, type_join(arena, type_element_ranged(held), value));
        grown.kinds = held.kinds & (KIND_LIST | KIND_MAP);
        value = type_join(arena, held, grown);
        target = base;
    }
    if (target->kind != NODE_NAME || target->name.symbol == NULL) return;
    if (!target->name.symbol->updated) return; // see Unproven
    infer_set_symbol(w, target->name.symbol, value);
    refine_end(w, target->name.symbol);
}

static const BinaryOp update_operators[] = {
    [UPDATE_ADD] = BINARY_ADD, [UPDATE_SUB] = BINARY_SUB, [UPDATE_MUL] = BINARY_MUL,
    [UPDATE_DIV] = BINARY_DIV, [UPDATE_MOD] = BINARY_MOD, [UPDATE_POW] = BINARY_POW,
};

// A path into an immutable variable that is a number is told as one.
static void settle_unproven(Walk *w, const Node *target) {
    Unproven *update = map_get(&w->infer->c->program->unproven, ast_place(target));
    if (update == NULL) return;
    w->instance->reports = true;
    if (!w->infer->reporting) return;
    uint8_t kinds = infer_symbol(w, update->symbol).kinds & (uint8_t)~KIND_ERROR;
    update->is_number |= kinds == KIND_NUMBER;
}

Type infer_update(Walk *w, Node *node) {
    Type held = infer_expr(w, node->update.target);
    settle_unproven(w, node->update.target);
    Type value = infer_expr(w, node->update.value);
    if (node->update.or_return && type_may(value, KIND_ERROR)) {
        infer_result(w, type_of_kind(KIND_ERROR));
        value.kinds &= (uint8_t)~KIND_ERROR;
    }
    if (infer_sum(w, node)) {
        refine_end(w, node->update.target->name.symbol);
        return zero();
    }
    if (node->update.op == UPDATE_DIV && refine_divides(w, node->update.target, node->update.value))
        value = type_integer(ceil(held.low / value.low), floor(held.high / value.low));
    else if (node->update.op != UPDATE_SET)
        value = infer_binary_types(w, node, update_operators[node->update.op], held, value,
                                   infer_use(w, USE_VALUE));
    infer_check_update(w, node, value);
    if (node->update.target->kind == NODE_MEMORY)
        infer_memory_update(w, node, value);
    else
        grow_target(w, node->update.target, value);
    return zero();
}

Type infer_swap(Walk *w, Node *node) {
    Type left = infer_expr(w, node->swap.left);
    Type right = infer_expr(w, node->swap.right);
    grow_target(w, node->swap.left, right);
    grow_target(w, node->swap.right, left);
    return zero();
}

// --- loops --------------------------------------------------------------------------------------

static Type range_variable(Type low, Type high, bool inclusive) {
    double least = low.integer ? low.low : -TYPE_MAX_INTEGER;
    double most = high.integer ? high.high - (inclusive ? 0 : 1) : TYPE_MAX_INTEGER;
    return type_integer(least, most < least ? least : most);
}

static void check_sequence(Walk *w, const LoopNode *loop, Type sequence) {
    bool pairs = loop->kind == LOOP_PAIRS;
    uint8_t can = KIND_MAP | KIND_ERROR;
    can |= pairs ? KIND_STRING : KIND_LIST | KIND_STRING; // or an address to receive from
    if (sequence.kinds == 0 || (sequence.kinds & can) != 0 || !infer_may_report(w, loop->iterable))
        return;
    const char *kind = type_kind_text(sequence.kinds);
    Diag *diag = diag_report(w->infer->c, DIAG_E0556, loop->iterable->span,
                             pairs ? "a loop with two names" : "a loop", kind);
    if (pairs && type_is(sequence, KIND_LIST))
        diag_help(w->infer->c, diag, "`@counter` is the position of an element");
}

// The elements of the list that the loop goes over become what its variable is updated to.
static void write_through(Walk *w, const LoopNode *loop) {
    Type element = infer_symbol(w, loop->symbols.items[0]), source = infer_symbol(w, loop->source);
    if (type_may(source, KIND_LIST))
        infer_set_symbol(w, loop->source, type_list(w->infer->arena, element));
    else if (source.kinds != 0 && !type_may(source, KIND_ERROR) &&
             infer_may_report(w, loop->iterable))
        diag_report(w->infer->c, DIAG_E0562, loop->iterable->span, type_kind_text(source.kinds));
}

// What the loop variable(s) can be. A sequence's elements are in range by construction.
static void bind_variables(Walk *w, Node *node) {
    LoopNode *loop = node->loop;
    if (loop->kind == LOOP_RANGE) {
        Type low = infer_bound(w, loop->low), high = infer_bound(w, loop->high);
        if (loop->symbols.len > 0 && low.kinds != 0 && high.kinds != 0)
            infer_set_symbol(w, loop->symbols.items[0], range_variable(low, high, loop->inclusive));
        return;
    }
    if (loop->kind != LOOP_EACH && loop->kind != LOOP_PAIRS) return;
    Type sequence = infer_expr(w, loop->iterable);
    check_sequence(w, loop, sequence);
    Type element = infer_element(sequence, loop->iterable);
    if (loop->kind == LOOP_EACH && type_may(sequence, KIND_MAP)) { // its keys
        Type key = type_of_kind(KIND_NUMBER | KIND_STRING);
        element = type_may(sequence, KIND_LIST) ? type_join(w->infer->arena, element, key) : key;
    }
    if (type_may(sequence, KIND_STRING))
        element = type_join(w->infer->arena, element, type_integer(0, 0x10FFFF));
    if (loop->kind == LOOP_PAIRS && loop->symbols.len == 2) {
        infer_set_symbol(w, loop->symbols.items[0], type_of_kind(KIND_NUMBER | KIND_STRING));
        infer_set_symbol(w, loop->symbols.items[1], element);
    } else if (loop->symbols.len > 0) {
        infer_set_symbol(w, loop->symbols.items[0], element);
    }
}

// Partial results are combined as numbers, or put together as texts, lists or maps: which, must be
// known. Own elements are read only where it is known that they are a list's, or a map's.
static uint8_t needed_kinds(const ParVariable *variable, Type type) {
    bool adds = variable->op == REDUCE_ADD, decides;
    bool sequence =
        type_is(type, KIND_STRING) || type_is(type, KIND_LIST) || type_is(type, KIND_MAP);
    switch (variable->use) {
    case PAR_READ:
    case PAR_KEPT: break;
    case PAR_REDUCE:
        if (adds && sequence) return type.kinds;
        decides = variable->op == REDUCE_AND || variable->op == REDUCE_OR;
        return !decides && (variable->first || variable->last) ? KIND_NUMBER | KIND_ERROR
                                                               : KIND_NUMBER;
    case PAR_ELEMENT:
        if (variable->keyed != NULL) return KIND_MAP;
        if (variable->unread) return KIND_ANY;
        return type_is(type, KIND_MAP) ? KIND_MAP : KIND_LIST;
    }
    return KIND_ANY;
}

// What is proven by keys is so of a map's. The run looks where it can do so without effects.
static bool check_keys(Walk *w, const ParPlan *plan, const ParVariable *variable) {
    const Node *sequence = plan->loop->iterable;
    Type type = w->instance->shared.node_types[sequence->id];
    bool can_look = type_may(type, KIND_MAP) && ast_same(sequence, sequence);
    if ((type.kinds & (uint8_t)~KIND_MAP) == 0 || can_look) return true;
    if (!infer_may_report(w, sequence)) return false;
    Diag *diag = diag_report(w->infer->c, DIAG_E0557, sequence->span, variable->keyed,
                             type_kind_text(type.kinds), type_kind_text(KIND_MAP));
    diag_note(w->infer->c, diag, variable->span, "elements of `%s` are read and written",
              variable->name);
    diag_help(w->infer->c, diag,
              "keys of a map are all different, other elements may be the same: count through the "
              "positions of `%s`, or write into a second variable",
              variable->name);
    return false;
}

static bool is_keyed(const ParPlan *plan, const Symbol *symbol) {
    for (uint32_t i = 0; i < plan->captures.len; i++)
        if (plan->captures.items[i].symbol == symbol) return plan->captures.items[i].keyed != NULL;
    return false;
}

// A part is taken for a list, if it can be one, else for a map: the run tells whether it is.
static void set_parts(Walk *w, const ParPlan *plan) {
    for (uint32_t i = 0; i < plan->parts.len; i++) {
        const ParPart *part = &plan->parts.items[i];
        Type type = w->instance->shared.node_types[part->nodes.items[0]->id];
        bool list = type_may(type, KIND_LIST) && !is_keyed(plan, part->symbol);
        type.kinds &= list ? KIND_LIST : KIND_MAP;
        type.integer = false;
        w->instance->shared.symbol_types[part->symbol->index] = type;
    }
}

static void check_plan(Walk *w, const ParPlan *plan) {
    set_parts(w, plan);
    for (uint32_t i = 0; i < plan->captures.len; i++) {
        const ParVariable *variable = &plan->captures.items[i];
        Type type = infer_symbol(w, variable->symbol);
        if (par_is_unsure(plan->loop, variable->symbol, type)) continue;
        uint8_t needed = needed_kinds(variable, type);
        bool each = plan->loop->kind == LOOP_EACH;
        if (variable->keyed != NULL && each && !check_keys(w, plan, variable)) continue;
        bool kept =
            variable->use == PAR_KEPT || (variable->use == PAR_ELEMENT && type.kinds != KIND_LIST);
        if (kept && variable->length != NULL && type_may(type, KIND_MAP) &&
            infer_may_report(w, variable->length))
            diag_report(w->infer->c, DIAG_E0306, variable->length->span, variable->name);
        if ((type.kinds & ~needed) == 0 || !infer_may_report(w, plan->loop->body)) continue;
        Diag *diag =
            diag_report(w->infer->c, DIAG_E0557, variable->span, variable->name,
                        type_kind_text(type.kinds), type_kind_text(needed & (uint8_t)~KIND_ERROR));
        if (variable->keyed != NULL)
            diag_help(w->infer->c, diag,
                      "different keys of a map may lead to one element of a list (`1` and `1.5`): count "
                      "through the positions, or write into a second list");
        if (variable->use == PAR_REDUCE)
            diag_help(w->infer->c, diag,
                      "define `%s` so that its kind is known: `%s := 0`, or `%s := \"\"`",
                      variable->name, variable->name, variable->name);
    }
}

static void walk_loop(Walk *w, Node *node, Type *given) {
    LoopNode *loop = node->loop;
    if (loop->threads != NULL) infer_expr(w, loop->threads);
    if (loop->max != NULL) infer_expr(w, loop->max);
    bind_variables(w, node);
    refine_end_updated(w, node);
    uint32_t mark = refine_mark(w);
    if (loop->condition != NULL) {
        infer_expr(w, loop->condition);
        refine_by(w, loop->condition, true);
    }
    map_put(&w->loop_types, loop, given);
    ParAround here = {loop->plan, w->around};
    w->par_depth += loop->prefix != PREFIX_NONE;
    if (loop->plan != NULL) w->around = &here;
    infer_sum_loop(w, loop);
    infer_expr(w, loop->body);
    infer_sum_loop_end(w);
    w->par_depth -= loop->prefix != PREFIX_NONE;
    w->around = here.outer;
    map_put(&w->loop_types, loop, NULL);
    refine_pop(w, mark);
    if (loop->writes_through && loop->source != NULL && loop->symbols.len > 0)
        write_through(w, loop);
}

// Until nothing that the loop reads grows; what was read before it is walked again by those around.
Type infer_loop(Walk *w, Node *node) {
    LoopNode *loop = node->loop;
    Type given = TYPE_NEVER;
    uint64_t begin = ++w->infer->clock;
    uint32_t outer = w->rounds;
    bool again = true;
    for (uint32_t round = 1; again; round++) {
        if (round > outer) w->rounds = round;
        walk_loop(w, node, &given);
        again = w->stale != INFER_FRESH && w->stale >= begin;
        if (again) w->stale = INFER_FRESH;
    }
    w->rounds = outer;
    if (loop->plan != NULL) check_plan(w, loop->plan);
    if (loop->plan != NULL) infer_remark_prefix(w, node);
    if (!infer_checks(w)) infer_speculate(w, node);
    if (!loop->has_value) return zero();
    if (loop->kind != LOOP_FOREVER || loop->max != NULL) given.kinds |= KIND_ERROR;
    return given;
}

// --- matches ------------------------------------------------------------------------------------

static void bind_arm(Walk *w, MatchArm *arm, Type subject) {
    VEC_EACH(Symbol *, symbol, &arm->symbols) {
        if (symbol == NULL) continue;
        Type bound = subject;
        bound.kinds &= (uint8_t)~KIND_ERROR;
        if (arm->kind == ARM_BIND_ERROR)
            bound = type_of_kind(KIND_STRING);
        else if (arm->symbols.len > 1)
            bound = type_element(subject);
        infer_set_symbol(w, symbol, bound);
    }
}

// A subject that none of the literals can be equal to, because they are all of other kinds.
static void check_literals(Walk *w, Node *node, Type subject) {
    const Type *types = w->instance->shared.node_types;
    MatchArm *first = NULL;
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        MatchArm *arm = &node->match.arms.items[i];
        if (arm->kind != ARM_GUARD || !arm->literal_guard) continue;
        if ((types[arm->guard->id].kinds & subject.kinds) != 0) return;
        if (first == NULL) first = arm;
    }
    if (first != NULL) infer_never_equal(w, first->guard, false, subject, types[first->guard->id]);
}

// A match without guards asks about its subject; arms with guards about those, one after the other:
// a later arm knows that earlier conditions were false.
Type infer_match(Walk *w, Node *node) {
    Arena *arena = w->infer->arena;
    uint32_t whole = refine_mark(w);
    Node *subject_node = node->match.subject;
    Type subject = infer_expr(w, subject_node);
    Type result = TYPE_NEVER;
    bool has_default = false, has_first = false, has_guard = false;
    for (uint32_t i = 0; i < node->match.arms.len; i++) {
        MatchArm *arm = &node->match.arms.items[i];
        if (arm->guard != NULL) infer_expr(w, arm->guard);
        uint32_t mark = refine_mark(w);
        bool condition = arm->kind == ARM_GUARD && !arm->literal_guard && arm->guard != NULL;
        if (condition) refine_by(w, arm->guard, true);
        if (arm->kind == ARM_THEN) refine_by(w, subject_node, true);
        if (arm->kind == ARM_DEFAULT && !has_guard) refine_by(w, subject_node, false);
        bind_arm(w, arm, subject);
        result = type_join(arena, result, infer_expr(w, arm->body));
        refine_pop(w, mark);
        if (condition) refine_by(w, arm->guard, false);
        has_default |= arm->kind == ARM_DEFAULT || arm->kind == ARM_BIND_ERROR;
        has_first |= arm->kind == ARM_THEN || arm->kind == ARM_BIND_VALUE;
        has_guard |=
            arm->kind == ARM_GUARD || arm->kind == ARM_ERR_GUARD || arm->kind == ARM_VAL_GUARD;
    }
    refine_pop(w, whole);
    check_literals(w, node, subject);
    if (!has_default) result = type_join(arena, result, zero());
    if (!has_first && !has_guard) result = type_join(arena, result, subject);
    return result;
}
