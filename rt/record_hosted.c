// record_hosted.c: values as C holds them in memory: numbers, and structs, which are maps in Flap.
//
// Nothing here is aligned to more than a byte. What C leaves between fields is 0 in a struct that is
// filled. Numbers are truncated and cut as `as` does; a long double is rounded to a double.
#include "foreign.h"

#include "map.h"
#include "value.h"

#include <string.h>

// --- numbers -------------------------------------------------------------------------------------

uint64_t rti_c_bits(double number) {
    return number >= 0x1p63 && number < 0x1p64 ? (uint64_t)number : (uint64_t)rt_to_int(number);
}

size_t rti_c_size(int32_t kind) {
    switch (kind) {
    case RT_C_BOOL:
    case RT_C_I8:
    case RT_C_U8: return 1;
    case RT_C_I16:
    case RT_C_U16: return 2;
    case RT_C_I32:
    case RT_C_U32:
    case RT_C_F32: return 4;
    case RT_C_LONG_DOUBLE: return sizeof(long double);
    }
    return 8;
}

int64_t rti_c_cut(int32_t kind, double number) {
    uint64_t bits = rti_c_bits(number);
    switch (kind) {
    case RT_C_I8: return (int8_t)bits;
    case RT_C_I16: return (int16_t)bits;
    case RT_C_I32: return (int32_t)bits;
    case RT_C_U8: return (uint8_t)bits;
    case RT_C_U16: return (uint16_t)bits;
    case RT_C_U32: return (uint32_t)bits;
    }
    return (int64_t)bits;
}

// Any NaN that C may have is one and the same in a word.
static uint64_t float_word(double number) {
    return number != number ? RT_CANONICAL_NAN : rti_number_word(number);
}

uint64_t rti_c_word(int32_t kind, const void *at) {
    int64_t whole = 0;
    double number;
    float narrow;
    long double wide;
    switch (kind) {
    case RT_C_VOID: return 0;
    case RT_C_LONG_DOUBLE: memcpy(&wide, at, sizeof wide); return float_word((double)wide);
    case RT_C_F64: memcpy(&number, at, sizeof number); return float_word(number);
    case RT_C_F32: memcpy(&narrow, at, sizeof narrow); return float_word((double)narrow);
    case RT_C_U64:
    case RT_C_POINTER:
    case RT_C_TEXT:
    case RT_C_CALLBACK: {
        uint64_t bits;
        memcpy(&bits, at, sizeof bits);
        return rti_number_word((double)bits);
    }
    }
    memcpy(&whole, at, rti_c_size(kind)); // little-endian
    if (kind == RT_C_I8) whole = (int8_t)whole;
    if (kind == RT_C_I16) whole = (int16_t)whole;
    if (kind == RT_C_I32) whole = (int32_t)whole;
    return rti_word_of(whole);
}

void rti_c_store(int32_t kind, void *at, double number) {
    float narrow = (float)number;
    long double wide = number;
    int64_t whole = kind == RT_C_BOOL ? number != 0 : rti_c_cut(kind, number);
    if (kind == RT_C_F64)
        memcpy(at, &number, sizeof number);
    else if (kind == RT_C_F32)
        memcpy(at, &narrow, sizeof narrow);
    else if (kind == RT_C_LONG_DOUBLE)
        memcpy(at, &wide, sizeof wide);
    else
        memcpy(at, &whole, rti_c_size(kind));
}

// --- bit-fields ----------------------------------------------------------------------------------

typedef unsigned __int128 Unit; // 64 bits may lie across nine bytes of a packed struct

static size_t unit_size(const RtCField *field) {
    return (size_t)(field->bit + field->width + 7) / 8;
}

static Unit bit_unit(const RtCField *field, const char *at) {
    Unit unit = 0;
    memcpy(&unit, at, unit_size(field)); // little-endian
    return unit;
}

static uint64_t bit_mask(const RtCField *field) {
    return field->width < 64 ? (UINT64_C(1) << field->width) - 1 : UINT64_MAX;
}

static uint64_t read_bits(const RtCField *field, const char *at) {
    uint64_t bits = (uint64_t)(bit_unit(field, at) >> field->bit) & bit_mask(field);
    int32_t kind = field->type->kind;
    bool negative = kind >= RT_C_I8 && kind <= RT_C_I64 && bits >> (field->width - 1) & 1;
    return negative ? rti_word_of((int64_t)(bits | ~bit_mask(field)))
                    : rti_number_word((double)bits);
}

static void write_bits(const RtCField *field, char *at, double number) {
    Unit mask = (Unit)bit_mask(field) << field->bit;
    uint64_t bits = field->type->kind == RT_C_BOOL ? number != 0 : rti_c_bits(number);
    Unit unit = (bit_unit(field, at) & ~mask) | ((Unit)bits << field->bit & mask);
    memcpy(at, &unit, unit_size(field));
}

// --- from C --------------------------------------------------------------------------------------

static RtStr *name_of(const RtCField *field) {
    return rt_str_new(field->name, (int64_t)strlen(field->name));
}

static uint64_t read_array(const RtCType *type, const char *at) {
    RtList *list = rt_list_new(type->count);
    for (int64_t i = 0; i < type->count; ++i) {
        uint64_t word = rti_c_read(type->element, at + (size_t)i * type->element->size);
        rti_list_flag(list, word);
        list->words[list->length++] = word;
    }
    return rti_list_word(list);
}

uint64_t rti_c_read(const RtCType *type, const void *at) {
    if (type->kind == RT_C_RECORD) return rti_map_word(rt_foreign_map(type->record, at));
    return type->kind == RT_C_ARRAY ? read_array(type, at) : rti_c_word(type->kind, at);
}

RtMap *rt_foreign_map(const void *about, const void *from) {
    const RtCRecord *record = about;
    RtMap *map = rt_map_new(record->count);
    for (int64_t i = 0; i < record->count; ++i) {
        const RtCField *field = &record->fields[i];
        const char *at = (const char *)from + field->offset;
        RtStr *name = name_of(field);
        uint64_t value = field->width ? read_bits(field, at) : rti_c_read(field->type, at);
        map = rt_map_put(map, rti_string_word(name), value, NULL);
        rti_release(name);
    }
    return map;
}

// --- to C ----------------------------------------------------------------------------------------

static void fill_record(const RtCRecord *record, char *to, uint64_t word, const RtPlace *place);

static double field_number(const char *name, uint64_t word, const RtPlace *place) {
    if (rti_is(word, RT_TAG_ERROR)) rti_stop_error(word, place);
    if (!rti_is_number(word))
        rti_stop(place, "field '%s' of a C struct needs a number, not %s", name,
                 rti_kind_text(word));
    return rti_number(word);
}

static void fill_value(const char *name, const RtCType *type, char *to, uint64_t word,
                       const RtPlace *place);

static void fill_array(const char *name, const RtCType *type, char *to, uint64_t word,
                       const RtPlace *place) {
    bool bytes = type->element->kind == RT_C_I8 || type->element->kind == RT_C_U8;
    if (bytes && rti_is(word, RT_TAG_STRING)) {
        const RtStr *text = rti_str(word);
        if (text->length >= type->count) // C wants the NUL behind it
            rti_stop(place, "field '%s' of a C struct has room for a text of at most %lld bytes",
                     name, (long long)type->count - 1);
        memcpy(to, text->bytes, (size_t)text->length + 1);
        return;
    }
    if (rti_is(word, RT_TAG_ERROR)) rti_stop_error(word, place);
    if (!rti_is(word, RT_TAG_LIST) || rti_list(word)->length > type->count)
        rti_stop(place, "field '%s' of a C struct needs a list of at most %lld elements", name,
                 (long long)type->count);
    const RtList *list = rti_list(word);
    for (int64_t i = 0; i < list->length; ++i)
        fill_value(name, type->element, to + (size_t)i * type->element->size, list->words[i],
                   place);
}

static void fill_value(const char *name, const RtCType *type, char *to, uint64_t word,
                       const RtPlace *place) {
    if (type->kind == RT_C_RECORD)
        fill_record(type->record, to, word, place);
    else if (type->kind == RT_C_ARRAY)
        fill_array(name, type, to, word, place);
    else
        rti_c_store(type->kind, to, field_number(name, word, place));
}

static void fill_field(const RtCField *field, char *to, uint64_t word, const RtPlace *place) {
    if (field->width)
        write_bits(field, to + field->offset, field_number(field->name, word, place));
    else
        fill_value(field->name, field->type, to + field->offset, word, place);
}

static void fill_from_map(const RtCRecord *record, char *to, const RtMap *map,
                          const RtPlace *place) {
    int64_t found = 0;
    for (int64_t i = 0; i < record->count; ++i) {
        RtStr *name = name_of(&record->fields[i]);
        const RtMapEntry *entry = rti_map_find_exactly(map, rti_string_word(name));
        if (entry) fill_field(&record->fields[i], to, entry->value, place);
        if (entry) ++found;
        rti_release(name);
    }
    if (found != map->length)
        rti_stop(place, "a map for the C struct '%s' has a key that is none of its fields",
                 record->name);
}

static void fill_from_list(const RtCRecord *record, char *to, const RtList *list,
                           const RtPlace *place) {
    if (list->length > record->count)
        rti_stop(place, "the C struct '%s' has fewer fields than the list has elements",
                 record->name);
    for (int64_t i = 0; i < list->length; ++i)
        fill_field(&record->fields[i], to, list->words[i], place);
}

static void fill_record(const RtCRecord *record, char *to, uint64_t word, const RtPlace *place) {
    if (rti_is(word, RT_TAG_ERROR)) rti_stop_error(word, place);
    if (rti_is_number(word)) {
        const void *from = (const void *)(uintptr_t)rti_c_bits(rti_number(word));
        if (!from) rti_stop(place, "the C struct '%s' is at no address", record->name);
        memcpy(to, from, (size_t)record->size);
        return;
    }
    memset(to, 0, (size_t)record->size); // what is not given is 0
    if (rti_is(word, RT_TAG_MAP))
        fill_from_map(record, to, rti_map(word), place);
    else if (rti_is(word, RT_TAG_LIST))
        fill_from_list(record, to, rti_list(word), place);
    else
        rti_stop_kind(record->name, "an address, a map or a list", word, place);
}

void rt_foreign_record(uint64_t word, const void *about, const void *to, const RtPlace *place) {
    fill_record(about, (char *)(uintptr_t)to, word, place);
}
