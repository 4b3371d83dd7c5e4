// export_hosted.c: what C gives exported functions and gets from them, where it is more than a number.
// What C gives is copied; what C gets is its own, from malloc.
#include "foreign.h"

#include "value.h"

#include <stdlib.h>
#include <string.h>

static _Thread_local char *last_error;

RtStr *rt_export_text(const void *text) {
    return rt_str_new(text ? text : "", text ? (int64_t)strlen(text) : 0);
}

RtList *rt_export_numbers(const void *numbers, int64_t length) {
    const double *number = numbers;
    if (!number || length < 0) length = 0;
    RtList *list = rt_list_new(length);
    for (int64_t i = 0; i < length; ++i)
        list->words[i] = number[i] != number[i] ? RT_CANONICAL_NAN : rti_number_word(number[i]);
    list->length = length;
    return list;
}

static void *for_caller(size_t size) {
    void *memory = malloc(size ? size : 1);
    if (!memory) rti_stop(NULL, "out of memory");
    return memory;
}

_Noreturn static void stop_kind(const void *function, const char *wanted, uint64_t word) {
    rti_stop(NULL, "the exported function '%s' gives %s, but C gets %s", (const char *)function,
             rti_kind_text(word), wanted);
}

double rt_export_give_number(uint64_t word, const void *function) {
    if (!rti_is_number(word)) stop_kind(function, "a number", word);
    return rti_number(word);
}

const void *rt_export_give_text(uint64_t word, const void *function) {
    if (!rti_is(word, RT_TAG_STRING)) stop_kind(function, "a text", word);
    size_t size = (size_t)rti_str(word)->length + 1;
    return memcpy(for_caller(size), rti_str(word)->bytes, size);
}

const void *rt_export_give_numbers(uint64_t word, const void *function, const void *length) {
    if (!rti_is(word, RT_TAG_LIST)) stop_kind(function, "a list of numbers", word);
    const RtList *list = rti_list(word);
    for (int64_t i = 0; i < list->length; ++i)
        if (!rti_is_number(list->words[i]))
            stop_kind(function, "a list of numbers alone", list->words[i]);
    size_t size = (size_t)list->length * sizeof(double);
    *(size_t *)(uintptr_t)length = (size_t)list->length;
    void *numbers = for_caller(size);
    return size ? memcpy(numbers, list->words, size) : numbers;
}

void rt_export_fail(uint64_t word) {
    const RtStr *message = ((const RtError *)rti_pointer(word))->message;
    free(last_error);
    last_error = for_caller((size_t)message->length + 1);
    memcpy(last_error, message->bytes, (size_t)message->length + 1);
}

void rti_export_forget(void) {
    free(last_error);
    last_error = NULL;
}

const char *flap_error(void);
const char *flap_error(void) {
    return last_error ? last_error : "";
}
