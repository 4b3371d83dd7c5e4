// callback_hosted.c: Flap functions as C function pointers, through libffi's closures.
//
// C's arguments become numbers and maps, and what the function gives becomes what the prototype says;
// nothing is known of the prototype: 64-bit integers. Invariant: a callback whose `busy` is not 0 is
// not freed.
#include "ffi_hosted.h"

#include "futex.h"
#include "start.h"
#include "value.h"

#include <string.h>

enum { MOST_PARAMETERS = 16 };

// --- types ---------------------------------------------------------------------------------------

// A struct as libffi wants it described: by the numbers that lie in it. One that is too large for
// registers goes through memory wherever it stands, whatever lies in it.
enum { MOST_SCALARS = 32 };
typedef struct RecordType {
    ffi_type type;
    ffi_type *elements[MOST_SCALARS + 1];
} RecordType;

static ffi_type *record_type(const RtCRecord *record, RecordType *made) {
    int count = 0;
    if (!record->scalars) made->elements[count++] = &ffi_type_uint64;
    for (const uint8_t *kind = record->scalars; kind && *kind && count < MOST_SCALARS; ++kind)
        made->elements[count++] = rti_ffi_type(*kind);
    made->elements[count] = NULL;
    made->type = (ffi_type){(size_t)record->size, (unsigned short)record->align, FFI_TYPE_STRUCT,
                            made->elements};
    return &made->type;
}

// --- one callback --------------------------------------------------------------------------------

// A Flap function as C code. C may keep the address, so one of a function without captures lives as
// long as the process; of those with captures, which programs may make without end, the latest are
// kept.
struct RtiCallback {
    RtClosure *function;           // owned
    const RtCSignature *signature; // null: all are 64-bit integers
    RecordType *records;           // the structs among its types
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

// libffi wants integers that are narrower than a register widened to one.
static void set_number(int32_t kind, void *result, double number) {
    bool whole = kind != RT_C_F64 && kind != RT_C_F32 && kind != RT_C_LONG_DOUBLE;
    if (whole && kind != RT_C_BOOL)
        *(ffi_arg *)result = (ffi_arg)rti_c_cut(kind, number);
    else if (whole)
        *(ffi_arg *)result = number != 0;
    else
        rti_c_store(kind, result, number);
}

static void set_result(const Callback *callback, void *result, uint64_t word) {
    const RtCType *type = callback->signature ? callback->signature->result : NULL;
    if (rti_is(word, RT_TAG_ERROR)) rti_stop_error(word, NULL);
    if (type && type->kind == RT_C_VOID) return;
    if (type && type->kind == RT_C_RECORD) {
        rt_foreign_record(word, type->record, result, NULL);
        return;
    }
    if (type && !rti_is_number(word))
        rti_stop(NULL, "'%s' is called by C, which needs a number from it, not %s",
                 callback->function->info->name, rti_kind_text(word));
    set_number(type ? type->kind : RT_C_I64, result, rti_is_number(word) ? rti_number(word) : 0);
}

// What C calls. A thread that is none of the program's waits until the program is in C itself.
static void on_callback(ffi_cif *cif, void *result, void **arguments, void *user) {
    const Callback *callback = user;
    const RtCSignature *signature = callback->signature;
    uint64_t words[MOST_PARAMETERS];
    RtiForeign outer = rti_foreign_back();
    for (unsigned i = 0; i < cif->nargs; ++i)
        words[i] = signature ? rti_c_read(signature->params[i], arguments[i])
                             : rti_c_word(RT_C_I64, arguments[i]);
    uint64_t word =
        rt_call(rti_box(RT_TAG_FUNCTION, callback->function), words, (int64_t)cif->nargs, NULL);
    for (unsigned i = 0; i < cif->nargs; ++i) rti_release_word(words[i]);
    set_result(callback, result, word);
    rti_release_word(word);
    rti_foreign_on(outer);
}

static void callback_free(Callback *callback) {
    ffi_closure_free(callback->closure);
    rti_free(callback->records);
    rti_release(callback->function);
    rti_free(callback);
}

static void check_parameters(const RtClosure *function, const RtCSignature *signature,
                             const RtPlace *place) {
    int64_t arity = function->info->least;
    if (arity != function->info->most || arity > MOST_PARAMETERS)
        rti_stop(place,
                 "'%s' cannot be a C callback: it needs a fixed number of parameters, at most %d",
                 function->info->name, MOST_PARAMETERS);
    if (signature && signature->count != arity)
        rti_stop(place, "'%s' takes %d argument%s, but C calls it with %d", function->info->name,
                 (int)arity, arity == 1 ? "" : "s", (int)signature->count);
}

// libffi's type of a parameter or the result; the structs' are `callback`'s, each in its place.
static ffi_type *type_of(Callback *callback, const RtCType *type, int64_t at) {
    if (!type) return rti_ffi_type(RT_C_I64);
    if (type->kind != RT_C_RECORD) return rti_ffi_type(type->kind);
    if (!callback->records)
        callback->records = rti_alloc((MOST_PARAMETERS + 1) * sizeof *callback->records);
    return record_type(type->record, &callback->records[at]);
}

static Callback *callback_make(RtClosure *function, const RtCSignature *signature,
                               const RtPlace *place) {
    check_parameters(function, signature, place);
    int64_t arity = function->info->least;
    Callback *callback = rti_alloc(sizeof *callback);
    memset(callback, 0, sizeof *callback);
    callback->closure = ffi_closure_alloc(sizeof(ffi_closure), &callback->code);
    for (int64_t i = 0; i < arity; ++i)
        callback->types[i] = type_of(callback, signature ? signature->params[i] : NULL, i);
    ffi_type *result = type_of(callback, signature ? signature->result : NULL, MOST_PARAMETERS);
    if (!callback->closure ||
        ffi_prep_cif(&callback->cif, FFI_DEFAULT_ABI, (unsigned)arity, result, callback->types) !=
            FFI_OK ||
        ffi_prep_closure_loc(callback->closure, &callback->cif, &on_callback, callback,
                             callback->code) != FFI_OK)
        rti_stop(place, "the system does not allow callbacks");
    rti_retain(function);
    callback->function = function;
    callback->signature = signature;
    return callback;
}

// --- those in use --------------------------------------------------------------------------------

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

Callback *rti_callback_of(RtClosure *function, const RtCSignature *signature,
                          const RtPlace *place) {
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
