// copies.c: histograms of parallel loops: `h[k] += e` for any k. Where the result is the same in
// whatever order the changes are made, every thread changes a copy of its own, which starts neutral,
// and the copies are combined when the loop has ended. The thread that the loop started on changes
// the list itself.
//
// Invariant: while a loop with copies runs, nobody reads the list but by the updates themselves.
#include "value.h"
#include "map.h"
#include "pool.h"

#include <stdatomic.h>

enum {
    MOST_BYTES = 64 << 20, // of all copies of a list
    SHORT_LOOP = 256,      // iterations: not worth copies
};

// What RT_PAR_COPIES_WORDS words of generated code's frame hold.
typedef struct Copy Copy;
typedef struct Copies {
    RtList *list;
    RtThread *owner;       // has the list itself
    int64_t combine;       // RT_COMBINE_
    _Atomic(Copy *) first; // of those made so far
} Copies;
_Static_assert(sizeof(Copies) <= RT_PAR_COPIES_WORDS * sizeof(uint64_t), "fits in its words");

struct Copy {
    Copy *next;
    const RtThread *thread;
    double numbers[];
};

// --- deciding ------------------------------------------------------------------------------------

// Whole, no -0 and within `most`: sums of such are exact in any order.
static bool is_whole(uint64_t word, double most) {
    double number = rti_number(word);
    if (!(number >= -most && number <= most)) return false;
    return (double)(int64_t)number == number && !(number == 0 && word != 0);
}

static bool all_whole(const RtList *list, double most) {
    for (int64_t i = 0; i < list->length; i++)
        if (!is_whole(list->words[i], most)) return false;
    return true;
}

// `bound`: of the sizes of all changes together, so that no sum reaches 2^53.
static bool is_exact(int32_t combine, const RtList *list, double bound) {
    switch (combine) {
    case RT_COMBINE_MIN:
    case RT_COMBINE_MAX:
    case RT_COMBINE_AND:
    case RT_COMBINE_OR: return true;
    }
    return bound <= 0x1p53 && all_whole(list, 0x1p53 - bound);
}

// What `@@` means, asked outside of the pool.
static int64_t threads_of_all(void) {
    // relaxed: 0, or the number for good
    int32_t known = atomic_load_explicit(&rti_pool.default_threads, memory_order_relaxed);
    if (known) return known;
    RtiCpus cpus;
    known = rti_thread_default(rti_cpus_allowed(&cpus));
    atomic_store_explicit(&rti_pool.default_threads, known, memory_order_relaxed);
    return known;
}

int32_t rt_par_copies(const void *words, RtList *list, int32_t combine, double bound, int64_t count,
                      int64_t threads) {
    Copies *copies = (Copies *)(uintptr_t)words;
    int64_t bytes = list->length * (int64_t)sizeof(double);
    *copies = (Copies){.list = list, .owner = rti_self(), .combine = combine};
    if (count < SHORT_LOOP || count < list->length / 4) return 0;
    if (threads <= 0) threads = threads_of_all();
    if (bytes > MOST_BYTES / threads) return 0;
    return is_exact(combine, list, bound);
}

int32_t rt_par_sums(RtMap *map, double bound, int64_t count) {
    double most = 0x1p53 - bound;
    if (count < map->length || most < 0) return 0;
    for (int64_t i = map->first; i < map->used; i++)
        if (map->entries[i].key != RT_ABSENT && !is_whole(map->entries[i].value, most)) return 0;
    return 1;
}

// --- copies --------------------------------------------------------------------------------------

// What changes nothing; for the truth operators, what no update gives.
static double neutral(int64_t combine) {
    switch (combine) {
    case RT_COMBINE_MIN: return __builtin_inf();
    case RT_COMBINE_MAX: return -__builtin_inf();
    case RT_COMBINE_AND: return 2;
    case RT_COMBINE_OR: return -0.0;
    case RT_COMBINE_BAND: return -1;
    }
    return 0;
}

const void *rt_par_copy(const void *words) {
    Copies *copies = (Copies *)(uintptr_t)words;
    const RtThread *self = rti_self();
    if (self == copies->owner) return copies->list->words;
    // acquire: pairs with the release below, of the same thread in an earlier run of blocks
    Copy *first = atomic_load_explicit(&copies->first, memory_order_acquire);
    for (Copy *copy = first; copy; copy = copy->next)
        if (copy->thread == self) return copy->numbers;
    int64_t length = copies->list->length;
    double start = neutral(copies->combine);
    Copy *made = rti_alloc(sizeof *made + (size_t)length * sizeof(double));
    made->thread = self;
    for (int64_t i = 0; i < length; i++) made->numbers[i] = start;
    made->next = first;
    // release: the copy is whole before others, who pass it by, see it; the loop's end gives the
    // caller what is in it
    while (!atomic_compare_exchange_weak_explicit(&copies->first, &made->next, made,
                                                  memory_order_release, memory_order_acquire)) {
    }
    return made->numbers;
}

// --- the end -------------------------------------------------------------------------------------

static bool is_same(double a, double b) {
    return rti_number_word(a) == rti_number_word(b);
}

static double combine_extreme(int64_t combine, double a, double b) {
    if (a != a || b != b) return a != a ? a : b; // a NaN wins, and 0 is more than -0
    if (a == b) return (combine == RT_COMBINE_MIN) == __builtin_signbit(a) ? a : b;
    return (combine == RT_COMBINE_MIN) == (a < b) ? a : b;
}

static double combine_truth(int64_t combine, double a, double b) {
    if (is_same(b, neutral(combine))) return a;
    bool was = a < 0 || a > 0, is = b < 0 || b > 0;
    return combine == RT_COMBINE_AND ? was && is : was || is;
}

static double combine_bits(int64_t combine, double a, double b) {
    if (is_same(b, neutral(combine))) return a;
    int64_t x = (int64_t)a, y = (int64_t)b;
    int64_t both = combine == RT_COMBINE_BAND ? x & y : combine == RT_COMBINE_BOR ? x | y : x ^ y;
    return (double)both;
}

static double combined(int64_t combine, double a, double b) {
    switch (combine) {
    case RT_COMBINE_MIN:
    case RT_COMBINE_MAX: return combine_extreme(combine, a, b);
    case RT_COMBINE_AND:
    case RT_COMBINE_OR: return combine_truth(combine, a, b);
    case RT_COMBINE_BAND:
    case RT_COMBINE_BOR:
    case RT_COMBINE_BXOR: return combine_bits(combine, a, b);
    }
    return a + b;
}

static void combine_copy(const Copies *copies, const Copy *copy) {
    uint64_t *words = copies->list->words;
    int64_t length = copies->list->length;
    if (copies->combine == RT_COMBINE_ADD) { // a loop for vectors
        for (int64_t i = 0; i < length; i++)
            words[i] = rti_number_word(rti_number(words[i]) + copy->numbers[i]);
        return;
    }
    for (int64_t i = 0; i < length; i++)
        words[i] =
            rti_number_word(combined(copies->combine, rti_number(words[i]), copy->numbers[i]));
}

void rt_par_copies_end(const void *words) {
    Copies *copies = (Copies *)(uintptr_t)words;
    // relaxed: the loop is over
    Copy *copy = atomic_load_explicit(&copies->first, memory_order_relaxed);
    while (copy) {
        Copy *next = copy->next;
        combine_copy(copies, copy);
        rti_free(copy);
        copy = next;
    }
}

RtMap *rt_map_sum(RtMap *sums, RtMap *more, int32_t combine, const RtPlace *place) {
    sums = rt_map_unique(sums);
    for (int64_t i = more->first; i < more->used; i++) {
        RtMapEntry entry = more->entries[i];
        if (entry.key == RT_ABSENT) continue;
        uint64_t *at = rti_map_slot(sums, entry.key, place);
        *at = rti_number_word(combined(combine, rti_number(*at), rti_number(entry.value)));
    }
    return sums;
}

RtMap *rt_map_fetch(RtMap *part, RtMap *whole, uint64_t key, const RtPlace *place) {
    rti_map_check_key(key, place);
    if (rti_map_find_exactly(part, key)) return part;
    const RtMapEntry *entry = rti_map_find_exactly(whole, key);
    return entry ? rt_map_put(part, key, rti_retained(entry->value), place) : part;
}
