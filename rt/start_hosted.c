// start_hosted.c: a Flap program inside a process that has a libc: dynamic executables (their main
// is in start_main_hosted.c) and programs run by the compiler in memory. libc started the process
// and ends it.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "start.h"

#include "foreign.h"
#include "pool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

_Noreturn void rti_exit(int status, bool orderly) {
    if (orderly) exit(status);
    // Other threads are in the middle of things: exit handlers must not pull the ground from under
    // them.
    (void)fflush(NULL);
    _exit(status);
}

static struct sigaction earlier_action; // what the process did about faults before

// Nothing here may allocate or lock: the fault may have happened anywhere.
static void tell_fault(const void *address) {
    const char *name = rti_self()->foreign;
    char line[256];
    int length = name && *name
                     ? snprintf(line, sizeof line,
                                "Error: segmentation fault in the C function '%.100s' (address %p)\n",
                                name, address)
                     : snprintf(line, sizeof line,
                                "Error: segmentation fault: there is no memory at address %p\n",
                                address);
    ssize_t written = write(STDERR_FILENO, line, (size_t)length);
    (void)written;
}

static void on_fault(int signal, siginfo_t *info, void *context) {
    if (rti_fault(info->si_addr, context)) return;
    tell_fault(info->si_addr);
    (void)sigaction(signal, &earlier_action,
                    NULL); // no overflow: it faults again, as it would have
}

static void set_fault_handler(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = &on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGSEGV, &action, &earlier_action);
}

int32_t rt_hosted_run(RtProgram *program, int argc, char **argv) {
    rti_process_start(argc, argv, environ, NULL);
    unsigned long top = getauxval(AT_EXECFN); // the highest thing on the first stack
    rti_thread_first(top ? rti_stack_low((const char *)top) : NULL);
    set_fault_handler();
    rti_foreign_first();
    int32_t status = program();
    rti_out_flush();
    rti_pool_end();
    rti_foreign_end();
    rti_leaks_tell();
    return status;
}
