// intern.h: one Name per distinct spelling, so that names are compared by pointer after the lexer.
#ifndef FLAP_INTERN_H
#define FLAP_INTERN_H

#include "arena.h"

typedef struct Name {
    const char *text; // NUL-terminated
    uint32_t len, hash;
    uint8_t keyword; // the TokenKind of a reserved word, else 0 (TOKEN_END)
    bool is_alias;   // its keyword was given by `alias`
    uint8_t meaning; // parser: how the name was last defined (NameMeaning in parser_internal.h)
} Name;

typedef struct Interner {
    Arena *arena;
    Name **slots;
    uint32_t used, capacity;
} Interner;

// The one Name with these bytes; `len` below 2^31.
Name *intern(Interner *interner, const char *text, size_t len);
Name *intern_c(Interner *interner, const char *text);

// For the lexer, which hashes a name while it looks for its end: INTERN_STEP for each byte, from
// INTERN_SEED.
#define INTERN_SEED             2166136261u
#define INTERN_STEP(hash, byte) (((hash) ^ (uint8_t)(byte)) * 16777619u)
Name *intern_hashed(Interner *interner, const char *text, size_t len, uint32_t hash);

#endif
