// sys.h: Linux without a libc: one inline function per system call the runtime makes, named
// rti_sys_<call>. Every one gives the kernel's result: negative error numbers (-RTI_EINTR …), never
// errno. Works in hosted builds too. Structures and constants are the kernel's own, under RTI_
// names so that hosted files may include libc headers beside this one.
//
// Not here: clone, whose child starts on another stack (clone_*.S), and anything with a policy
// (retrying, stopping): that is the caller's.
#ifndef FLAP_RT_SYS_H
#define FLAP_RT_SYS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include "sys_x86_64.h"
#elif defined(__aarch64__)
#include "sys_aarch64.h"
#elif defined(__riscv) && __riscv_xlen == 64
#include "sys_riscv64.h"
#else
#error "flap's runtime knows x86-64, aarch64 and riscv64 Linux"
#endif

enum { // error numbers, the same on the three architectures
    RTI_EPERM = 1,
    RTI_ENOENT = 2,
    RTI_EINTR = 4,
    RTI_EIO = 5,
    RTI_EBADF = 9,
    RTI_EAGAIN = 11,
    RTI_ENOMEM = 12,
    RTI_EACCES = 13,
    RTI_EEXIST = 17,
    RTI_ENOTDIR = 20,
    RTI_EISDIR = 21,
    RTI_EINVAL = 22,
    RTI_ENOTTY = 25,
    RTI_ENOSPC = 28,
    RTI_ESPIPE = 29,
    RTI_EPIPE = 32,
    RTI_ETIMEDOUT = 110,
};
enum { // mmap, mremap, madvise
    RTI_PROT_NONE = 0,
    RTI_PROT_READ = 1,
    RTI_PROT_WRITE = 2,
    RTI_MAP_PRIVATE = 0x02,
    RTI_MAP_ANONYMOUS = 0x20,
    RTI_MAP_NORESERVE = 0x4000,
    RTI_MAP_STACK = 0x20000,
    RTI_MREMAP_MAYMOVE = 1,
    RTI_MREMAP_FIXED = 2,
    RTI_MADV_DONTNEED = 4,
    RTI_MADV_HUGEPAGE = 14,
    RTI_MADV_NOHUGEPAGE = 15,
    RTI_MADV_WIPEONFORK = 18,
};
enum { // open
    RTI_O_RDONLY = 0,
    RTI_O_WRONLY = 1,
    RTI_O_RDWR = 2,
    RTI_O_CREAT = 0100,
    RTI_O_TRUNC = 01000,
    RTI_O_APPEND = 02000,
    RTI_O_CLOEXEC = 02000000,
    RTI_AT_FDCWD = -100,
};
enum { RTI_S_IFMT = 0170000, RTI_S_IFREG = 0100000, RTI_S_IFDIR = 0040000, RTI_S_IFCHR = 0020000 };
enum { // futex operations; the private ones do not meet the kernel's own wake of CLEARTID
    RTI_FUTEX_WAIT = 0,
    RTI_FUTEX_WAKE = 1,
    RTI_FUTEX_PRIVATE = 128,
};
enum { RTI_CLOCK_REALTIME = 0, RTI_CLOCK_MONOTONIC = 1 };
enum { RTI_SIG_BLOCK = 0, RTI_SIG_UNBLOCK = 1, RTI_SIG_SETMASK = 2 };
enum {
    RTI_SIGINT = 2,
    RTI_SIGABRT = 6,
    RTI_SIGBUS = 7,
    RTI_SIGKILL = 9,
    RTI_SIGSEGV = 11,
    RTI_SIGPIPE = 13,
    RTI_SIGTERM = 15,
    RTI_SIGCHLD = 17
};
enum { RTI_TCGETS = 0x5401, RTI_TIOCGWINSZ = 0x5413 };
enum { RTI_RLIMIT_STACK = 3 };
enum { RTI_PR_SET_NAME = 15 };

typedef struct RtiTimespec {
    int64_t seconds, nanoseconds;
} RtiTimespec;
typedef struct RtiLimit {
    uint64_t soft, hard;
} RtiLimit;
typedef struct RtiPoll {
    int32_t fd;
    int16_t events, got;
} RtiPoll;
typedef struct RtiSigaction { // the kernel's layout, not libc's
    void (*handler)(int signal, void *info, void *context);
    unsigned long flags;
#if !defined(__riscv)
    void (*restorer)(void);
#endif
    uint64_t mask;
} RtiSigaction;
enum { RTI_SA_SIGINFO = 4, RTI_SA_ONSTACK = 0x08000000 };
typedef struct RtiSigstack {
    void *base;
    int32_t flags;
    size_t size;
} RtiSigstack;
enum { RTI_SS_DISABLE = 2 };

// True when a result that is a number or an address is an error number.
static inline int rti_sys_failed(long result) {
    return (unsigned long)result > -4096ul;
}

#define RTI_CALL0(n)          rti_syscall(RTI_NR_##n, 0, 0, 0, 0, 0, 0)
#define RTI_CALL1(n, a)       rti_syscall(RTI_NR_##n, (long)(a), 0, 0, 0, 0, 0)
#define RTI_CALL2(n, a, b)    rti_syscall(RTI_NR_##n, (long)(a), (long)(b), 0, 0, 0, 0)
#define RTI_CALL3(n, a, b, c) rti_syscall(RTI_NR_##n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define RTI_CALL4(n, a, b, c, d)                                                                   \
    rti_syscall(RTI_NR_##n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define RTI_CALL6(n, a, b, c, d, e, f)                                                             \
    rti_syscall(RTI_NR_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

// --- files ---------------------------------------------------------------------------------------

static inline long rti_sys_read(int fd, void *buffer, size_t size) {
    return RTI_CALL3(read, fd, buffer, size);
}
static inline long rti_sys_write(int fd, const void *buffer, size_t size) {
    return RTI_CALL3(write, fd, buffer, size);
}
static inline long rti_sys_open(const char *path, int flags, int mode) {
    return RTI_CALL4(openat, RTI_AT_FDCWD, path, flags, mode);
}
static inline long rti_sys_close(int fd) {
    return RTI_CALL1(close, fd);
}
static inline long rti_sys_fstat(int fd, RtiStat *stat) {
    return RTI_CALL2(fstat, fd, stat);
}
static inline long rti_sys_lseek(int fd, int64_t offset, int whence) {
    return RTI_CALL3(lseek, fd, offset, whence);
}
static inline long rti_sys_ioctl(int fd, unsigned long request, void *argument) {
    return RTI_CALL3(ioctl, fd, request, argument);
}
static inline long rti_sys_unlink(const char *path) {
    return RTI_CALL3(unlinkat, RTI_AT_FDCWD, path, 0);
}
static inline long rti_sys_pipe2(int fds[2], int flags) {
    return RTI_CALL2(pipe2, fds, flags);
}
static inline long rti_sys_dup3(int from, int to, int flags) {
    return RTI_CALL3(dup3, from, to, flags);
}
static inline long rti_sys_socket(int family, int type, int protocol) {
    return RTI_CALL3(socket, family, type, protocol);
}
static inline long rti_sys_bind(int fd, const void *address, size_t size) {
    return RTI_CALL3(bind, fd, address, size);
}
static inline long rti_sys_poll(RtiPoll *fds, size_t count, const RtiTimespec *timeout) {
    return RTI_CALL6(ppoll, fds, count, timeout, 0, 8, 0);
}

// --- memory --------------------------------------------------------------------------------------

// Anonymous private memory; test the result with rti_sys_failed.
#ifdef RT_TSAN
// ThreadSanitizer must know where memory comes and goes, or memory that one thread gave back and
// another one got looks shared: through libc's functions (alloc_hosted.c).
long rti_sys_mmap(void *address, size_t size, int protection, int flags);
long rti_sys_munmap(void *address, size_t size);
long rti_sys_mremap(void *address, size_t old_size, size_t new_size, int flags);
long rti_sys_mremap_to(void *address, size_t old_size, size_t new_size, void *target);
#else
static inline long rti_sys_mmap(void *address, size_t size, int protection, int flags) {
    return RTI_CALL6(mmap, address, size, protection, flags, -1, 0);
}
static inline long rti_sys_munmap(void *address, size_t size) {
    return RTI_CALL2(munmap, address, size);
}
static inline long rti_sys_mremap(void *address, size_t old_size, size_t new_size, int flags) {
    return RTI_CALL4(mremap, address, old_size, new_size, flags);
}
static inline long rti_sys_mremap_to(void *address, size_t old_size, size_t new_size,
                                     void *target) {
    return RTI_CALL6(mremap, address, old_size, new_size, RTI_MREMAP_MAYMOVE | RTI_MREMAP_FIXED,
                     target, 0);
}
#endif
static inline long rti_sys_mprotect(void *address, size_t size, int protection) {
    return RTI_CALL3(mprotect, address, size, protection);
}
static inline long rti_sys_madvise(void *address, size_t size, int advice) {
    return RTI_CALL3(madvise, address, size, advice);
}

// --- processes, threads, signals -----------------------------------------------------------------

static inline _Noreturn void rti_sys_exit_group(int status) {
    for (;;) (void)RTI_CALL1(exit_group, status);
}
static inline _Noreturn void rti_sys_exit_thread(int status) {
    for (;;) (void)RTI_CALL1(exit, status);
}
static inline long rti_sys_getpid(void) {
    return RTI_CALL0(getpid);
}
static inline long rti_sys_gettid(void) {
    return RTI_CALL0(gettid);
}
static inline long rti_sys_kill(int pid, int signal) {
    return RTI_CALL2(kill, pid, signal);
}
static inline long rti_sys_tgkill(int pid, int tid, int signal) {
    return RTI_CALL3(tgkill, pid, tid, signal);
}
// A plain fork: the child gets 0 and only the calling thread.
static inline long rti_sys_fork(void) {
    return RTI_CALL6(clone, RTI_SIGCHLD, 0, 0, 0, 0, 0);
}
static inline long rti_sys_wait4(int pid, int *status, int options) {
    return RTI_CALL4(wait4, pid, status, options, 0);
}
static inline long rti_sys_execve(const char *path, char *const argv[], char *const envp[]) {
    return RTI_CALL3(execve, path, argv, envp);
}
static inline long rti_sys_sched_yield(void) {
    return RTI_CALL0(sched_yield);
}
// Give the bytes written into the mask, and 0.
static inline long rti_sys_sched_getaffinity(int tid, size_t size, uint64_t *mask) {
    return RTI_CALL3(sched_getaffinity, tid, size, mask);
}
static inline long rti_sys_sched_setaffinity(int tid, size_t size, const uint64_t *mask) {
    return RTI_CALL3(sched_setaffinity, tid, size, mask);
}
static inline long rti_sys_getcpu(unsigned *cpu) {
    return RTI_CALL3(getcpu, cpu, 0, 0);
}
static inline long rti_sys_set_tid_address(int32_t *word) {
    return RTI_CALL1(set_tid_address, word);
}
static inline long rti_sys_set_thread_name(const char *name) {
    return RTI_CALL2(prctl, RTI_PR_SET_NAME, name);
}
static inline long rti_sys_prlimit(int resource, const RtiLimit *set, RtiLimit *get) {
    return RTI_CALL4(prlimit64, 0, resource, set, get);
}
static inline long rti_sys_sigprocmask(int how, const uint64_t *set, uint64_t *old) {
    return RTI_CALL4(rt_sigprocmask, how, set, old, 8);
}
static inline long rti_sys_sigaction(int signal, const RtiSigaction *set, RtiSigaction *old) {
    return RTI_CALL4(rt_sigaction, signal, set, old, 8);
}
static inline long rti_sys_sigaltstack(const RtiSigstack *set, RtiSigstack *old) {
    return RTI_CALL2(sigaltstack, set, old);
}

// What sysinfo(2) tells; sizes in units of `unit` bytes.
typedef struct RtiSysinfo {
    long uptime;
    unsigned long loads[3], ram, free_ram, shared, buffers, swap, free_swap;
    unsigned short processes, pad;
    unsigned long high, free_high;
    unsigned unit;
} RtiSysinfo;
static inline long rti_sys_sysinfo(RtiSysinfo *info) {
    return RTI_CALL1(sysinfo, info);
}

// --- time, waiting, chance -----------------------------------------------------------------------

static inline long rti_sys_futex(_Atomic uint32_t *word, int operation, uint32_t value,
                                 const RtiTimespec *timeout) {
    return RTI_CALL4(futex, word, operation, value, timeout);
}
static inline long rti_sys_clock_gettime(int clock, RtiTimespec *now) {
    return RTI_CALL2(clock_gettime, clock, now);
}
// Relative; -RTI_EINTR leaves the rest in *rest.
static inline long rti_sys_nanosleep(const RtiTimespec *time, RtiTimespec *rest) {
    return RTI_CALL4(clock_nanosleep, RTI_CLOCK_MONOTONIC, 0, time, rest);
}
static inline long rti_sys_getrandom(void *buffer, size_t size, unsigned flags) {
    return RTI_CALL3(getrandom, buffer, size, flags);
}

#endif
