// vec.c: growth of the arrays of vec.h.
//
// What was allocated last grows where it is; other old storage stays in the arena, so growing n
// items costs at most twice their memory. Arrays begin with room for two: most lists of the syntax
// tree (names, parameters, arms) stay that short.
#include "vec.h"

#include <string.h>

enum { FIRST_CAPACITY = 2 };

void vec_grow(Arena *arena, void **items, uint32_t *cap, size_t item_size) {
    CHECK(*cap <= UINT32_MAX / 2, "an array of more than 2^32 items");
    uint32_t wider = *cap ? *cap * 2 : FIRST_CAPACITY;
    if (*cap && arena_extend(arena, *items, item_size * (size_t)*cap, item_size * (size_t)wider)) {
        *cap = wider;
        return;
    }
    void *room = arena_alloc_words(arena, item_size * (size_t)wider);
    if (*cap) memcpy(room, *items, item_size * (size_t)*cap);
    *items = room;
    *cap = wider;
}
