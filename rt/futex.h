// futex.h: the one blocking primitive, and what is built on it for the runtime's own use: a wait
// loop that spins before it sleeps, a barrier and a lock.
//
// The rule for every word that somebody sleeps on: it carries the sleeper's mark itself and changes
// only by read-modify-write, so whoever changes it learns in the same step whether to wake.
#ifndef FLAP_RT_FUTEX_H
#define FLAP_RT_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

typedef _Atomic uint32_t RtiWord;

// Sleeps while *word == value. Returns when woken, when the word differs, or for no reason at all:
// callers look again.
void rti_futex_wait(RtiWord *word, uint32_t value);
// Wakes up to `count` sleepers of this process.
void rti_futex_wake(RtiWord *word, int32_t count);
#define RTI_WAKE_ALL INT32_MAX

// The same for the word that the kernel clears when a thread ends: the kernel wakes with the shared
// operation, which does not meet sleepers of the private one.
void rti_futex_wait_shared(RtiWord *word, uint32_t value);

// The wait loop. The word's bit 0 is the sleepers' mark, the rest its value: returns once the value
// is no longer that of `old`. Spins for so many ticks first. Acquires what the change released.
#define RTI_SLEEPERS 1u
void rti_wait_change(RtiWord *word, uint32_t old, uint64_t spin);
// Changes the word's value (new: without the mark) and wakes its sleepers. Releases.
void rti_wake_change(RtiWord *word, uint32_t new_value);

// A barrier for `count` parties, usable again at once (sense reversing).
typedef struct RtiBarrier {
    _Atomic int32_t missing;
    int32_t count;
    RtiWord sense;
} RtiBarrier;
void rti_barrier_init(RtiBarrier *barrier, int32_t count);
// Returns when all parties have come.
void rti_barrier_wait(RtiBarrier *barrier, uint64_t spin);
// Comes without waiting for the others: for a party that will not use what they did.
void rti_barrier_arrive(RtiBarrier *barrier);

// A lock; zero is unlocked. Not recursive.
typedef struct RtiLock {
    RtiWord word;
} RtiLock;
void rti_lock(RtiLock *lock);
bool rti_lock_try(RtiLock *lock);
void rti_unlock(RtiLock *lock);
// Whether some thread of this process holds it; for its owner, whom nobody can make a liar of.
bool rti_lock_taken(RtiLock *lock);
// In the child of a fork: this thread held the lock, and still does. What others held is free there.
void rti_lock_keep(RtiLock *lock);

#endif
