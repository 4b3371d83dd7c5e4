// builtin.c: the table made from builtin.def, and looking names up in it.
#include "builtin.h"
#include "sema.h"
#include <string.h>

const Builtin builtins[BUILTIN_COUNT] = {
#define BUILTIN(name, least, most, result, lowering, effects, ...)                                 \
    [BUILTIN_##name] = {BUILTIN_##name, #name, least, most, result, lowering, effects, __VA_ARGS__},
#include "builtin.def"
#undef BUILTIN
};

const Builtin *builtin_find(const Name *name) {
    for (size_t i = 0; i < COUNT_OF(builtins); i++)
        if (strcmp(builtins[i].name, name->text) == 0) return &builtins[i];
    return NULL;
}
