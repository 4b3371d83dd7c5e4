// thread_hosted.c: threads for processes with a libc: pthreads, behind the same five functions as
// thread_clone.c. The thread record is a thread-local variable, zero for threads that others made.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "thread.h"

#include "sys.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

_Thread_local RtThread rti_thread_record __attribute__((tls_model("initial-exec")));

static void set_signal_stack(void *base) {
    stack_t stack;
    memset(&stack, 0, sizeof stack);
    stack.ss_sp = base;
    stack.ss_size = RTI_SIGNAL_STACK_SIZE;
    (void)sigaltstack(&stack, NULL);
}

void rti_thread_first(const char *stack_low) {
    static char signal_stack[64 << 10];
    _Static_assert(sizeof signal_stack == RTI_SIGNAL_STACK_SIZE, "one size of signal stacks");
    RtThread *self = rti_self();
    self->self = self;
    self->id = 0;
    self->stack_low = stack_low;
    self->stack_high = (const char *)__builtin_frame_address(0) + RTI_FRAMES_ABOVE;
    set_signal_stack(signal_stack);
}

static void describe_self(int32_t id) {
    RtThread *self = rti_self();
    self->self = self;
    self->id = id;
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
    (void)pthread_attr_getstack(&attributes, &low, &size); // without the guard
    self->stack_low = low;
    (void)pthread_attr_destroy(&attributes);
}

static void *thread_enter(void *argument) {
    RtiThread *thread = argument;
    char name[16], signal_stack[64 << 10];
    describe_self(thread->id);
    rti_thread_name(name, thread->id);
    (void)pthread_setname_np(pthread_self(), name);
    set_signal_stack(signal_stack);
    thread->main(thread->argument);
    stack_t none;
    memset(&none, 0, sizeof none);
    none.ss_flags = SS_DISABLE;
    (void)sigaltstack(&none, NULL);
    return NULL;
}

static int create(RtiThread *thread) {
    pthread_attr_t attributes;
    int failed = pthread_attr_init(&attributes);
    if (failed) return failed;
    // glibc takes the guard out of the size
    failed = pthread_attr_setstacksize(&attributes,
                                       rti_stack_size() + RTI_GUARD_SIZE + RTI_SIGNAL_STACK_SIZE);
    if (!failed) failed = pthread_attr_setguardsize(&attributes, RTI_GUARD_SIZE);
    if (!failed && rti_stress_fails(RTI_STRESS_MMAP)) failed = ENOMEM;
    if (!failed && rti_stress_fails(RTI_STRESS_CLONE)) failed = EAGAIN;
    pthread_t handle;
    if (!failed) failed = pthread_create(&handle, &attributes, &thread_enter, thread);
    if (!failed) thread->handle = (uintptr_t)handle;
    (void)pthread_attr_destroy(&attributes);
    return failed;
}

long rti_thread_start(RtiThread *thread, int32_t id, RtiThreadMain *main, void *argument) {
    thread->id = id;
    thread->main = main;
    thread->argument = argument;

    sigset_t blocked, before; // a worker runs no handlers but those of its own faults
    (void)sigfillset(&blocked);
    static const int faults[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; ++i)
        (void)sigdelset(&blocked, faults[i]);
    (void)pthread_sigmask(SIG_BLOCK, &blocked, &before);
    if (rti_self()->id == 0) memcpy(&rti_process.signals, &before, sizeof rti_process.signals);
    int failed = create(thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -failed;
}

void rti_thread_place(RtiThread *thread, const RtiCpus *cpus) {
    cpu_set_t set;
    _Static_assert(sizeof set <= sizeof cpus->bits, "the first processors of our set fill libc's");
    memcpy(&set, cpus->bits, sizeof set);
    (void)pthread_setaffinity_np((pthread_t)thread->handle, sizeof set, &set);
}

void rti_thread_join(RtiThread *thread) {
    (void)pthread_join((pthread_t)thread->handle, NULL);
}

void rti_thread_forget(RtiThread *thread) {
    thread->handle = 0; // libc reclaims the stacks of threads that a fork left behind
}
