// map.h: what the runtime's own files need of maps. Their shape is in rt_layout.h, what generated code
// calls in rt_abi.def.
#ifndef FLAP_RT_MAP_H
#define FLAP_RT_MAP_H

#include "value.h"

static inline RtMap *rti_map(uint64_t word) {
    return rti_pointer(word);
}
static inline uint64_t rti_map_word(const RtMap *map) {
    return rti_box(RT_TAG_MAP, map);
}

// The entry with this key, which must be a number or a string; null: none. A number that is no key
// finds the name that it is the hash of (language.md 4).
RtMapEntry *rti_map_find(const RtMap *map, uint64_t key);
// The same without names by hashes.
RtMapEntry *rti_map_find_exactly(const RtMap *map, uint64_t key);
// Stops unless the word can be a key of a map: a number (NaN too, which is never found) or a string.
void rti_map_check_key(uint64_t key, const RtPlace *place);
// `key not found: KEY` as an error, owned.
uint64_t rti_map_miss(uint64_t key);
// The address of the value with this key in an unshared map; the key is put in with 0 if need be.
uint64_t *rti_map_slot(RtMap *map, uint64_t key, const RtPlace *place);
// Frees what the map holds outside itself, not its keys and values.
void rti_map_free_storage(RtMap *map);
// Letters, digits and _ only, not beginning with a digit: what can follow a dot.
bool rti_is_identifier(const RtStr *string);

#endif
