// sema_par_walk.c: collects how a parallel body uses the variables of the code around it.
//
// Lambdas inside the body are not walked: what they take along is in their captures and sources.
#include "sema_par.h"

enum { MOST_COMPARED = 64 }; // earlier accesses looked at for one of the same position

typedef struct Walk {
    ParCheck *check;
    const InnerLoop *inner;
} Walk;

static void walk(ParCheck *check, Node *node, const InnerLoop *inner);

// --- noting -------------------------------------------------------------------------------------

static ParSymbol *par_symbol(ParCheck *check, Symbol *symbol) {
    ParSymbol *found = map_get(&check->by_symbol, symbol);
    if (found != NULL) return found;
    found = ARENA_NEW(check->s->scratch, ParSymbol);
    found->symbol = symbol;
    map_put(&check->by_symbol, symbol, found);
    vec_push(check->s->scratch, &check->symbols, found);
    return found;
}

static bool is_shared(const ParCheck *check, const Symbol *symbol) {
    return symbol != NULL && symbol->owner != NULL && symbol->kind != SYMBOL_CONSTANT &&
           symbol->function == NULL && affine_is_outer(check->site, symbol);
}

static void note(ParCheck *check, Symbol *symbol, const Access *access) {
    Access noted = *access;
    noted.deferred = check->deferred > 0;
    vec_push(check->s->scratch, &par_symbol(check, symbol)->accesses, noted);
    if (access->kind == ACCESS_WRITE || access->kind == ACCESS_UPDATE ||
        access->kind == ACCESS_THROUGH || access->kind == ACCESS_OTHER)
        map_put(&check->written, symbol, symbol);
}

static void note_kind(ParCheck *check, Symbol *symbol, AccessKind kind, const Node *node) {
    if (!is_shared(check, symbol)) return;
    Access access = {.kind = kind, .node = node};
    note(check, symbol, &access);
}

// `element`: the first step of `path`.
static void note_element(ParCheck *check, Symbol *symbol, AccessKind kind, const Node *element,
                         Node *path, const Node *whole, const InnerLoop *inner) {
    Access access = {.kind = kind, .node = whole, .path = path};
    access.position.index = element->index.index;
    access.position.inner = inner;
    if (kind == ACCESS_WRITE && whole->kind == NODE_UPDATE) par_read_update(check, whole, &access);
    note(check, symbol, &access);
}

// What calling or taking `function` as a value needs.
static void note_function(ParCheck *check, const Function *function, const Node *node) {
    for (uint32_t i = 0; i < function->captures.len; i++)
        note_kind(check, function->captures.items[i], ACCESS_READ, node);
    if (node->kind != NODE_LAMBDA) return;
    for (uint32_t i = 0; i < function->sources.len; i++)
        note_kind(check, function->sources.items[i], ACCESS_READ, node);
}

// --- walking ------------------------------------------------------------------------------------

static void visit_child(void *context, Node **child) {
    const Walk *at = context;
    if (*child != NULL) walk(at->check, *child, at->inner);
}

static void walk_children(ParCheck *check, Node *node, const InnerLoop *inner) {
    Walk at = {check, inner};
    ast_children(node, visit_child, &at);
}

static void walk_name(ParCheck *check, const Node *node) {
    Symbol *symbol = node->name.symbol;
    if (symbol == NULL || map_get(&check->skipped, node) != NULL) return;
    if (symbol->function != NULL)
        note_function(check, symbol->function, node);
    else
        note_kind(check, symbol, ACCESS_READ, node);
}

// The INDEX next to the path's root, if that is a shared variable; else null. x[a][b]: x[a].
static Node *first_element(const ParCheck *check, Node *node) {
    if (node->kind != NODE_INDEX) return NULL;
    while (node->index.base->kind == NODE_INDEX) node = node->index.base;
    const Node *root = node->index.base;
    return root->kind == NODE_NAME && is_shared(check, root->name.symbol) ? node : NULL;
}

static void walk_indexes(ParCheck *check, Node *node, const InnerLoop *inner) {
    for (; node->kind == NODE_INDEX; node = node->index.base) walk(check, node->index.index, inner);
}

// `length`: of what is there only the length is asked for.
static void walk_index(ParCheck *check, Node *node, const InnerLoop *inner, bool length) {
    Node *element = first_element(check, node);
    if (element == NULL) {
        walk_children(check, node, inner);
        return;
    }
    Symbol *symbol = element->index.base->name.symbol;
    note_element(check, symbol, ACCESS_ELEMENT, element, node, element, inner);
    ParSymbol *variable = par_symbol(check, symbol);
    Access *noted = &variable->accesses.items[variable->accesses.len - 1];
    noted->of_update = map_get(&check->skipped, node) != NULL;
    noted->length = length;
    walk_indexes(check, node, inner);
}

// #x, #x[a]
static void walk_length(ParCheck *check, Node *node, const InnerLoop *inner) {
    Node *operand = node->unary.operand;
    if (operand->kind == NODE_NAME)
        note_kind(check, operand->name.symbol, ACCESS_LENGTH, node);
    else if (operand->kind == NODE_INDEX)
        walk_index(check, operand, inner, true);
    else
        walk(check, operand, inner);
}

static const Node *path_root(const Node *node) {
    while (node->kind == NODE_INDEX) node = node->index.base;
    return node;
}

static void walk_update(ParCheck *check, Node *node, const InnerLoop *inner) {
    Node *target = node->update.target;
    Node *element = first_element(check, target);
    if (element != NULL) {
        note_element(check, element->index.base->name.symbol, ACCESS_WRITE, element, target, node,
                     inner);
    } else if (target->kind == NODE_NAME && is_shared(check, target->name.symbol)) {
        Access access = {.kind = ACCESS_UPDATE, .node = node};
        par_read_update(check, node, &access);
        note(check, target->name.symbol, &access);
    }
    if (target->kind == NODE_MEMORY)
        walk(check, target, inner);
    else
        walk_indexes(check, target, inner);
    walk(check, node->update.value, inner);
}

// C fills lists that it is given.
static void walk_call(ParCheck *check, Node *node, const InnerLoop *inner) {
    for (uint32_t i = 0; i < node->call.args.len; i++)
        if (sema_call_fills(node, i))
            note_kind(check, node->call.args.items[i]->name.symbol, ACCESS_OTHER, node);
    walk_children(check, node, inner);
}

static void walk_swap(ParCheck *check, Node *node, const InnerLoop *inner) {
    Node *const sides[2] = {node->swap.left, node->swap.right};
    for (int i = 0; i < 2; i++) {
        const Node *element = first_element(check, sides[i]), *root = path_root(sides[i]);
        if (element != NULL) {
            Symbol *symbol = element->index.base->name.symbol;
            note_element(check, symbol, ACCESS_WRITE, element, sides[i], node, inner);
            note_element(check, symbol, ACCESS_ELEMENT, element, sides[i], element, inner);
        } else if (root->kind == NODE_NAME) {
            note_kind(check, root->name.symbol, ACCESS_OTHER, node);
        }
        walk_indexes(check, sides[i], inner);
    }
}

static void walk_optional(ParCheck *check, Node *node, const InnerLoop *inner) {
    if (node != NULL) walk(check, node, inner);
}

static void walk_loop(ParCheck *check, Node *node, const InnerLoop *inner) {
    LoopNode *loop = node->loop;
    walk_optional(check, loop->threads, inner);
    walk_optional(check, loop->low, inner);
    walk_optional(check, loop->high, inner);
    walk_optional(check, loop->iterable, inner);
    walk_optional(check, loop->max, inner);
    if (loop->writes_through) note_kind(check, loop->source, ACCESS_OTHER, node);
    InnerLoop *inside = ARENA_NEW(check->s->scratch, InnerLoop);
    *inside = (InnerLoop){loop, inner};
    walk_optional(check, loop->condition, inside);
    walk(check, loop->body, inside);
}

static void walk(ParCheck *check, Node *node, const InnerLoop *inner) {
    switch ((int)node->kind) {
    case NODE_POISON: check->poisoned = true; return;
    case NODE_NAME: walk_name(check, node); return;
    case NODE_INDEX: walk_index(check, node, inner, false); return;
    case NODE_UPDATE: walk_update(check, node, inner); return;
    case NODE_CALL: walk_call(check, node, inner); return;
    case NODE_SWAP: walk_swap(check, node, inner); return;
    case NODE_LOOP: walk_loop(check, node, inner); return;
    case NODE_LAMBDA: note_function(check, node->lambda.function, node); return;
    case NODE_DEFER:
        check->deferred++;
        walk_children(check, node, inner);
        check->deferred--;
        return;
    case NODE_UNARY:
        if (node->unary.op != UNARY_LEN) break;
        walk_length(check, node, inner);
        return;
    }
    walk_children(check, node, inner);
}

static bool is_repeated(const ParSymbol *variable, uint32_t at) {
    const Access *access = &variable->accesses.items[at];
    if (!access->position.known) return false;
    uint32_t from = at > MOST_COMPARED ? at - MOST_COMPARED : 0;
    for (uint32_t i = from; i < at; i++) {
        const Access *earlier = &variable->accesses.items[i];
        if ((earlier->kind == ACCESS_WRITE || earlier->kind == access->kind) &&
            earlier->position.known && earlier->position.inner == access->position.inner &&
            poly_equal(&earlier->position.stride, &access->position.stride) &&
            poly_equal(&earlier->position.rest, &access->position.rest))
            return true;
    }
    return false;
}

void par_read_positions(ParCheck *check, ParSymbol *variable) {
    for (uint32_t i = 0; i < variable->accesses.len; i++) {
        Access *access = &variable->accesses.items[i];
        if (access->kind != ACCESS_WRITE && access->kind != ACCESS_ELEMENT) continue;
        affine_position(&check->affine, &access->position);
        access->repeated = is_repeated(variable, i);
    }
}

void par_walk(ParCheck *check) {
    LoopNode *loop = check->site->loop;
    if (loop->writes_through) note_kind(check, loop->source, ACCESS_THROUGH, loop->iterable);
    walk(check, check->site->loop->body, NULL);
    VEC_EACH(ParSymbol *, variable, &check->symbols) // when it is known what the body writes
        if (map_get(&check->written, variable->symbol) != NULL)
            par_read_positions(check, variable);
}
