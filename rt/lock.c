// lock.c: mutual exclusion on one word. Not recursive, not fair: who comes first takes it.
#include "futex.h"

#include <stdatomic.h>

// 0  free                      -> 1 by who takes it
// 1  taken, nobody sleeps      -> 0 by its owner; -> 2 by who wants to sleep
// 2  taken, some may sleep     -> 0 by its owner, who then wakes one
// One who has slept takes it as 2: others may still sleep.
enum { LOCK_FREE, LOCK_TAKEN, LOCK_CONTENDED };

bool rti_lock_try(RtiLock *lock) {
    uint32_t free = LOCK_FREE;
    // acquire: pairs with the release of rti_unlock
    return atomic_compare_exchange_strong_explicit(&lock->word, &free, LOCK_TAKEN,
                                                   memory_order_acquire, memory_order_relaxed);
}

void rti_lock(RtiLock *lock) {
    if (rti_lock_try(lock)) return;
    // acquire: as in rti_lock_try
    while (atomic_exchange_explicit(&lock->word, LOCK_CONTENDED, memory_order_acquire) != LOCK_FREE)
        rti_futex_wait(&lock->word, LOCK_CONTENDED);
}

void rti_unlock(RtiLock *lock) {
    // release: pairs with the acquire of the next owner
    if (atomic_exchange_explicit(&lock->word, LOCK_FREE, memory_order_release) == LOCK_CONTENDED)
        rti_futex_wake(&lock->word, 1);
}
