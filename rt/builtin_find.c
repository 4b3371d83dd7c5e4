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
    RtiDraft text;
    rti_draft_begin(&text);
    rti_sink_cstr(&text.sink, "not found: ");
    rti_write_value(&text.sink, args[1]);
    return rti_draft_error(&text);
}

// --- lists from lists ----------------------------------------------------------------------------

static RtList *add(RtList *list, uint64_t word) { // takes the list
    if (list->length == list->capacity) list = rt_list_grow(list, 1);
    list->words[list->length++] = rti_retained(word);
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
        if (rt_truth(answer, place)) kept = add(kept, list->words[i]);
        rooted.words[1] = rti_list_word(kept);
        rooted.words[2] = 0;
        rti_release_word(answer);
    }
    rti_unroot(&rooted);
    rti_release(list);
    return rti_list_word(kept);
}

// Makes `count` lists of two: the k-th elements of `first`, or k where that is null, and of `second`.
static uint64_t make_pairs(const RtList *first, const RtList *second, int64_t count) {
    RtList *pairs = rt_list_new(count);
    RtiRooted rooted;
    rti_root(&rooted, rti_list_word(pairs), 0, NULL);
    for (int64_t i = 0; i < count; i++) {
        RtList *pair = add(rt_list_new(2), first ? first->words[i] : rti_word_of(i));
        pairs->words[i] = rti_list_word(add(pair, second->words[i]));
        pairs->header.flags |= RT_FLAG_BOXED;
        pairs->length = i + 1;
    }
    rti_unroot(&rooted);
    return rti_list_word(pairs);
}

uint64_t rt_b_zip(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    const RtList *a = rti_need_list("zip", args[0], place);
    const RtList *b = rti_need_list("zip", args[1], place);
    int64_t length = a->length < b->length ? a->length : b->length;
    return make_pairs(a, b, length);
}

uint64_t rt_b_enumerate(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    const RtList *list = rti_need_list("enumerate", args[0], place);
    return make_pairs(NULL, list, list->length);
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
