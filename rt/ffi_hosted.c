// ffi_hosted.c: calls of C functions by name or address, through libffi; libraries and symbols;
// Flap functions as C callbacks. Only in processes with a libc.
//
// Types come as RT_C_ bytes from the compiler; words that do not fit them stop the program. C's own
// standard output and the program's are kept in order by flushing one before and the other after a
// call, outside parallel loops.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "foreign.h"
#include "futex.h"
#include "start.h"
#include "value.h"

#include <dlfcn.h>
#include <ffi.h>
#include <limits.h>
#include <string.h>

enum { MOST_ARGUMENTS = 64, MOST_PARAMETERS = 16 };

// --- types ---------------------------------------------------------------------------------------

static ffi_type *type_of(int32_t kind) {
    switch (kind) {
    case RT_C_VOID: return &ffi_type_void;
    case RT_C_BOOL: return &ffi_type_uint8;
    case RT_C_I8: return &ffi_type_sint8;
    case RT_C_I16: return &ffi_type_sint16;
    case RT_C_I32: return &ffi_type_sint32;
    case RT_C_I64: return &ffi_type_sint64;
    case RT_C_U8: return &ffi_type_uint8;
    case RT_C_U16: return &ffi_type_uint16;
    case RT_C_U32: return &ffi_type_uint32;
    case RT_C_U64: return &ffi_type_uint64;
    case RT_C_F32: return &ffi_type_float;
    case RT_C_F64: return &ffi_type_double;
    case RT_C_POINTER:
    case RT_C_TEXT:
    case RT_C_CALLBACK: return &ffi_type_pointer;
    }
    return &ffi_type_sint64;
}

typedef union Cell { // an argument or a result, as libffi wants it
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    float f32;
    double f64;
    const void *pointer;
    ffi_arg wide; // integers narrower than this come back in it
} Cell;

uint64_t rti_c_bits(double number) {
    return number >= 0x1p63 && number < 0x1p64 ? (uint64_t)number : (uint64_t)rt_to_int(number);
}

static double result_number(int32_t kind, const Cell *cell) {
    switch (kind) {
    case RT_C_VOID: return 0;
    case RT_C_I8: return (double)(int8_t)cell->wide;
    case RT_C_I16: return (double)(int16_t)cell->wide;
    case RT_C_I32: return (double)(int32_t)cell->wide;
    case RT_C_BOOL:
    case RT_C_U8: return (double)(uint8_t)cell->wide;
    case RT_C_U16: return (double)(uint16_t)cell->wide;
    case RT_C_U32: return (double)(uint32_t)cell->wide;
    case RT_C_U64: return (double)cell->u64;
    case RT_C_F32: return (double)cell->f32;
    case RT_C_F64: return cell->f64;
    case RT_C_POINTER:
    case RT_C_TEXT:
    case RT_C_CALLBACK: return (double)(uintptr_t)cell->pointer;
    }
    return (double)cell->i64;
}

// --- callbacks -----------------------------------------------------------------------------------

// A Flap function as C code. C may keep the address, so one of a function without captures lives as
// long as the process; of those with captures, which programs may make without end, the latest are
// kept.
struct RtiCallback {
    RtClosure *function; // owned
    const uint8_t *signature; // RtCParam.signature, or null: all are 64-bit integers
    ffi_closure *closure;
    void *code;
    ffi_cif cif;
    ffi_type *types[MOST_PARAMETERS];
    uint64_t used; // when it was last passed
    int32_t busy;  // calls in progress that it was passed to
};
typedef struct RtiCallback Callback;

enum { CALLBACKS_KEPT = 256 };

static struct {
    RtiLock lock; // of everything here
    Callback *slots[CALLBACKS_KEPT * 4];
    uint64_t clock;
} callbacks;

static void set_result(int32_t kind, void *result, double number) {
    if (kind == RT_C_VOID) return;
    if (kind == RT_C_F64)
        *(double *)result = number;
    else if (kind == RT_C_F32)
        *(float *)result = (float)number;
    else if (kind == RT_C_BOOL)
        *(ffi_arg *)result = number != 0;
    else
        *(ffi_arg *)result = (ffi_arg)rti_c_cut(kind, number);
}

// What C calls: its arguments come in as numbers, and a number goes out. A thread that is none of
// the program's waits until the program is in C itself.
static void on_callback(ffi_cif *cif, void *result, void **arguments, void *user) {
    const Callback *callback = user;
    RtClosure *function = callback->function;
    uint64_t words[MOST_PARAMETERS];
    RtiForeign outer = rti_foreign_back();
    for (unsigned i = 0; i < cif->nargs; ++i) {
        int32_t kind = callback->signature ? callback->signature[2 + i] : RT_C_I64;
        words[i] = rti_c_word(kind, arguments[i]);
    }
    uint64_t word = rt_call(rti_box(RT_TAG_FUNCTION, function), words, (int64_t)cif->nargs, NULL);
    if (rti_is(word, RT_TAG_ERROR)) rti_stop_error(word, NULL);
    double number = rti_is_number(word) ? rti_number(word) : 0;
    set_result(callback->signature ? callback->signature[1] : RT_C_I64, result, number);
    rti_release_word(word);
    rti_foreign_on(outer);
}

static void callback_free(Callback *callback) {
    ffi_closure_free(callback->closure);
    rti_release(callback->function);
    rti_free(callback);
}

static Callback *callback_make(RtClosure *function, const uint8_t *signature,
                               const RtPlace *place) {
    int64_t arity = function->info->least;
    if (arity != function->info->most || arity > MOST_PARAMETERS)
        rti_stop(place,
                 "'%s' cannot be a C callback: it needs a fixed number of parameters, at most %d",
                 function->info->name, MOST_PARAMETERS);
    if (signature && signature[0] != arity)
        rti_stop(place, "'%s' takes %d arguments, but C calls it with %d", function->info->name,
                 (int)arity, (int)signature[0]);
    Callback *callback = rti_alloc(sizeof *callback);
    memset(callback, 0, sizeof *callback);
    callback->closure = ffi_closure_alloc(sizeof(ffi_closure), &callback->code);
    for (int64_t i = 0; i < arity; ++i)
        callback->types[i] = type_of(signature ? signature[2 + i] : RT_C_I64);
    if (!callback->closure ||
        ffi_prep_cif(&callback->cif, FFI_DEFAULT_ABI, (unsigned)arity,
                     type_of(signature ? signature[1] : RT_C_I64), callback->types) != FFI_OK ||
        ffi_prep_closure_loc(callback->closure, &callback->cif, &on_callback, callback,
                             callback->code) != FFI_OK)
        rti_stop(place, "the system does not allow callbacks");
    rti_retain(function);
    callback->function = function;
    callback->signature = signature;
    return callback;
}

static bool lasts(const Callback *callback) {
    return callback->function->header.count < 0;
}

// Finds a place for a new callback: a free one, or that of the one passed longest ago that may go.
static Callback **callback_slot(const RtPlace *place) {
    Callback **best = NULL, **free = NULL;
    int32_t passing = 0;
    for (size_t i = 0; i < sizeof callbacks.slots / sizeof *callbacks.slots; ++i) {
        Callback **slot = &callbacks.slots[i];
        if (!*slot) {
            if (!free) free = slot;
        } else if (!lasts(*slot)) {
            ++passing;
            if (!(*slot)->busy && (!best || (*slot)->used < (*best)->used)) best = slot;
        }
    }
    if (free && (passing < CALLBACKS_KEPT || !best)) return free;
    if (!best) {
        rti_unlock(&callbacks.lock);
        rti_stop(place, "more than %d functions are C callbacks", CALLBACKS_KEPT * 4);
    }
    callback_free(*best);
    *best = NULL;
    return best;
}

Callback *rti_callback_of(RtClosure *function, const uint8_t *signature, const RtPlace *place) {
    rti_lock(&callbacks.lock);
    Callback *callback = NULL;
    for (size_t i = 0; i < sizeof callbacks.slots / sizeof *callbacks.slots && !callback; ++i)
        if (callbacks.slots[i] && callbacks.slots[i]->function == function &&
            callbacks.slots[i]->signature == signature)
            callback = callbacks.slots[i];
    if (!callback) {
        Callback **slot = callback_slot(place);
        callback = *slot = callback_make(function, signature, place);
    }
    callback->used = ++callbacks.clock;
    ++callback->busy;
    rti_unlock(&callbacks.lock);
    return callback;
}

void *rti_callback_code(const Callback *callback) {
    return callback->code;
}

void rti_callback_done(Callback *callback) {
    rti_lock(&callbacks.lock);
    --callback->busy;
    rti_unlock(&callbacks.lock);
}

void rti_foreign_end(void) {
    for (size_t i = 0; i < sizeof callbacks.slots / sizeof *callbacks.slots; ++i) {
        if (callbacks.slots[i] && !callbacks.slots[i]->busy) {
            callback_free(callbacks.slots[i]);
            callbacks.slots[i] = NULL;
        }
    }
}

// --- symbols -------------------------------------------------------------------------------------

static void *find_symbol(const char *name) {
    void *address = dlsym(RTLD_DEFAULT, name);
    static const char *const libraries[] = {"libm.so.6", "libc.so.6"};
    for (size_t i = 0; !address && i < sizeof libraries / sizeof *libraries; ++i) {
        void *library = dlopen(libraries[i], RTLD_LAZY); // stays loaded, as the program's own would
        if (library) address = dlsym(library, name);
    }
    return address;
}

// The address for a name that is a literal, or for any other; literals are never freed, so that
// their own address can stand for their text.
static void *symbol_of(const RtStr *name, const RtPlace *place) {
    enum { SLOTS = 64 };
    static _Thread_local struct {
        const RtStr *name;
        void *address;
    } known[SLOTS];
    size_t slot = (uintptr_t)name / 16 % SLOTS;
    if (known[slot].name == name) return known[slot].address;
    if (strlen(name->bytes) != (size_t)name->length)
        rti_stop(place, "the name of a C function contains a NUL");
    void *address = find_symbol(name->bytes);
    if (!address) rti_stop(place, "there is no C function '%s' in this process", name->bytes);
    if (name->header.count < 0) {
        known[slot].name = name;
        known[slot].address = address;
    }
    return address;
}

// --- the call ------------------------------------------------------------------------------------

typedef struct ForeignCall {
    unsigned count;
    ffi_type *types[MOST_ARGUMENTS];
    Cell cells[MOST_ARGUMENTS];
    void *pointers[MOST_ARGUMENTS];
    Callback *callbacks[MOST_ARGUMENTS];
    unsigned callback_count;
} ForeignCall;

// An argument that C takes by address: text, a function, or an address itself.
static const void *pointer_of(ForeignCall *call, uint64_t word, const RtPlace *place) {
    if (rti_is_number(word)) return (const void *)(uintptr_t)rti_c_bits(rti_number(word));
    if (rti_is(word, RT_TAG_STRING)) return rti_str(word)->bytes;
    if (!rti_is(word, RT_TAG_FUNCTION))
        rti_stop_kind("a C argument", "a number, a string or a function", word, place);
    Callback *callback = rti_callback_of(rti_pointer(word), NULL, place);
    call->callbacks[call->callback_count++] = callback;
    return callback->code;
}

static void set_argument(ForeignCall *call, unsigned i, int32_t kind, uint64_t word,
                         const RtPlace *place) {
    Cell *cell = &call->cells[i];
    call->types[i] = type_of(kind);
    call->pointers[i] = cell;
    if (kind == RT_C_POINTER || kind == RT_C_TEXT || kind == RT_C_CALLBACK) {
        cell->pointer = pointer_of(call, word, place);
        return;
    }
    double number = rt_expect_number(word, "a C argument", place);
    if (kind == RT_C_F64)
        cell->f64 = number;
    else if (kind == RT_C_F32)
        cell->f32 = (float)number;
    else
        cell->u64 = rti_c_bits(number); // little-endian: narrower types are its low bytes
}

uint64_t rt_foreign_call(uint64_t function, const void *kinds, const void *words, int64_t count,
                         int32_t result_kind, const RtPlace *place) {
    const uint8_t *kind = kinds;
    const uint64_t *word = words;
    if (rti_is(function, RT_TAG_ERROR)) rti_stop_error(function, place);
    void *address = rti_is(function, RT_TAG_STRING)
                        ? symbol_of(rti_str(function), place)
                        : (void *)(uintptr_t)rt_to_int(rt_expect_number(function, "call", place));
    if (!address) rti_stop(place, "call of the address 0");
    if (count > MOST_ARGUMENTS)
        rti_stop(place, "a C function is called with more than %d arguments", MOST_ARGUMENTS);

    ForeignCall call;
    call.count = (unsigned)count;
    call.callback_count = 0;
    for (unsigned i = 0; i < call.count; ++i) set_argument(&call, i, kind[i], word[i], place);
    ffi_cif cif;
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, call.count, type_of(result_kind), call.types) != FFI_OK)
        rti_stop(place, "this C call cannot be made here");
    Cell result = {.u64 = 0};
    rt_foreign_enter(rti_is(function, RT_TAG_STRING) ? rti_str(function)->bytes : "");
    ffi_call(&cif, FFI_FN(address), &result, call.pointers);
    rt_foreign_leave();
    for (unsigned i = 0; i < call.callback_count; ++i) rti_callback_done(call.callbacks[i]);
    double number = result_number(result_kind, &result);
    return number != number ? RT_CANONICAL_NAN : rti_number_word(number);
}

// --- libraries -----------------------------------------------------------------------------------

double rt_foreign_open(uint64_t path, double flags, const RtPlace *place) {
    const char *name = NULL; // a number, 0: the process itself
    if (rti_is(path, RT_TAG_STRING))
        name = rti_str(path)->bytes;
    else if (!rti_is_number(path))
        rti_stop_kind("dlopen", "a path", path, place);
    int32_t mode = (int32_t)rt_to_int(flags);
    return (double)(uintptr_t)dlopen(name, mode ? mode : RTLD_LAZY);
}

double rt_foreign_symbol(double handle, uint64_t name, const RtPlace *place) {
    if (!rti_is(name, RT_TAG_STRING)) rti_stop_kind("dlsym", "a string", name, place);
    void *library = (void *)(uintptr_t)rt_to_int(handle); // 0: RTLD_DEFAULT
    return (double)(uintptr_t)dlsym(library, rti_str(name)->bytes);
}

double rt_foreign_close(double handle) {
    void *library = (void *)(uintptr_t)rt_to_int(handle);
    return library ? dlclose(library) : -1;
}
