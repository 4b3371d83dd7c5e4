// thread_clone.c: threads for freestanding images, by raw clone. One mapping a thread holds, from
// low to high: the guard, the stack, a stack for signals, and the thread record that the thread
// pointer points to. Nothing that runs on such a thread may touch a libc: there is none in the
// process.
#include "thread.h"

#include "sys.h"

#include <stdatomic.h>

enum { // clone: what debuggers and valgrind know as a thread
    CLONE_VM = 0x100,
    CLONE_FS = 0x200,
    CLONE_FILES = 0x400,
    CLONE_SIGHAND = 0x800,
    CLONE_THREAD = 0x10000,
    CLONE_SYSVSEM = 0x40000,
    CLONE_SETTLS = 0x80000,
    CLONE_PARENT_SETTID = 0x100000,
    CLONE_CHILD_CLEARTID = 0x200000,
};
#define CLONE_FLAGS                                                                                \
    ((unsigned long)(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |            \
                     CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID))

enum { RECORD_SIZE = 4096 };
_Static_assert(sizeof(RtThread) <= RECORD_SIZE, "a thread record fits its page");

// clone_<architecture>.S
long rti_clone(unsigned long flags, void *stack, RtiWord *parent_tid, RtiWord *child_tid,
               void *tls);

static char first_signal_stack[64 << 10]; // of the first thread; untouched pages cost nothing
_Static_assert(sizeof first_signal_stack == RTI_SIGNAL_STACK_SIZE, "one size of signal stacks");

static void set_signal_stack(void *base) {
    RtiSigstack stack = {.base = base, .flags = 0, .size = RTI_SIGNAL_STACK_SIZE};
    (void)rti_sys_sigaltstack(&stack, NULL);
}

void rti_thread_first(const char *stack_low) {
    RtThread *self = rti_self();
    self->id = 0;
    self->stack_low = stack_low;
    self->stack_high = (const char *)__builtin_frame_address(0) + RTI_FRAMES_ABOVE;
    set_signal_stack(first_signal_stack);
}

// The first C code of a new thread, on its own stack with its own thread pointer.
static void thread_enter(void *argument) {
    RtiThread *thread = argument;
    char name[16];
    rti_thread_name(name, thread->id);
    (void)rti_sys_set_thread_name(name);
    set_signal_stack(thread->map + thread->map_size - RECORD_SIZE - RTI_SIGNAL_STACK_SIZE);
    thread->main(thread->argument);
}

// Maps guard, stack, signal stack and record. 0 or a negative error number.
static long map_stack(RtiThread *thread) {
    size_t stack = rti_stack_size();
    thread->map_size = RTI_GUARD_SIZE + stack + RTI_SIGNAL_STACK_SIZE + RECORD_SIZE;
    if (rti_stress_fails(RTI_STRESS_MMAP)) return -RTI_ENOMEM;
    long map =
        rti_sys_mmap(NULL, thread->map_size, RTI_PROT_READ | RTI_PROT_WRITE,
                     RTI_MAP_PRIVATE | RTI_MAP_ANONYMOUS | RTI_MAP_NORESERVE | RTI_MAP_STACK);
    if (rti_sys_failed(map)) return map;
    thread->map = (char *)map;
    long guarded = rti_sys_mprotect(thread->map, RTI_GUARD_SIZE, RTI_PROT_NONE);
    if (guarded < 0) {
        (void)rti_sys_munmap(thread->map, thread->map_size);
        return guarded;
    }
    return 0;
}

// Everything but the signals by which a thread hears of its own faults: a worker runs no handlers.
static uint64_t blocked_signals(void) {
    enum { SIGNALS_OF_FAULTS = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 30 };
    return ~(uint64_t)SIGNALS_OF_FAULTS; // SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGSEGV SIGSYS
}

long rti_thread_start(RtiThread *thread, int32_t id, RtiThreadMain *main, void *argument) {
    long failed = map_stack(thread);
    if (failed) return failed;
    thread->id = id;
    thread->main = main;
    thread->argument = argument;

    char *top = thread->map + thread->map_size - RECORD_SIZE;
    RtThread *record = (RtThread *)(void *)top;
    record->self = record;
    record->canary = rti_self()->canary;
    record->id = id;
    record->stack_low = thread->map + RTI_GUARD_SIZE;

    void **stack = (void **)(void *)(top - RTI_SIGNAL_STACK_SIZE); // what rti_clone's child pops
    *--stack = thread;
    *--stack = (void *)(uintptr_t)&thread_enter;

    uint64_t blocked = blocked_signals(), before = 0;
    (void)rti_sys_sigprocmask(RTI_SIG_BLOCK, &blocked, &before);
    if (rti_self()->id == 0) rti_process.signals = before;
    long tid = rti_stress_fails(RTI_STRESS_CLONE)
                   ? -RTI_EAGAIN
                   : rti_clone(CLONE_FLAGS, stack, &thread->tid, &thread->tid, record);
    (void)rti_sys_sigprocmask(RTI_SIG_SETMASK, &before, NULL);
    if (tid > 0) return 0;
    (void)rti_sys_munmap(thread->map, thread->map_size);
    return tid;
}

void rti_thread_place(RtiThread *thread, const RtiCpus *cpus) {
    // relaxed: the kernel stored it before clone returned to this thread
    int tid = (int)atomic_load_explicit(&thread->tid, memory_order_relaxed);
    if (tid) (void)rti_sys_sched_setaffinity(tid, sizeof cpus->bits, cpus->bits);
}

void rti_thread_join(RtiThread *thread) {
    for (;;) {
        // acquire: pairs with the kernel's clearing of the word, the thread's last act
        uint32_t tid = atomic_load_explicit(&thread->tid, memory_order_acquire);
        if (!tid) break;
        rti_futex_wait_shared(&thread->tid, tid);
    }
    (void)rti_sys_munmap(thread->map, thread->map_size);
}

void rti_thread_forget(RtiThread *thread) {
    (void)rti_sys_munmap(thread->map, thread->map_size);
}
