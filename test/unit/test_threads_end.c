// How processes with parallel loops end, and forks: the lowest stop wins, whatever thread meets it;
// `exit` from a worker; stack overflow on any thread; workers do not survive a fork, loops do.
#include "threads_check.h"

static void nothing(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)captures, (void)begin, (void)end, (void)block;
}

static void expect(void (*run)(void), int fd, int status, const char *text) {
    char got[256];
    int ended = check_child(run, fd, got, sizeof got);
    if (!check_same(got, text)) check_say(got);
    CHECK(check_same(got, text));
    CHECK_EQUAL(ended, status);
}

// --- stops ---------------------------------------------------------------------------------------

static int32_t stop_flags;
static int64_t stop_threads;

// Items 300, 400, 500 … stop; later ones are quicker to get there.
static void stop_somewhere(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)captures, (void)block;
    for (int64_t i = begin; i < end; ++i) {
        _Atomic int64_t busy = 0;
        for (int64_t k = 0; k < 1000 - i; ++k)
            atomic_store_explicit(&busy, k, memory_order_relaxed);
        if (i >= 300 && i % 100 == 0) rti_stop(NULL, "item %lld", (long long)i);
    }
}

static void run_stops(void) {
    check_loop(&stop_somewhere, NULL, 1000, stop_threads, stop_flags);
}

static void exit_in_order(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)captures, (void)block;
    for (int64_t i = begin; i < end; ++i) {
        rti_out("x", 1);
        if (i >= 700) rt_exit(i - 690);
    }
}

static void run_exit(void) {
    check_loop(&exit_in_order, NULL, 1000, stop_threads, RT_PAR_OUTPUT | RT_PAR_WAITS);
}

static void test_stops(void) {
    static const int64_t threads[] = {1, 2, 3, 8, 0};
    static const int32_t flags[] = {0, RT_PAR_PER_BLOCK, RT_PAR_OUTPUT, RT_PAR_WAITS};
    char expected[702];
    for (int32_t i = 0; i < 701; ++i) expected[i] = 'x';
    expected[701] = 0;
    for (size_t t = 0; t < sizeof threads / sizeof *threads; ++t) {
        stop_threads = threads[t];
        for (size_t f = 0; f < sizeof flags / sizeof *flags; ++f) {
            stop_flags = flags[f];
            for (int32_t round = 0; round < 10; ++round)
                expect(&run_stops, 2, CHECK_EXITED(1), "Error: item 300\n");
        }
        char got[1024];
        CHECK_EQUAL(check_child(&run_exit, 1, got, sizeof got), CHECK_EXITED(10));
        CHECK(check_same(got, expected));
    }
}

// --- stack overflow ------------------------------------------------------------------------------

static int64_t descend(volatile char *above, int64_t depth) {
    volatile char here[512];
    if (depth < 0) return 0;
    here[0] = (char)depth;
    int64_t below = descend(here, depth + 1);
    return below + above[0] + here[0];
}

static void overflow_alone(void) {
    volatile char top = 0;
    (void)descend(&top, 0);
}

static void overflow_late(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)captures, (void)block;
    if (begin <= 600 && 600 < end) overflow_alone();
}

static void overflow_in_loop(void) {
    check_loop(&overflow_late, NULL, 1000, 2, RT_PAR_OUTPUT);
}

static void overflow_everywhere(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)captures, (void)begin, (void)end, (void)block;
    overflow_alone();
}

static void overflow_all(void) {
    check_loop(&overflow_everywhere, NULL, 1000, 4, 0);
}

static void crash(void) {
    static volatile int *_Atomic nowhere;
    *(atomic_load_explicit(&nowhere, memory_order_relaxed) + 16) = 1;
}

static void test_overflow(void) {
    expect(&overflow_alone, 2, CHECK_EXITED(1), "Error: stack overflow\n");
    expect(&overflow_in_loop, 2, CHECK_EXITED(1), "Error: stack overflow\n");
    expect(&overflow_all, 2, CHECK_EXITED(1), "Error: stack overflow\n");
    char got[64];
    CHECK_EQUAL(check_child(&crash, 2, got, sizeof got) & 0x7F, RTI_SIGSEGV);
}

// --- forks ---------------------------------------------------------------------------------------

static void add(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    _Atomic int64_t *sum = captures;
    atomic_fetch_add_explicit(sum, (begin + end - 1) * (end - begin) / 2, memory_order_relaxed);
}

static void loop_in_child(void) {
    _Atomic int64_t sum = 0;
    for (int32_t i = 0; i < 100; ++i) check_loop(&add, &sum, 10000, 4, 0);
    CHECK_EQUAL(atomic_load(&sum), INT64_C(4999500000));
    CHECK_EQUAL(rti_pool.started, 3);
    rti_out("done\n", 5);
}

static void no_loop_in_child(void) {
    rti_out("none\n", 5);
}

static void fork_in_body(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)captures, (void)block;
    for (int64_t i = begin; i < end; ++i) {
        if (i % 250 != 0) continue;
        rti_par_wait_turn();
        rti_out_flush();
        long pid = rti_sys_fork();
        if (pid == 0) {
            _Atomic int64_t sum = 0;
            check_loop(&add, &sum, 10000, 4, 0);
            rti_out(atomic_load(&sum) == 49995000 ? "child\n" : "wrong\n", 6);
            rti_process_end((int)(i / 250));
        }
        int status = -1;
        while (rti_sys_wait4((int)pid, &status, 0) == -RTI_EINTR) {
        }
        CHECK_EQUAL(status, CHECK_EXITED(i / 250));
    }
}

static void run_fork_in_body(void) {
    check_loop(&fork_in_body, NULL, 1000, 4, RT_PAR_WAITS | RT_PAR_OUTPUT);
}

static void test_forks(void) {
    check_loop(&nothing, NULL, 1000, 4, 0);
    expect(&loop_in_child, 1, 0, "done\n");
    expect(&no_loop_in_child, 1, 0, "none\n");
    expect(&run_fork_in_body, 1, 0, "child\nchild\nchild\nchild\n");
    check_loop(&nothing, NULL, 1000, 4, 0); // the parent's workers are still there
    CHECK_EQUAL(rti_pool.started, 3);
}

// --- the number of threads -----------------------------------------------------------------------

static void too_many(void) {
    check_loop(&nothing, NULL, 10, 1025, 0);
}

static void negative(void) {
    check_loop(&nothing, NULL, 0, -3, 0);
}

static void setting_is_wrong(void) {
    char *env[] = {(char *)(uintptr_t) "FLAP_NUM_THREADS=many", NULL};
    rti_process.envp = env;
    rti_pool.default_threads = 0;
    check_loop(&nothing, NULL, 10, 0, 0);
}

static void test_numbers(void) {
    expect(&too_many, 2, CHECK_EXITED(1),
           "Error: the number of threads must be from 1 to 1024, not 1025\n");
    expect(&negative, 2, CHECK_EXITED(1),
           "Error: the number of threads must be from 1 to 1024, not -3\n");
    expect(&setting_is_wrong, 2, CHECK_EXITED(1),
           "Error: FLAP_NUM_THREADS must be a whole number from 1 to 1024, not 'many'\n");
}

int32_t flap_program(void) {
    if (CHECK_TSAN) return 0; // it cannot follow a fork that makes threads
    RtiLimit none = {0, 0};
    (void)rti_sys_prlimit(4, &none, NULL); // no core files from the crash
    test_stops();
    test_overflow();
    test_forks();
    test_numbers();
    return 0;
}
