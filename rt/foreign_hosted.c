// foreign_hosted.c: what compiled calls of C functions need: arguments that C takes by pointer,
// structs by value, and order between Flap and C.
//
// Order: the program's output is written before C runs and C's after it, outside parallel loops.
// Flap code outside parallel loops runs on one thread at a time: `flap` is held by the first thread
// except while it is in a C function, and by callbacks on threads that C made. Invariant: a thread
// whose `foreign` is not null is in C code.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "foreign.h"

#include "futex.h"
#include "map.h"
#include "start.h"
#include "value.h"

#include <pthread.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

static RtiLock flap;
static bool flap_used; // set once, before anything else

// --- in and out ----------------------------------------------------------------------------------

static bool is_first(const RtThread *self) {
    return flap_used && self->self && self->id == 0 && !self->par;
}

void rti_foreign_first(void) {
    flap_used = true;
    rti_lock(&flap);
}

void rt_foreign_enter(const void *name) {
    RtThread *self = rti_self();
    if (is_first(self)) {
        rti_out_flush();
        rti_unlock(&flap);
    }
    self->foreign = name;
}

void rt_foreign_leave(void) {
    RtThread *self = rti_self();
    self->foreign = NULL;
    if (!is_first(self)) return;
    rti_lock(&flap);
    if (__fpending(stdout) > 0) (void)fflush(stdout);
}

static void thread_ends(void *self) {
    rti_thread_heap_end(self);
}

static pthread_key_t end_key;
static pthread_once_t end_once = PTHREAD_ONCE_INIT;

static void make_key(void) {
    (void)pthread_key_create(&end_key, thread_ends);
}

// The thread's heap goes to others when it ends.
static void own_heap(RtThread *self) {
    (void)pthread_once(&end_once, make_key);
    (void)pthread_setspecific(end_key, self);
}

RtiForeign rti_foreign_back(void) {
    RtThread *self = rti_self();
    RtiForeign outer = {self->foreign, false};
    bool stranger = flap_used && !self->self && self->exports == 0;
    if (stranger) own_heap(self);
    self->foreign = NULL;
    outer.gave = stranger || (is_first(self) && outer.name);
    if (outer.gave) rti_lock(&flap);
    if (outer.gave && __fpending(stdout) > 0) (void)fflush(stdout);
    return outer;
}

void rti_foreign_on(RtiForeign outer) {
    RtThread *self = rti_self();
    if (outer.gave) {
        rti_out_flush();
        rti_unlock(&flap);
    }
    self->foreign = outer.name;
}

uint64_t rt_foreign_null(const void *name) {
    return rti_error("%s returned NULL", (const char *)name);
}

uint64_t rt_foreign_own(uint64_t word) {
    return rti_is(word, RT_TAG_LIST) ? rti_list_word(rt_list_unique(rti_list(word))) : word;
}

// --- exported functions --------------------------------------------------------------------------

// The top level of each object runs before the first of its functions.
static void start_program(RtProgram *program) {
    enum { PROGRAMS_MOST = 64 };
    static RtProgram *started[PROGRAMS_MOST]; // by `flap`
    static int count;
    for (int i = 0; i < count; ++i)
        if (started[i] == program) return;
    if (count == PROGRAMS_MOST)
        rti_stop(NULL, "more than %d Flap objects in one program", PROGRAMS_MOST);
    if (count == 0) rti_process_start(0, NULL, environ, NULL);
    started[count++] = program;
    (void)program();
}

void rt_export_enter(const void *program) {
    RtThread *self = rti_self();
    if (self->exports++ > 0 || self->self) return;
    rti_lock(&flap);
    flap_used = true;
    own_heap(self);
    start_program((RtProgram *)(uintptr_t)program);
}

void rt_export_leave(void) {
    RtThread *self = rti_self();
    if (--self->exports > 0 || self->self) return;
    rti_out_flush();
    rti_unlock(&flap);
}

// --- numbers -------------------------------------------------------------------------------------

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
    switch (kind) {
    case RT_C_VOID: return 0;
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
    int64_t whole = kind == RT_C_BOOL ? number != 0 : rti_c_cut(kind, number);
    if (kind == RT_C_F64)
        memcpy(at, &number, sizeof number);
    else if (kind == RT_C_F32)
        memcpy(at, &narrow, sizeof narrow);
    else
        memcpy(at, &whole, rti_c_size(kind));
}

// --- arguments by pointer ------------------------------------------------------------------------

enum { KEEP_NOTHING, KEEP_CALLBACK, KEEP_TEXT, KEEP_NUMBERS, KEEP_WORDS };

_Noreturn static void stop_argument(const RtCParam *param, uint64_t word, const RtPlace *place) {
    if (rti_is(word, RT_TAG_ERROR)) rti_stop_error(word, place);
    char kinds[120];
    rti_kinds_text(param->takes | RT_IS_NUMBER, kinds, sizeof kinds);
    rti_stop(place, "argument %d of '%s' needs %s, not %s", param->position, param->function, kinds,
             rti_kind_text(word));
}

static const void *text_pointer(const RtStr *text, const RtCParam *param, RtCKeep *keep) {
    if (!param->writes) return text->bytes;
    // C may write to it, and nobody else shall see that.
    keep->thing = rti_alloc((size_t)text->length + 1);
    keep->kind = KEEP_TEXT;
    return rti_copy(keep->thing, text->bytes, (size_t)text->length + 1);
}

// A list of numbers is a C array of doubles; for other types C gets an array of its own.
static const void *list_pointer(RtList *list, const RtCParam *param, RtCKeep *keep,
                                const RtPlace *place) {
    for (int64_t i = 0; i < list->length; ++i)
        if (!rti_is_number(list->words[i]))
            rti_stop(place, "argument %d of '%s' needs a list of numbers", param->position,
                     param->function);
    keep->list = list;
    // What others hold too is not for C to write to.
    if (param->element == RT_C_F64 && (!param->writes || rti_unshared(list))) {
        keep->kind = KEEP_WORDS;
        keep->thing = list->words;
        return list->words;
    }
    size_t size = rti_c_size(param->element);
    char *numbers = rti_alloc((size_t)list->length * size + 1);
    for (int64_t i = 0; i < list->length; ++i)
        rti_c_store(param->element, numbers + (size_t)i * size, rti_number(list->words[i]));
    keep->kind = KEEP_NUMBERS;
    return keep->thing = numbers;
}

const void *rt_foreign_pointer(uint64_t word, const void *about, const void *kept,
                               const RtPlace *place) {
    const RtCParam *param = about;
    RtCKeep *keep = (RtCKeep *)(uintptr_t)kept;
    *keep = (RtCKeep){.param = param};
    if (rti_is_number(word)) return (const void *)(uintptr_t)rti_c_bits(rti_number(word));
    if (!(rti_kind_bit(word) & param->takes)) stop_argument(param, word, place);
    if (rti_is(word, RT_TAG_STRING)) return text_pointer(rti_str(word), param, keep);
    if (rti_is(word, RT_TAG_LIST)) return list_pointer(rti_list(word), param, keep, place);
    RtiCallback *callback = rti_callback_of(rti_pointer(word), param->signature, place);
    keep->thing = callback;
    keep->kind = KEEP_CALLBACK;
    return rti_callback_code(callback);
}

static void read_back(const RtCKeep *keep) {
    size_t size = rti_c_size(keep->param->element);
    for (int64_t i = 0; i < keep->list->length; ++i)
        keep->list->words[i] =
            rti_c_word(keep->param->element, (char *)keep->thing + (size_t)i * size);
}

void rt_foreign_done(const void *kept) {
    const RtCKeep *keep = kept;
    // A list that others hold too was not meant to be written to.
    bool writes = keep->list && keep->param->writes && rti_unshared(keep->list);
    switch (keep->kind) {
    case KEEP_CALLBACK: rti_callback_done(keep->thing); return;
    case KEEP_TEXT: rti_free(keep->thing); return;
    case KEEP_NUMBERS:
        if (writes) read_back(keep);
        rti_free(keep->thing);
        return;
    case KEEP_WORDS:
        for (int64_t i = 0; writes && i < keep->list->length; ++i)
            if (!rti_is_number(keep->list->words[i])) keep->list->words[i] = RT_CANONICAL_NAN;
        return;
    }
}

// --- structs by value ----------------------------------------------------------------------------

static RtStr *name_of(const RtCField *field) {
    return rt_str_new(field->name, (int64_t)strlen(field->name));
}

static uint64_t read_one(const RtCField *field, const char *at) {
    if (field->kind != RT_C_RECORD) return rti_c_word(field->kind, at);
    return rti_box(RT_TAG_MAP, rt_foreign_map(field->record, at));
}

static size_t size_of(const RtCField *field) {
    return field->kind == RT_C_RECORD ? (size_t)field->record->size : rti_c_size(field->kind);
}

static uint64_t read_field(const RtCField *field, const char *at) {
    if (field->count < 0) return read_one(field, at);
    RtList *list = rt_list_new(field->count);
    for (int64_t i = 0; i < field->count; ++i) {
        uint64_t word = read_one(field, at + (size_t)i * size_of(field));
        rti_list_flag(list, word);
        list->words[list->length++] = word;
    }
    return rti_list_word(list);
}

RtMap *rt_foreign_map(const void *about, const void *from) {
    const RtCRecord *record = about;
    RtMap *map = rt_map_new(record->count);
    for (int64_t i = 0; i < record->count; ++i) {
        const RtCField *field = &record->fields[i];
        RtStr *name = name_of(field);
        uint64_t value = read_field(field, (const char *)from + field->offset);
        map = rt_map_put(map, rti_string_word(name), value, NULL);
        rti_release(name);
    }
    return map;
}

static void fill(const RtCRecord *record, char *to, uint64_t word, const RtPlace *place);

static void fill_one(const RtCField *field, char *to, uint64_t word, const RtPlace *place) {
    if (field->kind == RT_C_RECORD) {
        fill(field->record, to, word, place);
        return;
    }
    if (rti_is(word, RT_TAG_ERROR)) rti_stop_error(word, place);
    if (!rti_is_number(word))
        rti_stop(place, "field '%s' of a C struct needs a number, not %s", field->name,
                 rti_kind_text(word));
    rti_c_store(field->kind, to, rti_number(word));
}

static void fill_field(const RtCField *field, char *to, uint64_t word, const RtPlace *place) {
    if (field->count < 0) {
        fill_one(field, to, word, place);
        return;
    }
    if (!rti_is(word, RT_TAG_LIST) || rti_list(word)->length > field->count)
        rti_stop(place, "field '%s' of a C struct needs a list of at most %lld elements",
                 field->name, (long long)field->count);
    const RtList *list = rti_list(word);
    for (int64_t i = 0; i < list->length; ++i)
        fill_one(field, to + (size_t)i * size_of(field), list->words[i], place);
}

static void fill_from_map(const RtCRecord *record, char *to, RtMap *map, const RtPlace *place) {
    int64_t found = 0;
    for (int64_t i = 0; i < record->count; ++i) {
        RtStr *name = name_of(&record->fields[i]);
        if (rt_map_has(map, rti_string_word(name), place)) {
            uint64_t value = rt_map_get(map, rti_string_word(name), place);
            fill_field(&record->fields[i], to + record->fields[i].offset, value, place);
            rti_release_word(value);
            ++found;
        }
        rti_release(name);
    }
    if (found != map->length)
        rti_stop(place, "a map for the C struct '%s' has a key that is none of its fields",
                 record->name);
}

static void fill(const RtCRecord *record, char *to, uint64_t word, const RtPlace *place) {
    if (rti_is_number(word)) {
        const void *from = (const void *)(uintptr_t)rti_c_bits(rti_number(word));
        if (!from) rti_stop(place, "the C struct '%s' is at no address", record->name);
        memcpy(to, from, (size_t)record->size);
        return;
    }
    memset(to, 0, (size_t)record->size); // what is not given is 0
    if (rti_is(word, RT_TAG_MAP)) {
        fill_from_map(record, to, rti_pointer(word), place);
        return;
    }
    if (!rti_is(word, RT_TAG_LIST))
        rti_stop_kind(record->name, "an address, a map or a list", word, place);
    const RtList *list = rti_list(word);
    if (list->length > record->count)
        rti_stop(place, "the C struct '%s' has fewer fields than the list has elements",
                 record->name);
    for (int64_t i = 0; i < list->length; ++i)
        fill_field(&record->fields[i], to + record->fields[i].offset, list->words[i], place);
}

void rt_foreign_record(uint64_t word, const void *about, const void *to, const RtPlace *place) {
    fill(about, (char *)(uintptr_t)to, word, place);
}
