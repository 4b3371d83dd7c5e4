// value.c: what holds for values of every kind: kinds, truth, equality, order, freeing.
//
// Values may be nested a million deep, so nothing here recurses: equality keeps its own stack of
// positions, freeing links dead objects through their own memory.
#include "map.h"

// --- kinds ---------------------------------------------------------------------------------------

int rti_kind_bit(uint64_t word) {
    switch (rti_tag(word)) {
    case RT_TAG_STRING: return RT_IS_STRING;
    case RT_TAG_LIST: return RT_IS_LIST;
    case RT_TAG_MAP: return RT_IS_MAP;
    case RT_TAG_FUNCTION: return RT_IS_FUNCTION;
    case RT_TAG_ERROR: return RT_IS_ERROR;
    }
    return RT_IS_NUMBER;
}

static const char *const kind_texts[] = {"a number", "a string",   "a list",
                                         "a map",    "a function", "an error"};

const char *rti_kind_text(uint64_t word) {
    return kind_texts[__builtin_ctz((unsigned)rti_kind_bit(word))];
}

void rti_kinds_text(int kinds, char *to, size_t room) {
    RtSink text = {.data = to, .capacity = room};
    for (int rest = kinds; rest != 0; rest &= rest - 1) {
        if (rest != kinds) rti_sink_cstr(&text, (rest & (rest - 1)) == 0 ? " or " : ", ");
        rti_sink_cstr(&text, kind_texts[__builtin_ctz((unsigned)rest)]);
    }
    rti_sink_add(&text, "", 1);
}

double rt_expect_number(uint64_t word, const void *what, const RtPlace *place) {
    if (rti_is_number(word)) return rti_number(word);
    rti_stop_kind(what, "a number", word, place);
}

uint64_t rt_expect_kind(uint64_t word, int32_t kinds, const void *what, const RtPlace *place) {
    if ((rti_kind_bit(word) & kinds) != 0) return word;
    char needed[100]; // all the kinds together are shorter
    rti_kinds_text(kinds & 63, needed, sizeof needed);
    rti_stop_kind(what, needed, word, place);
}

// --- truth, order --------------------------------------------------------------------------------

int32_t rt_truth(uint64_t word, const RtPlace *place) {
    if (rti_is_number(word)) {
        double number = rti_number(word);
        return number < 0 || number > 0;
    }
    if (rti_is(word, RT_TAG_ERROR)) rti_stop_error(word, place);
    return 1;
}

static int32_t order_holds(int32_t op, bool less, bool greater, bool equal) {
    switch (op) {
    case RT_BINARY_LT: return less;
    case RT_BINARY_LE: return less || equal;
    case RT_BINARY_GT: return greater;
    case RT_BINARY_GE: return greater || equal;
    }
    return 0;
}

int32_t rt_compare(int32_t op, uint64_t left, uint64_t right, const RtPlace *place) {
    if (rti_is_number(left) && rti_is_number(right)) {
        double a = rti_number(left), b = rti_number(right);
        return order_holds(op, a<b, a> b, a == b);
    }
    if (rti_is(left, RT_TAG_STRING) && rti_is(right, RT_TAG_STRING)) {
        int order = rt_str_compare(rti_str(left), rti_str(right));
        return order_holds(op, order<0, order> 0, order == 0);
    }
    if (rti_is(left, RT_TAG_ERROR)) rti_stop_error(left, place);
    if (rti_is(right, RT_TAG_ERROR)) rti_stop_error(right, place);
    rti_stop_operands(op, left, right, place);
}

int32_t rt_same_function(uint64_t left, uint64_t right) {
    return left == right;
}

// --- equality ------------------------------------------------------------------------------------

typedef struct Pair {
    uint64_t left, right; // two lists of equal length, or two maps
    int64_t at;           // elements before it are equal
} Pair;

enum { PAIRS_ON_STACK = 32 };
typedef struct Pairs {
    Pair *items;
    int64_t count, capacity;
    Pair small[PAIRS_ON_STACK];
} Pairs;

static void pairs_push(Pairs *pairs, uint64_t left, uint64_t right) {
    if (pairs->count == pairs->capacity) {
        size_t size = (size_t)pairs->capacity * 2 * sizeof(Pair);
        Pair *items = pairs->items == pairs->small ? NULL : pairs->items;
        items = rti_realloc(items, size);
        if (pairs->items == pairs->small) rti_copy(items, pairs->small, sizeof pairs->small);
        pairs->items = items;
        pairs->capacity *= 2;
    }
    pairs->items[pairs->count++] = (Pair){left, right, 0};
}

static bool numbers_equal(const RtList *left, const RtList *right) {
    for (int64_t i = 0; i < left->length; i++) {
        if (rti_number(left->words[i]) != rti_number(right->words[i])) return false;
    }
    return true;
}

// 1, 0, or -1: two lists or maps of equal length, whose elements must be looked at.
static int shallow_equal(uint64_t left, uint64_t right) {
    if (rti_is_number(left) || rti_is_number(right)) return rti_number(left) == rti_number(right);
    if (rti_tag(left) != rti_tag(right)) return 0;
    switch (((const RtHeader *)rti_pointer(left))->kind) {
    case RT_KIND_STRING: return rt_str_equal(rti_str(left), rti_str(right));
    case RT_KIND_LIST: {
        const RtList *a = rti_list(left), *b = rti_list(right);
        if (a->length != b->length) return 0;
        if (((a->header.flags | b->header.flags) & RT_FLAG_BOXED) == 0) return numbers_equal(a, b);
        return -1;
    }
    case RT_KIND_MAP: return rti_map(left)->length == rti_map(right)->length ? -1 : 0;
    case RT_KIND_ERROR: {
        const RtError *a = rti_pointer(left), *b = rti_pointer(right);
        return rt_str_equal(a->message, b->message);
    }
    case RT_KIND_FUNCTION: break; // by identity
    }
    return left == right;
}

// The next two values that must be equal. 1: there are none left; 0: a key is missing; -1: here.
static int next_pair(Pair *pair, uint64_t *left, uint64_t *right) {
    if (rti_is(pair->left, RT_TAG_LIST)) {
        const RtList *list = rti_list(pair->left);
        if (pair->at == list->length) return 1;
        *left = list->words[pair->at];
        *right = rti_list(pair->right)->words[pair->at++];
        return -1;
    }
    RtMap *map = rti_map(pair->left);
    int64_t at = rt_map_next(map, pair->at);
    if (at < 0) return 1;
    pair->at = at + 1;
    const RtMapEntry *other = rti_map_find_exactly(rti_map(pair->right), map->entries[at].key);
    if (other == NULL) return 0;
    *left = map->entries[at].value;
    *right = other->value;
    return -1;
}

static bool elements_equal(uint64_t left, uint64_t right) {
    Pairs pairs;
    pairs.items = pairs.small;
    pairs.count = 0;
    pairs.capacity = PAIRS_ON_STACK;
    pairs_push(&pairs, left, right);
    int equal = 1;
    while (equal != 0 && pairs.count > 0) {
        uint64_t a, b;
        int next = next_pair(&pairs.items[pairs.count - 1], &a, &b);
        if (next > 0) {
            pairs.count--;
            continue;
        }
        equal = next < 0 ? shallow_equal(a, b) : 0;
        if (equal < 0) pairs_push(&pairs, a, b);
    }
    if (pairs.items != pairs.small) rti_free(pairs.items);
    return equal != 0;
}

int32_t rt_equal(uint64_t left, uint64_t right) {
    int equal = shallow_equal(left, right);
    return equal >= 0 ? equal : elements_equal(left, right);
}

// --- freeing -------------------------------------------------------------------------------------

// Dead objects wait in a list through these words: a list's and a map's capacity, a closure's
// code.
static RtHeader *dead_next(RtHeader *object) {
    if (object->kind == RT_KIND_LIST)
        return (RtHeader *)(uintptr_t)((RtList *)(void *)object)->capacity;
    if (object->kind == RT_KIND_MAP)
        return (RtHeader *)(uintptr_t)((RtMap *)(void *)object)->capacity;
    return (RtHeader *)(uintptr_t)((RtClosure *)(void *)object)->code;
}

static void dead_link(RtHeader *object, RtHeader *next) {
    if (object->kind == RT_KIND_LIST)
        ((RtList *)(void *)object)->capacity = (int64_t)(uintptr_t)next;
    else if (object->kind == RT_KIND_MAP)
        ((RtMap *)(void *)object)->capacity = (int64_t)(uintptr_t)next;
    else
        ((RtClosure *)(void *)object)->code = (RtCode *)(uintptr_t)next;
}

// Frees an object without elements at once; puts any other on the list.
static RtHeader *bury(RtHeader *object, RtHeader *dead) {
    switch (object->kind) {
    case RT_KIND_STRING: rti_free(object); return dead;
    case RT_KIND_ERROR: {
        RtStr *message = ((RtError *)(void *)object)->message;
        if (rti_drop_count(&message->header)) rti_free(message);
        rti_free(object);
        return dead;
    }
    case RT_KIND_LIST:
        if ((object->flags & RT_FLAG_BOXED) == 0) {
            rti_free(rti_list_block((RtList *)(void *)object));
            return dead;
        }
        break;
    case RT_KIND_MAP:
        if ((object->flags & RT_FLAG_BOXED) == 0) {
            rti_map_free_storage((RtMap *)(void *)object);
            rti_free(object);
            return dead;
        }
        break;
    case RT_KIND_FUNCTION: break;
    }
    dead_link(object, dead);
    return object;
}

static RtHeader *bury_words(const uint64_t *words, int64_t count, RtHeader *dead) {
    enum { AHEAD = 4 };
    for (int64_t i = 0; i < count && i < AHEAD; i++)
        if (!rti_is_number(words[i])) __builtin_prefetch(rti_pointer(words[i]), 1);
    for (int64_t i = 0; i < count; i++) {
        if (i + AHEAD < count && !rti_is_number(words[i + AHEAD]))
            __builtin_prefetch(rti_pointer(words[i + AHEAD]), 1);
        if (rti_is_number(words[i])) continue;
        RtHeader *child = rti_pointer(words[i]);
        if (rti_drop_count(child)) dead = bury(child, dead);
    }
    return dead;
}

static RtHeader *bury_elements(RtHeader *gone, RtHeader *dead) {
    if (gone->kind == RT_KIND_LIST) {
        const RtList *list = (RtList *)(void *)gone;
        return bury_words(list->words, list->length, dead);
    }
    if (gone->kind == RT_KIND_FUNCTION) {
        const RtClosure *closure = (RtClosure *)(void *)gone;
        return bury_words(closure->words, closure->captured, dead);
    }
    RtMap *map = (RtMap *)(void *)gone;
    for (int64_t i = map->first; i < map->used; i++) {
        if (map->entries[i].key == RT_ABSENT) continue;
        uint64_t words[2] = {map->entries[i].key, map->entries[i].value};
        dead = bury_words(words, 2, dead);
    }
    rti_map_free_storage(map);
    return dead;
}

void rt_free_object(const void *object) {
    RtHeader *dead = bury((RtHeader *)(uintptr_t)object, NULL);
    while (dead != NULL) {
        RtHeader *gone = dead;
        bool list = gone->kind == RT_KIND_LIST;
        dead = bury_elements(gone, dead_next(gone));
        rti_free(list ? rti_list_block((RtList *)(void *)gone) : gone);
    }
}
