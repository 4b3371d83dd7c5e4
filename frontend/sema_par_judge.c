// sema_par_judge.c: decides how a parallel body uses one outer variable, or says what stands in the
// way: the variable, the line, the access that conflicts, and the nearest form that is allowed.
#include "sema_par.h"

enum { MOST_PAIRS = 1000000 }; // of positions in one loop; a body beyond that proves nothing

// --- messages -----------------------------------------------------------------------------------

// The source text of a node, shortened to one line.
static const char *text_of(ParCheck *check, const Node *node) {
    const SourceVec *sources = &check->s->c->sources;
    for (uint32_t i = 0; i < sources->len; i++) {
        const Source *source = sources->items[i];
        if (node->span.begin < source->base || node->span.end > source->base + source->len)
            continue;
        const char *text = source->text + (node->span.begin - source->base);
        uint32_t len = 0, size = node->span.end - node->span.begin;
        while (len < size && len < 60 && text[len] != '\n') len++;
        return arena_printf(check->s->arena, "%.*s%s", (int)len, text, len < size ? "…" : "");
    }
    return "it";
}

// `@@`, or `N @`.
static Span prefix_span(const LoopNode *loop) {
    if (loop->prefix == PREFIX_COUNT && loop->threads != NULL)
        return (Span){loop->header.begin, loop->threads->span.end};
    return (Span){loop->header.begin, loop->header.begin + 2};
}

static const char *prefix_text(const ParCheck *check) {
    return check->site->loop->prefix == PREFIX_ALL ? "`@@`" : "number of threads";
}

// Then what is marked on it shows the other one too.
static bool on_one_line(ParCheck *check, const Node *a, const Node *b) {
    Compilation *c = check->s->c;
    Place place = source_place(&c->unit, &c->sources, a->span.begin);
    Place other = source_place(&c->unit, &c->sources, b->span.begin);
    return place.source == other.source && place.line == other.line;
}

static void note_loop(ParCheck *check, Diag *diag) {
    diag_note(check->s->c, diag, prefix_span(check->site->loop), "this loop runs in parallel");
}

static const char *variable_name(ParCheck *check, const ParSymbol *variable) {
    return variable->text != NULL ? text_of(check, variable->text) : variable->symbol->name->text;
}

static const char *iteration_name(const ParCheck *check) {
    const LoopNode *loop = check->site->loop;
    return loop->names.len > 0 ? loop->names.items[0]->text : "i";
}

// An outer parallel loop's judgement of what an inner one already reported says nothing.
static bool was_told(ParCheck *check, const Node *node) {
    return map_put(&check->s->told, node, check->s) != NULL;
}

// --- updates of the whole variable --------------------------------------------------------------

static bool is_update_kind(AccessKind kind) {
    return kind == ACCESS_UPDATE || kind == ACCESS_OTHER;
}

static void report_update(ParCheck *check, const ParSymbol *variable, const Access *access) {
    if (was_told(check, access->node)) return;
    Compilation *c = check->s->c;
    const char *name = variable_name(check, variable), *i = iteration_name(check);
    Diag *diag = diag_report(c, DIAG_E0303, access->node->span, name);
    note_loop(check, diag);
    if (access->node->kind == NODE_SWAP) {
        diag_label(c, diag, "changes it");
        diag_help(c, diag, "keep the two values in variables of the body");
    } else if (access->kind == ACCESS_OTHER) {
        diag_label(c, diag, "changes it");
        diag_help(c, diag, "write elements one by one: `%s[%s] <- …`", name, i);
    } else {
        diag_label(c, diag, "changes it");
        diag_help(c, diag,
                  "what can be combined afterwards is allowed: `%s += e`, `-=`, `*=`, "
                  "`%s <- min(%s, e)`, `max`, `and`, `or`, `&b`, `|b`, `^b`",
                  name, name, name);
        diag_help(c, diag,
                  "and a last value that does not depend on earlier ones (`%s <- e`), parts that "
                  "are put together (`%s <- %s + [e]`), a value per iteration (`xs[%s] <- e`)",
                  name, name, name, i);
    }
}

static const char *reduce_text(ReduceOp op) {
    switch (op) {
    case REDUCE_ADD: return "+";
    case REDUCE_SUB: return "-";
    case REDUCE_MUL: return "*";
    case REDUCE_MIN: return "min";
    case REDUCE_MAX: return "max";
    case REDUCE_AND: return "and";
    case REDUCE_OR: return "or";
    case REDUCE_BAND: return "&b";
    case REDUCE_BOR: return "|b";
    case REDUCE_BXOR: return "^b";
    }
    UNREACHABLE("a reduction has one of the operators");
}

static bool is_sum(ReduceOp op) {
    return op == REDUCE_ADD || op == REDUCE_SUB;
}

// Joins the access's operator into *op; false if the two cannot be mixed.
static bool join_op(ReduceOp *op, ReduceOp other) {
    if (*op == other) return true;
    if (!is_sum(*op) || !is_sum(other)) return false;
    *op = REDUCE_ADD;
    return true;
}

static void report_read(ParCheck *check, const ParSymbol *variable, const Access *read,
                        const Access *update) {
    if (was_told(check, read->node)) return;
    Compilation *c = check->s->c;
    const char *name = variable_name(check, variable);
    Diag *diag = diag_report(c, DIAG_E0306, read->node->span, name);
    bool element = update->kind == ACCESS_WRITE;
    diag_label(c, diag,
               update->sets || element ? "reads what other iterations may have written"
                                       : "reads what other iterations have added so far");
    note_loop(check, diag);
    diag_note(c, diag, update->node->span,
              element ? "an element that is not known to be this iteration's is written here"
                      : "combined over all iterations");
    if (element)
        diag_help(c, diag,
                  "`%s[e] += v` adds to an element without reading it here; or write into a second "
                  "variable",
                  name);
    else
        diag_help(c, diag,
                  "read `%s` after the loop; to keep the least or most write "
                  "`%s <- min(%s, e)` or `max`",
                  name, name, name);
}

static void report_mixed(ParCheck *check, const ParSymbol *variable, const Access *first,
                         const Access *other) {
    if (was_told(check, other->node)) return;
    Compilation *c = check->s->c;
    Diag *diag = diag_report(c, DIAG_E0308, other->node->span, variable_name(check, variable),
                             reduce_text(first->op), reduce_text(other->op));
    note_loop(check, diag);
    diag_note(c, diag, first->node->span, "combined by `%s` here", reduce_text(first->op));
    diag_help(c, diag, "use a variable of its own for each of them");
}

// Updates that no read looks at: kept, and made in the order of the iterations.
static void judge_kept(ParCheck *check, const ParSymbol *variable, const Access *first,
                       ParVariable *result) {
    for (uint32_t i = 0; i < variable->accesses.len; i++) {
        const Access *access = &variable->accesses.items[i];
        if (access->kind == ACCESS_UPDATE) continue;
        report_read(check, variable, access, first);
        return;
    }
    result->use = PAR_KEPT;
    result->span = first->node->span;
}

// True if every access is a reduction by one operator.
static bool judge_reduction(ParCheck *check, const ParSymbol *variable, const Access *update,
                            ParVariable *result) {
    ReduceOp op = update->op;
    for (uint32_t i = 0; i < variable->accesses.len; i++) {
        const Access *access = &variable->accesses.items[i];
        if (access->kind != ACCESS_UPDATE) {
            report_read(check, variable, access, update);
            return false;
        }
        if (!join_op(&op, access->op)) {
            report_mixed(check, variable, update, access);
            return false;
        }
    }
    result->use = PAR_REDUCE;
    result->op = op;
    result->span = update->node->span;
    return true;
}

// --- elements -----------------------------------------------------------------------------------

static void report_position(ParCheck *check, const ParSymbol *variable, const Access *write,
                            const Access *other) {
    if (was_told(check, write->node)) return;
    Compilation *c = check->s->c;
    const char *name = variable_name(check, variable), *i = iteration_name(check);
    Diag *diag = diag_report(c, DIAG_E0305, write->position.index->span, name);
    if (other != write) {
        diag_label(c, diag, "may be where another iteration writes");
        diag_note(c, diag, other->position.index->span, "the other iteration writes here");
    } else if (!write->position.known) {
        diag_label(c, diag, "not known to differ between iterations");
    } else {
        diag_label(c, diag, "may be the same for two values of `%s`", i);
    }
    note_loop(check, diag);
    diag_help(c, diag, "write through a variable that is no loop's: `xs[k][%s] <- …`", i);
}

static const char *other_iteration(ParCheck *check, const Access *read, const Access *write) {
    double distance;
    if (!affine_distance(&read->position, &write->position, &distance)) return "another iteration";
    return arena_printf(check->s->arena, "iteration %s %c %.0f", iteration_name(check),
                        distance < 0 ? '-' : '+', distance < 0 ? -distance : distance);
}

// The name in `m.name`, or null.
static const char *field_name(ParCheck *check, const Node *index) {
    if (index == NULL || index->kind != NODE_STRING || index->string.len == 0) return NULL;
    for (uint32_t i = 0; i < index->string.len; i++) {
        char byte = index->string.bytes[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
        if (!letter && (i == 0 || byte < '0' || byte > '9')) return NULL;
    }
    return arena_printf(check->s->arena, "%.*s", (int)index->string.len, index->string.bytes);
}

static void report_element(ParCheck *check, const ParSymbol *variable, const Access *read,
                           const Access *write) {
    if (was_told(check, read->node)) return;
    Compilation *c = check->s->c;
    const char *other = other_iteration(check, read, write);
    Diag *diag = diag_report(
        c, DIAG_E0304, read->node->span, iteration_name(check), text_of(check, read->node), other,
        read->position.known && write->position.known ? "writes" : "may write");
    bool known = read->position.known && write->position.known;
    diag_label(c, diag,
               known ? "reads another iteration's element"
                     : "not known to be this iteration's own element");
    note_loop(check, diag);
    if (!on_one_line(check, read->node, write->node))
        diag_note(c, diag, write->node->span, "`%s` is written here",
                  variable_name(check, variable));
    const char *field = field_name(check, read->position.index);
    if (field != NULL)
        diag_help(c, diag, "take a copy before the loop (`%s = %s`) and use that", field,
                  text_of(check, read->node));
    else if (!known)
        diag_help(
            c, diag,
            "at any position allowed are `%s[k] <- e`, `%s[k] += e` and their like, which read "
            "nothing else of `%s`",
            variable_name(check, variable), variable_name(check, variable),
            variable_name(check, variable));
    diag_help(c, diag, "write into a second list, or drop the %s", prefix_text(check));
}

static void report_whole(ParCheck *check, const ParSymbol *variable, const Access *read,
                         const Access *write) {
    if (was_told(check, read->node)) return;
    Compilation *c = check->s->c;
    const char *name = variable_name(check, variable);
    Diag *diag = diag_report(c, DIAG_E0309, read->node->span, name);
    diag_label(c, diag, "uses all of `%s`", name);
    note_loop(check, diag);
    diag_note(c, diag, write->node->span, "an element is written here");
    diag_help(c, diag,
              "take a copy before the loop (`before = %s`) and use that, or write into a "
              "second list",
              name);
}

// g.players, of which elements are written.
static void report_overlap(ParCheck *check, const Access *read, const Access *write) {
    if (was_told(check, read->node)) return;
    Compilation *c = check->s->c;
    const char *part = text_of(check, read->path);
    Diag *diag = diag_report(c, DIAG_E0309, read->path->span, part);
    diag_label(c, diag, "uses all of `%s`", part);
    note_loop(check, diag);
    diag_note(c, diag, write->node->span, "an element is written here");
    diag_help(
        c, diag,
        "take a copy before the loop (`before = %s`) and use that, or write into a second list",
        part);
}

// The pair cannot meet in different iterations.
static bool is_apart(ParCheck *check, const Access *write, const Access *other) {
    if (check->keys && write->position.keyed && other->position.keyed) return true;
    return ++check->pairs < MOST_PAIRS &&
           affine_apart(&check->affine, &write->position, &other->position);
}

static bool is_positioned(const Access *access) {
    return !access->repeated && (access->kind == ACCESS_WRITE || access->kind == ACCESS_ELEMENT);
}

// Two accesses that may meet, one of them a write; false: there are none.
static bool find_conflict(ParCheck *check, const ParSymbol *variable, const Access **write,
                          const Access **other) {
    const Access *accesses = variable->accesses.items;
    uint32_t count = variable->accesses.len;
    for (uint32_t i = 0; i < count;
         i++) { // each writer against itself, before it is anyone's measure
        *write = *other = &accesses[i];
        if (accesses[i].kind == ACCESS_WRITE && is_positioned(&accesses[i]) &&
            !is_apart(check, &accesses[i], &accesses[i]))
            return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        *other = &accesses[i];
        for (uint32_t j = 0; j < count && is_positioned(*other); j++) {
            *write = &accesses[j];
            if ((*write)->kind == ACCESS_WRITE && is_positioned(*write) && i != j &&
                ((*other)->kind == ACCESS_ELEMENT || j < i) && !is_apart(check, *write, *other))
                return true;
        }
    }
    return false;
}

// The same of a read and a write.
static bool find_read_conflict(ParCheck *check, const ParSymbol *variable, const Access **write,
                               const Access **other) {
    for (uint32_t i = 0; i < variable->accesses.len; i++)
        for (uint32_t j = 0; j < variable->accesses.len; j++) {
            const Access *read = &variable->accesses.items[i];
            const Access *by = &variable->accesses.items[j];
            if (read->kind != ACCESS_ELEMENT || read->of_update || by->kind != ACCESS_WRITE ||
                is_apart(check, by, read))
                continue;
            *other = read;
            *write = by;
            return true;
        }
    return false;
}

static const Access *first_read(const ParSymbol *variable) {
    for (uint32_t i = 0; i < variable->accesses.len; i++) {
        const Access *access = &variable->accesses.items[i];
        if (access->kind == ACCESS_READ) return access;
        if (access->kind == ACCESS_ELEMENT && !access->of_update) return access;
    }
    return NULL;
}

static void note_length(const ParSymbol *variable, ParVariable *result) {
    for (uint32_t i = variable->accesses.len; i-- > 0;)
        if (variable->accesses.items[i].kind == ACCESS_LENGTH)
            result->length = (Node *)(uintptr_t)variable->accesses.items[i].node;
}

bool par_is_own(ParCheck *check, const ParSymbol *variable) {
    const Access *write, *other;
    return !find_conflict(check, variable, &write, &other);
}

// The same if the elements that the loop goes over are the keys of a map.
static bool is_own_by_key(ParCheck *check, const ParSymbol *variable) {
    check->keys = true;
    bool own = par_is_own(check, variable);
    check->keys = false;
    return own;
}

// Own elements are written in place; others are kept, if nothing of the variable is read.
static void judge_elements(ParCheck *check, const ParSymbol *variable, const Access *first,
                           ParVariable *result) {
    const Access *write = NULL, *other = NULL, *read = first_read(variable);
    bool conflict = find_conflict(check, variable, &write, &other);
    if (conflict && read != NULL && is_own_by_key(check, variable)) {
        conflict = false;
        result->keyed = text_of(check, check->site->loop->iterable);
    }
    note_length(variable, result);
    result->unread = read == NULL;
    result->span = first->node->span;
    result->use = conflict ? PAR_KEPT : PAR_ELEMENT;
    if (read == NULL) return;
    for (uint32_t i = 0; i < variable->accesses.len; i++) {
        const Access *access = &variable->accesses.items[i];
        if (access->kind != ACCESS_READ) continue;
        report_whole(check, variable, access, first);
        return;
    }
    if (!conflict) return;
    if (variable->overlap != NULL && variable->whole) {
        report_overlap(check, variable->overlap, first);
        return;
    }
    if (variable->overlap != NULL) {
        Access unknown = *variable->overlap;
        unknown.position.known = false;
        report_element(check, variable, &unknown, first);
        return;
    }
    if (!find_read_conflict(check, variable, &write, &other)) other = read;
    report_element(check, variable, other, write);
}

// Every iteration writes the element that it is given; nothing else may look at the list.
static void judge_through(ParCheck *check, const ParSymbol *variable, const Access *through,
                          ParVariable *result) {
    for (uint32_t i = 0; i < variable->accesses.len; i++) {
        const Access *access = &variable->accesses.items[i];
        if (access->kind == ACCESS_THROUGH || access->kind == ACCESS_LENGTH) continue;
        if (access->kind == ACCESS_WRITE)
            report_position(check, variable, access, access);
        else
            report_whole(check, variable, access, through);
        return;
    }
    result->use = PAR_ELEMENT;
    result->span = through->node->span;
}

// --- the judgement ------------------------------------------------------------------------------

static const Access *first_of(const ParSymbol *variable, bool (*wanted)(const Access *access)) {
    for (uint32_t i = 0; i < variable->accesses.len; i++)
        if (wanted(&variable->accesses.items[i])) return &variable->accesses.items[i];
    return NULL;
}

static bool is_update(const Access *access) {
    return is_update_kind(access->kind);
}

static bool is_irreducible(const Access *access) {
    return is_update_kind(access->kind) && !access->reduces && !access->collects && !access->sets;
}

static bool is_reduction(const Access *access) {
    return access->kind == ACCESS_UPDATE && access->reduces;
}

// Something that makes the variable no number that is combined: it is set, or is a list or text.
static bool is_kept(const Access *access) {
    return access->kind == ACCESS_UPDATE && (access->collects || access->sets);
}

static bool is_set(const Access *access) {
    return access->kind == ACCESS_UPDATE && access->sets;
}

// `x += e` may add to a number or to a text; beside `x <- e` only what is known to collect is kept.
static void judge_updates(ParCheck *check, const ParSymbol *variable, const Access *update,
                          ParVariable *result) {
    const Access *set = first_of(variable, is_set), *reduction = first_of(variable, is_reduction);
    if (set != NULL && reduction != NULL)
        report_update(check, variable, set);
    else if (first_of(variable, is_kept) != NULL)
        judge_kept(check, variable, update, result);
    else
        judge_reduction(check, variable, update, result);
}

static bool is_element_write(const Access *access) {
    return access->kind == ACCESS_WRITE;
}

static bool is_through(const Access *access) {
    return access->kind == ACCESS_THROUGH;
}

static bool is_deferred(const Access *access) {
    return access->deferred;
}

static void judge(ParCheck *check, const ParSymbol *variable, ParVariable *result) {
    const Access *update = first_of(variable, is_update);
    const Access *write = first_of(variable, is_element_write);
    const Access *irreducible = first_of(variable, is_irreducible);
    const Access *through = first_of(variable, is_through);
    if (irreducible != NULL)
        report_update(check, variable, irreducible);
    else if (update != NULL && write != NULL)
        report_update(check, variable, update);
    else if (update != NULL)
        judge_updates(check, variable, update, result);
    else if (check->poisoned)
        return;
    else if (through != NULL)
        judge_through(check, variable, through, result);
    else if (write != NULL && variable->symbol->rebound_by_loop)
        report_position(check, variable, write, write);
    else if (write != NULL)
        judge_elements(check, variable, write, result);
}

void par_judge(ParCheck *check, const ParSymbol *variable, ParVariable *result) {
    bool reduces = true, sets = true;
    for (uint32_t i = 0; i < variable->accesses.len; i++) {
        const Access *access = &variable->accesses.items[i];
        if (access->kind != ACCESS_UPDATE && access->kind != ACCESS_WRITE) continue;
        vec_push(check->s->arena, &result->updates, (Node *)(uintptr_t)access->node);
        if (access->position.inner != NULL) result->repeated = true;
        if (result->updates.len == 1) result->op = access->op;
        reduces = reduces && access->reduces && join_op(&result->op, access->op);
        sets = sets && access->sets;
        result->first = access->first && (result->updates.len == 1 || result->first);
        result->last = access->last && (result->updates.len == 1 || result->last);
    }
    result->reduces = reduces;
    result->sets = sets;
    result->name = variable_name(check, variable);
    result->deferred = first_of(variable, is_deferred) != NULL;
    judge(check, variable, result);
}
