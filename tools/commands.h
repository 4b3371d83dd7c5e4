// commands.h: what the driver's files share: the commands, input, and the end of flapc.
#ifndef FLAP_COMMANDS_H
#define FLAP_COMMANDS_H

#include "options.h"

enum { EXIT_PROGRAM = 1, EXIT_MISUSE = 2, EXIT_BUG = 3 };

// Each does one command and gives flapc's exit status.
int cmd_source(Options *options);  // compile, run, check
int cmd_doc(const char *name);
int cmd_headers(int count, char **words); // hidden: reads C headers for another flapc
int cmd_debug_info(int count, char **words); // hidden: the same from a shared object's DWARF
int cmd_explain(const char *code);

// input.c: a file's bytes and a NUL, in `arena`. Null: errno says why.
char *input_read(Arena *arena, const char *path, size_t *size);
char *input_read_standard(Arena *arena, size_t *size);

// crash.c: makes crashes of the compiler end as compiler_bug() does, on any depth of recursion.
void crash_handlers_install(void);
// Gives signals and the stack's limit back as they were, for the program that runs next.
void crash_handlers_remove(void);
// The file to remove when flapc dies before it is complete; null: none.
void crash_half_written(const char *path);

#endif
