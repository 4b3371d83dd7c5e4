// rt_inline.c: the small functions of the runtime that generated code calls at every step:
// counting, element reads and writes, pushes, rounding, chance. Also compiled to LLVM bitcode and merged
// into every program, so it refers to nothing but rows of rt_abi.def: no thread record, no
// allocator.
//
// The plain variants are for code that no parallel body reaches, the *_shared ones for the rest.
// Immortal objects (negative counts) are never written.
#include "random.h"
#include "rt.h"
#include <stddef.h>

static inline int is_number(uint64_t word) {
    return word < RT_FIRST_BOXED;
}

static inline void *pointer_of(uint64_t word) {
    return (void *)(uintptr_t)(word & RT_POINTER_MASK);
}

static inline double number_of(uint64_t word) {
    union {
        uint64_t u;
        double d;
    } both = {.u = word};
    return both.d;
}

static inline uint64_t word_of(double number) {
    union {
        double d;
        uint64_t u;
    } both = {.d = number};
    return both.u;
}

// --- counting ------------------------------------------------------------------------------------

void rt_retain_object(const void *object) {
    RtHeader *header = (RtHeader *)(uintptr_t)object;
    if (header->count > 0) header->count++;
}

void rt_release_object(const void *object) {
    RtHeader *header = (RtHeader *)(uintptr_t)object;
    if (header->count > 0 && --header->count == 0) rt_free_object(object);
}

void rt_retain(uint64_t word) {
    if (!is_number(word)) rt_retain_object(pointer_of(word));
}

void rt_release(uint64_t word) {
    if (!is_number(word)) rt_release_object(pointer_of(word));
}

void rt_retain_object_shared(const void *object) {
    RtHeader *header = (RtHeader *)(uintptr_t)object;
    // Relaxed: whoever adds a reference holds one already.
    if (__atomic_load_n(&header->count, __ATOMIC_RELAXED) > 0)
        __atomic_fetch_add(&header->count, 1, __ATOMIC_RELAXED);
}

void rt_release_object_shared(const void *object) {
    RtHeader *header = (RtHeader *)(uintptr_t)object;
    if (__atomic_load_n(&header->count, __ATOMIC_RELAXED) < 0) return;
    // Release pairs with the acquire of the thread that frees, or that finds the object unshared.
    if (__atomic_fetch_sub(&header->count, 1, __ATOMIC_RELEASE) != 1) return;
    // A load rather than a fence, which ThreadSanitizer does not know.
    (void)__atomic_load_n(&header->count, __ATOMIC_ACQUIRE);
    rt_free_object(object);
}

void rt_retain_shared(uint64_t word) {
    if (!is_number(word)) rt_retain_object_shared(pointer_of(word));
}

void rt_release_shared(uint64_t word) {
    if (!is_number(word)) rt_release_object_shared(pointer_of(word));
}

// --- lists ---------------------------------------------------------------------------------------

static inline int is_unshared(const RtHeader *header) {
    // Acquire pairs with the release of whoever dropped the other references.
    return __atomic_load_n(&header->count, __ATOMIC_ACQUIRE) == 1;
}

RtList *rt_list_unique(RtList *list) {
    if (is_unshared(&list->header)) return list;
    RtList *copy = rt_list_copy(list);
    rt_release_object_shared(list); // rare enough to be atomic always
    return copy;
}

// Stored only where it is not set: other threads may be storing into the same list.
static void mark_boxed(RtHeader *header) {
    uint8_t flags = __atomic_load_n(&header->flags, __ATOMIC_RELAXED);
    if (!(flags & RT_FLAG_BOXED))
        __atomic_store_n(&header->flags, (uint8_t)(flags | RT_FLAG_BOXED), __ATOMIC_RELAXED);
}

RtList *rt_list_push(RtList *list, uint64_t word) {
    if (__builtin_expect(!is_unshared(&list->header) || list->length == list->capacity, 0))
        list = rt_list_grow(list, 1);
    if (!is_number(word)) list->header.flags |= RT_FLAG_BOXED;
    list->words[list->length++] = word;
    return list;
}

RtList *rt_list_push_number(RtList *list, double number) {
    if (__builtin_expect(!is_unshared(&list->header) || list->length == list->capacity, 0))
        list = rt_list_grow(list, 1);
    list->words[list->length++] = word_of(number);
    return list;
}

uint64_t rt_list_get(RtList *list, int64_t at) {
    if ((uint64_t)at >= (uint64_t)list->length) return 0;
    uint64_t word = list->words[at];
    rt_retain_shared(word);
    return word;
}

double rt_list_get_number(RtList *list, int64_t at) {
    return (uint64_t)at < (uint64_t)list->length ? number_of(list->words[at]) : 0;
}

RtList *rt_list_set(RtList *list, int64_t at, uint64_t word, const RtPlace *place) {
    if (__builtin_expect((uint64_t)at >= (uint64_t)list->length, 0))
        rt_stop_range(at, list->length, place);
    list = rt_list_unique(list);
    uint64_t old = list->words[at];
    list->words[at] = word;
    if (!is_number(word)) mark_boxed(&list->header);
    rt_release_shared(old);
    return list;
}

RtList *rt_list_set_number(RtList *list, int64_t at, double number, const RtPlace *place) {
    return rt_list_set(list, at, word_of(number), place);
}

RtList *rt_packed_push(RtList *list, int64_t value, int32_t size) {
    if (__builtin_expect(!is_unshared(&list->header) || list->length == list->capacity, 0))
        list = rt_packed_grow(list, size);
    int64_t at = list->length++;
    if (size == 1)
        ((uint8_t *)list->words)[at] = (uint8_t)value;
    else
        ((int32_t *)(void *)list->words)[at] = (int32_t)value;
    return list;
}

// --- maps with numbers as keys -------------------------------------------------------------------

// The entry, as map.c finds it; null: it is to look itself.
static inline RtMapEntry *map_entry(const RtMap *map, double number) {
    uint64_t key = word_of(number);
    if (number >= 0 && number < (double)map->dense) {
        RtMapEntry *entry = &map->entries[(int64_t)number];
        return entry->key == key ? entry : 0;
    }
    if (!map->index) return 0;
    uint64_t bits = key;
    if (__builtin_fabs(number) < 0x1p62 && (double)(int64_t)number == number)
        bits = (uint64_t)(int64_t)number;
    uint32_t hash = (uint32_t)(bits * UINT64_C(0x9E3779B97F4A7C15) >> 32);
    uint32_t mask = (uint32_t)map->mask;
    hash = hash << (map->header.spare & 31) | hash >> (32 - map->header.spare);
    for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
        uint32_t slot = map->index[at];
        if (slot == 0) return 0;
        if (((slot ^ hash) & ~mask) != 0) continue;
        RtMapEntry *entry = &map->entries[map->dense + (slot & mask) - 1];
        if (entry->key == key) return entry;
    }
}

uint64_t rt_map_get_number(RtMap *map, double key, const RtPlace *place) {
    const RtMapEntry *entry = map_entry(map, key);
    return __builtin_expect(entry != 0, 1) ? entry->value : rt_map_get(map, word_of(key), place);
}

const void *rt_map_number_place(RtMap *map, double key) {
    if (!is_unshared(&map->header)) return 0;
    const RtMapEntry *entry = map_entry(map, key);
    return entry && is_number(entry->value) ? &entry->value : 0;
}

RtMap *rt_map_put_number(RtMap *map, double key, uint64_t value, const RtPlace *place) {
    if (is_unshared(&map->header)) {
        RtMapEntry *entry = map_entry(map, key);
        if (entry && is_number(entry->value) && is_number(value)) {
            entry->value = value;
            return map;
        }
    }
    return rt_map_put(map, word_of(key), value, place);
}

// --- maps with names as keys ---------------------------------------------------------------------

// A literal is one string in the whole program, so equal words tell that this is the entry.
uint64_t rt_map_get_field(RtMap *map, uint64_t key, int64_t at, const RtPlace *place) {
    if (__builtin_expect(at < map->used && map->entries[at].key == key, 1))
        return map->entries[at].value;
    return rt_map_get(map, key, place);
}

static inline int is_map(uint64_t word) {
    return word >> RT_TAG_SHIFT == RT_TAG_MAP;
}

uint64_t rt_index_field(uint64_t base, uint64_t key, int64_t at, const RtPlace *place) {
    if (__builtin_expect(is_map(base), 1))
        return rt_map_get_field(pointer_of(base), key, at, place);
    return rt_index(base, key, place);
}

uint64_t rt_index_set_field(uint64_t base, uint64_t key, uint64_t value, int64_t at,
                            const RtPlace *place) {
    RtMap *map = pointer_of(base);
    if (__builtin_expect(is_map(base) && is_unshared(&map->header) && at < map->used, 1)) {
        RtMapEntry *entry = &map->entries[at];
        if (entry->key == key && is_number(entry->value) && is_number(value)) {
            entry->value = value;
            return base;
        }
    }
    return rt_index_set(base, key, value, place);
}

int32_t rt_field_through(RtList *list, int64_t position, uint64_t element, uint64_t key,
                         uint64_t value, int64_t at) {
    const RtMap *map = pointer_of(element);
    if (!is_unshared(&list->header) || (uint64_t)position >= (uint64_t)list->length ||
        list->words[position] != element || !is_map(element) || !is_number(value))
        return 0;
    if (__atomic_load_n(&map->header.count, __ATOMIC_ACQUIRE) != 2 || at >= map->used) return 0;
    RtMapEntry *entry = &map->entries[at];
    if (entry->key != key || !is_number(entry->value)) return 0;
    entry->value = value;
    return 1;
}

// --- lengths -------------------------------------------------------------------------------------

uint64_t rt_length_of(uint64_t word, const RtPlace *place) {
    uint64_t tag = word >> RT_TAG_SHIFT;
    if (tag == RT_TAG_LIST) return word_of((double)((const RtList *)pointer_of(word))->length);
    if (tag == RT_TAG_STRING) return word_of((double)((const RtStr *)pointer_of(word))->points);
    return rt_unary(RT_UNARY_LEN, word, place);
}

// --- text ----------------------------------------------------------------------------------------

int64_t rt_str_at(RtStr *string, int64_t at) {
    if (!(string->header.flags & RT_FLAG_ASCII)) return rt_str_far_at(string, at);
    return (uint64_t)at < (uint64_t)string->points ? string->bytes[at] : 0;
}

int64_t rt_str_next(RtStr *string, const void *offset) {
    int64_t *at = (int64_t *)(uintptr_t)offset;
    if (*at >= string->length) return -1;
    unsigned char byte = (unsigned char)string->bytes[*at];
    if (byte >= 0x80) return rt_str_wide_next(string, offset);
    ++*at;
    return byte;
}

// The texts of one ASCII letter: immortal strings.
typedef struct Letter {
    RtHeader header;
    int64_t length, points, capacity;
    char bytes[8];
} Letter;

_Static_assert(offsetof(Letter, bytes) == offsetof(RtStr, bytes), "a letter is a string");

#define LETTER(c)                                                                                  \
    {                                                                                              \
        {RT_IMMORTAL, RT_KIND_STRING, RT_FLAG_ASCII, 0}, 1, 1, 1, {                                \
            c                                                                                      \
        }                                                                                          \
    }
#define LETTERS4(c)  LETTER(c), LETTER(c + 1), LETTER(c + 2), LETTER(c + 3)
#define LETTERS16(c) LETTERS4(c), LETTERS4(c + 4), LETTERS4(c + 8), LETTERS4(c + 12)
static const Letter letters[128] = {LETTERS16(0),  LETTERS16(16), LETTERS16(32), LETTERS16(48),
                                    LETTERS16(64), LETTERS16(80), LETTERS16(96), LETTERS16(112)};

RtStr *rt_chr(int64_t point) {
    if ((uint64_t)point >= 128) return rt_wide_chr(point);
    return (RtStr *)(uintptr_t)&letters[point];
}

RtStr *rt_str_push(RtStr *string, int64_t point) {
    int64_t length = string->length;
    if (__builtin_expect((uint64_t)point < 128 && (string->header.flags & RT_FLAG_ASCII) != 0 &&
                             length < string->capacity && is_unshared(&string->header),
                         1)) {
        string->bytes[length] = (char)point;
        string->bytes[length + 1] = 0;
        string->length = string->points = length + 1;
        return string;
    }
    RtStr *letter = rt_chr(point);
    string = rt_str_append(string, letter);
    rt_release_object_shared(letter);
    return string;
}

RtStr *rt_str_of_c(uint64_t word, const RtPlace *place) {
    if (word >> RT_TAG_SHIFT == RT_TAG_STRING) {
        rt_retain_shared(word);
        return pointer_of(word);
    }
    double address = rt_expect_number(word, "'as'", place);
    if (!(address > 0 && address < 0x1p63)) return rt_str_new("", 0);
    const char *bytes = (const char *)(uintptr_t)address;
    int64_t length = 0;
    while (bytes[length] != '\0') length++;
    return rt_str_new(bytes, length);
}

// --- rounding ------------------------------------------------------------------------------------

// Numbers from 2^52 up, infinities and NaN are whole already. The sign stays: trunc(-0.5) is -0.
double rt_trunc(double x) {
    double size = __builtin_fabs(x);
    if (!(size < 0x1p52)) return x;
    return __builtin_copysign((double)(int64_t)x, x);
}

double rt_floor(double x) {
    double whole = rt_trunc(x);
    return whole > x ? whole - 1 : whole;
}

double rt_ceil(double x) {
    double whole = rt_trunc(x);
    // -0.5 goes to -0: truncation has it so, and 1 is only added to numbers above it.
    return whole < x ? whole + 1 : whole;
}

// Halves away from zero; the difference is exact.
double rt_round(double x) {
    double whole = rt_trunc(x);
    double away = __builtin_fabs(x - whole) >= 0.5 ? 1 : 0; // of infinities it is none
    return __builtin_copysign(__builtin_fabs(whole) + away, x);
}

// --- chance --------------------------------------------------------------------------------------

double rt_random(int64_t loop, int64_t iteration, const void *counter) {
    int64_t *drawn = (int64_t *)(uintptr_t)counter;
    return rti_fraction(rti_draw((uint64_t)loop, iteration, (uint64_t)(*drawn)++));
}
