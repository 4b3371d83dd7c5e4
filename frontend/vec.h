// vec.h: growable arrays whose storage lives in an arena (old storage is abandoned on growth).
#ifndef FLAP_VEC_H
#define FLAP_VEC_H

#include "arena.h"

#define VEC(Type)                                                                                  \
    struct {                                                                                       \
        Type *items;                                                                               \
        uint32_t len, cap;                                                                         \
    }

// Makes room for one more item of `item_size` bytes; for vec_push only.
void vec_grow(Arena *arena, void **items, uint32_t *cap, size_t item_size);

#define vec_push(arena, vec, item)                                                                 \
    do {                                                                                           \
        if ((vec)->len == (vec)->cap)                                                              \
            vec_grow((arena), (void **)&(vec)->items, &(vec)->cap, sizeof(*(vec)->items));         \
        (vec)->items[(vec)->len++] = (item);                                                       \
    } while (0)

// for each item: VEC_EACH(Node *, stmt, &block->stmts) { … }
#define VEC_EACH(Type, name, vec)                                                                  \
    for (uint32_t name##_at = 0, name##_on = 1; name##_at < (vec)->len && name##_on;               \
         name##_at++, name##_on = !name##_on)                                                      \
        for (Type name = (vec)->items[name##_at]; name##_on; name##_on = !name##_on)

#endif
