// futex.c: sleeping on a word. Everything in the runtime that blocks comes through here.
#include "futex.h"

#include <stdatomic.h>

#include "sys.h"

#ifdef RT_STRESS
// Lets others run between looking and sleeping, and between changing and waking: there the bugs
// are.
static void futex_yield(void) {
    (void)rti_sys_sched_yield();
}
#else
static inline void futex_yield(void) {}
#endif

void rti_futex_wait(RtiWord *word, uint32_t value) {
    futex_yield();
    (void)rti_sys_futex(word, RTI_FUTEX_WAIT | RTI_FUTEX_PRIVATE, value, NULL);
}

void rti_futex_wake(RtiWord *word, int32_t count) {
    futex_yield();
    (void)rti_sys_futex(word, RTI_FUTEX_WAKE | RTI_FUTEX_PRIVATE, (uint32_t)count, NULL);
}

void rti_futex_wait_shared(RtiWord *word, uint32_t value) {
    futex_yield();
    (void)rti_sys_futex(word, RTI_FUTEX_WAIT, value, NULL);
}

// The word:
//   value << 1      nobody sleeps          -> value << 1 | 1   by the first who goes to sleep
//   value << 1 | 1  there may be sleepers  -> new << 1         by the one who changes the value,
//   who wakes
void rti_wait_change(RtiWord *word, uint32_t old, uint64_t spin) {
    uint64_t start = spin ? rti_ticks() : 0;
    // acquire: pairs with the release in rti_wake_change
    uint32_t now = atomic_load_explicit(word, memory_order_acquire);
    while ((now | RTI_SLEEPERS) == (old | RTI_SLEEPERS)) {
        if (spin && rti_ticks() - start < spin) {
            rti_pause();
        } else if ((now & RTI_SLEEPERS) ||
                   // relaxed: the mark publishes nothing; rti_wake_change sees it in its exchange
                   atomic_compare_exchange_strong_explicit(word, &now, now | RTI_SLEEPERS,
                                                           memory_order_relaxed,
                                                           memory_order_relaxed)) {
            rti_futex_wait(word, now | RTI_SLEEPERS);
        }
        now = atomic_load_explicit(word, memory_order_acquire); // as above
    }
}

void rti_wake_change(RtiWord *word, uint32_t new_value) {
    // release: pairs with the acquiring loads of rti_wait_change; acquire for barriers, where the
    // last one to come has seen what the others did through `missing`
    uint32_t old = atomic_exchange_explicit(word, new_value, memory_order_acq_rel);
    if (old & RTI_SLEEPERS) rti_futex_wake(word, RTI_WAKE_ALL);
}
