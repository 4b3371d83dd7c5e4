// cmd_doc.c: `flapc doc NAME` and `flapc explain CODE`, printed from builtin.def and diag.def.

#include "commands.h"
#include <ctype.h>
#include <string.h>

int cmd_doc(const char *name) {
    const char *nearest = NULL;
    unsigned least = 3;
    for (size_t i = 0; i < BUILTIN_COUNT; i++) {
        unsigned distance = name_distance(name, builtins[i].name);
        if (distance == 0) {
            printf("%s\n", builtins[i].doc);
            return 0;
        }
        if (distance >= least) continue;
        least = distance;
        nearest = builtins[i].name;
    }
    fprintf(stderr, "flapc: there is no builtin '%s'", name);
    if (nearest) fprintf(stderr, "; did you mean '%s'?", nearest);
    fputc('\n', stderr);
    return EXIT_MISUSE;
}

int cmd_explain(const char *code) {
    char name[8] = "";
    for (size_t i = 0; i < sizeof name - 1 && code[i]; i++)
        name[i] = (char)toupper((unsigned char)code[i]);
    DiagCode found = strlen(code) < sizeof name ? diag_find(name) : DIAG_COUNT;
    if (found == DIAG_COUNT) {
        fprintf(stderr, "flapc: there is no error or warning '%s'; codes look like E0403\n", code);
        return EXIT_MISUSE;
    }
    printf("%s\n\n%s\n", diag_name(found), diag_explanation(found));
    return 0;
}
