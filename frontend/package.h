// package.h: packages of Flap source: folders, and git repositories kept in the cache.
#ifndef FLAP_PACKAGE_H
#define FLAP_PACKAGE_H

#include "chelper.h"

// The folder of the package called `path` in `source`: "./dir", or "host/user/repo[@ref]", which is
// fetched when the cache does not have it. Null after a report at `span`.
const char *package_folder(Compilation *c, const Source *source, const char *path, Span span);
// The names of the files that belong to the package in `folder`, in order; tests are none of it.
typedef VEC(const char *) FileNames;
bool package_files(Compilation *c, const char *folder, FileNames *names, Span span);
// Fetches everything in the cache anew and says on `out` what became of it. False if some of it could
// not be.
bool package_update(Arena *arena, FILE *out);

#endif
