// element.c: reading, writing and asking for parts of values whose kind is not known at compile
// time: index, slice, length, `in`, casts.
//
// A miss reads as 0, or as an error where the program looks (rt_index_result); nothing is ever read
// outside an object.
#include "map.h"

double rt_expect_position(uint64_t index, const void *what, const RtPlace *place) {
    if (!rti_is_number(index)) rti_stop_index(what, index, place);
    return rti_number(index);
}

// The position in `base` that an index names; INT64_MIN, a sure miss, for what does not fit.
static int64_t position_of(uint64_t base, uint64_t index, const RtPlace *place) {
    return rt_to_position(rt_expect_position(index, rti_kind_text(base), place));
}

static _Noreturn void stop_no_elements(uint64_t base, uint64_t index, const RtPlace *place) {
    const char *kind = rti_kind_text(base);
    if (rti_is(index, RT_TAG_STRING)) rti_stop_index(kind, index, place);
    rti_stop(place, "%s has no elements", kind);
}

// The element at an index, borrowed; false: there is none. *at is the position looked at.
static bool find(uint64_t base, uint64_t index, int64_t *at, uint64_t *element,
                 const RtPlace *place) {
    if (rti_is(base, RT_TAG_MAP)) {
        rti_map_check_key(index, place);
        const RtMapEntry *entry = rti_map_find(rti_map(base), index);
        if (entry != NULL) *element = entry->value;
        return entry != NULL;
    }
    if (!rti_is(base, RT_TAG_LIST) && !rti_is(base, RT_TAG_STRING))
        stop_no_elements(base, index, place);
    *at = position_of(base, index, place);
    if (rti_is(base, RT_TAG_LIST)) {
        const RtList *list = rti_list(base);
        if (*at < 0 || *at >= list->length) return false;
        *element = list->words[*at];
        return true;
    }
    RtStr *string = rti_str(base);
    if (*at < 0 || *at >= string->points) return false;
    *element = rti_number_word((double)rt_str_at(string, *at));
    return true;
}

uint64_t rt_index(uint64_t base, uint64_t index, const RtPlace *place) {
    if (rti_is(base, RT_TAG_ERROR)) return base;
    uint64_t element = 0;
    int64_t at;
    (void)find(base, index, &at, &element, place);
    return element;
}

uint64_t rt_index_result(uint64_t base, uint64_t index, const RtPlace *place) {
    if (rti_is(base, RT_TAG_ERROR)) return rti_retained(base);
    uint64_t element;
    int64_t at;
    if (find(base, index, &at, &element, place)) return rti_retained(element);
    if (rti_is(base, RT_TAG_MAP)) return rti_map_miss(index);
    long long length = rt_length(base, place);
    if (at == INT64_MIN) return rti_error("index out of range (length %lld)", length);
    return rti_error("index %lld out of range (length %lld)", (long long)at, length);
}

// --- writing -------------------------------------------------------------------------------------

static _Noreturn void stop_update(uint64_t base, uint64_t index, const RtPlace *place) {
    if (rti_is(base, RT_TAG_ERROR)) rti_stop_error(base, place);
    if (rti_is(base, RT_TAG_STRING)) rti_stop(place, "an element of a string cannot be updated");
    stop_no_elements(base, index, place);
}

static int64_t position_to_write(uint64_t list, uint64_t index, const RtPlace *place) {
    int64_t at = position_of(list, index, place), length = rti_list(list)->length;
    if (at < 0 || at >= length) rt_stop_range(at, length, place);
    return at;
}

// The key must be there, since the path goes on behind it.
static uint64_t *value_on_the_way(uint64_t map, uint64_t key, const RtPlace *place) {
    RtMapEntry *entry = rti_map_find(rti_map(map), key);
    if (entry) return &entry->value;
    uint64_t error = rti_map_miss(key);
    RtiRooted rooted;
    rti_root(&rooted, error, 0, NULL);
    rti_stop_error(error, place);
}

// Stops unless the element can be written to, or, where that is not the last one, gone through.
static const uint64_t *check_element(uint64_t base, uint64_t index, bool last,
                                     const RtPlace *place) {
    if (rti_is(base, RT_TAG_LIST))
        return &rti_list(base)->words[position_to_write(base, index, place)];
    if (!rti_is(base, RT_TAG_MAP)) stop_update(base, index, place);
    rt_par_key(index, place);
    return last ? NULL : value_on_the_way(base, index, place);
}

// The whole path, before anything of it is taken: what is taken by a function that then stops is lost
// when the iteration is given up.
static void check_path(uint64_t base, const uint64_t *indices, int64_t count,
                       const RtPlace *place) {
    for (int64_t i = 0; i < count; i++) {
        const uint64_t *element = check_element(base, indices[i], i == count - 1, place);
        if (element) base = *element;
    }
}

// The address of an element of the list or map in *base, which is made unshared there first. On the
// way (not last) a key that is missing stops; the last one is put in. `boxed`: what will be stored
// there may be no number.
static uint64_t *element_to_write(uint64_t *base, uint64_t index, bool last, bool boxed,
                                  const RtPlace *place) {
    if (rti_is(*base, RT_TAG_LIST)) {
        RtList *list = rti_list(*base);
        int64_t at = position_to_write(*base, index, place);
        if (!rti_unshared(list)) list = rt_list_grow(list, 0);
        *base = rti_list_word(list);
        if (boxed) rti_mark_boxed(&list->header);
        return &list->words[at];
    }
    if (!rti_is(*base, RT_TAG_MAP)) stop_update(*base, index, place);
    rti_map_check_key(index, place);
    if (!last) (void)value_on_the_way(*base, index, place);
    RtMap *map = rt_map_unique(rti_map(*base));
    *base = rti_map_word(map);
    if (boxed) rti_mark_boxed(&map->header);
    if (!last) return &rti_map_find(map, index)->value;
    return rti_map_slot(map, index, place);
}

uint64_t rt_index_set_path(uint64_t base, const void *indices, int64_t count, uint64_t value,
                           const RtPlace *place) {
    const uint64_t *index = indices;
    if (rti_self()->roots) check_path(base, index, count, place);
    uint64_t *at = &base;
    for (int64_t i = 0; i < count; i++) {
        bool last = i == count - 1;
        at = element_to_write(at, index[i], last, !last || !rti_is_number(value), place);
    }
    uint64_t old = *at;
    *at = value;
    rti_release_word(old);
    return base;
}

uint64_t rt_index_set(uint64_t base, uint64_t index, uint64_t value, const RtPlace *place) {
    return rt_index_set_path(base, &index, 1, value, place);
}

uint64_t rt_slice_taken(uint64_t base, uint64_t low, uint64_t high, uint64_t step,
                        const RtPlace *place) {
    if (rti_is(base, RT_TAG_ERROR)) return base;
    if (rti_is(base, RT_TAG_LIST)) {
        RtList *list = rti_list(base);
        RtiSlice slice = rti_slice_of(list->length, low, high, step, place);
        return rti_list_word(rti_list_slice(list, slice));
    }
    if (!rti_is(base, RT_TAG_STRING)) rti_stop_kind("a slice", "a string or a list", base, place);
    const RtStr *string = rti_str(base);
    RtiSlice slice = rti_slice_of(string->points, low, high, step, place);
    uint64_t part = rti_string_word(rti_str_slice(string, slice));
    rti_release_word(base);
    return part;
}

uint64_t rt_slice(uint64_t base, uint64_t low, uint64_t high, uint64_t step, const RtPlace *place) {
    return rt_slice_taken(rti_retained(base), low, high, step, place);
}

int64_t rt_length(uint64_t word, const RtPlace *place) {
    if (rti_is(word, RT_TAG_LIST)) return rti_list(word)->length;
    if (rti_is(word, RT_TAG_STRING)) return rti_str(word)->points;
    if (rti_is(word, RT_TAG_MAP)) return rti_map(word)->length;
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
    if (rti_is(right, RT_TAG_MAP)) return rt_map_has(rti_map(right), left, place);
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
        if (rti_is(word, RT_TAG_MAP)) return rti_list_word(rt_map_values(rti_map(word)));
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
