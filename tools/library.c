// library.c: finds the functions of a shared library (library.h).
#include "library.h"
#include <dlfcn.h>
#include <string.h>

const char *library_load(void *library, const LibraryFunction *functions, size_t count,
                         void *into) {
    const char *missing = NULL;
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(library, functions[i].name);
        memcpy((char *)into + functions[i].offset, &address, sizeof address);
        if (!address && !missing) missing = functions[i].name;
    }
    return missing;
}
