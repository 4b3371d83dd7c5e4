// builtin_sort.c: sort: stable, ascending, NaN last; of numbers, of strings, or by a function.
//
// Numbers become integer keys of the same order: few of them are merged, many go through a radix
// sort. So do strings by their first bytes. Everything else is merged with a comparison, runs of 12 by
// insertion first.
#include "builtin_words.h"
#include "value.h"

enum { RUN = 12, RADIX_FROM = 512 };

// --- merging ------------------------------------------------------------------------------------

typedef bool LessFn(const void *context, uint64_t a, uint64_t b);

static inline __attribute__((always_inline)) void insertion_run(uint64_t *words, int64_t count,
                                                                LessFn *less, const void *context) {
    for (int64_t i = 1; i < count; i++) {
        uint64_t word = words[i];
        int64_t at = i;
        for (; at > 0 && less(context, word, words[at - 1]); at--) words[at] = words[at - 1];
        words[at] = word;
    }
}

static inline __attribute__((always_inline)) void merge(const uint64_t *a, const uint64_t *a_end,
                                                        const uint64_t *b, const uint64_t *b_end,
                                                        uint64_t *to, LessFn *less,
                                                        const void *context) {
    if (a < a_end && b < b_end && less(context, *b, a_end[-1])) { // else they are in order already
        while (a < a_end && b < b_end) *to++ = less(context, *b, *a) ? *b++ : *a++;
    }
    while (a < a_end) *to++ = *a++;
    while (b < b_end) *to++ = *b++;
}

// Inlined into each user, so that comparisons of keys are instructions. `other`: room for as many.
static inline __attribute__((always_inline)) void merge_sort(uint64_t *words, uint64_t *other,
                                                             int64_t count, LessFn *less,
                                                             const void *context) {
    for (int64_t at = 0; at < count; at += RUN)
        insertion_run(words + at, count - at < RUN ? count - at : RUN, less, context);
    if (count <= RUN) return;
    uint64_t *from = words, *to = other;
    for (int64_t run = RUN; run < count; run *= 2) {
        for (int64_t at = 0; at < count; at += 2 * run) {
            int64_t middle = count - at < run ? count : at + run;
            int64_t end = count - at < 2 * run ? count : at + 2 * run;
            merge(from + at, from + middle, from + middle, from + end, to + at, less, context);
        }
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != words) rti_copy(words, from, (size_t)count * sizeof(uint64_t));
}

static uint64_t *room_to_merge(int64_t count) {
    return count > RUN ? rti_alloc((size_t)count * sizeof(uint64_t)) : NULL;
}

static bool key_less(const void *context, uint64_t a, uint64_t b) {
    (void)context;
    return a < b;
}

static void merge_keys(uint64_t *keys, int64_t count) {
    uint64_t *other = room_to_merge(count);
    merge_sort(keys, other, count, key_less, NULL);
    rti_free(other);
}

// --- numbers ------------------------------------------------------------------------------------

// Keys order as unsigned integers like their doubles; -0 comes just before 0.
static uint64_t key_of(uint64_t word) {
    return word >> 63 != 0 ? ~word : word | UINT64_C(1) << 63;
}

static uint64_t word_of_key(uint64_t key) {
    return key >> 63 != 0 ? key & INT64_MAX : ~key;
}

// By one byte after the other, from the lowest; bytes that are the same in all keys are passed over.
// Every item is a key and `more` words that go with it.
static inline __attribute__((always_inline)) void radix_items(uint64_t *items, int64_t count,
                                                              const int64_t more) {
    const int64_t width = 1 + more;
    size_t size = (size_t)(count * width) * sizeof(uint64_t);
    uint32_t(*counts)[256] = rti_alloc(8 * sizeof *counts);
    uint64_t *other = rti_alloc(size), *from = items, *to = other;
    rti_set(counts, 0, 8 * sizeof *counts);
    for (int64_t i = 0; i < count; i++) {
        for (int byte = 0; byte < 8; byte++) counts[byte][items[i * width] >> (8 * byte) & 255]++;
    }
    for (int byte = 0; byte < 8; byte++) {
        uint32_t *tally = counts[byte], sum = 0;
        if (tally[from[0] >> (8 * byte) & 255] == (uint32_t)count) continue;
        for (int i = 0; i < 256; i++) {
            uint32_t here = tally[i];
            tally[i] = sum;
            sum += here;
        }
        for (int64_t i = 0; i < count; i++) {
            const uint64_t *item = &from[i * width];
            uint64_t *at = &to[tally[item[0] >> (8 * byte) & 255]++ * width];
            for (int64_t k = 0; k < width; k++) at[k] = item[k];
        }
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != items) rti_copy(items, from, size);
    rti_free(other);
    rti_free(counts);
}

static void radix_sort(uint64_t *keys, int64_t count) {
    radix_items(keys, count, 0);
}

static bool is_sorted(const RtList *list) {
    for (int64_t i = 1; i < list->length; i++) {
        if (!(rti_number(list->words[i - 1]) <= rti_number(list->words[i]))) return false;
    }
    return true;
}

// -0 and 0 are equal, so they must keep their order, which keys do not tell: takes it from the
// source.
static void restore_zeros(uint64_t *words, int64_t count, const RtList *source) {
    int64_t at = 0;
    while (at < count && rti_number(words[at]) < 0) at++;
    for (int64_t i = 0; i < source->length; i++) {
        if (rti_number(source->words[i]) == 0) words[at++] = source->words[i];
    }
}

static void sort_numbers(RtList *result, const RtList *list) {
    uint64_t *keys = result->words;
    int64_t count = 0;
    bool minus_zero = false;
    for (int64_t i = 0; i < list->length; i++) {
        uint64_t word = list->words[i];
        minus_zero |= word == UINT64_C(1) << 63;
        if (rti_number(word) == rti_number(word)) keys[count++] = key_of(word);
    }
    if (count >= RADIX_FROM && count <= UINT32_MAX)
        radix_sort(keys, count);
    else
        merge_keys(keys, count);
    for (int64_t i = 0; i < count; i++) keys[i] = word_of_key(keys[i]);
    if (minus_zero) restore_zeros(keys, count, list);
    for (; count < list->length; count++) keys[count] = RT_CANONICAL_NAN;
    result->length = list->length;
}

// --- other elements -----------------------------------------------------------------------------

typedef int32_t CodeLess(const void *closure, uint64_t a, uint64_t b);

typedef struct Caller {
    uint64_t function; // a value
    const RtPlace *place;
    RtiRooted *rooted;
    CodeLess *less;    // or generated code, and what it takes
    const void *closure;
} Caller;

static bool string_less(const void *context, uint64_t a, uint64_t b) {
    (void)context;
    return rt_str_compare(rti_str(a), rti_str(b)) < 0;
}

static bool function_less(const void *context, uint64_t a, uint64_t b) {
    const Caller *caller = context;
    uint64_t words[2] = {a, b};
    uint64_t result = rt_call(caller->function, words, 2, caller->place);
    caller->rooted->words[1] = result;
    bool less = rt_truth(result, caller->place) != 0;
    caller->rooted->words[1] = 0;
    rti_release_word(result);
    return less;
}

static bool code_less(const void *context, uint64_t a, uint64_t b) {
    const Caller *caller = context;
    return caller->less(caller->closure, a, b) != 0;
}

static void merge_strings(uint64_t *words, int64_t count) {
    uint64_t *other = room_to_merge(count);
    merge_sort(words, other, count, string_less, NULL);
    rti_free(other);
}

// The first eight bytes, zeros after the end, as a number of the same order.
static uint64_t head_of(const RtStr *string) {
    uint64_t head = 0;
    rti_copy(&head, string->bytes, string->length < 8 ? (size_t)string->length : 8);
    return __builtin_bswap64(head); // all three machines are little-endian
}

// By their heads, then each run of equal heads by comparing.
static void sort_strings(uint64_t *words, int64_t count) {
    if (count < RADIX_FROM || count > UINT32_MAX) {
        merge_strings(words, count);
        return;
    }
    uint64_t *items = rti_alloc((size_t)count * 2 * sizeof(uint64_t));
    for (int64_t i = 0; i < count; i++) {
        items[2 * i] = head_of(rti_str(words[i]));
        items[2 * i + 1] = words[i];
    }
    radix_items(items, count, 1);
    for (int64_t i = 0; i < count; i++) words[i] = items[2 * i + 1];
    for (int64_t at = 0, end; at < count; at = end) {
        for (end = at + 1; end < count && items[2 * end] == items[2 * at];) end++;
        if (end > at + 1) merge_strings(words + at, end - at);
    }
    rti_free(items);
}

// The words are put in order without being owned: in the middle of it some are there twice, and a
// comparison may not return.
static inline __attribute__((always_inline)) RtList *sort_words(RtList *list, LessFn *less,
                                                                Caller *caller) {
    uint64_t *words = rti_alloc((size_t)list->length * 2 * sizeof(uint64_t));
    RtSink room = {.data = (char *)words};
    RtiRooted rooted;
    caller->rooted = &rooted;
    rti_retain(list); // the function may drop the list that it came from
    rti_root(&rooted, rti_list_word(list), 0, &room);
    rti_copy(words, list->words, (size_t)list->length * sizeof(uint64_t));
    merge_sort(words, words + list->length, list->length, less, caller);
    RtList *result = rt_list_of(words, list->length);
    rti_unroot(&rooted);
    rti_retain_words(result->words, result->length);
    rti_free(words);
    rti_release(list);
    return result;
}

static uint64_t sort_by_function(RtList *list, uint64_t function, const RtPlace *place) {
    Caller caller = {.function = function, .place = place};
    return rti_list_word(sort_words(list, function_less, &caller));
}

RtList *rt_sort_by(RtList *list, const void *less, const void *closure) {
    Caller caller = {.less = (CodeLess *)(uintptr_t)less, .closure = closure};
    return sort_words(list, code_less, &caller);
}

// The RT_IS_ bits of the elements; stops at two kinds, or at one that has no order. RT_IS_ERROR:
// some element is an error, and *error is it.
static int kinds_of(const RtList *list, uint64_t *error, const RtPlace *place) {
    int kinds = 0;
    for (int64_t i = 0; i < list->length; i++) {
        int kind = rti_kind_bit(list->words[i]);
        if (kind == RT_IS_ERROR) {
            *error = list->words[i];
            return RT_IS_ERROR;
        }
        kinds |= kind;
    }
    if (kinds == 0 || kinds == RT_IS_NUMBER || kinds == RT_IS_STRING) return kinds;
    char text[100];
    rti_kinds_text(kinds, text, sizeof text);
    rti_stop(place, "sort needs a list of numbers or of strings, not of %s", text);
}

uint64_t rt_b_sort(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtList *list = rti_need_list("sort", args[0], place);
    if (count > 1) {
        if (!rti_is(args[1], RT_TAG_FUNCTION))
            rti_stop_kind("sort", "a function", args[1], place);
        return sort_by_function(list, args[1], place);
    }
    int kinds = RT_IS_NUMBER;
    if ((list->header.flags & RT_FLAG_BOXED) != 0) kinds = kinds_of(list, &error, place);
    if (kinds == RT_IS_ERROR) return rti_retained(error);
    if (kinds == RT_IS_STRING) {
        // Memory runs out only between merges, when each of the words is there once.
        RtList *result = rt_list_copy(list);
        RtiRooted rooted;
        rti_root(&rooted, rti_list_word(result), 0, NULL);
        sort_strings(result->words, result->length);
        rti_unroot(&rooted);
        return rti_list_word(result);
    }
    if (is_sorted(list)) return rti_retained(args[0]);
    RtList *result = rt_list_new(list->length);
    sort_numbers(result, list);
    return rti_list_word(result);
}
