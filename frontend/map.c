// map.c: open addressing with linear probing over pointers; entries are never removed.
#include "map.h"

enum { FIRST_CAPACITY = 4 }; // most maps are of the names of one block

static uint32_t slot_of(const PtrMap *map, const void *key) {
    // Pointers differ in their middle bits; the multiplication moves those to the top.
    uint64_t hash = (uint64_t)((uintptr_t)key >> 3) * UINT64_C(0x9E3779B97F4A7C15);
    uint32_t at = (uint32_t)(hash >> 32) & (map->capacity - 1);
    while (map->slots[at].key && map->slots[at].key != key) at = (at + 1) & (map->capacity - 1);
    return at;
}

static void grow(PtrMap *map) {
    PtrMap wider = {.arena = map->arena, .used = map->used};
    wider.capacity = map->capacity ? map->capacity * 2 : FIRST_CAPACITY;
    CHECK(wider.capacity != 0, "a map of more than 2^31 entries");
    wider.slots = ARENA_ARRAY(map->arena, PtrMapSlot, wider.capacity);
    for (uint32_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].key) wider.slots[slot_of(&wider, map->slots[i].key)] = map->slots[i];
    }
    *map = wider;
}

void *map_get(const PtrMap *map, const void *key) {
    return map->capacity ? map->slots[slot_of(map, key)].value : NULL;
}

void *map_put(PtrMap *map, const void *key, void *value) {
    CHECK(key != NULL, "null is no key");
    if (map->used >= map->capacity / 4 * 3) grow(map);
    PtrMapSlot *slot = &map->slots[slot_of(map, key)];
    void *before = slot->value;
    if (!slot->key) {
        slot->key = key;
        map->used++;
    }
    slot->value = value;
    return before;
}
