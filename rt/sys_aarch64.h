// sys_aarch64.h: how aarch64 Linux is called. Included by sys.h only.
#ifndef FLAP_RT_SYS_AARCH64_H
#define FLAP_RT_SYS_AARCH64_H

#include "sys_generic.h"

static inline long rti_syscall(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory", "cc");
    return x0;
}

#define RTI_CONTEXT_SP   432 // offset of the stack pointer in a signal's ucontext
#define RTI_CONTEXT_PC   440 // and of the place in the code
#define RTI_CONTEXT_FP   416 // and of the frame pointer
#define RTI_TICKS_PER_US 50  // a first guess; the pool measures

static inline uint64_t rti_ticks(void) {
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}
static inline void rti_pause(void) {
    __asm__ volatile("isb" ::: "memory"); // `yield` is a no-op on most
}
static inline void rti_set_thread_pointer(void *record) {
    __asm__ volatile("msr tpidr_el0, %0" ::"r"(record) : "memory");
}
// What was written to [begin, end) becomes code.
static inline void rti_clear_cache(uintptr_t begin, uintptr_t end) {
    uint64_t sizes;
    __asm__ volatile("mrs %0, ctr_el0" : "=r"(sizes));
    uintptr_t data = (uintptr_t)4 << (sizes >> 16 & 15), code = (uintptr_t)4 << (sizes & 15);
    for (uintptr_t at = begin & -data; at < end; at += data)
        __asm__ volatile("dc cvau, %0" ::"r"(at) : "memory");
    __asm__ volatile("dsb ish" ::: "memory");
    for (uintptr_t at = begin & -code; at < end; at += code)
        __asm__ volatile("ic ivau, %0" ::"r"(at) : "memory");
    __asm__ volatile("dsb ish\n\tisb" ::: "memory");
}

#endif
