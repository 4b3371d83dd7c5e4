// sys_riscv64.h: how riscv64 Linux is called. Included by sys.h only.
#ifndef FLAP_RT_SYS_RISCV64_H
#define FLAP_RT_SYS_RISCV64_H

#include "sys_generic.h"

static inline long rti_syscall(long number, long a, long b, long c, long d, long e, long f) {
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}

#define RTI_CONTEXT_SP   192 // offset of the stack pointer in a signal's ucontext
#define RTI_CONTEXT_PC   176 // and of the place in the code
#define RTI_CONTEXT_FP   240 // and of the frame pointer
#define RTI_TICKS_PER_US 10  // a first guess; the pool measures

static inline uint64_t rti_ticks(void) {
    uint64_t ticks;
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    return ticks;
}
static inline void rti_pause(void) {
    __asm__ volatile(".4byte 0x0100000f" ::: "memory"); // the hint `pause`
}
static inline void rti_set_thread_pointer(void *record) {
    __asm__ volatile("mv tp, %0" ::"r"(record) : "memory");
}

#endif
