// map.c: maps: entries in the order of insertion, found through an index of hashes (the "compact
// dict" of PyPy and CPython: entries are dense, the index is open addressing with linear probing).
//
// Where a map begins with the keys 0, 1, 2 … in this order it is an array: these entries (before
// `dense`) are found by position. Up to FEW others are looked through; for more there is an index. A
// few entries lie behind the map itself. A removed entry keeps its place (key RT_ABSENT), and its slot, until the entries are next
// packed, so that a walk by position stays in order. Reading changes nothing, so any number of
// threads may read one map.
// Invariants: keys are numbers other than NaN and -0, or strings; without RT_FLAG_BOXED all keys and
// values are numbers; there is an index if more than FEW entries, removed ones among them, come after
// the dense ones, and it has a slot and a half at least for each that may come.
#include "map.h"

_Static_assert(offsetof(RtMap, length) == 8 && offsetof(RtMap, room) == 72, "rt_layout.h says so");

enum { FEW = 8 };
static const int64_t entries_most = (int64_t)1400000000; // two thirds of 2^31 slots

// An index slot: the lower bits hold the entry's number, counted from `dense`, plus 1, the others what
// is left of the hash when its upper bits have said where probing begins; 0: free. So small, the index
// of a million keys stays in the cache. How many bits are the lower ones is in header.spare.
typedef uint32_t Slot;

// The hash turned so that within the mask it is the first slot, and above it what that slot has.
static inline uint32_t turned(const RtMap *map, uint32_t hash) {
    return hash << map->header.spare | hash >> (32 - map->header.spare);
}

// --- hashes --------------------------------------------------------------------------------------

static inline uint64_t mix(uint64_t x) {
    x *= UINT64_C(0x9E3779B97F4A7C15);
    x ^= x >> 32;
    x *= UINT64_C(0xD6E8FEB86659FD93);
    return x ^ (x >> 32);
}

// rt_inline.c has the same.
// A whole number, else the number's bits, times the golden ratio: arithmetic progressions are spread
// evenly, so small whole numbers hardly ever meet.
static inline uint32_t hash_number(uint64_t key) {
    double number = rti_number(key);
    if (__builtin_fabs(number) < 0x1p62 && (double)(int64_t)number == number)
        key = (uint64_t)(int64_t)number;
    return (uint32_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

// Bytes of a string that need not exist.
typedef struct RtiText {
    const char *bytes;
    int64_t length;
} RtiText;

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
static uint32_t name_number(RtiText name) {
    uint32_t hash = 2166136261u;
    if (name.length == 0 || !is_letter(name.bytes[0])) return 0;
    for (int64_t i = 0; i < name.length; i++) {
        char c = name.bytes[i];
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
static uint32_t hash_text(RtiText text) {
    uint32_t number = name_number(text);
    if (number != 0) return hash_number(rti_number_word(number));
    return hash_bytes(text.bytes, text.length);
}

static inline RtiText text_of(uint64_t key) {
    const RtStr *string = rti_str(key);
    return (RtiText){string->bytes, string->length};
}

static inline uint32_t hash_key(uint64_t key) {
    return rti_is_number(key) ? hash_number(key) : hash_text(text_of(key));
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

static inline bool is_dense(const RtMap *map, uint64_t key) {
    double number = rti_number(key);
    return number >= 0 && number < (double)map->dense && map->entries[(int64_t)number].key == key;
}

// The first entry that must be looked through.
static inline int64_t first_loose(const RtMap *map) {
    return map->first > map->dense ? map->first : map->dense;
}

static inline int64_t find_number(const RtMap *map, uint64_t key) {
    if (is_dense(map, key)) return (int64_t)rti_number(key);
    if (map->index == NULL) {
        for (int64_t i = first_loose(map); i < map->used; i++) {
            if (map->entries[i].key == key) return i;
        }
        return -1;
    }
    uint32_t hash = turned(map, hash_number(key)), mask = (uint32_t)map->mask;
    const RtMapEntry *entries = map->entries + map->dense;
    for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
        Slot slot = map->index[at];
        if (slot == 0) return -1;
        if (((slot ^ hash) & ~mask) != 0) continue;
        int64_t entry = (int64_t)(slot & mask) - 1;
        if (entries[entry].key == key) return entry + map->dense;
    }
}

typedef bool SameFn(uint64_t key, uint64_t wanted);

static inline __attribute__((always_inline)) int64_t find_by(const RtMap *map, uint64_t wanted,
                                                             uint32_t hash, SameFn *same) {
    if (map->index == NULL) {
        for (int64_t i = first_loose(map); i < map->used; i++) {
            if (same(map->entries[i].key, wanted)) return i;
        }
        return -1;
    }
    hash = turned(map, hash);
    uint32_t mask = (uint32_t)map->mask;
    const RtMapEntry *entries = map->entries + map->dense;
    for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
        Slot slot = map->index[at];
        if (slot == 0) return -1;
        if (((slot ^ hash) & ~mask) != 0) continue;
        int64_t entry = (int64_t)(slot & mask) - 1;
        if (same(entries[entry].key, wanted)) return entry + map->dense;
    }
}

static int64_t find_string(const RtMap *map, uint64_t key) {
    if (map->index != NULL) return find_by(map, key, hash_text(text_of(key)), same_string);
    for (int64_t i = first_loose(map); i < map->used; i++) {
        if (map->entries[i].key == key) return i; // the very same string: common for names
    }
    return find_by(map, key, 0, same_string);
}

// `wanted`: an RtiText.
static bool has_text(uint64_t key, uint64_t wanted) {
    const RtiText *text = (const RtiText *)(uintptr_t)wanted;
    if (!rti_is(key, RT_TAG_STRING)) return false;
    const RtStr *string = rti_str(key);
    return string->length == text->length &&
           rti_bytes_equal(string->bytes, text->bytes, (size_t)text->length);
}

static RtMapEntry *find_text(const RtMap *map, RtiText text) {
    uint32_t hash = map->index == NULL ? 0 : hash_text(text);
    int64_t entry = find_by(map, (uint64_t)(uintptr_t)&text, hash, has_text);
    return entry < 0 ? NULL : &map->entries[entry];
}

static inline int64_t find(const RtMap *map, uint64_t key) {
    return rti_is_number(key) ? find_number(map, key) : find_string(map, key);
}

static bool has_number(uint64_t key, uint64_t number) {
    return rti_is(key, RT_TAG_STRING) && name_number(text_of(key)) == number;
}

// The first name that this number stands for.
static int64_t find_name(const RtMap *map, uint64_t key) {
    double number = rti_number(key);
    if (!(number >= 0x40000000 && number < 0x80000000) || number != (double)(uint32_t)number)
        return -1;
    return find_by(map, (uint32_t)number, hash_number(key), has_number);
}

RtMapEntry *rti_map_find_exactly(const RtMap *map, uint64_t key) {
    if (rti_is_number(key) && rti_number(key) == 0) key = 0; // -0; NaN is in no entry
    int64_t entry = find(map, key);
    return entry < 0 ? NULL : &map->entries[entry];
}

RtMapEntry *rti_map_find(const RtMap *map, uint64_t key) {
    RtMapEntry *entry = rti_map_find_exactly(map, key);
    if (entry != NULL || !rti_is_number(key)) return entry;
    int64_t named = find_name(map, key);
    return named < 0 ? NULL : &map->entries[named];
}

static __attribute__((noinline)) uint64_t get_slowly(const RtMap *map, uint64_t key,
                                                     const RtPlace *place) {
    rti_map_check_key(key, place);
    const RtMapEntry *entry = rti_map_find(map, key);
    return entry == NULL ? 0 : entry->value;
}

uint64_t rt_map_get(RtMap *map, uint64_t key, const RtPlace *place) {
    if (RTI_LIKELY(rti_is_number(key))) {
        int64_t at = find_number(map, key);
        if (RTI_LIKELY(at >= 0)) return map->entries[at].value;
    }
    return get_slowly(map, key, place);
}

static RtiText part_of(const RtStr *string, uint64_t low, uint64_t high, const RtPlace *place) {
    RtiSlice slice = rti_slice_of(string->points, low, high, RT_ABSENT, place);
    int64_t from = rti_str_offset(string, slice.first);
    int64_t end = rti_str_offset(string, slice.first + slice.count);
    return (RtiText){string->bytes + from, end - from};
}

uint64_t rt_map_get_part(RtMap *map, RtStr *string, uint64_t low, uint64_t high,
                         const RtPlace *place) {
    const RtMapEntry *entry = find_text(map, part_of(string, low, high, place));
    return entry == NULL ? 0 : entry->value;
}

static const void *number_in(const RtMap *map, const RtMapEntry *entry) {
    bool may = entry != NULL && rti_unshared(map) && rti_is_number(entry->value);
    return may ? &entry->value : NULL;
}

const void *rt_map_part_place(RtMap *map, RtStr *string, uint64_t low, uint64_t high,
                              const RtPlace *place) {
    return number_in(map, find_text(map, part_of(string, low, high, place)));
}

const void *rt_map_text_place(RtMap *map, RtStr *key) {
    return number_in(map, rti_map_find_exactly(map, rti_string_word(key)));
}

int32_t rt_map_has(RtMap *map, uint64_t key, const RtPlace *place) {
    rti_map_check_key(key, place);
    return rti_map_find_exactly(map, key) != NULL;
}

// --- making and growing --------------------------------------------------------------------------

RtMap *rt_map_new(int64_t capacity) {
    if (capacity > entries_most) rti_stop_memory();
    if (capacity < FEW / 2) capacity = FEW / 2;
    bool few = capacity <= FEW;
    size_t size = (size_t)capacity * sizeof(RtMapEntry);
    RtMap *map = rti_alloc(sizeof(RtMap) + (few ? size : 0));
    *map = (RtMap){.header = rti_header(RT_KIND_MAP, 0), .capacity = capacity};
    map->entries = few ? map->room : rti_alloc(size);
    return map;
}

void rti_map_free_storage(RtMap *map) {
    rti_free(map->index);
    if (map->entries != map->room) rti_free(map->entries);
}

static inline void add_slot(RtMap *map, uint32_t hash, int64_t entry) {
    hash = turned(map, hash);
    uint32_t mask = (uint32_t)map->mask, at = hash & mask;
    while (map->index[at] != 0) at = (at + 1) & mask;
    map->index[at] = (hash & ~mask) | (uint32_t)(entry - map->dense + 1);
}

// Slots lie all over a large index: several are on their way from memory at a time.
enum { AHEAD = 16 };
static inline void prefetch_slot(const RtMap *map, uint64_t key) {
    if (!rti_is_number(key)) return;
    uint32_t hash = turned(map, hash_number(key));
    __builtin_prefetch(&map->index[hash & (uint32_t)map->mask], 1);
}

// Makes the index anew, or does without.
static void index_build(RtMap *map) {
    int64_t slots = 2 * FEW, loose = map->capacity - map->dense;
    while (slots < loose + loose / 2) slots *= 2;
    bool fits = map->index != NULL && slots == map->mask + 1;
    if (!fits) {
        rti_free(map->index);
        map->index = NULL;
    }
    if (map->used - map->dense <= FEW) {
        rti_free(map->index);
        map->index = NULL;
        return;
    }
    if (!fits) map->index = rti_alloc((size_t)slots * sizeof(Slot));
    map->mask = slots - 1;
    map->header.spare = (uint16_t)__builtin_ctzll((uint64_t)slots);
    rti_set(map->index, 0, (size_t)slots * sizeof(Slot));
    for (int64_t i = map->dense; i < map->used; i++) {
        uint64_t key = map->entries[i].key;
        if (i + AHEAD < map->used) prefetch_slot(map, map->entries[i + AHEAD].key);
        if (key != RT_ABSENT) add_slot(map, hash_key(key), i);
    }
}

static void entries_resize(RtMap *map, int64_t capacity) {
    size_t size = (size_t)capacity * sizeof(RtMapEntry);
    if (map->entries != map->room) {
        map->entries = rti_realloc(map->entries, size);
    } else if (capacity > map->capacity) {
        map->entries = rti_alloc(size);
        rti_copy(map->entries, map->room, (size_t)map->used * sizeof(RtMapEntry));
    } else {
        return;
    }
    int64_t fit = (int64_t)(rti_usable(map->entries) / sizeof(RtMapEntry));
    map->capacity = fit < entries_most ? fit : entries_most;
}

static void entries_pack(RtMap *map) {
    int64_t kept = 0;
    for (int64_t i = map->first; i < map->used; i++) {
        if (map->entries[i].key != RT_ABSENT) map->entries[kept++] = map->entries[i];
    }
    map->used = kept;
    map->first = 0;
    map->dense = 0;
    while (map->dense < kept && map->entries[map->dense].key == rti_word_of(map->dense))
        map->dense++;
}

// Leaves out removed entries and makes room for `capacity`, at least what is there.
static void resize(RtMap *map, int64_t capacity) {
    if (capacity > entries_most) {
        capacity = entries_most;
        if (map->length >= capacity) rti_stop_memory();
    }
    if (map->used != map->length) entries_pack(map);
    if (capacity != map->capacity) entries_resize(map, capacity);
    index_build(map);
}

RtMap *rt_map_copy(RtMap *map) {
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
        if (copy->dense == copy->used && entry.key == rti_word_of(copy->used)) copy->dense++;
        copy->entries[copy->used++] = entry;
    }
    copy->length = copy->used;
    index_build(copy);
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
    int64_t entry = find(map, key);
    if (entry >= 0) return &map->entries[entry].value;
    if (RTI_UNLIKELY(map->used == map->capacity)) {
        bool many = map->length > map->capacity / 2;
        resize(map, many ? map->capacity * 2 : map->capacity);
    }
    entry = map->used++;
    map->length++;
    map->entries[entry] = (RtMapEntry){rti_retained(key), 0};
    if (!rti_is_number(key)) map->header.flags |= RT_FLAG_BOXED;
    if (map->dense == entry && key == rti_word_of(entry))
        map->dense++;
    else if (map->index != NULL)
        add_slot(map, hash_key(key), entry);
    else if (map->used - map->dense > FEW)
        index_build(map);
    return &map->entries[entry].value;
}

uint64_t *rti_map_slot(RtMap *map, uint64_t key, const RtPlace *place) {
    return slot_of(map, key_to_put(key, place));
}

RtMap *rt_map_put(RtMap *map, uint64_t key, uint64_t value, const RtPlace *place) {
    key = key_to_put(key, place);
    RtMap *shared = rti_unshared(map) ? NULL : map;
    if (shared) map = rt_map_copy(shared);
    uint64_t *at = slot_of(map, key), old = *at; // from here on the map and the value are taken
    *at = value;
    if (!rti_is_number(value)) map->header.flags |= RT_FLAG_BOXED;
    rti_release_word(old);
    if (shared) rti_release(shared);
    return map;
}

// A number that may be the hash of a name is left alone: it finds that name.
const void *rt_map_number_make(RtMap *map, double key) {
    bool names = (map->header.flags & RT_FLAG_BOXED) != 0 && key >= 0x40000000 && key < 0x80000000;
    if (!rti_unshared(map) || key != key || names) return NULL;
    uint64_t *value = slot_of(map, key == 0 ? 0 : rti_number_word(key));
    return rti_is_number(*value) ? value : NULL;
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
    rti_map_check_key(key, place);
    RtMapEntry *entry = rti_map_find_exactly(map, key);
    if (entry == NULL) return map;
    if (!rti_unshared(map)) {
        map = rt_map_unique(map);
        entry = rti_map_find_exactly(map, key);
    }
    RtMapEntry gone = *entry;
    *entry = (RtMapEntry){RT_ABSENT, 0};
    map->length--;
    while (map->first < map->used && map->entries[map->first].key == RT_ABSENT) map->first++;
    if (map->used > FEW && map->length < map->used / 4) resize(map, map->used / 2);
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
