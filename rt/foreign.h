// foreign.h: what the files about foreign code share (hosted only).
#ifndef FLAP_RT_FOREIGN_H
#define FLAP_RT_FOREIGN_H

#include "rt_internal.h"

// A Flap function as C code (callback_hosted.c). Each _of needs its _done. `signature` stays where it
// is; null: 64-bit integers.
typedef struct RtiCallback RtiCallback;
RtiCallback *rti_callback_of(RtClosure *function, const RtCSignature *signature,
                             const RtPlace *place);
void *rti_callback_code(const RtiCallback *callback);
void rti_callback_done(RtiCallback *callback);

// foreign_hosted.c: Flap code runs on the first thread, and on those of parallel loops; while the
// first is in a C function, a callback on a thread that C made may run in its place.
typedef struct RtiForeign {
    const char *name; // of the C function that called back
    bool gave;        // the first thread took its place back
} RtiForeign;
RtiForeign rti_foreign_back(void); // C calls back
void rti_foreign_on(RtiForeign outer);
void rti_foreign_first(void); // the program begins: its first thread runs Flap code

// In the child of a fork, whose one thread goes on with Flap code.
void rti_foreign_forked(void);

// record_hosted.c: numbers as C holds them: truncated and saturated to 64 bits, then cut.
uint64_t rti_c_bits(double number);
int64_t rti_c_cut(int32_t kind, double number);
// The number of that RT_C_ kind at `at`, as a word.
uint64_t rti_c_word(int32_t kind, const void *at);
void rti_c_store(int32_t kind, void *at, double number);
size_t rti_c_size(int32_t kind);
// The value of any type at `at`, owned: a number, a map for a struct, a list for an array.
uint64_t rti_c_read(const RtCType *type, const void *at);

// export_hosted.c: the thread ends: nobody asks for its latest error any more.
void rti_export_forget(void);

#endif
