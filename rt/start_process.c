// start_process.c: the process record and the orderly end, the same in freestanding programs
// (start.c) and in processes with a libc (start_hosted.c).
#include "start.h"

#include "pool.h"
#include "sys.h"

#include <stdatomic.h>

RtProcess rti_process;

const char *rti_env(const char *name) {
    if (!rti_process.envp) return NULL;
    for (char **entry = rti_process.envp; *entry; ++entry) {
        const char *at = *entry, *want = name;
        while (*want && *at == *want) ++at, ++want;
        if (!*want && *at == '=') return at + 1;
    }
    return NULL;
}

// True when a list separated by commas has the word.
static bool list_has(const char *list, const char *word) {
    while (*list) {
        const char *want = word;
        while (*want && *list == *want) ++list, ++want;
        if (!*want && (!*list || *list == ',')) return true;
        while (*list && *list != ',') ++list;
        if (*list) ++list;
    }
    return false;
}

void rti_process_start(int argc, char **argv, char **envp, const uintptr_t *auxv) {
    rti_process.argc = argc;
    rti_process.argv = argv;
    rti_process.envp = envp;
    rti_process.auxv = auxv;
    char settings[64]; // the kernel's termios is 36 to 60 bytes
    rti_process.out_is_terminal = rti_sys_ioctl(1, RTI_TCGETS, settings) == 0;
    const char *debug = rti_env("FLAP_DEBUG");
    if (debug) {
        rti_process.debug_threads = list_has(debug, "threads");
        rti_process.debug_leaks = list_has(debug, "leaks");
        rti_process.debug_backtrace = list_has(debug, "backtrace");
    }
    rti_stack_apply();
}

// rti_process.ending:
//   0       the process runs            -> id + 1 by the first thread that ends it, never back
//   id + 1  thread `id` is ending it; another that wants to waits for the end; the same one again
//   (its
//           flush failed) ends at once
_Noreturn void rti_process_end(int status) {
    rti_par_wait_turn();
    int32_t me = rti_self()->id + 1, other = 0;
    // acq_rel: takes the process over before its output is touched; pairs with the same operation
    // of any other thread that wants to end it
    if (!atomic_compare_exchange_strong_explicit(&rti_process.ending, &other, me,
                                                 memory_order_acq_rel, memory_order_acquire)) {
        if (other == me) rti_exit(status, false);
        RtiTimespec second = {.seconds = 1, .nanoseconds = 0};
        for (;;) (void)rti_sys_nanosleep(&second, NULL);
    }
    rti_out_flush();
    // relaxed: only the caller of a loop changes it, and that is this thread or a loop is running
    bool inside =
        rti_par_inside() || atomic_load_explicit(&rti_process.parallel, memory_order_relaxed) > 0;
    if (!inside) rti_pool_end();
    // A child's handlers are its parent's, who will run them.
    rti_exit(status, !inside && rti_process.forks == 0);
}
