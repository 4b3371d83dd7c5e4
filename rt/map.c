// map.c: maps: entries in the order of insertion, found through an index of hashes (the "compact
// dict" of PyPy and CPython: entries are dense, the index is open addressing with linear probing).
//
// Up to FEW entries lie behind the map itself and are looked through; from there on there is an
// index. A removed entry keeps its place (key RT_ABSENT), and its slot, until the entries are next
// packed, so that a walk by position stays in order. Reading changes nothing, so any number of
// threads may read one map.
// Invariants: keys are numbers other than NaN and -0, or strings; without RT_FLAG_BOXED all keys and
// values are numbers; no more than two thirds of the slots are taken.
#include "map.h"

enum { FEW = 8 };
static const int64_t entries_most = (int64_t)UINT32_MAX - 1;

// An index slot: the hash above, the entry's number plus 1 below; 0: free. The hash says where
// probing begins, so the index grows without a look at the keys.
typedef uint64_t Slot;

// --- hashes --------------------------------------------------------------------------------------

static inline uint64_t mix(uint64_t x) {
    x *= UINT64_C(0x9E3779B97F4A7C15);
    x ^= x >> 32;
    x *= UINT64_C(0xD6E8FEB86659FD93);
    return x ^ (x >> 32);
}

// Eight whole numbers in a row share a cache line of the index.
static inline uint32_t hash_number(uint64_t key) {
    double number = rti_number(key);
    if (number > -0x1p62 && number < 0x1p62) {
        int64_t whole = (int64_t)number;
        if ((double)whole == number) {
            uint32_t low = (uint32_t)whole & 7;
            return (uint32_t)(mix((uint64_t)whole >> 3) >> 32) ^ low ^ low << 28;
        }
    }
    return (uint32_t)(mix(key) >> 32);
}

static bool is_letter(char c) {
    char low = (char)(c | 32);
    return (low >= 'a' && low <= 'z') || c == '_';
}

bool rti_is_identifier(const RtStr *string) {
    if (string->length == 0 || !is_letter(string->bytes[0])) return false;
    for (int64_t i = 1; i < string->length; i++) {
        char c = string->bytes[i];
        if (!is_letter(c) && (c < '0' || c > '9')) return false;
    }
    return true;
}

// The number that an identifier is known by in old programs; 0: no identifier.
static uint32_t name_number(const RtStr *name) {
    uint32_t hash = 2166136261u;
    if (name->length == 0 || !is_letter(name->bytes[0])) return 0;
    for (int64_t i = 0; i < name->length; i++) {
        char c = name->bytes[i];
        if (!is_letter(c) && (c < '0' || c > '9')) return 0;
        hash = (hash ^ (unsigned char)c) * 16777619u;
    }
    return (hash & 0x3FFFFFFF) | 0x40000000;
}

static uint32_t hash_bytes(const char *bytes, int64_t length) {
    uint64_t hash = mix((uint64_t)length);
    while (length > 0) {
        uint64_t part = 0;
        int64_t take = length < 8 ? length : 8;
        rti_copy(&part, bytes, (size_t)take);
        hash = mix(hash ^ part);
        bytes += take;
        length -= take;
    }
    return (uint32_t)(hash >> 32);
}

// An identifier has the hash of its number, so that either finds the entry.
static uint32_t hash_string(const RtStr *string) {
    uint32_t number = name_number(string);
    if (number != 0) return hash_number(rti_number_word(number));
    return hash_bytes(string->bytes, string->length);
}

static inline uint32_t hash_key(uint64_t key) {
    return rti_is_number(key) ? hash_number(key) : hash_string(rti_str(key));
}

// --- keys ----------------------------------------------------------------------------------------

void rti_map_check_key(uint64_t key, const RtPlace *place) {
    if (!rti_is_number(key) && !rti_is(key, RT_TAG_STRING))
        rti_stop_kind("a map key", "a number or a string", key, place);
}

static uint64_t key_to_put(uint64_t key, const RtPlace *place) {
    rti_map_check_key(key, place);
    if (!rti_is_number(key)) return key;
    double number = rti_number(key);
    if (number != number) rti_stop(place, "NaN is no map key");
    return number == 0 ? 0 : key;
}

uint64_t rti_map_miss(uint64_t key) {
    RtStr *text = rt_str_of(key);
    uint64_t error = rti_error_about("key not found: ", text);
    rti_release(text);
    return error;
}

static bool same_string(uint64_t a, uint64_t b) {
    if (a == b) return true;
    if (!rti_is(a, RT_TAG_STRING)) return false;
    const RtStr *x = rti_str(a), *y = rti_str(b);
    return x->length == y->length && rti_bytes_equal(x->bytes, y->bytes, (size_t)x->length);
}

// --- finding -------------------------------------------------------------------------------------

static int64_t find_number(const RtMap *map, uint64_t key, uint32_t hash) {
    const RtMapEntry *entries = map->entries;
    if (map->index == NULL) {
        for (int64_t i = map->first; i < map->used; i++) {
            if (entries[i].key == key) return i;
        }
        return -1;
    }
    uint64_t mask = (uint64_t)map->mask;
    for (uint64_t at = hash & mask;; at = (at + 1) & mask) {
        Slot slot = map->index[at];
        if (slot == 0) return -1;
        if ((uint32_t)(slot >> 32) != hash) continue;
        int64_t entry = (int64_t)(uint32_t)slot - 1;
        if (entries[entry].key == key) return entry;
    }
}

static int64_t find_string(const RtMap *map, uint64_t key, uint32_t hash) {
    const RtMapEntry *entries = map->entries;
    if (map->index == NULL) {
        for (int64_t i = map->first; i < map->used; i++) {
            if (entries[i].key == key) return i; // the very same string: common for names
        }
        for (int64_t i = map->first; i < map->used; i++) {
            if (same_string(entries[i].key, key)) return i;
        }
        return -1;
    }
    uint64_t mask = (uint64_t)map->mask;
    for (uint64_t at = hash & mask;; at = (at + 1) & mask) {
        Slot slot = map->index[at];
        if (slot == 0) return -1;
        if ((uint32_t)(slot >> 32) != hash) continue;
        int64_t entry = (int64_t)(uint32_t)slot - 1;
        if (same_string(entries[entry].key, key)) return entry;
    }
}

static inline uint32_t hash_if_indexed(const RtMap *map, uint64_t key) {
    return map->index == NULL ? 0 : hash_key(key);
}

static inline int64_t find(const RtMap *map, uint64_t key, uint32_t hash) {
    return rti_is_number(key) ? find_number(map, key, hash) : find_string(map, key, hash);
}

static bool has_number(uint64_t key, uint32_t number) {
    return rti_is(key, RT_TAG_STRING) && name_number(rti_str(key)) == number;
}

// The first name that this number stands for.
static int64_t find_name(const RtMap *map, uint64_t key) {
    double number = rti_number(key);
    if (!(number >= 0x40000000 && number < 0x80000000) || number != (double)(uint32_t)number)
        return -1;
    const RtMapEntry *entries = map->entries;
    if (map->index == NULL) {
        for (int64_t i = map->first; i < map->used; i++) {
            if (has_number(entries[i].key, (uint32_t)number)) return i;
        }
        return -1;
    }
    uint32_t hash = hash_number(key);
    uint64_t mask = (uint64_t)map->mask;
    for (uint64_t at = hash & mask;; at = (at + 1) & mask) {
        Slot slot = map->index[at];
        if (slot == 0) return -1;
        if ((uint32_t)(slot >> 32) != hash) continue;
        int64_t entry = (int64_t)(uint32_t)slot - 1;
        if (has_number(entries[entry].key, (uint32_t)number)) return entry;
    }
}

RtMapEntry *rti_map_find_exactly(const RtMap *map, uint64_t key) {
    if (rti_is_number(key) && rti_number(key) == 0) key = 0; // -0; NaN is in no entry
    int64_t entry = find(map, key, hash_if_indexed(map, key));
    return entry < 0 ? NULL : &map->entries[entry];
}

RtMapEntry *rti_map_find(const RtMap *map, uint64_t key) {
    RtMapEntry *entry = rti_map_find_exactly(map, key);
    if (entry != NULL || !rti_is_number(key)) return entry;
    int64_t named = find_name(map, key);
    return named < 0 ? NULL : &map->entries[named];
}

uint64_t rt_map_get(RtMap *map, uint64_t key, const RtPlace *place) {
    rti_map_check_key(key, place);
    const RtMapEntry *entry = rti_map_find(map, key);
    return entry == NULL ? 0 : rti_retained(entry->value);
}

int32_t rt_map_has(RtMap *map, uint64_t key, const RtPlace *place) {
    rti_map_check_key(key, place);
    return rti_map_find_exactly(map, key) != NULL;
}

// --- making and growing --------------------------------------------------------------------------

static int64_t slots_for(int64_t capacity) {
    int64_t slots = 2 * FEW;
    while (slots < capacity + capacity / 2) slots *= 2;
    return slots;
}

static Slot *index_make(int64_t slots) {
    Slot *index = rti_alloc((size_t)slots * sizeof(Slot));
    rti_set(index, 0, (size_t)slots * sizeof(Slot));
    return index;
}

static inline void add_slot(RtMap *map, uint32_t hash, int64_t entry) {
    uint64_t mask = (uint64_t)map->mask, at = hash & mask;
    while (map->index[at] != 0) at = (at + 1) & mask;
    map->index[at] = (Slot)hash << 32 | (uint32_t)(entry + 1);
}

RtMap *rt_map_new(int64_t capacity) {
    if (capacity > entries_most) rti_stop_memory();
    if (capacity < FEW / 2) capacity = FEW / 2;
    bool few = capacity <= FEW;
    size_t size = (size_t)capacity * sizeof(RtMapEntry);
    RtMap *map = rti_alloc(sizeof(RtMap) + (few ? size : 0));
    *map = (RtMap){.header = rti_header(RT_KIND_MAP, 0), .capacity = capacity};
    map->entries = map->room;
    if (few) return map;
    int64_t slots = slots_for(capacity);
    map->entries = rti_alloc(size);
    map->index = index_make(slots);
    map->mask = slots - 1;
    return map;
}

void rti_map_free_storage(RtMap *map) {
    rti_free(map->index);
    if (map->entries != map->room) rti_free(map->entries);
}

// Moves all slots to a larger index. It begins behind a free slot, so that slots with equal hashes
// keep their order.
static void index_move(RtMap *map, Slot *to, int64_t slots) {
    Slot *from = map->index;
    uint64_t old = (uint64_t)map->mask, mask = (uint64_t)slots - 1, start = 0;
    while (from[start] != 0) start++;
    for (uint64_t i = 1; i <= old; i++) {
        Slot slot = from[(start + i) & old];
        if (slot == 0) continue;
        uint64_t at = (slot >> 32) & mask;
        while (to[at] != 0) at = (at + 1) & mask;
        to[at] = slot;
    }
}

static void entries_grow(RtMap *map, int64_t capacity) {
    size_t size = (size_t)capacity * sizeof(RtMapEntry);
    if (map->entries != map->room) {
        map->entries = rti_realloc(map->entries, size);
    } else {
        map->entries = rti_alloc(size);
        rti_copy(map->entries, map->room, (size_t)map->used * sizeof(RtMapEntry));
    }
    int64_t fit = (int64_t)(rti_usable(map->entries) / sizeof(RtMapEntry));
    if (capacity <= FEW) fit = capacity;
    map->capacity = fit < entries_most ? fit : entries_most;
}

static void entries_pack(RtMap *map) {
    int64_t kept = 0;
    for (int64_t i = map->first; i < map->used; i++) {
        if (map->entries[i].key != RT_ABSENT) map->entries[kept++] = map->entries[i];
    }
    map->used = kept;
    map->first = 0;
}

// Leaves out removed entries and makes room for `capacity`.
static void resize(RtMap *map, int64_t capacity) {
    if (capacity > entries_most) {
        capacity = entries_most;
        if (map->length >= capacity) rti_stop_memory();
    }
    bool packed = map->used != map->length;
    if (packed) entries_pack(map);
    if (capacity > map->capacity) entries_grow(map, capacity);
    if (map->capacity <= FEW) return;
    int64_t slots = slots_for(map->capacity), old = map->index == NULL ? 0 : map->mask + 1;
    if (slots < old) slots = old;
    if (slots == old && !packed) return;
    if (slots != old) {
        Slot *index = index_make(slots);
        if (old != 0 && !packed) index_move(map, index, slots);
        rti_free(map->index);
        map->index = index;
        map->mask = slots - 1;
        if (old != 0 && !packed) return;
    } else {
        rti_set(map->index, 0, (size_t)slots * sizeof(Slot));
    }
    for (int64_t i = 0; i < map->used; i++) add_slot(map, hash_key(map->entries[i].key), i);
}

RtMap *rt_map_copy(RtMap *map) {
    bool packed = map->used == map->length;
    RtMap *copy = rt_map_new(map->length);
    copy->header.flags = map->header.flags;
    bool boxed = (map->header.flags & RT_FLAG_BOXED) != 0;
    for (int64_t i = map->first; i < map->used; i++) {
        RtMapEntry entry = map->entries[i];
        if (entry.key == RT_ABSENT) continue;
        if (boxed) {
            (void)rti_retained(entry.key);
            (void)rti_retained(entry.value);
        }
        copy->entries[copy->used++] = entry;
    }
    copy->length = copy->used;
    if (copy->index == NULL) return copy;
    if (packed && copy->mask == map->mask && map->index != NULL) {
        rti_copy(copy->index, map->index, ((size_t)map->mask + 1) * sizeof(Slot));
        return copy;
    }
    for (int64_t i = 0; i < copy->used; i++) add_slot(copy, hash_key(copy->entries[i].key), i);
    return copy;
}

RtMap *rt_map_unique(RtMap *map) {
    if (rti_unshared(map)) return map;
    RtMap *copy = rt_map_copy(map);
    rti_release(map);
    return copy;
}

// --- changing ------------------------------------------------------------------------------------

// The map is unshared, the key one that may be put.
static uint64_t *slot_of(RtMap *map, uint64_t key) {
    uint32_t hash = hash_if_indexed(map, key);
    int64_t entry = find(map, key, hash);
    if (entry >= 0) return &map->entries[entry].value;
    if (RTI_UNLIKELY(map->used == map->capacity)) {
        bool many = map->length > map->capacity / 2;
        resize(map, many ? map->capacity * 2 : map->capacity);
        if (map->index != NULL) hash = hash_key(key);
    }
    entry = map->used++;
    map->entries[entry] = (RtMapEntry){rti_retained(key), 0};
    if (!rti_is_number(key)) map->header.flags |= RT_FLAG_BOXED;
    if (map->index != NULL) add_slot(map, hash, entry);
    map->length++;
    return &map->entries[entry].value;
}

uint64_t *rti_map_slot(RtMap *map, uint64_t key, const RtPlace *place) {
    return slot_of(map, key_to_put(key, place));
}

RtMap *rt_map_put(RtMap *map, uint64_t key, uint64_t value, const RtPlace *place) {
    key = key_to_put(key, place);
    map = rt_map_unique(map);
    uint64_t *at = slot_of(map, key), old = *at;
    *at = value;
    if (!rti_is_number(value)) map->header.flags |= RT_FLAG_BOXED;
    rti_release_word(old);
    return map;
}

RtMap *rt_map_of(const void *words, int64_t pairs, const RtPlace *place) {
    const uint64_t *word = words;
    RtMap *map = rt_map_new(pairs);
    for (int64_t i = 0; i < pairs; i++) {
        map = rt_map_put(map, word[2 * i], word[2 * i + 1], place);
        rti_release_word(word[2 * i]); // the map has its own share
    }
    return map;
}

// Packs once three quarters of the entries are gone, so walks stay linear in what is there.
RtMap *rt_map_remove(RtMap *map, uint64_t key, const RtPlace *place) {
    if (!rt_map_has(map, key, place)) return map;
    map = rt_map_unique(map);
    RtMapEntry *entry = rti_map_find_exactly(map, key), gone = *entry;
    *entry = (RtMapEntry){RT_ABSENT, 0};
    map->length--;
    while (map->first < map->used && map->entries[map->first].key == RT_ABSENT) map->first++;
    if (map->used > FEW && map->length < map->used / 4) resize(map, map->capacity);
    rti_release_word(gone.key);
    rti_release_word(gone.value);
    return map;
}

RtMap *rt_map_merge(RtMap *left, RtMap *right) {
    left = rt_map_unique(left); // so it is not `right`, which its holder still has
    left->header.flags |= right->header.flags & RT_FLAG_BOXED;
    for (int64_t i = right->first; i < right->used; i++) {
        RtMapEntry entry = right->entries[i];
        if (entry.key == RT_ABSENT) continue;
        uint64_t *at = slot_of(left, entry.key), old = *at;
        *at = rti_retained(entry.value);
        rti_release_word(old);
    }
    return left;
}

// --- walking -------------------------------------------------------------------------------------

int64_t rt_map_next(RtMap *map, int64_t position) {
    if (position < map->first) position = map->first;
    while (position < map->used && map->entries[position].key == RT_ABSENT) position++;
    return position < map->used ? position : -1;
}

uint64_t rt_map_key_at(RtMap *map, int64_t position) {
    return rti_retained(map->entries[position].key);
}

uint64_t rt_map_value_at(RtMap *map, int64_t position) {
    return rti_retained(map->entries[position].value);
}

static RtList *list_of(const RtMap *map, bool keys) {
    RtList *list = rt_list_new(map->length);
    for (int64_t i = map->first; i < map->used; i++) {
        RtMapEntry entry = map->entries[i];
        if (entry.key == RT_ABSENT) continue;
        uint64_t word = rti_retained(keys ? entry.key : entry.value);
        list->words[list->length++] = word;
        rti_list_flag(list, word);
    }
    return list;
}

RtList *rt_map_keys(RtMap *map) {
    return list_of(map, true);
}

RtList *rt_map_values(RtMap *map) {
    return list_of(map, false);
}
