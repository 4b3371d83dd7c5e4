// functions.c: which Flap function a piece of code belongs to, by the table that generated code
// hands over when the program starts. Only for messages; safe in a signal handler.
//
// Invariant: the table is constant and names every function of the program's module; functions of
// the runtime that were merged into it have no name.
#include "rt_internal.h"

typedef struct RtFunctionEntry {
    uintptr_t code;
    const char *name;
} RtFunctionEntry;

void rt_functions(const void *table, int64_t count) {
    rti_process.functions = table;
    rti_process.function_count = count;
}

static const char *name_at(uintptr_t code, uintptr_t last) {
    const RtFunctionEntry *table = rti_process.functions, *best = NULL;
    if (code > last) return NULL; // the last entry is an empty function, after all others
    for (int64_t i = 0; i < rti_process.function_count; i++)
        if (table[i].code <= code && (!best || table[i].code > best->code)) best = &table[i];
    return best ? best->name : NULL;
}

const char *rti_function_on_stack(const char *stack_pointer, uintptr_t code) {
    enum { WORDS_SEEN = 1 << 12 };
    const RtFunctionEntry *table = rti_process.functions;
    uintptr_t last = 0;
    for (int64_t i = 0; i < rti_process.function_count; i++)
        if (table[i].code > last) last = table[i].code;
    const char *name = name_at(code, last);
    const uintptr_t *word = (const uintptr_t *)((uintptr_t)stack_pointer & ~(uintptr_t)7);
    // A return address stands behind a call, so a function's own address is none.
    for (int i = 1; i < WORDS_SEEN && !name; i++) name = name_at(word[i] - 1, last);
    return name;
}
