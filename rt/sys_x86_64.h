// sys_x86_64.h: how x86-64 Linux is called: the instruction, the numbers, and the one structure
// whose layout differs between architectures. Included by sys.h only. Results are negative error
// numbers.
#ifndef FLAP_RT_SYS_X86_64_H
#define FLAP_RT_SYS_X86_64_H

static inline long rti_syscall(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

enum {
    RTI_NR_read = 0,
    RTI_NR_write = 1,
    RTI_NR_close = 3,
    RTI_NR_fstat = 5,
    RTI_NR_lseek = 8,
    RTI_NR_mmap = 9,
    RTI_NR_mprotect = 10,
    RTI_NR_munmap = 11,
    RTI_NR_rt_sigaction = 13,
    RTI_NR_rt_sigprocmask = 14,
    RTI_NR_ioctl = 16,
    RTI_NR_sched_yield = 24,
    RTI_NR_mremap = 25,
    RTI_NR_madvise = 28,
    RTI_NR_getpid = 39,
    RTI_NR_socket = 41,
    RTI_NR_bind = 49,
    RTI_NR_clone = 56,
    RTI_NR_execve = 59,
    RTI_NR_exit = 60,
    RTI_NR_wait4 = 61,
    RTI_NR_kill = 62,
    RTI_NR_sysinfo = 99,
    RTI_NR_sigaltstack = 131,
    RTI_NR_prctl = 157,
    RTI_NR_arch_prctl = 158,
    RTI_NR_gettid = 186,
    RTI_NR_futex = 202,
    RTI_NR_sched_setaffinity = 203,
    RTI_NR_sched_getaffinity = 204,
    RTI_NR_set_tid_address = 218,
    RTI_NR_clock_gettime = 228,
    RTI_NR_clock_nanosleep = 230,
    RTI_NR_exit_group = 231,
    RTI_NR_tgkill = 234,
    RTI_NR_openat = 257,
    RTI_NR_unlinkat = 263,
    RTI_NR_ppoll = 271,
    RTI_NR_dup3 = 292,
    RTI_NR_pipe2 = 293,
    RTI_NR_prlimit64 = 302,
    RTI_NR_getcpu = 309,
    RTI_NR_getrandom = 318,
};

typedef struct RtiStat {
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, pad;
    uint64_t rdev;
    int64_t size, block_size, blocks;
    int64_t times[6];
    int64_t unused[3];
} RtiStat;

#define RTI_SA_RESTORER  0x04000000ul // x86-64 wants the signal trampoline from user space
#define RTI_CONTEXT_SP   160          // offset of the stack pointer in a signal's ucontext
#define RTI_CONTEXT_PC   168 // and of the place in the code
#define RTI_CONTEXT_FP   120 // and of the frame pointer
#define RTI_TICKS_PER_US 2500         // a first guess; the pool measures

// A clock that all processors share, in ticks of unknown length.
static inline uint64_t rti_ticks(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}
// Tells the processor that this is a waiting loop.
static inline void rti_pause(void) {
    __asm__ volatile("pause" ::: "memory");
}
static inline void rti_set_thread_pointer(void *record) {
    (void)rti_syscall(RTI_NR_arch_prctl, 0x1002 /* ARCH_SET_FS */, (long)record, 0, 0, 0, 0);
}

#endif
