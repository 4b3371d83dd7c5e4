// sema_par_split.c: parts of an outer variable that a parallel body works on as if they were variables
// of their own. Where all that the body does to `g` lies below g.players, or apart from it, the loop
// takes that part out before it begins and puts it back behind its end (ParPart): then positions are
// judged one step further in, where iterations may have elements of their own.
//
// Not here: parts that differ between iterations (those are positions), and whether a part is a list,
// which only types or the run tell.
#include "sema_par.h"
#include <string.h>

enum { MOST_STEPS = 8 };

// The INDEX nodes of a path, from the variable outwards.
typedef struct Steps {
    Node *nodes[MOST_STEPS];
    uint32_t count; // 0: none, or too many
} Steps;

static Steps steps_of(const Access *access) {
    Steps steps = {.count = 0};
    uint32_t count = 0;
    for (Node *at = access->path; at != NULL && at->kind == NODE_INDEX; at = at->index.base)
        count++;
    if (count > MOST_STEPS) return steps;
    steps.count = count;
    for (Node *at = access->path; count > 0; at = at->index.base) steps.nodes[--count] = at;
    return steps;
}

// It has one value for the whole loop, which can be computed before it.
static bool is_fixed(const ParCheck *check, const Node *index) {
    if (index->kind == NODE_NUMBER || index->kind == NODE_STRING) return true;
    if (index->kind != NODE_NAME) return false;
    const Symbol *symbol = index->name.symbol;
    return symbol != NULL && symbol->owner != NULL && symbol->function == NULL &&
           affine_is_outer(check->site, symbol) && map_get(&check->written, symbol) == NULL;
}

// Two positions that never are the same element.
static bool differ(const ParCheck *check, const Node *a, const Node *b) {
    if (a->kind == NODE_STRING && b->kind == NODE_STRING)
        return a->string.len != b->string.len ||
               memcmp(a->string.bytes, b->string.bytes, a->string.len) != 0;
    if (a->kind == NODE_STRING || b->kind == NODE_STRING)
        return a->kind == NODE_NUMBER || b->kind == NODE_NUMBER;
    return affine_differ(&check->affine, a, b);
}

typedef enum Relation { APART, BELOW, LENGTH_OF, WHOLE, UNKNOWN } Relation;

// Where an access lies as seen from the part that the first `depth` steps of `part` lead to.
static Relation relate(const ParCheck *check, const Access *access, const Steps *part,
                       uint32_t depth) {
    if (access->kind == ACCESS_LENGTH) return APART;
    Steps steps = steps_of(access);
    bool known = true;
    for (uint32_t i = 0; i < depth && i < steps.count; i++) {
        const Node *a = steps.nodes[i]->index.index, *b = part->nodes[i]->index.index;
        if (ast_same(a, b)) continue;
        if (differ(check, a, b)) return APART;
        known = false;
    }
    if (!known) return UNKNOWN;
    if (steps.count > depth) return BELOW;
    return steps.count == depth && access->length ? LENGTH_OF : WHOLE;
}

// --- one part -------------------------------------------------------------------------------------

// Whether nothing that the body does to the variable touches the part itself.
static bool can_split(const ParCheck *check, ParSymbol *variable, const Steps *part,
                      uint32_t depth) {
    for (uint32_t i = 0; i < variable->accesses.len; i++) {
        const Access *access = &variable->accesses.items[i];
        Relation relation = relate(check, access, part, depth);
        if (relation != WHOLE && relation != UNKNOWN) continue;
        bool reads = access->kind == ACCESS_ELEMENT && !access->of_update;
        if (reads && variable->overlap == NULL) {
            variable->overlap = access;
            variable->whole = relation == WHOLE;
        }
        return false;
    }
    return true;
}

// What is done to the part, as accesses of a variable that has no symbol yet.
static ParSymbol *make_part(ParCheck *check, const ParSymbol *variable, const Steps *part,
                            uint32_t depth, NodeVec *nodes) {
    ParSymbol *result = ARENA_NEW(check->s->scratch, ParSymbol);
    result->text = part->nodes[depth - 1];
    for (uint32_t i = 0; i < variable->accesses.len; i++) {
        Access access = variable->accesses.items[i];
        Steps steps = steps_of(&access);
        Relation relation = relate(check, &access, part, depth);
        if (relation == APART) continue;
        vec_push(check->s->arena, nodes, steps.nodes[depth - 1]);
        if (relation == LENGTH_OF) {
            access.kind = ACCESS_LENGTH;
        } else {
            access.position = (Position){.index = steps.nodes[depth]->index.index,
                                         .inner = access.position.inner};
            if (access.kind == ACCESS_ELEMENT) access.node = steps.nodes[depth];
        }
        vec_push(check->s->scratch, &result->accesses, access);
    }
    par_read_positions(check, result);
    return result;
}

static void add_part(ParCheck *check, const ParSymbol *variable, const Access *write,
                     uint32_t depth, ParPlan *plan, ParSymbolVec *parts) {
    const Symbol *root = variable->symbol;
    Steps steps = steps_of(write);
    ParPart part = {
        .symbol = sema_add_symbol(check->s, SYMBOL_VARIABLE, root->name, root->span, root->owner)};
    part.symbol->is_mutable = part.symbol->updated = part.symbol->used = true;
    ParSymbol *made = make_part(check, variable, &steps, depth, &part.nodes);
    made->symbol = part.symbol;
    vec_push(check->s->scratch, parts, made);
    vec_push(check->s->arena, &plan->parts, part);
}

// How many steps of a written path lead to the part: so few that iterations have elements of their own
// in it, or else as many as there can be; 0: it is no part.
static uint32_t find_depth(ParCheck *check, ParSymbol *variable, const Access *write) {
    Steps steps = steps_of(write);
    uint32_t found = 0;
    for (uint32_t depth = 1; depth < steps.count; depth++) {
        if (!is_fixed(check, steps.nodes[depth - 1]->index.index)) break;
        if (!can_split(check, variable, &steps, depth)) continue;
        NodeVec unused = {0};
        found = depth;
        if (par_is_own(check, make_part(check, variable, &steps, depth, &unused))) break;
    }
    return found;
}

// --- the variable ---------------------------------------------------------------------------------

static bool is_write(const Access *access) {
    return access->kind == ACCESS_WRITE;
}

static bool is_in_part(const Access *access, const ParPart *part) {
    Steps steps = steps_of(access);
    for (uint32_t i = 0; i < part->nodes.len; i++)
        for (uint32_t k = 0; k < steps.count; k++)
            if (part->nodes.items[i] == steps.nodes[k]) return true;
    return false;
}

static bool is_in_parts(const Access *access, const ParPlan *plan, uint32_t from) {
    for (uint32_t i = from; i < plan->parts.len; i++)
        if (is_in_part(access, &plan->parts.items[i])) return true;
    return false;
}

// Writes of elements only, and reads of elements.
static bool may_split(const ParSymbol *variable) {
    bool writes = false;
    for (uint32_t i = 0; i < variable->accesses.len; i++) {
        const Access *access = &variable->accesses.items[i];
        if (access->path == NULL && access->kind != ACCESS_LENGTH) return false;
        writes = writes || is_write(access);
    }
    return writes && !variable->symbol->rebound_by_loop;
}

bool par_split(ParCheck *check, ParSymbol *variable, ParPlan *plan, ParSymbolVec *parts) {
    uint32_t before = plan->parts.len;
    if (check->poisoned || !may_split(variable) || par_is_own(check, variable)) return false;
    for (uint32_t i = 0; i < variable->accesses.len; i++) {
        const Access *access = &variable->accesses.items[i];
        if (!is_write(access) || is_in_parts(access, plan, before)) continue;
        uint32_t depth = find_depth(check, variable, access);
        if (depth == 0) {
            plan->parts.len = before;
            parts->len = 0;
            return false;
        }
        add_part(check, variable, access, depth, plan, parts);
    }
    uint32_t left = 0; // what is not in a part is only read
    for (uint32_t i = 0; i < variable->accesses.len; i++)
        if (!is_in_parts(&variable->accesses.items[i], plan, before))
            variable->accesses.items[left++] = variable->accesses.items[i];
    variable->accesses.len = left;
    return true;
}
