// start_hosted.c: a Flap program inside a process that has a libc: dynamic executables (their main
// is in start_main_hosted.c) and programs run by the compiler in memory. libc started the process
// and ends it.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "start.h"

#include "foreign.h"
#include "pool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#if defined(RT_PLAIN_MALLOC)
// AddressSanitizer asks. A program that ends in its middle leaves behind what only its stack, now dead, knew
// of: that is no leak.
static _Atomic bool ends_midway;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) {
    return ends_midway;
}
#endif

_Noreturn void rti_exit(int status, bool orderly) {
#if defined(RT_PLAIN_MALLOC)
    ends_midway = true;
#endif
    if (orderly) exit(status);
    // Other threads are in the middle of things: exit handlers must not pull the ground from under
    // them.
    (void)fflush(NULL);
    _exit(status);
}

long rti_process_fork(void) {
    (void)fflush(NULL);
    long pid = fork();
    if (pid == 0) rti_foreign_forked();
    return pid < 0 ? -(long)errno : pid;
}

static struct sigaction earlier_action; // what the process did about faults before

// Where the thread is, as rti_fault_tell() wants it.
static const char *place_in_c(char *text, size_t room) {
    const RtThread *self = rti_self();
    if (self->foreign && !*self->foreign) return " in a C function that was called by its address";
    if (!self->self && self->exports == 0 && !self->foreign) return " on a thread that C made";
    if (!self->foreign) return "";
    (void)snprintf(text, room, " in the C function '%.100s'", self->foreign);
    return text;
}

static void on_fault(int signal, siginfo_t *info, void *context) {
    char text[160];
    if (rti_fault(info->si_addr, context)) return;
    rti_fault_tell(info->si_addr, place_in_c(text, sizeof text));
    // It faults again, as it would have.
    (void)sigaction(signal, &earlier_action, NULL);
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
