// libclang.c: finds and opens libclang (libclang.h).
#include "libclang.h"
#include "../frontend/base.h"
#include "library.h"
#include <dlfcn.h>
#include <stdio.h>

enum { OLDEST = 19, NEWEST = 30 };

// Debian keeps the real file, beside which clang's own headers are found, in LLVM's folder.
static void *open_library(void) {
    static const char *const forms[] = {"/usr/lib/llvm-%d/lib/libclang-%d.so.1",
                                        "/usr/lib64/llvm%d/lib/libclang.so.%d", "libclang-%d.so.%d",
                                        "libclang-%d.so.1"};
    for (int version = OLDEST; version <= NEWEST; version++) {
        for (size_t i = 0; i < COUNT_OF(forms); i++) {
            char path[80];
            // The formats are the rows above.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(path, sizeof path, forms[i], version, version);
#pragma GCC diagnostic pop
            void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
            if (library) return library;
        }
    }
    return dlopen("libclang.so", RTLD_NOW | RTLD_LOCAL);
}

const char *libclang_open(LibClang *clang) {
    static const LibraryFunction functions[] = {
#define LIBCLANG_ROW(name, result, parameters) {"clang_" #name, offsetof(LibClang, name)},
        LIBCLANG_FUNCTIONS(LIBCLANG_ROW)
#undef LIBCLANG_ROW
    };
    void *library = open_library();
    if (!library) return "libclang";
    return library_load(library, functions, COUNT_OF(functions), clang);
}
