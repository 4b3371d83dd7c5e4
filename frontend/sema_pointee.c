// sema_pointee.c: typed pointers across functions: parameters, results and lists keep the cstruct
// that an address points to.
//
// What a parameter points to is known only when the calls have been seen, which lie behind the body
// whose accesses depend on it. So it is noted beside the parameter's place in the source, and the
// program is analysed again until nothing new is learnt. A parameter is typed when every call is
// seen and gives it an address of one type (or 0); one that is refused stays so.
#include "sema_internal.h"
#include <string.h>

enum { MOST_ROUNDS = 40 };

// --- notes ---------------------------------------------------------------------------------------

static const void *param_key(const Pattern *pattern) {
    return (const void *)(uintptr_t)(2 * (uint64_t)pattern->span.begin + 2);
}

static const void *result_key(const Node *lambda) {
    return (const void *)(uintptr_t)(2 * (uint64_t)lambda->span.begin + 3);
}

const CType *sema_param_pointee(const Sema *s, const Pattern *pattern) {
    return map_get(&s->c->pointees, param_key(pattern));
}

const CType *sema_result_pointee(const Sema *s, const Node *lambda) {
    return map_get(&s->c->pointees, result_key(lambda));
}

static bool same_notes(const PtrMap *a, const PtrMap *b) {
    if (a->used != b->used) return false;
    for (uint32_t i = 0; i < a->capacity; i++)
        if (a->slots[i].key != NULL && !ctype_same(a->slots[i].value, map_get(b, a->slots[i].key)))
            return false;
    return true;
}

// --- what a value points to ----------------------------------------------------------------------

static bool is_null(const Node *node) {
    return node->kind == NODE_NUMBER && node->number.value == 0;
}

static const CType *known(const CType *type) {
    return type != NULL && type->kind == C_VOID ? NULL : type;
}

const CType *sema_elements(const Node *node) {
    if (node->kind == NODE_NAME && node->name.symbol != NULL) return node->name.symbol->elements;
    if (node->kind == NODE_SLICE) return sema_elements(node->slice.base);
    if (node->kind != NODE_LIST) return NULL;
    const CType *type = NULL;
    for (uint32_t i = 0; i < node->list.items.len; i++) {
        const Node *item = node->list.items.items[i];
        const CType *one = sema_pointee(item);
        if (is_null(item)) continue;
        if (one == NULL || (type != NULL && !ctype_same(type, one))) return NULL;
        type = one;
    }
    return type;
}

// What the results of a function have in common.
typedef struct Results {
    const CType *type;
    bool unknown;
} Results;

static void add_result(Results *results, const Node *node) {
    if (node->kind == NODE_BLOCK) {
        uint32_t count = node->block.statements.len;
        if (count > 0) add_result(results, node->block.statements.items[count - 1]);
        results->unknown |= count == 0;
        return;
    }
    if (node->kind == NODE_MATCH) {
        for (uint32_t i = 0; i < node->match.arms.len; i++)
            add_result(results, node->match.arms.items[i].body);
        return;
    }
    if (node->kind == NODE_RET || is_null(node)) return; // all `ret` are visited apart
    const CType *type = known(sema_pointee(node));
    results->unknown |= type == NULL || (results->type != NULL && !ctype_same(results->type, type));
    results->type = type;
}

static void visit_ret(void *context, Node **slot) {
    Node *node = *slot;
    if (node == NULL || node->kind == NODE_LAMBDA) return;
    if (node->kind == NODE_RET && node->ret.value != NULL) add_result(context, node->ret.value);
    ast_children(node, visit_ret, context);
}

// --- one round -----------------------------------------------------------------------------------

static void note_results(Sema *s, PtrMap *found) {
    VEC_EACH(Function *, function, &s->program->functions) {
        Results results = {0};
        if (function->node == NULL || function->node->kind != NODE_LAMBDA) continue;
        for (uint32_t i = 0; i < function->node->lambda.clauses.len; i++) {
            Node *body = function->node->lambda.clauses.items[i].body;
            add_result(&results, body);
            visit_ret(&results, &body);
        }
        if (results.type != NULL && !results.unknown)
            map_put(found, result_key(function->node), (void *)(uintptr_t)results.type);
    }
}

// The function that is called for sure, all of whose calls are seen; or null.
static const Function *seen_function(const Sema *s, const Node *callee) {
    const Function *function = NULL;
    if (callee->kind == NODE_LAMBDA) function = callee->lambda.function;
    if (callee->kind == NODE_NAME && callee->name.symbol != NULL)
        function = callee->name.symbol->function;
    if (function == NULL || function->is_value || function->node == NULL) return NULL;
    for (uint32_t i = 0; i < s->program->exports.len; i++)
        if (s->program->exports.items[i]->symbol->function == function) return NULL;
    return function;
}

// The type of what the call's argument `at` points to; `*null`: it is 0.
static const CType *argument(const CallSite *site, uint32_t at, bool *null) {
    uint32_t written = site->args != NULL ? site->args->len : 0;
    *null = at < written && is_null(site->args->items[at]);
    if (at < written) return known(sema_pointee(site->args->items[at]));
    if (site->node->kind != NODE_PIPE || site->node->pipe.op == PIPE_REDUCE) return NULL;
    const Node *left = site->node->pipe.left;
    const CType *type = known(sema_pointee(left));
    if (type != NULL || site->args != NULL) return type; // `xs | f(1)` gives f the whole list
    return known(sema_elements(left));
}

static void refuse(Sema *s, const void *key) {
    map_put(&s->c->no_pointees, key, s->c);
}

static void note_argument(Sema *s, PtrMap *found, const void *key, const CType *type) {
    if (type == NULL || map_get(&s->c->no_pointees, key) != NULL) return;
    const CType *before = map_get(found, key);
    if (before == NULL)
        map_put(found, key, (void *)(uintptr_t)type);
    else if (!ctype_same(before, type))
        refuse(s, key);
}

// Notes the arguments' types; `verify`: refuses typed parameters that get something else.
static void walk_site(Sema *s, PtrMap *found, const CallSite *site, bool verify) {
    const Function *function = seen_function(s, site->callee);
    if (function == NULL) return;
    for (uint32_t i = 0; i < function->node->lambda.clauses.len; i++) {
        const Clause *clause = &function->node->lambda.clauses.items[i];
        for (uint32_t at = 0; at < clause->params.len; at++) {
            const Pattern *pattern = &clause->params.items[at];
            bool null;
            const CType *type = argument(site, at, &null);
            const void *key = param_key(pattern);
            if (pattern->kind != PATTERN_NAME) continue;
            if (!verify)
                note_argument(s, found, key, type);
            else if (!null && map_get(found, key) != NULL && type == NULL)
                refuse(s, key);
        }
    }
}

void sema_find_pointees(Sema *s) {
    Compilation *c = s->c;
    PtrMap found = {.arena = &c->unit};
    uint32_t refused = c->no_pointees.used;
    c->no_pointees.arena = &c->unit;
    c->again = false;
    if (c->rounds >= MOST_ROUNDS) return;
    for (uint32_t i = 0; i < s->calls.len; i++) walk_site(s, &found, &s->calls.items[i], false);
    note_results(s, &found);
    bool settled = same_notes(&found, &c->pointees);
    for (uint32_t i = 0; settled && i < s->calls.len; i++)
        walk_site(s, &found, &s->calls.items[i], true);
    c->again = !settled || c->no_pointees.used != refused;
    c->pointees = found;
    if (++c->rounds == MOST_ROUNDS) c->pointees = (PtrMap){.arena = &c->unit};
}
