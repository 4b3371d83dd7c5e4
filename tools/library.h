// library.h: functions of a shared library that is opened when it is needed.
#ifndef FLAP_LIBRARY_H
#define FLAP_LIBRARY_H

#include <stddef.h>

// One function, and where in the caller's struct its address goes.
typedef struct LibraryFunction {
    const char *name;
    size_t offset;
} LibraryFunction;

// Puts the addresses of all the functions into the struct at `into`. Null, or the name of the first
// one that the library lacks.
const char *library_load(void *library, const LibraryFunction *functions, size_t count, void *into);

#endif
