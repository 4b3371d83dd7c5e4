// libdw.c: finds and opens libdw (libdw.h).
#include "libdw.h"
#include "../frontend/base.h"
#include "library.h"
#include <dlfcn.h>

const char *libdw_open(LibDw *dw) {
    static const LibraryFunction functions[] = {
#define LIBDW_ROW(name, result, parameters) {"dwarf_" #name, offsetof(LibDw, name)},
        LIBDW_FUNCTIONS(LIBDW_ROW)
#undef LIBDW_ROW
    };
    void *library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return "libdw";
    return library_load(library, functions, COUNT_OF(functions), dw);
}
