// list.c: lists: one flat array of words. Element reads, writes and pushes of generated code are in
// rt_inline.c; here is what they call when they must grow or copy, and everything that makes lists.
//
// Invariant: without RT_FLAG_BOXED every element is a number, so copying and freeing need not look.
#include "value.h"

static RtList *list_make(int64_t capacity) {
    if (capacity > (int64_t)1 << 43) rti_stop_memory();
    RtList *list = rti_alloc(sizeof(RtList) + (size_t)capacity * sizeof(uint64_t));
    list->header = rti_header(RT_KIND_LIST, 0);
    list->length = 0;
    list->capacity = (int64_t)((rti_usable(list) - sizeof(RtList)) / sizeof(uint64_t));
    return list;
}

void rti_retain_words(const uint64_t *words, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (!rti_is_number(words[i])) rti_retain(rti_pointer(words[i]));
    }
}

// Adds copies of `count` elements of `from`, for which there is room.
static void list_add(RtList *list, const RtList *from, int64_t first, int64_t count) {
    const uint64_t *words = from->words + first;
    if ((from->header.flags & RT_FLAG_BOXED) != 0) {
        rti_retain_words(words, count);
        list->header.flags |= RT_FLAG_BOXED;
    }
    rti_copy(list->words + list->length, words, (size_t)count * sizeof(uint64_t));
    list->length += count;
}

RtList *rt_list_new(int64_t capacity) {
    return list_make(capacity);
}

RtList *rt_list_of(const void *words, int64_t count) {
    RtList *list = list_make(count);
    const uint64_t *word = words;
    for (int64_t i = 0; i < count; i++) {
        list->words[i] = word[i];
        rti_list_flag(list, word[i]);
    }
    list->length = count;
    return list;
}

RtList *rt_list_copy(RtList *list) {
    RtList *copy = list_make(list->length);
    list_add(copy, list, 0, list->length);
    return copy;
}

RtList *rti_list_part(const RtList *list, int64_t first, int64_t count) {
    RtList *part = list_make(count);
    list_add(part, list, first, count);
    return part;
}

RtList *rt_list_tail(RtList *list) {
    return list->length < 2 ? list_make(0) : rti_list_part(list, 1, list->length - 1);
}

RtList *rt_list_grow(RtList *list, int64_t more) {
    int64_t needed = list->length + more;
    if (rti_unshared(list)) {
        if (needed <= list->capacity) return list;
        int64_t capacity = list->capacity * 2;
        if (capacity < 8) capacity = 8;
        if (capacity < needed) capacity = needed;
        if (capacity > (int64_t)1 << 43) rti_stop_memory();
        list = rti_realloc(list, sizeof(RtList) + (size_t)capacity * sizeof(uint64_t));
        list->capacity = (int64_t)((rti_usable(list) - sizeof(RtList)) / sizeof(uint64_t));
        return list;
    }
    // A copy that is being grown will be grown again.
    RtList *copy = list_make(needed + (more > 0 ? needed / 2 : 0));
    list_add(copy, list, 0, list->length);
    rti_release(list);
    return copy;
}

RtList *rt_list_concat(RtList *left, RtList *right) {
    RtList *list = list_make(left->length + right->length);
    list_add(list, left, 0, left->length);
    list_add(list, right, 0, right->length);
    return list;
}

RtList *rt_list_append(RtList *list, RtList *tail) {
    bool same = list == tail;
    int64_t count = tail->length;
    if (count == 0) return list;
    list = rt_list_grow(list, count);
    if (same) tail = list; // it may have moved
    list_add(list, tail, 0, count);
    return list;
}

RtList *rt_list_cons(uint64_t first, RtList *rest) {
    RtList *list = list_make(rest->length + 1);
    list->words[0] = rti_retained(first);
    list->length = 1;
    rti_list_flag(list, first);
    list_add(list, rest, 0, rest->length);
    return list;
}

RtList *rt_list_repeat(RtList *list, double count) {
    int64_t times = rt_to_int(count);
    if (times < 0) times = 0;
    int64_t length;
    if (__builtin_mul_overflow(list->length, times, &length)) rti_stop_memory();
    RtList *result = list_make(length);
    if (list->length == 1 && rti_is_number(list->words[0])) { // [0] * n
        uint64_t word = list->words[0];
        for (int64_t i = 0; i < length; i++) result->words[i] = word;
        result->length = length;
        return result;
    }
    if (list->length > 0) {
        for (; times > 0; times--) list_add(result, list, 0, list->length);
    }
    return result;
}

RtList *rt_list_range(int64_t from, int64_t to) {
    int64_t count;
    if (to <= from) return list_make(0);
    if (__builtin_sub_overflow(to, from, &count)) rti_stop_memory();
    RtList *list = list_make(count);
    for (int64_t i = 0; i < count; i++) list->words[i] = rti_word_of(from + i);
    list->length = count;
    return list;
}

int32_t rt_list_contains(RtList *list, uint64_t word) {
    if (rti_is_number(word)) {
        double number = rti_number(word); // boxed words are NaNs as doubles, so they are unequal
        for (int64_t i = 0; i < list->length; i++) {
            if (rti_number(list->words[i]) == number) return 1;
        }
        return 0;
    }
    if ((list->header.flags & RT_FLAG_BOXED) == 0) return 0;
    for (int64_t i = 0; i < list->length; i++) {
        if (rt_equal(list->words[i], word)) return 1;
    }
    return 0;
}

// --- slices --------------------------------------------------------------------------------------

static int64_t slice_bound(uint64_t word, int64_t length, int64_t low, int64_t high, int64_t absent,
                           const RtPlace *place) {
    if (word == RT_ABSENT) return absent;
    if (!rti_is_number(word)) rti_stop_kind("a slice", "numbers", word, place);
    int64_t at = rt_to_int(rti_number(word));
    if (at < 0) at += length;
    return at < low ? low : at > high ? high : at;
}

RtiSlice rti_slice_of(int64_t length, uint64_t low, uint64_t high, uint64_t step,
                      const RtPlace *place) {
    int64_t by = 1;
    if (step != RT_ABSENT) {
        if (!rti_is_number(step)) rti_stop_kind("a slice", "numbers", step, place);
        by = rt_to_int(rti_number(step));
        if (by == 0) rti_stop(place, "the step of a slice must not be 0");
        if (by < -INT64_MAX) by = -INT64_MAX;
    }
    RtiSlice slice = {.step = by};
    if (by > 0) {
        slice.first = slice_bound(low, length, 0, length, 0, place);
        int64_t end = slice_bound(high, length, 0, length, length, place);
        if (end > slice.first) slice.count = (end - slice.first - 1) / by + 1;
    } else {
        slice.first = slice_bound(low, length, -1, length - 1, length - 1, place);
        int64_t end = slice_bound(high, length, -1, length - 1, -1, place);
        if (end < slice.first) slice.count = (slice.first - end - 1) / -by + 1;
    }
    return slice;
}

RtList *rti_list_slice(const RtList *list, RtiSlice slice) {
    if (slice.step == 1) return rti_list_part(list, slice.first, slice.count);
    RtList *part = list_make(slice.count);
    for (int64_t i = 0, at = slice.first; i < slice.count; i++, at += slice.step) {
        part->words[i] = rti_retained(list->words[at]);
        rti_list_flag(part, part->words[i]);
    }
    part->length = slice.count;
    return part;
}

RtStr *rti_str_slice(const RtStr *string, RtiSlice slice) {
    if (slice.step == 1) {
        int64_t from = rti_str_offset(string, slice.first);
        int64_t end = rti_str_offset(string, slice.first + slice.count);
        return rti_str_part(string, from, end - from);
    }
    RtSink text = {0};
    for (int64_t i = 0, at = slice.first; i < slice.count; i++, at += slice.step) {
        int64_t from = rti_str_offset(string, at);
        int size = 1;
        const unsigned char *bytes = (const unsigned char *)string->bytes;
        if ((string->header.flags & RT_FLAG_ASCII) == 0)
            (void)rti_utf8_decode(bytes + from, bytes + string->length, &size);
        rti_sink_add(&text, string->bytes + from, (size_t)size);
    }
    return rti_sink_to_str(&text);
}

RtList *rt_elements(uint64_t word, const RtPlace *place) {
    if (rti_is(word, RT_TAG_LIST)) return rti_list(rti_retained(word));
    if (rti_is(word, RT_TAG_MAP)) return rt_map_keys(rti_pointer(word));
    if (rti_is(word, RT_TAG_STRING)) return rti_list(rt_cast(word, RT_CAST_LIST, place));
    rti_stop_kind("a loop", "a list, a string or a map", word, place);
}
