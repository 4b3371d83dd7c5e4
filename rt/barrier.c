// barrier.c: a sense-reversing barrier: the last one to come resets the count and turns the sense,
// on which the others spin and then sleep. A party that has left may come again at once, because it
// waits for the next turn of the sense while late sleepers still wait for this one.
#include "futex.h"

#include <stdatomic.h>

void rti_barrier_init(RtiBarrier *barrier, int32_t count) {
    barrier->count = count;
    // relaxed: the caller hands the barrier to the others by some releasing operation of its own
    atomic_store_explicit(&barrier->missing, count, memory_order_relaxed);
    atomic_store_explicit(&barrier->sense, 0, memory_order_relaxed);
}

// missing:  count … 1  so many have yet to come;  the one who takes it to 0 is the last and owns it
// sense:    turn << 1 | sleepers' mark (futex.c)
static bool barrier_come(RtiBarrier *barrier, uint32_t sense) {
    // acq_rel: releases what this party did to the last one, who acquires it all
    if (atomic_fetch_sub_explicit(&barrier->missing, 1, memory_order_acq_rel) != 1) return false;
    // relaxed: ordered before the exchange of the sense, by which the others learn of it
    atomic_store_explicit(&barrier->missing, barrier->count, memory_order_relaxed);
    rti_wake_change(&barrier->sense, (sense & ~RTI_SLEEPERS) + 2);
    return true;
}

void rti_barrier_wait(RtiBarrier *barrier, uint64_t spin) {
    // relaxed: the sense cannot turn before this party has come
    uint32_t sense = atomic_load_explicit(&barrier->sense, memory_order_relaxed);
    if (!barrier_come(barrier, sense)) rti_wait_change(&barrier->sense, sense, spin);
}

void rti_barrier_arrive(RtiBarrier *barrier) {
    (void)barrier_come(barrier, atomic_load_explicit(&barrier->sense, memory_order_relaxed));
}
