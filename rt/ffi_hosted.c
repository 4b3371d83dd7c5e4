// ffi_hosted.c: calls of C functions by name or address, through libffi; libraries and symbols. Only
// in processes with a libc.
//
// Types come as RT_C_ bytes from the compiler; words that do not fit them stop the program. C's own
// standard output and the program's are kept in order by flushing one before and the other after a
// call, outside parallel loops.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "ffi_hosted.h"
#include "futex.h"
#include "start.h"
#include "value.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>

enum { MOST_ARGUMENTS = 64, MOST_PARAMETERS = 16 };

// --- types ---------------------------------------------------------------------------------------

ffi_type *rti_ffi_type(int32_t kind) {
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
    case RT_C_LONG_DOUBLE: return &ffi_type_longdouble;
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
    RtiCallback *callbacks[MOST_ARGUMENTS];
    unsigned callback_count;
} ForeignCall;

// An argument that C takes by address: text, a function, or an address itself.
static const void *pointer_of(ForeignCall *call, uint64_t word, const RtPlace *place) {
    if (rti_is_number(word)) return (const void *)(uintptr_t)rti_c_bits(rti_number(word));
    if (rti_is(word, RT_TAG_STRING)) return rti_str(word)->bytes;
    if (!rti_is(word, RT_TAG_FUNCTION))
        rti_stop_kind("a C argument", "a number, a string or a function", word, place);
    RtiCallback *callback = rti_callback_of(rti_pointer(word), NULL, place);
    call->callbacks[call->callback_count++] = callback;
    return rti_callback_code(callback);
}

static void set_argument(ForeignCall *call, unsigned i, int32_t kind, uint64_t word,
                         const RtPlace *place) {
    Cell *cell = &call->cells[i];
    call->types[i] = rti_ffi_type(kind);
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
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, call.count, rti_ffi_type(result_kind), call.types) != FFI_OK)
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
