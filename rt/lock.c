// lock.c: mutual exclusion on one word. Not recursive, not fair: who comes first takes it.
//
// A child process has one thread, so what other threads held when it was made nobody would ever give
// back: whoever takes a lock writes down how many forks his process comes from, and a lock of another
// number is free.
#include "futex.h"
#include "rt_internal.h"

#include <stdatomic.h>

// The two lower bits; above them, unless it is free, rti_process.forks of its owner:
// 0  free (or of another process) -> 1 by who takes it
// 1  taken, nobody sleeps         -> 0 by its owner; -> 2 by who wants to sleep
// 2  taken, some may sleep        -> 0 by its owner, who then wakes one
// One who has slept takes it as 2: others may still sleep.
enum { LOCK_FREE, LOCK_TAKEN, LOCK_CONTENDED, LOCK_STATES };

static uint32_t word_here(uint32_t state) {
    return rti_process.forks << 2 | state;
}

static bool is_free(uint32_t word) {
    return (word & LOCK_STATES) == LOCK_FREE || word >> 2 != word_here(0) >> 2;
}

bool rti_lock_try(RtiLock *lock) {
    // relaxed: the operation below decides
    uint32_t word = atomic_load_explicit(&lock->word, memory_order_relaxed);
    // acquire: pairs with the release of rti_unlock
    return is_free(word) &&
           atomic_compare_exchange_strong_explicit(&lock->word, &word, word_here(LOCK_TAKEN),
                                                   memory_order_acquire, memory_order_relaxed);
}

void rti_lock(RtiLock *lock) {
    if (rti_lock_try(lock)) return;
    uint32_t contended = word_here(LOCK_CONTENDED);
    // acquire: as in rti_lock_try
    while (!is_free(atomic_exchange_explicit(&lock->word, contended, memory_order_acquire)))
        rti_futex_wait(&lock->word, contended);
}

void rti_unlock(RtiLock *lock) {
    // release: pairs with the acquire of the next owner
    uint32_t word = atomic_exchange_explicit(&lock->word, LOCK_FREE, memory_order_release);
    if ((word & LOCK_STATES) == LOCK_CONTENDED) rti_futex_wake(&lock->word, 1);
}

bool rti_lock_taken(RtiLock *lock) {
    // relaxed: an owner finds what it wrote itself
    return !is_free(atomic_load_explicit(&lock->word, memory_order_relaxed));
}

void rti_lock_keep(RtiLock *lock) {
    // relaxed: there is no other thread
    atomic_store_explicit(&lock->word, word_here(LOCK_TAKEN), memory_order_relaxed);
}
