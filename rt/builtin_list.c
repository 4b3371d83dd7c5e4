// builtin_list.c: builtins on lists: range sum product reverse contains. sort is in builtin_sort.c.
#include "builtin_words.h"
#include "value.h"

uint64_t rt_b_range(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    double from = rti_need_number("range", args[0], place);
    double to = rti_need_number("range", args[1], place);
    double step = count > 2 ? rti_need_number("range", args[2], place) : 1;
    if (step == 0 || from != from || to != to || step != step)
        rti_stop(place, "range needs a step other than 0, and no NaN");
    double steps = (to - from) / step;
    if (!(steps > 0)) return rti_list_word(rt_list_new(0));
    if (steps > 1e15) rti_stop_memory();
    int64_t many = (int64_t)steps; // rounded down; the quotient may be inexact, so look at the ends
    while (many > 0 && (step > 0 ? from + (double)(many - 1) * step >= to
                                 : from + (double)(many - 1) * step <= to))
        many--;
    while (step > 0 ? from + (double)many * step < to : from + (double)many * step > to) {
        if (many > 0 && from + (double)many * step == from + (double)(many - 1) * step)
            rti_stop(place, "the step of range is too small to be added");
        many++;
    }
    RtList *list = rt_list_new(many);
    for (int64_t i = 0; i < many; i++) list->words[i] = rti_number_word(from + (double)i * step);
    list->length = many;
    return rti_list_word(list);
}

// --- sum, product -------------------------------------------------------------------------------

// Gives an error among the elements, owned; stops at other kinds; RT_ABSENT: all are numbers.
static uint64_t check_numbers(const char *what, const RtList *list, const RtPlace *place) {
    if ((list->header.flags & RT_FLAG_BOXED) == 0) return RT_ABSENT;
    for (int64_t i = 0; i < list->length; i++) {
        uint64_t word = list->words[i];
        if (rti_is_number(word)) continue;
        if (rti_is(word, RT_TAG_ERROR)) return rti_retained(word);
        rti_stop_kind(what, "a list of numbers", word, place);
    }
    return RT_ABSENT;
}

// Element k belongs to lane k mod 8; the lanes meet in a fixed tree (language.md 11).
static double in_lanes(const RtList *list, bool product) {
    double lanes[8];
    for (int lane = 0; lane < 8; lane++) lanes[lane] = product ? 1 : 0;
    int64_t whole = list->length & ~(int64_t)7, i = 0;
    if (product) {
        for (; i < whole; i += 8) {
            for (int lane = 0; lane < 8; lane++) lanes[lane] *= rti_number(list->words[i + lane]);
        }
        for (; i < list->length; i++) lanes[i & 7] *= rti_number(list->words[i]);
        for (int half = 4; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) lanes[lane] *= lanes[lane + half];
        }
    } else {
        for (; i < whole; i += 8) {
            for (int lane = 0; lane < 8; lane++) lanes[lane] += rti_number(list->words[i + lane]);
        }
        for (; i < list->length; i++) lanes[i & 7] += rti_number(list->words[i]);
        for (int half = 4; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
        }
    }
    return lanes[0];
}

static uint64_t fold(const uint64_t *args, const char *what, bool product, const RtPlace *place) {
    uint64_t error = rti_first_error(args, 1);
    if (error != RT_ABSENT) return error;
    const RtList *list = rti_need_list(what, args[0], place);
    error = check_numbers(what, list, place);
    if (error != RT_ABSENT) return error;
    return rti_number_word(in_lanes(list, product));
}

uint64_t rt_b_sum(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    return fold(args, "sum", false, place);
}

uint64_t rt_b_product(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)count;
    return fold(args, "product", true, place);
}

// --- reverse, contains --------------------------------------------------------------------------

uint64_t rt_b_reverse(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    bool string = rti_is(args[0], RT_TAG_STRING);
    if (!string && !rti_is(args[0], RT_TAG_LIST))
        rti_stop_kind("reverse", "a list or a string", args[0], place);
    int64_t length = string ? rti_str(args[0])->points : rti_list(args[0])->length;
    RtiSlice back = {.first = length - 1, .step = -1, .count = length};
    if (string) return rti_string_word(rti_str_slice(rti_str(args[0]), back));
    return rti_list_word(rti_list_slice(rti_list(rti_retained(args[0])), back));
}

uint64_t rt_b_contains(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    if (rti_is_number(args[0]) || rti_is(args[0], RT_TAG_FUNCTION))
        rti_stop_kind("contains", "a list, a string or a map", args[0], place);
    if (rti_is(args[0], RT_TAG_MAP) && !rti_is_number(args[1]) && !rti_is(args[1], RT_TAG_STRING))
        rti_stop_kind("contains", "a number or a string as the key", args[1], place);
    return rti_word_of(rt_in(args[1], args[0], place));
}
