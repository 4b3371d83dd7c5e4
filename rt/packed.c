// packed.c: packed lists: small whole numbers in one or four bytes each. Generated code alone knows
// that a list is one: no word points to it, nothing that takes lists is given one but by name (the
// rt_packed_ rows), counting, freeing and rt_list_copy().
//
// Invariant: RtHeader.spare holds the bytes of an element, length and capacity count elements, front
// is 0.
#include "builtin_words.h"
#include "value.h"

static RtList *packed_make(int64_t capacity, int32_t size) {
    if (capacity > (int64_t)1 << 43) rti_stop_memory();
    RtList *list = rti_alloc(sizeof(RtList) + (size_t)(capacity * size));
    list->header = rti_header(RT_KIND_LIST, 0);
    list->header.spare = (uint16_t)size;
    list->length = list->front = 0;
    list->capacity = (int64_t)(rti_usable(list) - sizeof(RtList)) / size;
    return list;
}

static uint8_t *bytes_of(RtList *list) {
    return (uint8_t *)list->words;
}

static int32_t *integers_of(RtList *list) {
    return (int32_t *)(void *)list->words;
}

RtList *rt_packed_new(int64_t capacity, int32_t size) {
    return packed_make(capacity, size);
}

RtList *rti_packed_copy(RtList *list) {
    int32_t size = list->header.spare;
    RtList *copy = packed_make(list->length, size);
    rti_copy(copy->words, list->words, (size_t)(list->length * size));
    copy->length = list->length;
    return copy;
}

RtList *rt_packed_of(RtList *list, int32_t size) {
    RtList *packed = packed_make(list->length, size);
    for (int64_t i = 0; i < list->length; i++) {
        int64_t value = (int64_t)rti_number(list->words[i]);
        if (size == 1)
            bytes_of(packed)[i] = (uint8_t)value;
        else
            integers_of(packed)[i] = (int32_t)value;
    }
    packed->length = list->length;
    return packed;
}

RtList *rt_packed_words(RtList *packed) {
    RtList *list = rt_list_new(packed->length);
    bool bytes = packed->header.spare == 1;
    for (int64_t i = 0; i < packed->length; i++)
        list->words[i] = rti_word_of(bytes ? bytes_of(packed)[i] : integers_of(packed)[i]);
    list->length = packed->length;
    return list;
}

RtList *rt_packed_repeat(int64_t value, double count, int32_t size) {
    int64_t length = rt_to_int(count);
    if (length < 0) length = 0;
    RtList *list = packed_make(length, size);
    if (size == 1) rti_set(list->words, (int)value, (size_t)length);
    for (int64_t i = 0; i < length && size != 1; i++) integers_of(list)[i] = (int32_t)value;
    list->length = length;
    return list;
}

RtList *rt_packed_range(int64_t from, int64_t to, int32_t size) {
    int64_t count = to > from ? to - from : 0;
    RtList *list = packed_make(count, size);
    for (int64_t i = 0; i < count; i++) {
        if (size == 1)
            bytes_of(list)[i] = (uint8_t)(from + i);
        else
            integers_of(list)[i] = (int32_t)(from + i);
    }
    list->length = count;
    return list;
}

// Takes the list; gives an unshared one with room for so many.
static RtList *packed_reserve(RtList *list, int64_t capacity, int32_t size) {
    if (rti_unshared(list) && capacity <= list->capacity) return list;
    if (!rti_unshared(list)) {
        RtList *copy = packed_make(capacity, size);
        rti_copy(copy->words, list->words, (size_t)(list->length * size));
        copy->length = list->length;
        rti_release(list);
        return copy;
    }
    if (capacity > (int64_t)1 << 43) rti_stop_memory();
    list = rti_realloc(list, sizeof(RtList) + (size_t)(capacity * size));
    list->capacity = (int64_t)(rti_usable(list) - sizeof(RtList)) / size;
    return list;
}

RtList *rt_packed_grow(RtList *list, int32_t size) {
    int64_t capacity = list->length * 2;
    return packed_reserve(list, capacity < 32 ? 32 : capacity, size);
}

RtList *rt_packed_append(RtList *list, RtList *part, int32_t size) {
    int64_t length = list->length + part->length, twice = list->length * 2;
    if (length > list->capacity || !rti_unshared(list))
        list = packed_reserve(list, length > twice ? length : twice, size);
    rti_copy(bytes_of(list) + list->length * size, part->words, (size_t)(part->length * size));
    list->length = length;
    return list;
}

RtList *rt_packed_slice(RtList *list, uint64_t low, uint64_t high, uint64_t step,
                        const RtPlace *place) {
    RtiSlice slice = rti_slice_of(list->length, low, high, step, place);
    int32_t size = list->header.spare;
    if (slice.step == 1 && slice.first == 0 && rti_unshared(list)) {
        list->length = slice.count;
        return list;
    }
    RtList *part = packed_make(slice.count, size);
    part->length = slice.count;
    const uint8_t *from = bytes_of(list) + slice.first * size;
    if (slice.step == 1) {
        rti_copy(part->words, from, (size_t)(slice.count * size));
    } else {
        for (int64_t i = 0; i < slice.count; i++)
            rti_copy(bytes_of(part) + i * size, from + i * slice.step * size, (size_t)size);
    }
    rti_release(list);
    return part;
}

RtList *rt_packed_text(RtStr *string, int32_t size) {
    RtList *list = packed_make(string->points, size);
    int64_t at = 0, point;
    for (int64_t i = 0; (point = rt_str_next(string, &at)) >= 0; i++) {
        if (size == 1)
            bytes_of(list)[i] = (uint8_t)point;
        else
            integers_of(list)[i] = (int32_t)point;
    }
    list->length = string->points;
    return list;
}

// As long as the sum of sizes is below 2^53, all sums on the way to sum()'s result are exact.
double rt_packed_sum(RtList *list) {
    int64_t sum = 0, size = 0;
    const int32_t *items = integers_of(list);
    if (list->header.spare == 1) {
        for (int64_t i = 0; i < list->length; i++) sum += bytes_of(list)[i];
        return (double)sum;
    }
    for (int64_t i = 0; i < list->length; i++) {
        sum += items[i];
        size += items[i] < 0 ? -(int64_t)items[i] : items[i];
    }
    if (list->length < (int64_t)1 << 32 && size < (int64_t)1 << 53) return (double)sum;
    RtList *words = rt_packed_words(list);
    uint64_t word = rti_list_word(words), result = rt_b_sum(&word, 1, NULL);
    rti_release(words);
    return rti_number(result);
}
