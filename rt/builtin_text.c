// builtin_text.c: builtins on text: str num trim split join replace starts_with ends_with chr ord
// repeat. upper and lower are in builtin_case.c.
#include "builtin_words.h"
#include "value.h"

uint64_t rti_first_error(const uint64_t *words, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (rti_is(words[i], RT_TAG_ERROR)) return rti_retained(words[i]);
    }
    return RT_ABSENT;
}

RtStr *rti_need_string(const char *what, uint64_t word, const RtPlace *place) {
    if (!rti_is(word, RT_TAG_STRING)) rti_stop_kind(what, "a string", word, place);
    return rti_str(word);
}

RtList *rti_need_list(const char *what, uint64_t word, const RtPlace *place) {
    if (!rti_is(word, RT_TAG_LIST)) rti_stop_kind(what, "a list", word, place);
    return rti_list(word);
}

double rti_need_number(const char *what, uint64_t word, const RtPlace *place) {
    return rt_expect_number(word, what, place);
}

void rti_need_key(const char *what, uint64_t word, const RtPlace *place) {
    if (!rti_is_number(word) && !rti_is(word, RT_TAG_STRING))
        rti_stop_kind(what, "a number or a string as the key", word, place);
}

uint64_t rt_b_str(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    (void)place;
    if (rti_is(args[0], RT_TAG_ERROR)) return rti_retained(args[0]);
    return rti_string_word(rt_str_of(args[0]));
}

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// Binary digits after 0b, as in a literal. *used: bytes read, 0 when there are none.
static double parse_binary(const char *text, int64_t length, size_t *used) {
    double value = 0;
    int64_t at = 2;
    for (; at < length && (text[at] == '0' || text[at] == '1'); at++)
        value = value * 2 + (text[at] - '0');
    *used = at > 2 ? (size_t)at : 0;
    return value;
}

uint64_t rt_b_num(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    if (rti_is_number(args[0])) return args[0];
    if (!rti_is(args[0], RT_TAG_STRING))
        rti_stop_kind("num", "a string or a number", args[0], place);
    const RtStr *string = rti_str(args[0]);
    const char *from = string->bytes, *end = from + string->length;
    while (from < end && is_blank(*from)) from++;
    while (end > from && is_blank(end[-1])) end--;
    size_t used;
    bool binary = end - from > 2 && from[0] == '0' && (from[1] | 32) == 'b';
    double number = binary ? parse_binary(from, end - from, &used)
                           : rti_parse_number(from, (size_t)(end - from), &used);
    if (used == 0 || used != (size_t)(end - from)) return rti_error_about("not a number: ", string);
    return rti_number_word(number);
}

uint64_t rt_b_trim(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    const RtStr *string = rti_need_string("trim", args[0], place);
    int64_t from = 0, end = string->length;
    while (from < end && is_blank(string->bytes[from])) from++;
    while (end > from && is_blank(string->bytes[end - 1])) end--;
    if (end - from == string->length) return rti_retained(args[0]);
    return rti_string_word(rti_str_part(string, from, end - from));
}

// Adds to the list in the word.
static void add_part(uint64_t *word, const RtStr *string, int64_t from, int64_t end) {
    RtList *parts = rti_list(*word);
    if (parts->length == parts->capacity) *word = rti_list_word(parts = rt_list_grow(parts, 1));
    parts->words[parts->length] = rti_string_word(rti_str_part(string, from, end - from));
    parts->length++;
    parts->header.flags |= RT_FLAG_BOXED;
}

static void split(uint64_t *parts, RtStr *string, const RtStr *separator) {
    int64_t from = 0;
    if (separator->length == 0) { // characters
        for (int64_t end = 0; rt_str_next(string, &end) >= 0; from = end)
            add_part(parts, string, from, end);
        return;
    }
    for (;;) {
        int64_t at = rti_str_find(string, separator, from);
        if (at < 0) break;
        add_part(parts, string, from, at);
        from = at + separator->length;
    }
    add_part(parts, string, from, string->length);
}

uint64_t rt_b_split(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtStr *string = rti_need_string("split", args[0], place);
    const RtStr *separator = rti_need_string("split", args[1], place);
    RtList *parts = rt_list_new(separator->length == 0 ? string->points : 4);
    RtiRooted rooted;
    rti_root(&rooted, rti_list_word(parts), 0, NULL);
    split(&rooted.words[0], string, separator);
    rti_unroot(&rooted);
    return rooted.words[0];
}

uint64_t rt_b_join(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    const RtList *list = rti_need_list("join", args[0], place);
    const RtStr *separator = rti_need_string("join", args[1], place);
    RtiDraft text;
    rti_draft_begin(&text);
    for (int64_t i = 0; i < list->length; i++) {
        if (i > 0) rti_sink_add(&text.sink, separator->bytes, (size_t)separator->length);
        if (rti_is(list->words[i], RT_TAG_ERROR)) {
            rti_draft_drop(&text);
            return rti_retained(list->words[i]);
        }
        rti_write_value(&text.sink, list->words[i]);
    }
    return rti_string_word(rti_draft_end(&text));
}

uint64_t rt_b_replace(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    const RtStr *string = rti_need_string("replace", args[0], place);
    const RtStr *old = rti_need_string("replace", args[1], place);
    const RtStr *by = rti_need_string("replace", args[2], place);
    int64_t at = old->length == 0 ? -1 : rti_str_find(string, old, 0), from = 0;
    if (at < 0) return rti_retained(args[0]);
    RtiDraft text;
    rti_draft_begin(&text);
    for (; at >= 0; at = rti_str_find(string, old, from)) {
        rti_sink_add(&text.sink, string->bytes + from, (size_t)(at - from));
        rti_sink_add(&text.sink, by->bytes, (size_t)by->length);
        from = at + old->length;
    }
    rti_sink_add(&text.sink, string->bytes + from, (size_t)(string->length - from));
    return rti_string_word(rti_draft_end(&text));
}

static uint64_t has_at_end(const uint64_t *args, const char *what, bool end, const RtPlace *place) {
    uint64_t error = rti_first_error(args, 2);
    if (error != RT_ABSENT) return error;
    const RtStr *string = rti_need_string(what, args[0], place);
    const RtStr *part = rti_need_string(what, args[1], place);
    int64_t from = end ? string->length - part->length : 0;
    bool has = part->length <= string->length &&
               rti_bytes_equal(string->bytes + from, part->bytes, (size_t)part->length);
    return rti_word_of(has);
}

uint64_t rt_b_starts_with(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    return has_at_end(args, "starts_with", false, place);
}

uint64_t rt_b_ends_with(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    return has_at_end(args, "ends_with", true, place);
}

uint64_t rt_b_chr(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    return rti_string_word(rt_chr(rt_to_int(rti_need_number("chr", args[0], place))));
}

uint64_t rt_b_ord(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtStr *string = rti_need_string("ord", args[0], place);
    if (string->length == 0) rti_stop(place, "ord needs a string that is not empty");
    return rti_number_word((double)rt_str_at(string, 0));
}

uint64_t rt_b_repeat(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    double times = rti_need_number("repeat", args[1], place);
    if (rti_is(args[0], RT_TAG_STRING))
        return rti_string_word(rt_str_repeat(rti_str(args[0]), times));
    if (rti_is(args[0], RT_TAG_LIST))
        return rti_list_word(rt_list_repeat(rti_list(args[0]), times));
    rti_stop_kind("repeat", "a string or a list", args[0], place);
}
