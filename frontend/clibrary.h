// clibrary.h: where C libraries are: pkg-config, the system's folders, files beside a shared object.
#ifndef FLAP_CLIBRARY_H
#define FLAP_CLIBRARY_H

#include "cheader.h"
#include "frontend.h"

// What the helper is asked.
typedef struct CQuestion {
    VEC(const char *) words; // its command line
    const char *text;        // C that includes the headers
    bool optional; // without an answer the functions' names are enough: a warning
} CQuestion;

// Finds the library's headers and what a program is linked with. False after a report, or when there
// is nothing to ask because the library has no headers.
bool clibrary_find(Compilation *c, CLibrary *library, CQuestion *question, Span span);

// The same for a shared object that is imported by its path (cobject.c).
bool clibrary_find_object(Compilation *c, CLibrary *library, CQuestion *question, Span span);

// The folder for everything that flapc keeps between runs, made if need be; null: there is none.
const char *clibrary_cache(Arena *arena);

#endif
