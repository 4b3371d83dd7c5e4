// list.c: lists: one flat array of words. Element reads, writes and pushes of generated code are in
// rt_inline.c; here is what they call when they must grow or copy, and everything that makes lists.
//
// A list need not stand at the beginning of its block: what is taken off in front, and the room that
// `v :: xs` makes there, are words before it (`front`), and the header moves over them. So a list grows
// and shrinks at both ends in place while nobody else holds it.
// Invariant: without RT_FLAG_BOXED every element is a number, so copying and freeing need not look.
#include "value.h"

static RtList *list_make(int64_t capacity) {
    if (capacity > (int64_t)1 << 43) rti_stop_memory();
    RtList *list = rti_alloc(sizeof(RtList) + (size_t)capacity * sizeof(uint64_t));
    list->header = rti_header(RT_KIND_LIST, 0);
    list->length = list->front = 0;
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
    if (list->header.spare) return rti_packed_copy(list);
    RtList *copy = list_make(list->length);
    list_add(copy, list, 0, list->length);
    return copy;
}

RtList *rti_list_part(const RtList *list, int64_t first, int64_t count) {
    RtList *part = list_make(count);
    list_add(part, list, first, count);
    return part;
}

int32_t rt_rows_reach(const void *rows, int64_t count, int64_t first, int64_t last, int64_t most) {
    const uint64_t *words = rows;
    if (first > last) return 1;
    if (first < 0 || last >= count) return 0;
    for (int64_t i = first; i <= last; i++)
        if (!rti_is(words[i], RT_TAG_LIST) || rti_list(words[i])->length <= most) return 0;
    return 1;
}

// Moves the list, header and elements, by so many words within its block.
static RtList *list_slide(RtList *list, int64_t words) {
    RtList *to = (RtList *)(void *)((uint64_t *)(void *)list + words);
    rti_move(to, list, sizeof(RtList) + (size_t)list->length * sizeof(uint64_t));
    to->front += words;
    to->capacity -= words;
    return to;
}

// Moves the header alone, over elements that are gone or that are to come in front.
static RtList *header_slide(RtList *list, int64_t words) {
    RtList header = *list;
    RtList *to = (RtList *)(void *)((uint64_t *)(void *)list + words);
    header.front += words;
    header.capacity -= words;
    header.length -= words;
    *to = header;
    return to;
}

static RtList *list_widen(RtList *list, int64_t needed) {
    if (list->front > list->length && needed <= list->capacity + list->front)
        return list_slide(list, -list->front);
    int64_t capacity = list->capacity * 2;
    if (capacity < 8) capacity = 8;
    if (capacity < needed) capacity = needed;
    if (capacity > (int64_t)1 << 43) rti_stop_memory();
    int64_t front = list->front;
    uint64_t *block = rti_realloc(rti_list_block(list),
                                  sizeof(RtList) + (size_t)(front + capacity) * sizeof(uint64_t));
    list = (RtList *)(void *)(block + front);
    list->capacity = (int64_t)((rti_usable(block) - sizeof(RtList)) / sizeof(uint64_t)) - front;
    return list;
}

RtList *rt_list_grow(RtList *list, int64_t more) {
    int64_t needed = list->length + more;
    if (rti_unshared(list)) return needed <= list->capacity ? list : list_widen(list, needed);
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

// A list with the elements, `front` words of room before them and little after them.
static RtList *list_with_front(RtList *list, int64_t front) {
    RtList *wide = list_make(front + list->length);
    wide = header_slide(wide, front);
    wide->length = 0;
    bool unshared = rti_unshared(list);
    if (!unshared) {
        list_add(wide, list, 0, list->length);
        rti_release(list);
        return wide;
    }
    wide->header.flags = list->header.flags;
    rti_copy(wide->words, list->words, (size_t)list->length * sizeof(uint64_t));
    wide->length = list->length;
    rti_free(rti_list_block(list));
    return wide;
}

// Takes the list, gives an unshared one with so many elements more in front, which are to be set.
static RtList *list_open(RtList *list, int64_t count) {
    bool unshared = rti_unshared(list);
    // As with appending: what grows once will grow again.
    if (!unshared || list->front < count)
        list = list_with_front(list, count + (unshared ? list->length + 7 : list->length / 2));
    return header_slide(list, -count);
}

RtList *rt_list_prepend(RtList *list, RtList *head) {
    int64_t count = head->length;
    if (count == 0) return list;
    list = list_open(list, count);
    rti_copy(list->words, head->words, (size_t)count * sizeof(uint64_t));
    if ((head->header.flags & RT_FLAG_BOXED) == 0) return list;
    rti_retain_words(list->words, count);
    list->header.flags |= RT_FLAG_BOXED;
    return list;
}

RtList *rt_list_cons(uint64_t first, RtList *rest) {
    rest = list_open(rest, 1);
    rest->words[0] = rti_retained(first);
    rti_list_flag(rest, first);
    return rest;
}

// Leaves the elements [first, first + count) of an unshared list, in place unless most of its block
// would be empty.
static RtList *list_cut(RtList *list, int64_t first, int64_t count) {
    int64_t end = first + count, room = list->front + list->capacity;
    RtList *copy = NULL; // while the list is whole: there may be no memory for it
    if (room >= 64 && count < room / 4) copy = list_make(count * 2);
    if ((list->header.flags & RT_FLAG_BOXED) != 0) {
        for (int64_t i = 0; i < first; i++) rti_release_word(list->words[i]);
        for (int64_t i = end; i < list->length; i++) rti_release_word(list->words[i]);
    }
    list->length = end;
    if (first > 0) list = header_slide(list, first);
    if (!copy) return list;
    copy->header.flags = list->header.flags;
    rti_copy(copy->words, list->words, (size_t)count * sizeof(uint64_t));
    copy->length = count;
    rti_free(rti_list_block(list));
    return copy;
}

// Takes the list.
static RtList *list_part_of(RtList *list, int64_t first, int64_t count) {
    if (rti_unshared(list)) return list_cut(list, first, count);
    RtList *part = rti_list_part(list, first, count);
    rti_release(list);
    return part;
}

RtList *rt_list_tail(RtList *list) {
    return list->length == 0 ? list : list_part_of(list, 1, list->length - 1);
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

RtList *rti_list_slice(RtList *list, RtiSlice slice) {
    if (slice.step == 1) return list_part_of(list, slice.first, slice.count);
    RtList *part = list_make(slice.count);
    for (int64_t i = 0, at = slice.first; i < slice.count; i++, at += slice.step) {
        part->words[i] = rti_retained(list->words[at]);
        rti_list_flag(part, part->words[i]);
    }
    part->length = slice.count;
    rti_release(list);
    return part;
}

RtStr *rti_str_slice(const RtStr *string, RtiSlice slice) {
    if (slice.step == 1) {
        int64_t from = rti_str_offset(string, slice.first);
        int64_t end = rti_str_offset(string, slice.first + slice.count);
        return rti_str_part(string, from, end - from);
    }
    RtiDraft text;
    rti_draft_begin(&text);
    for (int64_t i = 0, at = slice.first; i < slice.count; i++, at += slice.step) {
        int64_t from = rti_str_offset(string, at);
        int size = 1;
        const unsigned char *bytes = (const unsigned char *)string->bytes;
        if ((string->header.flags & RT_FLAG_ASCII) == 0)
            (void)rti_utf8_decode(bytes + from, bytes + string->length, &size);
        rti_sink_add(&text.sink, string->bytes + from, (size_t)size);
    }
    return rti_draft_end(&text);
}

RtList *rt_elements(uint64_t word, const RtPlace *place) {
    if (rti_is(word, RT_TAG_LIST)) return rti_list(rti_retained(word));
    if (rti_is(word, RT_TAG_MAP)) return rt_map_keys(rti_pointer(word));
    if (rti_is(word, RT_TAG_STRING)) return rti_list(rt_cast(word, RT_CAST_LIST, place));
    rti_stop_kind("a loop", "a list, a string or a map", word, place);
}
