// crash.c: the end of flapc when flapc itself is wrong: says what to report, leaves no half-written
// output, ends with status 3. Also for signals that mean a crash; an interrupt removes half-written
// output too and then ends as usual.
//
// Holds the driver's only mutable state: a handler and compiler_bug() have no other way to know.

#include "commands.h"
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char half_written[PATH_MAX + 32];
static struct rlimit stack_limit;
static _Alignas(16) char signal_stack[16384];

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
static const int interrupts[] = {SIGINT, SIGTERM, SIGHUP};

static void say(const char *text) {
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t written = write(STDERR_FILENO, text, len);
        if (written <= 0) return;
        text += written;
        len -= (size_t)written;
    }
}

static void report_how(void) {
    say("\nThis is a bug of flapc, not of your program. Please report it with the program, the\n"
        "command line and the output of `flapc --version`.\n");
    if (half_written[0]) unlink(half_written);
}

_Noreturn void compiler_bug(const char *file, int line, const char *sentence) {
    char place[300];
    const char *base = strrchr(file, '/');
    snprintf(place, sizeof place, " (%s:%d)", base ? base + 1 : file, line);
    say("flapc: internal error: ");
    say(sentence);
    say(place);
    report_how();
    _exit(EXIT_BUG);
}

static void on_crash(int signal) {
    say("flapc: internal error: ");
    say(signal == SIGSEGV   ? "memory access out of bounds, or the program is nested too deeply"
        : signal == SIGABRT ? "aborted"
                            : "crashed");
    report_how();
    _exit(EXIT_BUG);
}

static void on_interrupt(int number) {
    if (half_written[0]) unlink(half_written);
    signal(number, SIG_DFL);
    raise(number);
}

static void handle(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags}, old;
    if (handler == on_interrupt && sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
        return; // nohup
    sigaction(number, &action, NULL);
}

void crash_handlers_install(void) {
    stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    sigaltstack(&stack, NULL);
    for (size_t i = 0; i < COUNT_OF(crashes); i++)
        handle(crashes[i], on_crash, SA_ONSTACK | (int)SA_RESETHAND);
    for (size_t i = 0; i < COUNT_OF(interrupts); i++) handle(interrupts[i], on_interrupt, 0);
    // LLVM recurses over deep programs; the kernel keeps at least 128 MiB free for the first stack.
    struct rlimit more;
    if (getrlimit(RLIMIT_STACK, &stack_limit) != 0) return;
    more = stack_limit;
    rlim_t wanted = (rlim_t)120 << 20;
    if (more.rlim_cur == RLIM_INFINITY || more.rlim_cur >= wanted) return;
    more.rlim_cur = more.rlim_max < wanted ? more.rlim_max : wanted;
    setrlimit(RLIMIT_STACK, &more);
}

void crash_handlers_remove(void) {
    for (size_t i = 0; i < COUNT_OF(crashes); i++) signal(crashes[i], SIG_DFL);
    for (size_t i = 0; i < COUNT_OF(interrupts); i++) {
        struct sigaction old;
        if (sigaction(interrupts[i], NULL, &old) == 0 && old.sa_handler == on_interrupt)
            signal(interrupts[i], SIG_DFL);
    }
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    if (stack_limit.rlim_cur) setrlimit(RLIMIT_STACK, &stack_limit);
}

void crash_half_written(const char *path) {
    snprintf(half_written, sizeof half_written, "%s", path ? path : "");
}
