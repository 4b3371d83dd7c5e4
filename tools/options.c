// options.c: reads the command line by the rows of options.def and prints help.
//
// Misuse is reported in one line on standard error, with the nearest name where one is near.
// Options may stand anywhere before the program of `run`; what follows that is the program's.

#include "options.h"
#include <stdlib.h>
#include <string.h>

typedef enum ValueKind { VALUE_NONE, VALUE_SEPARATE, VALUE_JOINED, VALUE_OPTIONAL } ValueKind;

typedef enum OptionId {
#define OPTION(id, brief, full, value, metavar, commands, help) OPTION_##id,
#include "options.def"
    OPTION_COUNT
} OptionId;

typedef struct OptionRow {
    OptionId id;
    const char *brief, *full;
    ValueKind value;
    const char *metavar;
    unsigned commands;
    const char *help;
} OptionRow;

typedef struct CommandRow {
    const char *name, *usage, *help;
} CommandRow;

static const OptionRow rows[] = {
#define OPTION(id, brief, full, value, metavar, commands, help)                                    \
    {OPTION_##id, brief, full, value, metavar, commands, help},
#include "options.def"
};

static const CommandRow command_rows[] = {
#define COMMAND(id, name, usage, help) {name, usage, help},
#include "options.def"
};

// --- help ----------------------------------------------------------------------------------------

static void print_option(const OptionRow *row) {
    char left[120];
    const char *both = *row->brief && *row->full ? ", " : "";
    const char *equals = row->value == VALUE_NONE       ? ""
                         : row->value == VALUE_SEPARATE ? " "
                         : *row->full                   ? "="
                                                        : "";
    snprintf(left, sizeof left, "%s%s%s%s%s", row->brief, both, row->full, equals, row->metavar);
    if (strlen(left) > 24)
        printf("  %s\n  %-24s  %s\n", left, "", row->help);
    else
        printf("  %-24s  %s\n", left, row->help);
}

static void print_help(CommandId command) {
    bool general = command == COMMAND_COMPILE;
    if (general) {
        printf("flapc: the compiler of the language Flap\n\nusage:\n");
        for (size_t i = 0; i < COMMAND_COUNT; i++) {
            const CommandRow *row = &command_rows[i];
            char left[80];
            snprintf(left, sizeof left, "flapc %s%s%s", row->name, *row->name ? " " : "",
                     row->usage);
            printf("  %-42s  %s\n", left, row->help);
        }
    } else {
        const CommandRow *row = &command_rows[command];
        printf("usage: flapc %s %s\n  %s\n", row->name, row->usage, row->help);
    }
    printf("\noptions:\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].commands & (1u << command)) print_option(&rows[i]);
    printf("\nexit status: 0; 1 for errors in the program; 2 for misuse; 3 for a bug of flapc\n");
}

static void print_version(void) {
    printf("flapc %s (LLVM %s)\n", FLAP_VERSION, lowering_llvm_version());
}

// --- misuse --------------------------------------------------------------------------------------

unsigned name_distance(const char *a, const char *b) {
    enum { LONGEST = 40 };
    unsigned rows_of[3][LONGEST + 1];
    size_t la = strlen(a), lb = strlen(b);
    if (la > LONGEST || lb > LONGEST) return LONGEST;
    for (size_t j = 0; j <= lb; j++) rows_of[0][j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned *now = rows_of[i % 3];
        const unsigned *up = rows_of[(i - 1) % 3], *upper = rows_of[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned best = up[j - 1] + (a[i - 1] != b[j - 1]);
            if (up[j] + 1 < best) best = up[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                upper[j - 2] + 1 < best)
                best = upper[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows_of[la % 3][lb];
}

typedef struct Nearest {
    const char *wanted, *name;
    unsigned distance;
} Nearest;

static void consider(Nearest *nearest, const char *name) {
    if (!*name) return;
    unsigned distance = name_distance(nearest->wanted, name);
    if (distance >= nearest->distance || distance > 1 + strlen(name) / 4) return;
    nearest->distance = distance;
    nearest->name = name;
}

static ParseResult unknown_option(const Options *options, const char *word) {
    char spelling[48];
    snprintf(spelling, sizeof spelling, "%.*s", (int)strcspn(word, "="), word);
    Nearest nearest = {.wanted = spelling, .distance = UINT32_MAX};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!(rows[i].commands & (1u << options->command))) continue;
        consider(&nearest, rows[i].brief);
        consider(&nearest, rows[i].full);
    }
    fprintf(stderr, "flapc: unknown option '%s'", word);
    if (nearest.name) fprintf(stderr, "; did you mean '%s'?", nearest.name);
    fprintf(stderr, "%s\n", nearest.name ? "" : "; `flapc --help` lists them");
    return PARSE_WRONG;
}

static ParseResult wrong(const char *what, const char *word) {
    fprintf(stderr, "flapc: %s '%s'\n", what, word);
    return PARSE_WRONG;
}

// --- values --------------------------------------------------------------------------------------

// Which of the words between bars `value` is; -1: none.
static int choice(const char *words, const char *value) {
    size_t len = strlen(value);
    for (int at = 0; *words; at++) {
        size_t word = strcspn(words, "|");
        if (word == len && memcmp(words, value, len) == 0) return at;
        words += word;
        if (*words == '|') words++;
    }
    return -1;
}

static ParseResult take_warning(Options *options, const char *value) {
    if (strcmp(value, "error") == 0) {
        options->warnings_are_errors = true;
    } else if (strcmp(value, "no-error") == 0) {
        options->warnings_are_errors = false;
    } else if (strcmp(value, "no-all") == 0) {
        options->no_warnings = true;
    } else if (strncmp(value, "no-", 3) == 0 && value[3] == 'W' &&
               diag_find(value + 3) != DIAG_COUNT) {
        vec_push(&options->arena, &options->muted, value + 3);
    } else {
        fprintf(stderr,
                "flapc: unknown warning '-W%s'; there are -Werror, -Wno-all and "
                "-Wno-CODE, for example -Wno-W0101\n",
                value);
        return PARSE_WRONG;
    }
    return PARSE_GO;
}

static void take_form(Options *options, int emit) {
    options->emit = emit;
    options->output_asked = true;
}

static ParseResult take_choice(Options *options, const OptionRow *row, const char *value) {
    int at = choice(row->metavar, value);
    if (at < 0) {
        fprintf(stderr, "flapc: %s%s%s is not one of %s\n", *row->full ? row->full : row->brief,
                *row->full ? "=" : "", value, row->metavar);
        return PARSE_WRONG;
    }
    static const int emits[] = {EMIT_EXE,        EMIT_OBJ, EMIT_ASM, EMIT_LLVM,
                                EMIT_LLVM_UNOPT, EMIT_BC,  EMIT_AST, EMIT_TOKENS,
                                EMIT_HEADER};
    if (row->id == OPTION_OPTIMIZE) {
        options->lowering.optimize = at == 4 ? 2 : at;
        options->lowering.optimize_size = at == 4;
    } else if (row->id == OPTION_EMIT) {
        take_form(options, emits[at]);
    } else if (row->id == OPTION_LINK) {
        options->lowering.link = at == 0 ? LINK_STATIC : LINK_DYNAMIC;
    } else if (row->id == OPTION_ERROR_FORMAT) {
        options->format = (DiagFormat)at;
    } else {
        options->color = (ColorWhen)at;
    }
    return PARSE_GO;
}

static ParseResult take(Options *options, const OptionRow *row, const char *value) {
    LoweringOptions *lowering = &options->lowering;
    switch (row->id) {
    case OPTION_CODE: options->code = value; break;
    case OPTION_OUTPUT:
        lowering->output = value;
        options->output_asked = true;
        break;
    case OPTION_OPTIMIZE:
    case OPTION_EMIT:
    case OPTION_LINK:
    case OPTION_ERROR_FORMAT:
    case OPTION_COLOR: return take_choice(options, row, value);
    case OPTION_OBJECT: take_form(options, options->emit == EMIT_LLVM ? EMIT_BC : EMIT_OBJ); break;
    case OPTION_ASSEMBLY:
        take_form(options, options->emit == EMIT_LLVM ? EMIT_LLVM : EMIT_ASM);
        break;
    case OPTION_EMIT_LLVM:
        take_form(options, options->emit == EMIT_OBJ ? EMIT_BC : EMIT_LLVM);
        break;
    case OPTION_TARGET: lowering->target = value; break;
    case OPTION_SYSROOT: lowering->sysroot = value; break;
    case OPTION_CPU: lowering->cpu = value; break;
    case OPTION_FEATURES: lowering->features = value; break;
    case OPTION_LIBRARY: vec_push(&options->arena, &lowering->libraries, value); break;
    case OPTION_LIBRARY_PATH: vec_push(&options->arena, &lowering->library_paths, value); break;
    case OPTION_SIM_PARALLEL: setenv("FLAP_SIM_PARALLEL", value ? value : "", 1); break;
    case OPTION_SIM_TRACE: setenv("FLAP_SIM_TRACE", value, 1); break;
    case OPTION_STRIP: lowering->strip = true; break;
    case OPTION_FAST_MATH: lowering->fast_math = true; break;
    case OPTION_WARNING: return take_warning(options, value);
    case OPTION_REMARKS: options->remarks = true; break;
    case OPTION_NO_INTEGERS: options->no_integers = true; break;
    case OPTION_TIME_PASSES: options->time_passes = true; break;
    case OPTION_VERBOSE: options->verbose = lowering->verbose = true; break;
    case OPTION_QUIET: options->quiet = true; break;
    case OPTION_VERSION: print_version(); return PARSE_DONE;
    case OPTION_HELP: print_help(options->command); return PARSE_DONE;
    case OPTION_COUNT: UNREACHABLE("no option");
    }
    return PARSE_GO;
}

// --- words ---------------------------------------------------------------------------------------

// Whether `word` is this option, whole or followed by `=` and a value (put into *joined, else
// null).
static bool is_whole(const OptionRow *row, const char *word, const char **joined) {
    *joined = NULL;
    if (*row->brief && strcmp(word, row->brief) == 0) return true;
    size_t full = strlen(row->full);
    if (!full || strncmp(word, row->full, full) != 0) return false;
    if (word[full] == '\0') return true;
    if (word[full] != '=' || row->value == VALUE_NONE) return false;
    *joined = word + full + 1;
    return true;
}

// Whether `word` is the short form of this option with a value joined to it: -O2, -ofile.
static bool is_joined(const OptionRow *row, const char *word, const char **joined) {
    if (strlen(row->brief) != 2 || row->value == VALUE_NONE) return false;
    if (strncmp(word, row->brief, 2) != 0) return false;
    *joined = word + 2;
    return true;
}

// The row that `word` spells; whole spellings go first (-emit-llvm is no -e).
static const OptionRow *find_row(const char *word, const char **joined) {
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (is_whole(&rows[i], word, joined)) return &rows[i];
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (is_joined(&rows[i], word, joined)) return &rows[i];
    return NULL;
}

// Handles argv[*at], an option; moves *at over a separate value.
static ParseResult parse_option(Options *options, int argc, char **argv, int *at) {
    const char *word = argv[*at], *value;
    const OptionRow *row = find_row(word, &value);
    if (!row) return unknown_option(options, word);
    options->given |= UINT64_C(1) << row->id;
    if (row->value == VALUE_SEPARATE && !value && *at + 1 < argc) value = argv[++*at];
    bool needed = row->value == VALUE_SEPARATE || row->value == VALUE_JOINED;
    if (needed && !value) return wrong("a value is missing after", word);
    return take(options, row, value);
}

// The first word that is no option may be a command.
static bool find_command(Options *options, const char *word) {
    if (options->command != COMMAND_COMPILE || options->files.len || options->code) return false;
    for (size_t i = 1; i < COMMAND_COUNT; i++) {
        if (strcmp(word, command_rows[i].name) != 0) continue;
        options->command = (CommandId)i;
        return true;
    }
    return false;
}

static ParseResult no_input(const Options *options, const char *stray) {
    const char *name = command_rows[options->command].name;
    if (stray)
        fprintf(stderr, "flapc: only one file can be compiled at a time; '%s' is another\n", stray);
    else
        fprintf(stderr, "flapc: nothing to do; usage: flapc %s%s%s\n", name, *name ? " " : "",
                command_rows[options->command].usage);
    return PARSE_WRONG;
}

// A mistyped command looks like a file that is not there.
static void hint_command(const char *word) {
    Nearest nearest = {.wanted = word, .distance = UINT32_MAX};
    for (size_t i = 1; i < COMMAND_COUNT; i++) consider(&nearest, command_rows[i].name);
    if (nearest.name) fprintf(stderr, "flapc: did you mean `flapc %s`?\n", nearest.name);
}

bool options_run_it(const Options *options) {
    return options->command == COMMAND_RUN ||
           (options->command == COMMAND_COMPILE && options->code && !options->output_asked);
}

// The command may stand behind its options, so what belongs to it is known only in the end.
static ParseResult check_options(const Options *options) {
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!(options->given & UINT64_C(1) << rows[i].id)) continue;
        if (rows[i].commands & (1u << options->command)) continue;
        fprintf(stderr, "flapc: '%s' has no option '%s'\n", command_rows[options->command].name,
                *rows[i].brief ? rows[i].brief : rows[i].full);
        return PARSE_WRONG;
    }
    return PARSE_GO;
}

static ParseResult check_inputs(Options *options) {
    bool alone = options->command == COMMAND_UPDATE;
    if (alone) return options->files.len ? no_input(options, options->files.items[0]) : PARSE_GO;
    if (!options->code && options->files.len == 0) return no_input(options, NULL);
    bool many = options->command == COMMAND_CHECK || options_run_it(options);
    if (many) return PARSE_GO;
    if (options->code && options->argc > 0) return no_input(options, options->argv[0]);
    if (options->files.len > 1) {
        hint_command(options->files.items[0]);
        return no_input(options, options->files.items[1]);
    }
    return PARSE_GO;
}

// Operators that begin like options are names to `flapc doc`.
static bool is_operator(const Options *options, const char *word) {
    const char *joined;
    return options->command == COMMAND_DOC && options->files.len == 0 && !find_row(word, &joined);
}

// The words after the options: files, or for `run` one file and then the program's arguments.
// Gives the position of those.
static int take_files(Options *options, int argc, char **argv, int at, ParseResult *result) {
    bool only_files = false;
    for (; at < argc; at++) {
        char *word = argv[at];
        bool option = !only_files && word[0] == '-' && word[1] != '\0';
        bool last = at + 1 == argc && options->command == COMMAND_DOC;
        if (option && strcmp(word, "--") == 0 && !last) {
            only_files = true;
        } else if (option && !is_operator(options, word)) {
            *result = parse_option(options, argc, argv, &at);
            if (*result != PARSE_GO) return at;
        } else if (only_files || !find_command(options, word)) {
            if (options->code) return at;
            vec_push(&options->arena, &options->files, word);
            if (options->command == COMMAND_RUN) return at + 1;
        }
    }
    return at;
}

ParseResult options_parse(Options *options, int argc, char **argv) {
    ParseResult result = PARSE_GO;
    options->lowering.optimize = -1; // not given
    int at = take_files(options, argc, argv, 1, &result);
    if (result == PARSE_GO) result = check_options(options);
    if (result != PARSE_GO) return result;
    options->argc = argc - at;
    options->argv = argv + at;
    if (options->lowering.optimize < 0)
        options->lowering.optimize = options_run_it(options) ? 1 : 2;
    return check_inputs(options);
}
