// options.h: the command line as data.
#ifndef FLAP_OPTIONS_H
#define FLAP_OPTIONS_H

#include "../lowering/lowering.h"

typedef enum CommandId {
#define COMMAND(id, name, usage, help) COMMAND_##id,
#include "options.def"
    COMMAND_COUNT
} CommandId;

enum { // which commands take an option
    ON_COMPILE = 1 << COMMAND_COMPILE,
    ON_RUN = 1 << COMMAND_RUN,
    ON_CHECK = 1 << COMMAND_CHECK,
    ON_GRAPH = 1 << COMMAND_GRAPH,
    ON_DOC = 1 << COMMAND_DOC,
    ON_EXPLAIN = 1 << COMMAND_EXPLAIN,
    ON_UPDATE = 1 << COMMAND_UPDATE,
    ON_SOURCE = ON_COMPILE | ON_RUN | ON_CHECK | ON_GRAPH,
    ON_ALL = ON_SOURCE | ON_DOC | ON_EXPLAIN | ON_UPDATE,
};

// EmitKind and the dumps that need no lowering.
enum { EMIT_AST = EMIT_BC + 1, EMIT_TOKENS, EMIT_HEADER };

typedef enum ColorWhen { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } ColorWhen;

typedef VEC(const char *) WordVec;

typedef struct Options {
    Arena arena;
    CommandId command;
    LoweringOptions lowering; // emit, optimisation, target, link, …
    int emit;                 // EmitKind, EMIT_AST, EMIT_TOKENS or EMIT_HEADER
    bool output_asked;        // -o or a form of output was given
    uint64_t given;           // one bit per option
    const char *code;         // -e, or null
    WordVec files;            // names, or the one name and then the program's arguments for run
    int argc;                 // the program's arguments
    char **argv;
    bool warnings_are_errors, no_warnings, remarks, verbose, quiet, time_passes, no_integers;
    WordVec muted; // codes of -Wno-…
    DiagFormat format;
    ColorWhen color;
} Options;

// What becomes of the command line.
typedef enum ParseResult {
    PARSE_GO,    // do the command
    PARSE_DONE,  // --help or --version was printed
    PARSE_WRONG, // a misuse was reported on standard error: status 2
} ParseResult;

// Starts `options` as zeroes. The words of argv live as long as the process.
ParseResult options_parse(Options *options, int argc, char **argv);

// Whether the program is to be run rather than written: `run`, or -e without a form of output.
bool options_run_it(const Options *options);

// Of two names, how many letters must be inserted, dropped, changed or swapped with a neighbour.
unsigned name_distance(const char *a, const char *b);

#endif
