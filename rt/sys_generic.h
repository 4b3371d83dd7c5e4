// sys_generic.h: the system call numbers and the stat layout that aarch64 and riscv64 share (the
// kernel's "generic" table). Included by their sys_ headers only.
#ifndef FLAP_RT_SYS_GENERIC_H
#define FLAP_RT_SYS_GENERIC_H

enum {
    RTI_NR_dup3 = 24,
    RTI_NR_ioctl = 29,
    RTI_NR_unlinkat = 35,
    RTI_NR_openat = 56,
    RTI_NR_close = 57,
    RTI_NR_pipe2 = 59,
    RTI_NR_lseek = 62,
    RTI_NR_read = 63,
    RTI_NR_write = 64,
    RTI_NR_ppoll = 73,
    RTI_NR_fstat = 80,
    RTI_NR_exit = 93,
    RTI_NR_exit_group = 94,
    RTI_NR_set_tid_address = 96,
    RTI_NR_futex = 98,
    RTI_NR_clock_gettime = 113,
    RTI_NR_clock_nanosleep = 115,
    RTI_NR_sched_setaffinity = 122,
    RTI_NR_sched_getaffinity = 123,
    RTI_NR_sched_yield = 124,
    RTI_NR_kill = 129,
    RTI_NR_tgkill = 131,
    RTI_NR_sigaltstack = 132,
    RTI_NR_rt_sigaction = 134,
    RTI_NR_rt_sigprocmask = 135,
    RTI_NR_prctl = 167,
    RTI_NR_getcpu = 168,
    RTI_NR_getpid = 172,
    RTI_NR_gettid = 178,
    RTI_NR_socket = 198,
    RTI_NR_bind = 200,
    RTI_NR_munmap = 215,
    RTI_NR_mremap = 216,
    RTI_NR_clone = 220,
    RTI_NR_execve = 221,
    RTI_NR_mmap = 222,
    RTI_NR_mprotect = 226,
    RTI_NR_madvise = 233,
    RTI_NR_wait4 = 260,
    RTI_NR_prlimit64 = 261,
    RTI_NR_sysinfo = 179,
    RTI_NR_getrandom = 278,
};

typedef struct RtiStat {
    uint64_t dev, ino;
    uint32_t mode, nlink, uid, gid;
    uint64_t rdev, pad;
    int64_t size;
    int32_t block_size, pad2;
    int64_t blocks;
    int64_t times[6];
    uint32_t unused[2];
} RtiStat;

#define RTI_SA_RESTORER 0ul // the kernel's own trampoline (vdso)

#endif
