// builtin_change.c: builtins that give a changed list or map: push pop insert remove. Their argument
// stays what it is, unless generated code gives away the only reference (rt_push and so on): then it
// is changed in place.
#include "builtin_words.h"
#include "map.h"

// Takes `whole`. An error in its place or among the words is the result; RT_ABSENT: there is none.
static uint64_t pass_error(uint64_t whole, const uint64_t *words, int64_t count) {
    if (rti_is(whole, RT_TAG_ERROR)) return whole;
    uint64_t error = rti_first_error(words, count);
    if (error != RT_ABSENT) rti_release_word(whole);
    return error;
}

uint64_t rt_push(uint64_t whole, uint64_t value, const RtPlace *place) {
    uint64_t error = pass_error(whole, &value, 1);
    if (error != RT_ABSENT) return error;
    RtList *list = rti_need_list("push", whole, place);
    if (!rti_unshared(list) || list->length == list->capacity) list = rt_list_grow(list, 1);
    list->words[list->length++] = rti_retained(value);
    rti_list_flag(list, value);
    return rti_list_word(list);
}

uint64_t rt_pop(uint64_t whole, const RtPlace *place) {
    if (rti_is(whole, RT_TAG_ERROR)) return whole;
    RtList *list = rti_need_list("pop", whole, place);
    if (list->length == 0) return whole;
    if (!rti_unshared(list)) {
        RtList *rest = rti_list_part(list, 0, list->length - 1);
        rti_release(list);
        return rti_list_word(rest);
    }
    rti_release_word(list->words[--list->length]);
    return whole;
}

uint64_t rt_insert(uint64_t whole, uint64_t index, uint64_t value, const RtPlace *place) {
    uint64_t words[2] = {index, value}, error = pass_error(whole, words, 2);
    if (error != RT_ABSENT) return error;
    RtList *list = rti_need_list("insert", whole, place);
    int64_t at = rt_to_position(rti_need_number("insert", index, place));
    if (at < 0 || at > list->length) rt_stop_range(at, list->length, place);
    list = rt_list_grow(list, 1);
    uint64_t *to = list->words + at;
    rti_move(to + 1, to, (size_t)(list->length - at) * sizeof(uint64_t));
    *to = rti_retained(value);
    list->length++;
    rti_list_flag(list, value);
    return rti_list_word(list);
}

uint64_t rt_remove(uint64_t whole, uint64_t index, const RtPlace *place) {
    uint64_t error = pass_error(whole, &index, 1);
    if (error != RT_ABSENT) return error;
    if (rti_is(whole, RT_TAG_MAP)) {
        rti_need_key("remove", index, place);
        return rti_map_word(rt_map_remove(rti_map(whole), index, place));
    }
    if (!rti_is(whole, RT_TAG_LIST)) rti_stop_kind("remove", "a list or a map", whole, place);
    RtList *list = rti_list(whole);
    int64_t at = rt_to_position(rti_need_number("remove", index, place));
    if (at < 0 || at >= list->length) rt_stop_range(at, list->length, place);
    list = rt_list_grow(list, 0);
    uint64_t *from = list->words + at, gone = *from;
    list->length--;
    rti_move(from, from + 1, (size_t)(list->length - at) * sizeof(uint64_t));
    rti_release_word(gone);
    return rti_list_word(list);
}

uint64_t rt_b_push(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    return rt_push(rti_retained(args[0]), args[1], place);
}

uint64_t rt_b_pop(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    return rt_pop(rti_retained(args[0]), place);
}

uint64_t rt_b_insert(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    return rt_insert(rti_retained(args[0]), args[1], args[2], place);
}

uint64_t rt_b_remove(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    return rt_remove(rti_retained(args[0]), args[1], place);
}
