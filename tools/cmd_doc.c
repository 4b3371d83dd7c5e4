// cmd_doc.c: `flapc doc NAME` and `flapc explain CODE`, printed from builtin.def, vocabulary.def and
// diag.def.

#include "commands.h"
#include <ctype.h>
#include <string.h>

typedef struct Entry {
    const char *name, *parameters, *doc, *example;
} Entry;

static const Entry words[] = {
#define WORD(id, name, ...) {name, "", __VA_ARGS__},
#include "../frontend/vocabulary.def"
};

// name, and the word that it is another spelling of
static const char *const synonyms[][2] = {
#define WORD(...)
#define SYNONYM(name, of) {name, of},
#include "../frontend/vocabulary.def"
};

static const Entry *find_word(const char *name) {
    for (size_t i = 0; i < COUNT_OF(synonyms); i++)
        if (strcmp(name, synonyms[i][0]) == 0) name = synonyms[i][1];
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(name, words[i].name) == 0) return &words[i];
    return NULL;
}

static Entry builtin_entry(const Builtin *builtin) {
    return (Entry){builtin->name, builtin->parameters, builtin->doc, builtin->example};
}

// The text, then the example, indented.
static void print_entry(const Entry *entry) {
    printf("%s%s: %s\n\n", entry->name, entry->parameters, entry->doc);
    for (const char *line = entry->example; *line;) {
        size_t length = strcspn(line, "\n");
        printf("    %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

typedef struct Nearest {
    const char *name;
    unsigned distance;
} Nearest;

static void compare(Nearest *nearest, const char *wanted, const char *name) {
    unsigned distance = name_distance(wanted, name);
    if (distance < nearest->distance) *nearest = (Nearest){name, distance};
}

static int no_entry(const char *name) {
    Nearest nearest = {NULL, 3};
    for (size_t i = 0; i < BUILTIN_COUNT; i++) compare(&nearest, name, builtins[i].name);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (isalpha((unsigned char)words[i].name[0])) compare(&nearest, name, words[i].name);
    fprintf(stderr, "flapc: there is no builtin, keyword or operator '%s'", name);
    if (nearest.name) fprintf(stderr, "; did you mean '%s'?", nearest.name);
    fputc('\n', stderr);
    return EXIT_MISUSE;
}

int cmd_doc(const char *name) {
    bool found = false;
    for (size_t i = 0; i < BUILTIN_COUNT; i++) {
        if (strcmp(name, builtins[i].name) != 0) continue;
        Entry entry = builtin_entry(&builtins[i]);
        print_entry(&entry);
        found = true;
    }
    const Entry *word = find_word(name);
    if (word && found) putchar('\n'); // `max` is both
    if (word) print_entry(word);
    return word || found ? 0 : no_entry(name);
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
