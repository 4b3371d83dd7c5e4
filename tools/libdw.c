// libdw.c: finds and opens libdw (libdw.h).
#include "libdw.h"
#include <dlfcn.h>
#include <string.h>

static bool find(void *library, const char *name, void *place) {
    void *address = dlsym(library, name);
    memcpy(place, &address, sizeof address);
    return address != NULL;
}

bool libdw_open(LibDw *dw) {
    void *library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return false;
    bool good = true;
#define LIBDW_FIND(name, result, parameters)                                                       \
    good = find(library, "dwarf_" #name, &dw->name) && good;
    LIBDW_FUNCTIONS(LIBDW_FIND)
#undef LIBDW_FIND
    return good;
}
