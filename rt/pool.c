// pool.c: the worker threads: made at the first loop that is worth it, idle between loops (first
// spinning, then asleep), woken, and ended with the process. Which blocks they run is parfor.c's.
#include "pool.h"

#include "sys.h"

enum {
    SPIN_FIRST_US = 200, // how long a new worker looks for work before it sleeps
    SPIN_LEAST_US = 20,
    SPIN_MOST_US = 2000,
    SPIN_STEAL_US = 100, // after a loop: there may be something to steal that was in between hands
    WAKE_FAN_OUT = 4,
    RETRY_LOOPS = 64, // after the system refused a thread
};

RtiPool rti_pool = {.ticks_per_us = RTI_TICKS_PER_US};

// --- time ----------------------------------------------------------------------------------------

static uint64_t now_ns(void) {
    RtiTimespec now = {0, 0};
    (void)rti_sys_clock_gettime(RTI_CLOCK_MONOTONIC, &now);
    return (uint64_t)now.seconds * 1000000000u + (uint64_t)now.nanoseconds;
}

// Compares the two clocks, once enough time has passed since the pool was made.
static void measure_ticks(void) {
    uint64_t ns = now_ns() - rti_pool.epoch_ns;
    if (ns < 50000) return;
    // In units that cannot overflow: at least 50 us, and a quotient that is small.
    uint64_t per_us = (rti_ticks() - rti_pool.epoch_ticks) / (ns / 1000);
    if (per_us) // relaxed: see rti_ticks_of_us
        atomic_store_explicit(&rti_pool.ticks_per_us, per_us, memory_order_relaxed);
}

// --- memory --------------------------------------------------------------------------------------

enum { ALIVE_SIZE = 65536 }; // a page of any architecture
#define POOL_SIZE (ALIVE_SIZE + sizeof(RtiWorker) * RT_PAR_MAX_THREADS)

// Maps the worker records (touched only as far as they are used) behind the page that tells a child
// of a fork that it has no workers.
static bool pool_create(void) {
    if (rti_stress_fails(RTI_STRESS_MMAP)) return false;
    long map = rti_sys_mmap(NULL, POOL_SIZE, RTI_PROT_READ | RTI_PROT_WRITE,
                            RTI_MAP_PRIVATE | RTI_MAP_ANONYMOUS | RTI_MAP_NORESERVE);
    if (rti_sys_failed(map)) return false;
    if (rti_sys_madvise((void *)map, ALIVE_SIZE, RTI_MADV_WIPEONFORK) < 0) {
        (void)rti_sys_munmap((void *)map,
                             POOL_SIZE); // Linux before 4.14: better no workers than none there
        return false;
    }
    rti_pool.alive = (_Atomic uint8_t *)map;
    rti_pool.workers = (RtiWorker *)(void *)((char *)map + ALIVE_SIZE);
    // relaxed: read by this thread, or by another that takes the pool
    atomic_store_explicit(rti_pool.alive, 1, memory_order_relaxed);
    rti_pool.processors = rti_cpus_allowed(&rti_pool.allowed);
    rti_pool.epoch_ns = now_ns();
    rti_pool.epoch_ticks = rti_ticks();
    return true;
}

static void set_started(int32_t count) {
    // release: pairs with the acquire of rti_pool_started
    atomic_store_explicit(&rti_pool.started, count, memory_order_release);
}

// In a child of a fork: the parent's workers are not here, only their memory. The calling thread was
// the worker `own`, and stays on its stack; 0: it was none.
static void forget_workers(int32_t own) {
    for (int32_t i = 1; i <= rti_pool_started(); ++i)
        if (i != own) rti_thread_forget(&rti_pool.workers[i].thread);
    set_started(0);
    // relaxed: nobody else is here
    atomic_store_explicit(&rti_pool.growing, 0, memory_order_relaxed);
    atomic_store_explicit(rti_pool.alive, 1, memory_order_relaxed); // as in pool_create
}

bool rti_pool_take(void) {
    uintptr_t free = 0;
    // acquire: pairs with the release of rti_pool_give
    if (!atomic_compare_exchange_strong_explicit(&rti_pool.taken, &free, (uintptr_t)rti_self(),
                                                 memory_order_acquire, memory_order_relaxed))
        return false;
    if (!rti_pool.workers && !pool_create()) {
        rti_pool_give();
        return false;
    }
    if (!rti_pool_here()) forget_workers(0);
    return true;
}

void rti_pool_forked(int32_t own) {
    // relaxed, all: nobody else is here
    atomic_store_explicit(&rti_pool.taken, 0, memory_order_relaxed);
    atomic_store_explicit(&rti_pool.open, 0, memory_order_relaxed);
    if (!rti_pool.workers) return;
    forget_workers(own);
    if (own == 0) return;
    (void)rti_sys_sched_setaffinity(0, sizeof rti_pool.allowed.bits, rti_pool.allowed.bits);
    (void)rti_sys_sigprocmask(RTI_SIG_SETMASK, &rti_process.signals, NULL);
}

void rti_pool_give(void) {
    // release: pairs with the acquire of rti_pool_take
    atomic_store_explicit(&rti_pool.taken, 0, memory_order_release);
}

bool rti_pool_mine(void) {
    // relaxed: only this thread writes its own address there, and takes it away
    return atomic_load_explicit(&rti_pool.taken, memory_order_relaxed) == (uintptr_t)rti_self();
}

bool rti_pool_here(void) {
    // relaxed: only a fork changes it
    return atomic_load_explicit(rti_pool.alive, memory_order_relaxed) != 0;
}

int32_t rti_pool_default(void) {
    // relaxed, both: a number, the same whoever asks first
    int32_t threads = atomic_load_explicit(&rti_pool.default_threads, memory_order_relaxed);
    if (threads) return threads;
    threads = rti_thread_default(rti_pool.processors);
    atomic_store_explicit(&rti_pool.default_threads, threads, memory_order_relaxed);
    return threads;
}

// --- waking --------------------------------------------------------------------------------------

// The half of the range word that a worker sleeps on: it has the mark and the generation's upper
// bits.
static RtiWord *sleep_word(RtiWorker *worker) {
    return (RtiWord *)(void *)((char *)&worker->range +
                               4); // all three architectures: little-endian
}

void rti_pool_wake(RtiWorker *worker) {
    // relaxed: a hint; the operation below decides
    if (!(atomic_load_explicit(&worker->range, memory_order_relaxed) & RTI_RANGE_ASLEEP)) return;
    // acq_rel: pairs with the worker's compare-and-swap in go_to_sleep, whichever comes first in
    // the word's order; whoever clears the mark wakes
    uint64_t old =
        atomic_fetch_and_explicit(&worker->range, ~RTI_RANGE_ASLEEP, memory_order_acq_rel);
    if (old & RTI_RANGE_ASLEEP) rti_futex_wake(sleep_word(worker), 1);
}

void rti_pool_wake_children(int32_t index, int32_t engaged) {
    for (int32_t i = index * WAKE_FAN_OUT + 1; i <= index * WAKE_FAN_OUT + WAKE_FAN_OUT; ++i)
        if (i < engaged) rti_pool_wake(&rti_pool.workers[i]);
}

void rti_pool_wake_engaged(void) {
    // relaxed: stored before the ranges were published
    int32_t engaged = atomic_load_explicit(&rti_pool.engaged, memory_order_relaxed);
    for (int32_t t = 1; t < engaged; ++t) rti_pool_wake(&rti_pool.workers[t]);
}

void rti_pool_publish(RtiWorker *worker, uint64_t range) {
    // relaxed: a guess, which the exchange checks
    uint64_t asleep = atomic_load_explicit(&worker->range, memory_order_relaxed) & RTI_RANGE_ASLEEP;
    // release: publishes the job; pairs with the acquiring load and claims of the worker and of
    // thieves
    uint64_t old = atomic_exchange_explicit(&worker->range, range | asleep, memory_order_acq_rel);
    if ((old & RTI_RANGE_ASLEEP) && !asleep) rti_futex_wake(sleep_word(worker), 1);
}

bool rti_pool_awake(int32_t workers) {
    if (rti_pool_started() < workers) return false;
    for (int32_t i = 1; i <= workers; ++i) // relaxed: a guess
        if (atomic_load_explicit(&rti_pool.workers[i].range, memory_order_relaxed) &
            RTI_RANGE_ASLEEP)
            return false;
    return true;
}

// --- the worker ----------------------------------------------------------------------------------

static void give_processors_back(RtiWorker *self) {
    // acquire: pairs with the release in place(): the parent's restriction came before
    if (!atomic_load_explicit(&self->placed, memory_order_acquire)) return;
    atomic_store_explicit(&self->placed, 0,
                          memory_order_relaxed); // nobody else writes it from now on
    (void)rti_sys_sched_setaffinity(0, sizeof rti_pool.allowed.bits, rti_pool.allowed.bits);
}

static void set_idle(RtiWorker *self, RtiIdle idle) {
    // relaxed: a hint for others
    atomic_store_explicit(&self->idle, (int32_t)idle, memory_order_relaxed);
}

// Sleeps until the range word has another generation or there is a nest to help; gives the word.
static uint64_t go_to_sleep(RtiWorker *self, uint64_t word) {
    give_processors_back(self);
    set_idle(self, RTI_ASLEEP);
    while (rti_range_generation(word) == self->seen) {
        if (!(word & RTI_RANGE_ASLEEP)) {
            // seq_cst: the mark comes before the look at `open`, as in rti_nest_run the bit comes
            // before the look at the mark: one of the two is seen. A failure looks again below.
            if (!atomic_compare_exchange_strong_explicit(
                    &self->range, &word, word | RTI_RANGE_ASLEEP, memory_order_seq_cst,
                    memory_order_relaxed))
                continue;
            word |= RTI_RANGE_ASLEEP;
        }
        if (atomic_load_explicit(&rti_pool.open, memory_order_seq_cst)) break;
        rti_futex_wait(sleep_word(self), (uint32_t)(word >> 32));
        // acquire: pairs with the release of rti_pool_publish
        word = atomic_load_explicit(&self->range, memory_order_acquire);
    }
    if (word & RTI_RANGE_ASLEEP) // relaxed: only takes the own mark back
        word = atomic_fetch_and_explicit(&self->range, ~RTI_RANGE_ASLEEP, memory_order_relaxed);
    set_idle(self, RTI_LOOKING);
    return word;
}

// Doubles the budget when work came soon after it had run out, halves it when it was for nothing.
static void adapt_spin(RtiWorker *self, uint64_t slept) {
    uint64_t most = rti_ticks_of_us(SPIN_MOST_US), least = rti_ticks_of_us(SPIN_LEAST_US);
    self->spin = slept < most ? self->spin * 2 : self->spin / 2;
    if (self->spin > most) self->spin = most;
    if (self->spin < least) self->spin = least;
}

// Looks for another generation than the one seen for a while, and helps nests; false when the while
// is over.
static bool look_for_work(RtiWorker *self, bool crowded) {
    uint64_t start = rti_ticks(), stolen = 0;
    for (uint32_t turn = 0;; ++turn) {
        // acquire: pairs with the release of rti_pool_publish
        uint64_t word = atomic_load_explicit(&self->range, memory_order_acquire);
        if (rti_range_generation(word) != self->seen) return true;
        // relaxed: a hint
        if (atomic_load_explicit(&rti_pool.open, memory_order_relaxed) && rti_nest_help(NULL))
            start = rti_ticks();
        if (!crowded && (turn & 15) != 15) {
            rti_pause();
            continue;
        }
        uint64_t spent = rti_ticks() - start;
        if (crowded || spent > self->spin) return false;
        if (spent < rti_ticks_of_us(SPIN_STEAL_US) && spent - stolen > rti_ticks_of_us(4)) {
            rti_loop_work(self,
                          self->seen); // what was between two hands when this worker last looked
            stolen = spent;
        }
    }
}

// Waits for another generation than the one seen; gives the range word.
static uint64_t wait_for_work(RtiWorker *self) {
    set_idle(self, RTI_LOOKING);
    uint64_t word;
    do {
        // relaxed: a number
        bool crowded =
            RTI_STRESSED || atomic_load_explicit(&rti_pool.crowded, memory_order_relaxed);
        bool found = look_for_work(self, crowded);
        // acquire: pairs with the release of rti_pool_publish
        word = atomic_load_explicit(&self->range, memory_order_acquire);
        if (found) break;
        measure_ticks();
        uint64_t start = rti_ticks();
        word = go_to_sleep(self, word);
        if (!crowded) adapt_spin(self, rti_ticks() - start);
    } while (rti_range_generation(word) == self->seen);
    set_idle(self, RTI_BUSY);
    return word;
}

static void worker_main(void *argument) {
    RtiWorker *self = argument;
    rti_self()->stack_high = __builtin_frame_address(0);
    for (;;) {
        uint64_t word = wait_for_work(self);
        self->seen = rti_range_generation(word);
        if (rti_range_begin(word) == RTI_RANGE_LEAVE) break;
        // relaxed: a hint; a worker that is not engaged is not woken by mistake, only early
        rti_pool_wake_children(self->index,
                               atomic_load_explicit(&rti_pool.engaged, memory_order_relaxed));
        rti_loop_work(self, self->seen);
    }
    rti_memos_free(rti_self());
    rti_thread_heap_end(rti_self());
    rti_barrier_arrive(&rti_pool.leaving);
}

// --- making and ending ---------------------------------------------------------------------------

// Keeps a fresh worker away from this thread's processor, where it would wait for a slice of time.
static void place(RtiWorker *worker) {
    unsigned cpu = 0;
    if (rti_pool.processors < 2 || rti_sys_getcpu(&cpu) < 0 || cpu / 64 >= RTI_CPU_WORDS) return;
    uint64_t bit = (uint64_t)1 << cpu % 64, *word = &rti_pool.allowed.bits[cpu / 64];
    if (!(*word & bit)) return;
    RtiCpus others = rti_pool.allowed;
    others.bits[cpu / 64] &= ~bit;
    rti_thread_place(&worker->thread, &others);
    // release: pairs with the acquire in give_processors_back
    atomic_store_explicit(&worker->placed, 1, memory_order_release);
}

static long start_worker(int32_t index) {
    RtiWorker *worker = &rti_pool.workers[index];
    // Not the present one: it has no job of a loop that runs now.
    uint64_t generation = (rti_pool.generation - 1) & RTI_GENERATION_MASK;
    worker->index = index;
    worker->seen = generation;
    worker->spin = rti_ticks_of_us(SPIN_FIRST_US);
    // relaxed: starting the thread publishes it
    atomic_store_explicit(&worker->placed, 0, memory_order_relaxed);
    set_idle(worker, RTI_LOOKING);
    atomic_store_explicit(&worker->range, rti_range_make(generation, 0, 0), memory_order_relaxed);
    return rti_thread_start(&worker->thread, index, &worker_main, worker);
}

// Stacks must not take the address space that the program itself will need: as much as this many
// heaps begin with, and some more, stays free. Holds it, for fewer workers if need be; gives its
// size, 0 when there is none.
static size_t hold_space(int32_t *workers, void **space) {
    enum { PER_WORKER = 1 << 20, ALWAYS = 8 << 20 };
    for (int32_t more = *workers - rti_pool_started(); more > 0; more /= 2) {
        size_t size = (size_t)more * PER_WORKER + ALWAYS;
        long map = rti_sys_mmap(NULL, size, RTI_PROT_NONE,
                                RTI_MAP_PRIVATE | RTI_MAP_ANONYMOUS | RTI_MAP_NORESERVE);
        if (rti_sys_failed(map)) continue;
        *workers = rti_pool_started() + more;
        *space = (void *)map;
        return size;
    }
    return 0;
}

// Makes workers until there are `workers`, or the system refuses.
static void grow(int32_t workers) {
    void *space = NULL;
    int32_t wanted = workers, started = rti_pool_started();
    size_t held = hold_space(&workers, &space);
    if (!held || workers < wanted) {
        rti_pool.retry_generation = rti_pool.generation + RETRY_LOOPS;
        rti_thread_debug("little address space, workers wanted:", wanted, "");
    }
    while (held && started < workers) {
        long failed = start_worker(started + 1);
        if (failed) {
            rti_pool.retry_generation = rti_pool.generation + RETRY_LOOPS;
            rti_thread_debug("the system refused a thread, error", -failed, "");
            break;
        }
        set_started(++started);
        if (workers < rti_pool.processors) place(&rti_pool.workers[started]);
    }
    if (held) (void)rti_sys_munmap(space, held);
    rti_thread_debug("workers:", started, "");
}

int32_t rti_pool_grow(int32_t workers) {
    int32_t none = 0;
    // acquire: what the last one who grew the pool wrote, as far as another loop's end did not hand
    // it on already
    if (rti_pool_started() < workers &&
        atomic_compare_exchange_strong_explicit(&rti_pool.growing, &none, 1, memory_order_acquire,
                                                memory_order_relaxed)) {
        if (rti_pool_started() < workers && rti_pool.generation >= rti_pool.retry_generation)
            grow(workers);
        // release: pairs with the acquire above
        atomic_store_explicit(&rti_pool.growing, 0, memory_order_release);
    }
    int32_t started = rti_pool_started();
    return started < workers ? started : workers;
}

void rti_pool_end(void) {
    if (!rti_pool.workers || !rti_pool_take()) return;
    int32_t count = rti_pool_started();
    rti_barrier_init(&rti_pool.leaving, count + 1);
    ++rti_pool.generation;
    for (int32_t i = 1; i <= count; ++i)
        rti_pool_publish(&rti_pool.workers[i],
                         rti_range_make(rti_pool.generation, RTI_RANGE_LEAVE, RTI_RANGE_LEAVE));
    for (int32_t i = 1; i <= count; ++i) rti_pool_wake(&rti_pool.workers[i]);
    if (count) rti_barrier_wait(&rti_pool.leaving, rti_ticks_of_us(SPIN_LEAST_US));
    for (int32_t i = 1; i <= count; ++i) rti_thread_join(&rti_pool.workers[i].thread);
    set_started(0);
    if (count) rti_thread_debug("workers ended:", count, "");
    (void)rti_sys_munmap((void *)rti_pool.alive, POOL_SIZE);
    rti_pool.workers = NULL;
    rti_pool.alive = NULL;
    rti_pool_give();
}
