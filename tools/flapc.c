// flapc.c: main(). Parses the command line and hands over to the command.

#include "commands.h"
#include "../frontend/package.h"
#include "../lowering/lowering.h"
#include <string.h>

static int run_command(Options *options) {
    switch (options->command) {
    case COMMAND_COMPILE:
    case COMMAND_RUN: lowering_start(); return cmd_source(options);
    case COMMAND_GRAPH:
    case COMMAND_CHECK: return cmd_source(options);
    case COMMAND_DOC: return cmd_doc(options->files.items[0]);
    case COMMAND_EXPLAIN: return cmd_explain(options->files.items[0]);
    case COMMAND_UPDATE: return package_update(&options->arena, stdout) ? 0 : EXIT_PROGRAM;
    case COMMAND_COUNT: break;
    }
    UNREACHABLE("no command");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], CHELPER_COMMAND) == 0) return cmd_headers(argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], CHELPER_DEBUG) == 0) return cmd_debug_info(argc - 2, argv + 2);
    crash_handlers_install();
    Options options = {0};
    int status = EXIT_MISUSE;
    switch (options_parse(&options, argc, argv)) {
    case PARSE_GO: status = run_command(&options); break;
    case PARSE_DONE: status = 0; break;
    case PARSE_WRONG: break;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "flapc: cannot write standard output\n");
        if (status == 0) status = EXIT_PROGRAM;
    }
    arena_free(&options.arena);
    return status;
}
