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

static const char *variable_name(const ParSymbol *variable) {
    return variable->symbol->name->text;
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
    const char *name = variable_name(variable), *i = iteration_name(check);
    Diag *diag = diag_report(c, DIAG_E0303, access->node->span, name);
    note_loop(check, diag);
    if (access->collects) {
        diag_label(c, diag, "adds to it");
        diag_help(c, diag,
                  "make the list before the loop (`%s := [0] * n`) and write `%s[%s] <- …`", name,
                  name, i);
    } else if (access->node->kind == NODE_SWAP) {
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
        diag_help(c, diag, "for a value per iteration write elements of a list: `xs[%s] <- e`", i);
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
    const char *name = variable_name(variable);
    Diag *diag = diag_report(c, DIAG_E0306, read->node->span, name);
    diag_label(c, diag, "reads what other iterations have added so far");
    note_loop(check, diag);
    diag_note(c, diag, update->node->span, "combined over all iterations");
    diag_help(c, diag,
              "read `%s` after the loop; to keep the least or most write "
              "`%s <- min(%s, e)` or `max`",
              name, name, name);
}

static void report_mixed(ParCheck *check, const ParSymbol *variable, const Access *first,
                         const Access *other) {
    if (was_told(check, other->node)) return;
    Compilation *c = check->s->c;
    Diag *diag = diag_report(c, DIAG_E0308, other->node->span, variable_name(variable),
                             reduce_text(first->op), reduce_text(other->op));
    note_loop(check, diag);
    diag_note(c, diag, first->node->span, "combined by `%s` here", reduce_text(first->op));
    diag_help(c, diag, "use a variable of its own for each of them");
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
    const char *name = variable_name(variable), *i = iteration_name(check);
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
    diag_help(c, diag,
              "positions that are proven to differ are `%s`, `%s + 1`, or `%s * w + j` with "
              "`j` from a loop `@ j in 0..<w` inside",
              i, i, i);
}

static const char *other_iteration(ParCheck *check, const Access *read, const Access *write) {
    double distance;
    if (!affine_distance(&read->position, &write->position, &distance)) return "another iteration";
    return arena_printf(check->s->arena, "iteration %s %c %.0f", iteration_name(check),
                        distance < 0 ? '-' : '+', distance < 0 ? -distance : distance);
}

static void report_element(ParCheck *check, const ParSymbol *variable, const Access *read,
                           const Access *write) {
    if (was_told(check, read->node)) return;
    Compilation *c = check->s->c;
    const char *other = other_iteration(check, read, write);
    Diag *diag = diag_report(
        c, DIAG_E0304, read->node->span, iteration_name(check), text_of(check, read->node), other,
        read->position.known && write->position.known ? "writes" : "may write");
    diag_label(c, diag, "reads another iteration's element");
    note_loop(check, diag);
    if (!on_one_line(check, read->node, write->node))
        diag_note(c, diag, write->node->span, "`%s` is written here", variable_name(variable));
    diag_help(c, diag, "write into a second list, or drop the %s", prefix_text(check));
}

static void report_whole(ParCheck *check, const ParSymbol *variable, const Access *read,
                         const Access *write) {
    if (was_told(check, read->node)) return;
    Compilation *c = check->s->c;
    const char *name = variable_name(variable);
    Diag *diag = diag_report(c, DIAG_E0309, read->node->span, name);
    diag_label(c, diag, "uses all of `%s`", name);
    note_loop(check, diag);
    diag_note(c, diag, write->node->span, "an element is written here");
    diag_help(c, diag,
              "take a copy before the loop (`before = %s`) and use that, or write into a "
              "second list",
              name);
}

// The pair may not meet in different iterations, or one of them writes nothing.
static bool judge_pair(ParCheck *check, const ParSymbol *variable, const Access *write,
                       const Access *other) {
    if (++check->pairs < MOST_PAIRS &&
        affine_apart(&check->affine, &write->position, &other->position))
        return true;
    if (other->kind == ACCESS_ELEMENT)
        report_element(check, variable, other, write);
    else
        report_position(check, variable, write, other);
    return false;
}

static bool judge_elements(ParCheck *check, const ParSymbol *variable, const Access *first,
                           ParVariable *result) {
    const Access *accesses = variable->accesses.items;
    uint32_t count = variable->accesses.len;
    for (uint32_t i = 0; i < count;
         i++) // each writer against itself, before it is anyone's measure
        if (accesses[i].kind == ACCESS_WRITE && !accesses[i].repeated &&
            !judge_pair(check, variable, &accesses[i], &accesses[i]))
            return false;
    bool fits = true;
    for (uint32_t i = 0; i < count; i++) {
        const Access *access = &accesses[i];
        if (access->kind == ACCESS_READ) {
            report_whole(check, variable, access, first);
            fits = false;
        } else if (!access->repeated &&
                   (access->kind == ACCESS_WRITE || access->kind == ACCESS_ELEMENT)) {
            for (uint32_t j = 0; j < count && fits; j++)
                if (accesses[j].kind == ACCESS_WRITE && !accesses[j].repeated && i != j &&
                    (access->kind == ACCESS_ELEMENT || j < i))
                    fits = judge_pair(check, variable, &accesses[j], access);
        }
        if (!fits) return false;
    }
    result->use = PAR_ELEMENT;
    result->span = first->node->span;
    return true;
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
    return is_update_kind(access->kind) && !access->reduces;
}

static bool is_element_write(const Access *access) {
    return access->kind == ACCESS_WRITE;
}

static bool is_through(const Access *access) {
    return access->kind == ACCESS_THROUGH;
}

void par_judge(ParCheck *check, const ParSymbol *variable, ParVariable *result) {
    const Access *update = first_of(variable, is_update);
    const Access *write = first_of(variable, is_element_write);
    const Access *irreducible = first_of(variable, is_irreducible);
    const Access *through = first_of(variable, is_through);
    if (irreducible != NULL)
        report_update(check, variable, irreducible);
    else if (update != NULL && write != NULL)
        report_update(check, variable, update);
    else if (update != NULL)
        judge_reduction(check, variable, update, result);
    else if (check->poisoned)
        return;
    else if (through != NULL)
        judge_through(check, variable, through, result);
    else if (write != NULL && variable->symbol->rebound_by_loop)
        report_position(check, variable, write, write);
    else if (write != NULL)
        judge_elements(check, variable, write, result);
}
