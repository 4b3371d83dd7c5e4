// Barrier, lock and the wait loop, with real threads of the runtime.
#include "threads_check.h"

enum { MOST = 16 };

static RtiBarrier barrier;
static RtiLock mutex;
static int64_t plain[MOST]; // ordered by the barrier alone
static int64_t counter;     // protected by the lock alone
static RtiWord turn;
static int32_t parties;
static uint64_t spin;
static int32_t rounds;

// Each party writes its own element, meets the others, and reads everybody's.
static void meet(void *argument) {
    int32_t me = (int32_t)(intptr_t)argument;
    for (int32_t round = 1; round <= rounds; ++round) {
        plain[me] = round;
        rti_barrier_wait(&barrier, spin);
        for (int32_t i = 0; i < parties; ++i) CHECK_EQUAL(plain[i], round);
        rti_barrier_wait(&barrier, spin);
    }
}

static void add(void *argument) {
    (void)argument;
    for (int32_t i = 0; i < rounds; ++i) {
        rti_lock(&mutex);
        counter = counter + 1;
        rti_unlock(&mutex);
    }
}

// Party p waits until the word's value is a multiple of its number, then counts it up.
static void pass(void *argument) {
    uint32_t me = (uint32_t)(intptr_t)argument;
    uint32_t all = (uint32_t)parties;
    for (;;) {
        uint32_t now = atomic_load_explicit(&turn, memory_order_acquire);
        uint32_t value = now >> 1;
        if (value >= (uint32_t)rounds) return;
        if (value % all == me) {
            counter = counter + 1;
            rti_wake_change(&turn, (value + 1) << 1);
        } else {
            rti_wait_change(&turn, now, spin);
        }
    }
}

static void run(RtiThreadMain *main, int32_t threads) {
    static RtiThread thread[MOST];
    parties = threads;
    rti_barrier_init(&barrier, threads);
    for (int32_t i = 1; i < threads; ++i)
        CHECK_EQUAL(rti_thread_start(&thread[i], i, main, (void *)(intptr_t)i), 0);
    main((void *)(intptr_t)0);
    for (int32_t i = 1; i < threads; ++i) rti_thread_join(&thread[i]);
}

static void test_barrier_arrive(void) {
    RtiBarrier own;
    rti_barrier_init(&own, 3);
    rti_barrier_arrive(&own);
    rti_barrier_arrive(&own);
    rti_barrier_wait(&own, 0); // the third: nobody to wait for
    rti_barrier_arrive(&own);
    rti_barrier_arrive(&own);
    rti_barrier_wait(&own, 1000);
}

static void test_lock_try(void) {
    RtiLock own = {0};
    CHECK(rti_lock_try(&own));
    CHECK(!rti_lock_try(&own));
    rti_unlock(&own);
    CHECK(rti_lock_try(&own));
    rti_unlock(&own);
}

int32_t flap_program(void) {
    static const int32_t counts[] = {1, 2, 3, 8, 16};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
        for (int32_t spinning = 0; spinning < 2; ++spinning) {
            spin = spinning ? 20000 : 0;
            rounds = counts[i] > 3 ? 300 : 2000;
            run(&meet, counts[i]);
            counter = 0;
            run(&add, counts[i]);
            CHECK_EQUAL(counter, (int64_t)rounds * counts[i]);
            counter = 0;
            atomic_store_explicit(&turn, 0, memory_order_relaxed);
            run(&pass, counts[i]);
            CHECK_EQUAL(counter, rounds);
        }
    }
    test_barrier_arrive();
    test_lock_try();
    return 0;
}
