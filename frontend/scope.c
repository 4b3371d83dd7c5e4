// scope.c: chains of name tables, and the spelling suggestions made from them.
//
// Nothing is ever removed from a table but a forward function that was reached (null value).
#include "scope.h"
#include <string.h>

enum { LONGEST_COMPARED = 40 }; // names beyond this get no suggestion

Scope *scope_new(Arena *arena, Scope *parent, Function *function) {
    Scope *scope = ARENA_NEW(arena, Scope);
    scope->parent = parent;
    scope->function = function;
    scope->names.arena = arena;
    scope->forward.arena = arena;
    return scope;
}

void scope_define(Scope *scope, Name *name, Symbol *symbol) {
    map_put(&scope->names, name, symbol);
    if (scope->forward.used > 0 && map_get(&scope->forward, name) == symbol)
        map_put(&scope->forward, name, NULL);
}

static Symbol *find_here(const PtrMap *names, const Name *name) {
    return names->used == 0 ? NULL : map_get(names, name);
}

Symbol *scope_find_defined(const Scope *scope, const Name *name) {
    for (; scope != NULL; scope = scope->parent) {
        Symbol *symbol = find_here(&scope->names, name);
        if (symbol != NULL) return symbol;
    }
    return NULL;
}

Symbol *scope_find(const Scope *scope, const Name *name, const Function *user, Symbol **early) {
    *early = NULL;
    for (; scope != NULL; scope = scope->parent) {
        Symbol *symbol = find_here(&scope->names, name);
        if (symbol != NULL) return symbol;
        symbol = find_here(&scope->forward, name);
        if (symbol == NULL) continue;
        if (scope->function != user) return symbol;
        if (*early == NULL) *early = symbol;
    }
    return NULL;
}

uint32_t name_edits(const Name *a, const Name *b, uint32_t most) {
    uint32_t gap = a->len > b->len ? a->len - b->len : b->len - a->len;
    if (gap > most || a->len > LONGEST_COMPARED || b->len > LONGEST_COMPARED) return most + 1;
    uint32_t rows[3][LONGEST_COMPARED + 1];
    for (uint32_t j = 0; j <= b->len; j++) rows[0][j] = j;
    for (uint32_t i = 1; i <= a->len; i++) {
        uint32_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *two_before = rows[(i + 1) % 3];
        now[0] = i;
        for (uint32_t j = 1; j <= b->len; j++) {
            uint32_t best = before[j - 1] + (a->text[i - 1] != b->text[j - 1]);
            if (before[j] + 1 < best) best = before[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a->text[i - 1] == b->text[j - 2] &&
                a->text[i - 2] == b->text[j - 1] && two_before[j - 2] + 1 < best)
                best = two_before[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[a->len % 3][b->len];
}

typedef struct Nearest {
    const Name *wanted, *name;
    uint32_t distance;
    bool functions_only;
} Nearest;

static void look_through(Nearest *nearest, const PtrMap *names) {
    for (uint32_t i = 0; i < names->capacity; i++) {
        const Name *name = names->slots[i].key;
        const Symbol *symbol = names->slots[i].value;
        if (name == NULL || symbol == NULL) continue;
        if (symbol->owner == NULL && symbol->kind == SYMBOL_VARIABLE) continue; // undefined itself
        if (nearest->functions_only && symbol->kind == SYMBOL_CONSTANT) continue;
        uint32_t distance = name_edits(nearest->wanted, name, nearest->distance);
        if (distance < nearest->distance ||
            (distance == nearest->distance && nearest->name != NULL &&
             strcmp(name->text, nearest->name->text) < 0)) {
            nearest->distance = distance;
            nearest->name = name;
        }
    }
}

const Name *scope_nearest(const Scope *scope, const Name *name, bool functions_only) {
    if (name->len > LONGEST_COMPARED || name->len < 2) return NULL;
    Nearest nearest = {name, NULL, name->len / 3 + 2, functions_only};
    if (nearest.distance > 4) nearest.distance = 4;
    for (; scope != NULL; scope = scope->parent) {
        look_through(&nearest, &scope->names);
        look_through(&nearest, &scope->forward);
    }
    return nearest.name;
}

const Node *scope_later_definition(const Scope *scope, const Name *name) {
    for (; scope != NULL; scope = scope->parent) {
        for (uint32_t i = 0; scope->statements != NULL && i < scope->statements->len; i++) {
            const Node *statement = scope->statements->items[i];
            if (statement->kind != NODE_DEFINE) continue;
            for (uint32_t j = 0; j < statement->define->names.len; j++)
                if (statement->define->names.items[j] == name) return statement;
        }
    }
    return NULL;
}
