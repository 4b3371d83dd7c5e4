// sema_import.c: `import`: C libraries are named here and read when they are used.
#include "sema_internal.h"

void sema_import(Sema *s, Node *node) {
    sema_import_library(s, node);
}
