// builtin.h: the functions that are always there; one row of builtin.def each.
#ifndef FLAP_BUILTIN_H
#define FLAP_BUILTIN_H

#include "intern.h"

typedef enum BuiltinId {
#define BUILTIN(name, ...) BUILTIN_##name,
#include "builtin.def"
#undef BUILTIN
    BUILTIN_COUNT
} BuiltinId;

// What a builtin gives, as far as that does not depend on the arguments' types.
typedef enum BuiltinResult {
    GIVES_NUMBER,
    GIVES_INTEGER,   // whole, within ±2^53, not -0
    GIVES_BOOLEAN,
    GIVES_STRING,
    GIVES_NUMBERS,   // a list of numbers
    GIVES_STRINGS,   // a list of strings
    GIVES_LIST,      // a list of anything
    GIVES_MAP,
    GIVES_SAME,      // the type of the first argument (reverse, sort)
    GIVES_ELEMENT,   // of the first argument
    GIVES_NUMBER_OR_ERROR,
    GIVES_STRING_OR_ERROR,
    GIVES_ZERO_OR_ERROR,
    GIVES_KEYS,      // a list of numbers and strings
    GIVES_ELEMENTS,  // a list of the first argument's elements (values)
    GIVES_FILTERED,  // the type of the second argument
    GIVES_LONGER,    // the first argument's list with the last argument in it (push, insert)
    GIVES_PAIRS,     // a list of lists of the arguments' elements and of numbers
    GIVES_ANY,
    GIVES_ZERO,      // nothing: 0 (println)
    GIVES_NEVER,     // does not return (exit)
} BuiltinResult;

// How it is lowered.
typedef enum BuiltinLowering {
    BY_MATH,    // numbers in, number out: rt_<name>(double, …), readnone; kinds checked by lowering
    BY_INSTRUCTION, // an LLVM intrinsic or a few instructions (sqrt, abs, floor, min …): lower_call.c
    BY_SPECIAL, // its own code in lower_call.c (println, printf, exit, call …)
    BY_WORDS,   // uint64_t rt_b_<name>(const uint64_t *args, int64_t count, const RtPlace *place):
                // boxed arguments borrowed, result owned; the runtime checks kinds
} BuiltinLowering;

typedef struct Builtin {
    BuiltinId id;
    const char *name;
    int8_t least, most; // arguments; most -1: any number
    uint8_t result;     // BuiltinResult
    uint8_t lowering;   // BuiltinLowering
    uint8_t effects;    // EFFECT_… (sema.h)
    const char *parameters; // "(x)"
    const char *doc;        // what it does
    const char *example;    // a program that shows it
} Builtin;

extern const Builtin builtins[BUILTIN_COUNT];
// The builtin called `name`, or null.
const Builtin *builtin_find(const Name *name);

#endif
