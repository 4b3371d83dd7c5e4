// builtin_find.c: builtins that look things up and pick them out: find index_of filter zip enumerate,
// and those of maps: keys values has. What is not found is an error, not a number.
#include "builtin_words.h"
#include "map.h"

uint64_t rt_b_find(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    const RtStr *string = rti_need_string("find", args[0], place);
    const RtStr *part = rti_need_string("find", args[1], place);
    int64_t at = rti_str_find(string, part, 0);
    if (at < 0) return rti_error_about("not found: ", part);
    if ((string->header.flags & RT_FLAG_ASCII) != 0) return rti_word_of(at);
    bool ascii = true;
    return rti_word_of(rti_utf8_count((const unsigned char *)string->bytes, at, &ascii));
}

uint64_t rt_b_index_of(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    const RtList *list = rti_need_list("index_of", args[0], place);
    for (int64_t i = 0; i < list->length; i++) {
        if (rt_equal(list->words[i], args[1])) return rti_word_of(i);
    }
    RtStr *text = rt_str_of(args[1]);
    error = rti_error_about("not found: ", text);
    rti_release(text);
    return error;
}

// --- lists from lists ----------------------------------------------------------------------------

static RtList *add(RtList *list, uint64_t word) { // takes both
    if (list->length == list->capacity) list = rt_list_grow(list, 1);
    list->words[list->length++] = word;
    rti_list_flag(list, word);
    return list;
}

uint64_t rt_b_filter(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    if (!rti_is(args[0], RT_TAG_FUNCTION)) rti_stop_kind("filter", "a function", args[0], place);
    RtList *list = rti_need_list("filter", args[1], place), *kept = rt_list_new(0);
    rti_retain(list); // the function may drop the list that it came from
    RtiRooted rooted;
    rti_root(&rooted, rti_list_word(list), rti_list_word(kept), NULL);
    for (int64_t i = 0; i < list->length; i++) {
        uint64_t answer = rt_call(args[0], &list->words[i], 1, place);
        rooted.words[2] = answer;
        if (rt_truth(answer, place)) kept = add(kept, rti_retained(list->words[i]));
        rooted.words[1] = rti_list_word(kept);
        rooted.words[2] = 0;
        rti_release_word(answer);
    }
    rti_unroot(&rooted);
    rti_release(list);
    return rti_list_word(kept);
}

static uint64_t pair_of(uint64_t first, uint64_t second) { // takes both
    uint64_t words[2] = {first, second};
    return rti_list_word(rt_list_of(words, 2));
}

uint64_t rt_b_zip(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    const RtList *a = rti_need_list("zip", args[0], place);
    const RtList *b = rti_need_list("zip", args[1], place);
    int64_t length = a->length < b->length ? a->length : b->length;
    RtList *pairs = rt_list_new(length);
    for (int64_t i = 0; i < length; i++)
        pairs = add(pairs, pair_of(rti_retained(a->words[i]), rti_retained(b->words[i])));
    return rti_list_word(pairs);
}

uint64_t rt_b_enumerate(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    const RtList *list = rti_need_list("enumerate", args[0], place);
    RtList *pairs = rt_list_new(list->length);
    for (int64_t i = 0; i < list->length; i++)
        pairs = add(pairs, pair_of(rti_word_of(i), rti_retained(list->words[i])));
    return rti_list_word(pairs);
}

// --- maps ----------------------------------------------------------------------------------------

static RtMap *need_map(const char *what, uint64_t word, const RtPlace *place) {
    if (!rti_is(word, RT_TAG_MAP)) rti_stop_kind(what, "a map", word, place);
    return rti_map(word);
}

uint64_t rt_b_keys(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    return rti_list_word(rt_map_keys(need_map("keys", args[0], place)));
}

uint64_t rt_b_values(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    return rti_list_word(rt_map_values(need_map("values", args[0], place)));
}

uint64_t rt_b_has(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtMap *map = need_map("has", args[0], place);
    rti_need_key("has", args[1], place);
    return rti_word_of(rt_map_has(map, args[1], place));
}
