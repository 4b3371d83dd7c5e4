// intern.h: one Name per distinct spelling, so that names are compared by pointer after the lexer.
#ifndef FLAP_INTERN_H
#define FLAP_INTERN_H

#include "arena.h"

typedef struct Name {
    const char *text; // NUL-terminated
    uint32_t len, hash;
    uint8_t keyword; // the TokenKind of a reserved word, else 0 (TOKEN_END)
} Name;

typedef struct Interner {
    Arena *arena;
    Name **slots;
    uint32_t used, capacity;
} Interner;

// The one Name with these bytes; `len` below 2^31.
Name *intern(Interner *interner, const char *text, size_t len);
Name *intern_c(Interner *interner, const char *text);

#endif
