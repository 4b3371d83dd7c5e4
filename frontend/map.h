// map.h: a hash map from pointers (interned names, nodes, symbols) to pointers, in an arena.
#ifndef FLAP_MAP_H
#define FLAP_MAP_H

#include "arena.h"

typedef struct PtrMapSlot {
    const void *key; // null: free
    void *value;
} PtrMapSlot;

// Starts as all zeroes with `arena` set. Entries are never removed; put a null value instead.
typedef struct PtrMap {
    Arena *arena;
    PtrMapSlot *slots; // a power of two of them, at most 3/4 used
    uint32_t used, capacity;
} PtrMap;

// The value of `key` (non-null), or null.
void *map_get(const PtrMap *map, const void *key);
// Sets the value of `key` and returns the one it replaces, or null.
void *map_put(PtrMap *map, const void *key, void *value);

#endif
