// foreign_hosted.c: what compiled calls of C functions need: arguments that C takes by pointer, and
// order between Flap and C.
//
// Order: the program's output is written before C runs and C's after it, outside parallel loops.
// Flap code outside parallel loops runs on one thread at a time, the one that holds `flap`: the first
// one, or one that C made and that is in a callback or in an exported function. It is given up for the
// time of a C function, but not during a parallel loop: callbacks on threads that C made wait for the
// loop's end, so that a body must not wait for them. Invariant: a thread whose `foreign` is not null is in C code.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "foreign.h"

#include "futex.h"
#include "start.h"
#include "value.h"

#include <pthread.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

static RtiLock flap;
static _Atomic bool flap_used; // set once by who holds it; relaxed: who reads it false takes no part

// --- in and out ----------------------------------------------------------------------------------

// Whether the thread runs Flap code only while it holds `flap`: the first one, and those that C made.
static bool takes_turns(const RtThread *self) {
    return atomic_load_explicit(&flap_used, memory_order_relaxed) && self->id == 0 && !self->par;
}

static void take_flap(void) {
    rti_lock(&flap);
    atomic_store_explicit(&flap_used, true, memory_order_relaxed);
    if (__fpending(stdout) > 0) (void)fflush(stdout);
}

static void give_flap(void) {
    rti_out_flush();
    rti_unlock(&flap);
}

void rti_foreign_first(void) {
    take_flap();
}

void rti_foreign_forked(void) {
    if (atomic_load_explicit(&flap_used, memory_order_relaxed)) rti_lock_keep(&flap);
}

void rt_foreign_enter(const void *name) {
    RtThread *self = rti_self();
    if (takes_turns(self)) give_flap();
    self->foreign = name;
}

void rt_foreign_leave(void) {
    RtThread *self = rti_self();
    self->foreign = NULL;
    if (takes_turns(self)) take_flap();
}

static void thread_ends(void *self) {
    rti_export_forget();
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

// Whether C calls on a thread that was not in Flap code before.
static bool is_stranger(const RtThread *self) {
    return !self->self && !self->foreign && self->exports == 0;
}

RtiForeign rti_foreign_back(void) {
    RtThread *self = rti_self();
    bool stranger = is_stranger(self);
    RtiForeign outer = {self->foreign, takes_turns(self) && (stranger || self->foreign)};
    if (stranger) own_heap(self);
    self->foreign = NULL;
    if (outer.gave) take_flap();
    return outer;
}

void rti_foreign_on(RtiForeign outer) {
    if (outer.gave) give_flap();
    rti_self()->foreign = outer.name;
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

// Whether an exported function takes the first thread's place when it is called from C that `outer`
// names, or null: from outside.
static bool export_takes(const RtThread *self, const char *outer) {
    return self->id == 0 && !self->par && (outer || (!self->self && self->exports == 0));
}

const void *rt_export_enter(const void *program) {
    RtThread *self = rti_self();
    const char *outer = self->foreign;
    bool takes = export_takes(self, outer);
    if (is_stranger(self)) own_heap(self);
    self->exports++;
    self->foreign = NULL;
    if (takes) take_flap();
    if (takes) start_program((RtProgram *)(uintptr_t)program);
    return outer;
}

void rt_export_leave(const void *outer) {
    RtThread *self = rti_self();
    self->exports--;
    if (export_takes(self, outer)) give_flap();
    self->foreign = outer;
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
