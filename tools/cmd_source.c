// cmd_source.c: the commands that read a program: compile, run, check.
//
// One Compilation per file. Errors and warnings are printed once, when the step that may add to
// them is over; warnings become errors or are dropped here, by the options.

#include "commands.h"
#include "../frontend/sim.h"
#include "../frontend/unsafe.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct Work {
    Options *options;
    Compilation c;
    LoweringTimes times;
    double started, front;
} Work;

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

// --- messages ------------------------------------------------------------------------------------

static bool use_color(const Options *options) {
    const char *no = getenv("NO_COLOR");
    switch (options->color) {
    case COLOR_ALWAYS: return true;
    case COLOR_NEVER: return false;
    case COLOR_AUTO: return isatty(STDERR_FILENO) && !(no && *no);
    }
    UNREACHABLE("a colour setting");
}

static bool is_muted(const Options *options, const Diag *diag) {
    if (diag->severity != SEVERITY_WARNING) return false;
    if (options->no_warnings || (options->quiet && !options->warnings_are_errors)) return true;
    VEC_EACH(const char *, name, &options->muted)
    if (strcmp(name, diag_name(diag->code)) == 0) return true;
    return false;
}

// Applies -W… and -q to what was collected. False if there are errors.
static bool settle_warnings(Work *work) {
    Compilation *c = &work->c;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->diags.len; i++) {
        Diag *diag = c->diags.items[i];
        if (is_muted(work->options, diag)) {
            c->warnings--;
            continue;
        }
        if (diag->severity == SEVERITY_WARNING && work->options->warnings_are_errors) {
            diag->severity = SEVERITY_ERROR;
            c->warnings--;
            c->errors++;
        }
        c->diags.items[kept++] = diag;
    }
    c->diags.len = kept;
    return c->errors == 0;
}

// Prints what was collected and forgets it.
static void print_messages(Work *work) {
    if (work->c.diags.len > 0)
        diag_print(&work->c, stderr, work->options->format, use_color(work->options));
    work->c.diags.len = 0;
}

static void print_times(const Work *work) {
    const LoweringTimes *times = &work->times;
    const struct {
        const char *step;
        double seconds;
    } rows[] = {{"front end", work->front},
                {"lowering", times->lower},
                {"runtime's bitcode", times->merge},
                {"passes", times->passes},
                {"machine code", times->code},
                {"linking", times->link},
                {"all", seconds_now() - work->started}};
    fprintf(stderr, "%-20s %10s\n", "step", "ms");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        fprintf(stderr, "%-20s %10.3f\n", rows[i].step, rows[i].seconds * 1e3);
    fprintf(stderr, "%-20s %10.1f KiB\n", "front end's memory",
            (double)(work->c.unit.total + work->c.scratch.total) / 1024);
}

// --- input and output ----------------------------------------------------------------------------

static Source *load(Work *work, const char *name) {
    Arena *arena = &work->c.unit;
    size_t size = 0;
    const char *text, *path = name;
    if (!name) {
        path = "<command line>";
        text = work->options->code;
        size = strlen(text);
    } else if (strcmp(name, "-") == 0) {
        path = "<stdin>";
        text = input_read_standard(arena, &size);
    } else {
        text = input_read(arena, name, &size);
    }
    const char *why = text ? NULL : strerror(errno);
    Source *source = text ? source_add(arena, &work->c.sources, path, text, size) : NULL;
    if (!source)
        diag_report(&work->c, DIAG_E0600, (Span){0, 0}, path, why ? why : "it is too large");
    return source;
}

static const char *default_output(Work *work, const char *name) {
    static const char *const suffixes[] = {
        [EMIT_EXE] = "",           [EMIT_OBJ] = ".o", [EMIT_ASM] = ".s", [EMIT_LLVM] = ".ll",
        [EMIT_LLVM_UNOPT] = ".ll", [EMIT_BC] = ".bc", [EMIT_AST] = NULL, [EMIT_TOKENS] = NULL,
        [EMIT_HEADER] = ".h",
    };
    const char *suffix = suffixes[work->options->emit];
    if (!suffix) return "-";
    if (!name || strcmp(name, "-") == 0)
        return *suffix ? arena_printf(&work->c.unit, "a%s", suffix) : "a.out";
    const char *base = strrchr(name, '/');
    base = base ? base + 1 : name;
    size_t len = strlen(base);
    bool named = len > 5 && strcmp(base + len - 5, ".flap") == 0;
    if (!named && !*suffix) suffix = ".out"; // never the source itself
    return arena_printf(&work->c.unit, "%.*s%s", (int)(named ? len - 5 : len), base, suffix);
}

static bool same_file(const char *a, const char *b) {
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino && S_ISREG(first.st_mode);
}

// Whether the output's name makes sense; a misuse is reported.
static bool output_fits(const Options *options, const char *input) {
    const char *output = options->lowering.output;
    if (strcmp(output, "-") == 0 && options->emit == EMIT_EXE) {
        fprintf(stderr, "flapc: an executable cannot be written to standard output\n");
        return false;
    }
    if (*output == '\0') {
        fprintf(stderr, "flapc: the output has no name\n");
        return false;
    }
    if (input && strcmp(input, "-") != 0 && same_file(input, output)) {
        fprintf(stderr, "flapc: the output %s would replace the program itself\n", output);
        return false;
    }
    return true;
}

// --- the commands --------------------------------------------------------------------------------

static void dump(Work *work, Source *source, FILE *out) {
    if (work->options->emit == EMIT_TOKENS)
        frontend_dump_tokens(&work->c, source, out);
    else if (work->options->emit == EMIT_HEADER)
        frontend_dump_header(&work->c, source, out);
    else
        frontend_dump_ast(&work->c, out);
}

static bool dump_to_file(Work *work, Source *source) {
    const char *output = work->options->lowering.output;
    if (strcmp(output, "-") == 0) {
        dump(work, source, stdout);
        return true;
    }
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size), *file = NULL;
    if (memory) {
        dump(work, source, memory);
        if (fclose(memory) == 0) file = fopen(output, "wb");
    }
    bool good = file && fwrite(text, 1, size, file) == size;
    if (file && fclose(file) != 0) good = false;
    if (!good) diag_report(&work->c, DIAG_E0601, (Span){0, 0}, output, strerror(errno));
    free(text);
    return good;
}

static void before_run(void *context) {
    Work *work = context;
    print_messages(work);
    if (work->options->time_passes) print_times(work);
    fflush(NULL);
    crash_handlers_remove();
}

static int run_program(Work *work) {
    Options *options = work->options;
    int status = 0;
    options->lowering.before_run = before_run;
    options->lowering.before_run_context = work;
    bool good = lowering_run(&work->c, &options->lowering, options->argc, options->argv, &status);
    if (good) exit(status); // with everything that the program's values may point to still there
    return EXIT_PROGRAM;
}

static int compile(Work *work) {
    Options *options = work->options;
    char half[4200];
    lowering_half_written(options->lowering.output, half, sizeof half);
    crash_half_written(half);
    options->lowering.emit = (EmitKind)options->emit;
    bool good = lowering_emit(&work->c, &options->lowering);
    crash_half_written(NULL);
    return good ? 0 : EXIT_PROGRAM;
}

static int process(Work *work, const char *name) {
    Options *options = work->options;
    bool dumps = options->emit == EMIT_AST || options->emit == EMIT_TOKENS ||
                 options->emit == EMIT_HEADER;
    Source *source = load(work, name);
    if (!source) return EXIT_PROGRAM;
    Stage last = options->emit == EMIT_TOKENS ? STAGE_LEX
                 : options->emit == EMIT_AST  ? STAGE_PARSE
                                              : STAGE_INFER;
    double since = seconds_now();
    bool good = frontend_run(&work->c, source, last);
    work->front = seconds_now() - since;
    if (!settle_warnings(work) || !good) return EXIT_PROGRAM;
    if (dumps) return dump_to_file(work, source) ? 0 : EXIT_PROGRAM;
    if (options->command == COMMAND_GRAPH) {
        sim_print_dot(work->c.program->sim, &work->c.unit, stdout);
        return 0;
    }
    if (options->verbose) sim_print(work->c.program->sim, &work->c.unit, stderr);
    if (options->command == COMMAND_CHECK) return 0;
    return options_run_it(options) ? run_program(work) : compile(work);
}

static int one_file(Options *options, const char *name) {
    Work work = {.options = options, .started = seconds_now()};
    frontend_init(&work.c);
    work.c.quiet = options->quiet;
    work.c.verbose = options->verbose;
    work.c.remarks = options->remarks || options->verbose;
    work.c.no_integers = options->no_integers;
    work.c.fast_math = options->lowering.fast_math;
    work.c.arch = (uint8_t)unsafe_arch_of(options->lowering.target);
    work.c.sysroot = options->lowering.sysroot;
    options->lowering.times = &work.times;
    int status = 0;
    if (options->command == COMMAND_COMPILE && !options_run_it(options)) {
        if (!options->lowering.output) options->lowering.output = default_output(&work, name);
        if (!output_fits(options, name)) status = EXIT_MISUSE;
    }
    if (status == 0) status = process(&work, name);
    print_messages(&work);
    if (options->time_passes && !options_run_it(options)) print_times(&work);
    frontend_free(&work.c);
    return status;
}

int cmd_source(Options *options) {
    if (options->code) return one_file(options, NULL);
    if (options->command != COMMAND_CHECK) return one_file(options, options->files.items[0]);
    int status = 0;
    VEC_EACH(const char *, name, &options->files) {
        int one = one_file(options, name);
        if (one > status) status = one;
    }
    return status;
}
