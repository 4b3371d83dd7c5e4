// element.c: reading, writing and asking for parts of values whose kind is not known at compile
// time: index, slice, length, `in`, casts.
//
// A miss reads as 0, or as an error where the program looks (rt_index_result); nothing is ever read
// outside an object.
#include "value.h"

// The position that an index word names; INT64_MIN, a sure miss, for what does not fit.
static int64_t position_of(uint64_t index, const RtPlace *place) {
    if (!rti_is_number(index)) rti_stop_kind("an index", "a number", index, place);
    return rt_to_position(rti_number(index));
}

static bool find(uint64_t base, int64_t at, uint64_t *element) {
    if (rti_is(base, RT_TAG_LIST)) {
        const RtList *list = rti_list(base);
        if (at < 0 || at >= list->length) return false;
        *element = rti_retained(list->words[at]);
        return true;
    }
    RtStr *string = rti_str(base);
    if (at < 0 || at >= string->points) return false;
    *element = rti_number_word(rt_str_at(string, (double)at));
    return true;
}

static void check_base(uint64_t base, const RtPlace *place) {
    if (rti_is(base, RT_TAG_LIST) || rti_is(base, RT_TAG_STRING)) return;
    rti_stop(place, "%s has no elements", rti_kind_text(base));
}

uint64_t rt_index(uint64_t base, uint64_t index, const RtPlace *place) {
    if (rti_is(base, RT_TAG_ERROR)) return rti_retained(base);
    check_base(base, place);
    uint64_t element = 0;
    (void)find(base, position_of(index, place), &element);
    return element;
}

uint64_t rt_index_result(uint64_t base, uint64_t index, const RtPlace *place) {
    if (rti_is(base, RT_TAG_ERROR)) return rti_retained(base);
    check_base(base, place);
    uint64_t element;
    int64_t at = position_of(index, place);
    if (find(base, at, &element)) return element;
    long long length = rt_length(base, place);
    if (at == INT64_MIN) return rti_error("index out of range (length %lld)", length);
    return rti_error("index %lld out of range (length %lld)", (long long)at, length);
}

uint64_t rt_index_set(uint64_t base, uint64_t index, uint64_t value, const RtPlace *place) {
    if (rti_is(base, RT_TAG_ERROR)) rti_stop_error(base, place);
    if (rti_is(base, RT_TAG_STRING)) rti_stop(place, "an element of a string cannot be updated");
    check_base(base, place);
    RtList *list = rti_list(base);
    int64_t at = position_of(index, place);
    if (at < 0 || at >= list->length) rt_stop_range(at, list->length, place);
    if (!rti_unshared(list)) list = rt_list_grow(list, 0);
    uint64_t old = list->words[at];
    list->words[at] = value;
    rti_list_flag(list, value);
    rti_release_word(old);
    return rti_list_word(list);
}

uint64_t rt_slice(uint64_t base, uint64_t low, uint64_t high, uint64_t step, const RtPlace *place) {
    if (rti_is(base, RT_TAG_ERROR)) return rti_retained(base);
    if (rti_is(base, RT_TAG_LIST)) {
        const RtList *list = rti_list(base);
        return rti_list_word(
            rti_list_slice(list, rti_slice_of(list->length, low, high, step, place)));
    }
    if (!rti_is(base, RT_TAG_STRING)) rti_stop_kind("a slice", "a string or a list", base, place);
    const RtStr *string = rti_str(base);
    return rti_string_word(
        rti_str_slice(string, rti_slice_of(string->points, low, high, step, place)));
}

int64_t rt_length(uint64_t word, const RtPlace *place) {
    if (rti_is(word, RT_TAG_LIST)) return rti_list(word)->length;
    if (rti_is(word, RT_TAG_STRING)) return rti_str(word)->points;
    rti_stop_kind("'#'", "a string, a list or a map", word, place);
}

static int32_t in_string(uint64_t left, RtStr *string, const RtPlace *place) {
    if (rti_is(left, RT_TAG_STRING)) return rt_str_contains(string, rti_str(left));
    if (!rti_is_number(left))
        rti_stop_kind("'in' a string", "a string or a code point", left, place);
    double wanted = rti_number(left);
    int64_t at = 0, point;
    while ((point = rt_str_next(string, &at)) >= 0) {
        if ((double)point == wanted) return 1;
    }
    return 0;
}

int32_t rt_in(uint64_t left, uint64_t right, const RtPlace *place) {
    if (rti_is(left, RT_TAG_ERROR)) rti_stop_error(left, place);
    if (rti_is(right, RT_TAG_LIST)) return rt_list_contains(rti_list(right), left);
    if (rti_is(right, RT_TAG_STRING)) return in_string(left, rti_str(right), place);
    rti_stop_kind("'in'", "a list, a string or a map on its right", right, place);
}

// --- casts ---------------------------------------------------------------------------------------

static RtList *points_of(RtStr *string) {
    RtList *list = rt_list_new(string->points);
    int64_t at = 0, point;
    while ((point = rt_str_next(string, &at)) >= 0)
        list->words[list->length++] = rti_word_of(point);
    return list;
}

uint64_t rt_cast(uint64_t word, int32_t to, const RtPlace *place) {
    if (rti_is(word, RT_TAG_ERROR)) return rti_retained(word);
    switch (to) {
    case RT_CAST_STRING: return rti_string_word(rt_str_of(word));
    case RT_CAST_LIST:
        if (rti_is(word, RT_TAG_LIST)) return rti_retained(word);
        if (rti_is(word, RT_TAG_STRING)) return rti_list_word(points_of(rti_str(word)));
        rti_stop_kind("'as list'", "a string, a list or a map", word, place);
    case RT_CAST_CSTR: // a string ends with a NUL, so it serves as it is
        if (rti_is(word, RT_TAG_STRING)) return rti_retained(word);
        break;
    case RT_CAST_PTR:
        if (rti_is(word, RT_TAG_STRING))
            return rti_word_of((int64_t)(uintptr_t)rti_str(word)->bytes);
        break;
    }
    return rti_number_word(rt_cast_number(rt_expect_number(word, "'as'", place), to));
}
