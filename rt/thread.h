// thread.h: making and ending threads: five functions with two implementations. thread_clone.c uses
// raw clone, for freestanding images; thread_hosted.c uses pthreads, for processes with a libc,
// where a raw thread would meet libc state that it does not have. Which one a program gets is
// decided at link time. Below them, what both share (thread.c).
#ifndef FLAP_RT_THREAD_H
#define FLAP_RT_THREAD_H

#include "futex.h"
#include "rt_internal.h"

// Processors, one bit each: the first 8192 of them.
#define RTI_CPU_WORDS 128
typedef struct RtiCpus {
    uint64_t bits[RTI_CPU_WORDS];
} RtiCpus;

typedef void RtiThreadMain(void *argument);

// A thread that was started and not yet joined. Written by its parent, but for `tid`.
typedef struct RtiThread {
    RtiWord tid; // the kernel's number while it lives; at the end the kernel clears it
    int32_t id;  // the runtime's number, from 1
    RtiThreadMain *main;
    void *argument;
    char *map; // clone: guard, stack, signal stack and thread record, in this order
    size_t map_size;
    uintptr_t handle; // pthread
    uint64_t canary;
} RtiThread;

// Describes the calling thread, the process's first, in its record, and gives it a signal stack.
void rti_thread_first(const char *stack_low);
// Starts a thread that runs main(argument) as number `id`, named flap-<id>, with signals blocked
// (but for those that report its own faults). 0, or a negative error number and nothing started.
long rti_thread_start(RtiThread *thread, int32_t id, RtiThreadMain *main, void *argument);
// Restricts the thread to these processors, from now on. Failing is harmless and not told.
void rti_thread_place(RtiThread *thread, const RtiCpus *cpus);
// Waits until it has ended and frees its stack.
void rti_thread_join(RtiThread *thread);
// In the child of a fork: frees what the parent's thread would have used here.
void rti_thread_forget(RtiThread *thread);

// --- shared (thread.c, thread_count.c) -----------------------------------------------------------

#define RTI_GUARD_SIZE        ((size_t)64 << 10)
#define RTI_SIGNAL_STACK_SIZE ((size_t)64 << 10)
#define RTI_FRAMES_ABOVE      64 // the program's first frame is about where this function's is
#define RTI_STACK_DEFAULT     ((size_t)8 << 20)

// The size of a thread's stack: FLAP_STACK (bytes, or with K, M or G), else that of the first one.
size_t rti_stack_size(void);
// FLAP_STACK holds for the first thread too, as far as the system's hard limit lets it.
void rti_stack_apply(void);
// The lowest usable address of the first thread's stack, given an address near its top.
const char *rti_stack_low(const char *near_top);

// The processors this process may use; their number, at least 1.
int32_t rti_cpus_allowed(RtiCpus *cpus);
// How many threads `@@` uses: FLAP_NUM_THREADS, else the processors allowed, limited by the control
// group's quota. Stops the program when FLAP_NUM_THREADS is no number from 1 to 1024.
int32_t rti_thread_default(int32_t allowed);
// How many processors the control groups in a list like /proc/self/cgroup allow, rounded up; -1: no
// limit. The groups of version 1 are looked for below `first_root`, those of version 2 below
// `second_root`; the least limit counts, of a group or of one that it is in.
int64_t rti_cgroup_quota(const char *list_path, const char *first_root, const char *second_root);

// "flap-<id>" into name, which holds 16 bytes.
void rti_thread_name(char *name, int32_t id);
// A line "flap: <text> <number> <more>" to stderr, when FLAP_DEBUG=threads asks for it.
void rti_thread_debug(const char *text, int64_t number, const char *more);

// What a fault at `address` with this signal context means: prints "Error: stack overflow", after
// this thread's turn, and ends the process when the address lies below the thread's stack. True: not
// before the deferred blocks have run, for which the context was changed. False: it is no overflow,
// and the caller restores the default crash.
bool rti_fault(const char *address, char *context);
// Tells of a fault that is no overflow, after what the program has printed. `where`: " in …", or "". Nothing
// is allocated or locked; other threads that come here too wait for the end.
void rti_fault_tell(const char *address, const char *where);

// Failing the n-th call on purpose, in stress builds: FLAP_STRESS_FAIL_CLONE, FLAP_STRESS_FAIL_MMAP,
// FLAP_STRESS_FAIL_UNWANTED (getting memory in iterations that turn out not to be wanted) = n, n+ (that
// one and all later) or n* (every n-th).
typedef enum RtiStress { RTI_STRESS_CLONE, RTI_STRESS_MMAP, RTI_STRESS_UNWANTED } RtiStress;
#ifdef RT_STRESS
bool rti_stress_fails(RtiStress what);
#else
static inline bool rti_stress_fails(RtiStress what) {
    (void)what;
    return false;
}
#endif

#endif
