// Parallel loops: every item exactly once, the division into blocks, ownership, stealing, nesting,
// reuse of threads and memory, refusals by the system.
#include "threads_check.h"

static const int64_t counts[] = {0, 1, 2, 7, 100, 1000, 10000, 1000000};
static const int64_t thread_counts[] = {1, 2, 3, 4, 8, 64, 0};
enum {
    COUNTS = sizeof counts / sizeof *counts,
    THREADS = sizeof thread_counts / sizeof *thread_counts
};

// --- every item once -----------------------------------------------------------------------------

typedef struct Items {
    uint8_t *seen;
    int64_t count;
    int32_t flags;
} Items;

static void mark_items(void *captures, int64_t begin, int64_t end, int64_t block) {
    Items *items = captures;
    if (items->flags & RT_PAR_PER_BLOCK) {
        int64_t blocks = items->count < RT_PAR_MAX_BLOCKS ? items->count : RT_PAR_MAX_BLOCKS;
        CHECK_EQUAL(begin, block * items->count / blocks);
        CHECK_EQUAL(end, (block + 1) * items->count / blocks);
    }
    CHECK(begin < end && end <= items->count);
    if (items->flags & RT_PAR_WAITS && begin % 3 == 0) rti_par_wait_turn();
    for (int64_t i = begin; i < end; ++i) items->seen[i]++; // plain: a race would be a bug
}

static void test_once(int32_t flags) {
    for (int32_t c = 0; c < COUNTS; ++c) {
        for (int32_t t = 0; t < THREADS; ++t) {
            Items items = {.count = counts[c], .flags = flags};
            items.seen = rti_alloc((size_t)items.count + 1);
            for (int64_t i = 0; i <= items.count; ++i) items.seen[i] = 0;
            check_loop(&mark_items, &items, items.count, thread_counts[t], flags);
            for (int64_t i = 0; i < items.count; ++i) CHECK_EQUAL(items.seen[i], 1);
            CHECK_EQUAL(items.seen[items.count], 0);
            rti_free(items.seen);
        }
    }
    CHECK_EQUAL(atomic_load(&rti_process.parallel), 0);
}

static void test_block_bounds(void) {
    RtiJob job = {.count = INT64_MAX, .blocks = 1024};
    CHECK_EQUAL(rti_block_begin(&job, 1024), INT64_MAX);
    CHECK_EQUAL(rti_block_begin(&job, 512), INT64_MAX / 2);
    CHECK_EQUAL(rti_block_begin(&job, 1), INT64_MAX / 1024);
    job = (RtiJob){.count = 7, .blocks = 7};
    for (int32_t b = 0; b <= 7; ++b) CHECK_EQUAL(rti_block_begin(&job, b), b);
}

// --- ownership -----------------------------------------------------------------------------------

typedef struct First {
    _Atomic int32_t here;
    int32_t threads;
    int64_t block[64];
    bool came[64];
} First;

// Every thread stays in its first block until all threads are in theirs.
static void first_block(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)begin, (void)end;
    First *first = captures;
    int32_t id = rti_self()->id;
    CHECK(id >= 0 && id < first->threads);
    if (first->came[id]) return;
    first->came[id] = true;
    first->block[id] = block;
    atomic_fetch_add_explicit(&first->here, 1, memory_order_release);
    while (atomic_load_explicit(&first->here, memory_order_acquire) < first->threads)
        (void)rti_sys_sched_yield();
}

static void test_ownership(void) {
    static const int64_t items[] = {64, 100, 101, 1000, 100000};
    static const int32_t threads[] = {2, 3, 4, 8, 64};
    for (size_t i = 0; i < sizeof items / sizeof *items; ++i) {
        for (size_t t = 0; t < sizeof threads / sizeof *threads; ++t) {
            First first = {.threads = threads[t]};
            check_loop(&first_block, &first, items[i], threads[t], RT_PAR_PER_BLOCK);
            int64_t blocks = items[i] < RT_PAR_MAX_BLOCKS ? items[i] : RT_PAR_MAX_BLOCKS;
            for (int32_t id = 0; id < threads[t]; ++id) {
                CHECK(first.came[id]);
                CHECK_EQUAL(first.block[id], id * blocks / threads[t]);
            }
        }
    }
}

// --- stealing ------------------------------------------------------------------------------------

typedef struct Stolen {
    _Atomic int32_t last_of_first; // the last block that the caller owns has run
    int64_t blocks;
} Stolen;

// The caller's first block does not end before somebody else has run the last of the caller's
// blocks.
static void wait_for_thief(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)begin, (void)end;
    Stolen *stolen = captures;
    if (block == stolen->blocks / 2 - 1) {
        CHECK_EQUAL(rti_self()->id, 1);
        atomic_store_explicit(&stolen->last_of_first, 1, memory_order_release);
    }
    if (block == 0)
        while (!atomic_load_explicit(&stolen->last_of_first, memory_order_acquire))
            (void)rti_sys_sched_yield();
}

static void test_stealing(void) {
    for (int32_t round = 0; round < 50; ++round) {
        Stolen stolen = {.blocks = 256};
        check_loop(&wait_for_thief, &stolen, 256, 2, RT_PAR_PER_BLOCK);
        CHECK(atomic_load(&stolen.last_of_first));
    }
}

typedef struct Uneven {
    uint64_t result[1000];
} Uneven;

static void uneven(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    Uneven *work = captures;
    for (int64_t i = begin; i < end; ++i) {
        uint64_t x = (uint64_t)i + 1;
        for (int64_t k = 0; k < i * i / 50; ++k)
            x = x * 6364136223846793005u + 1442695040888963407u;
        work->result[i] = x;
    }
}

static void test_uneven(void) {
    static Uneven alone, shared;
    check_loop(&uneven, &alone, 1000, 1, 0);
    for (int32_t t = 0; t < THREADS; ++t) {
        check_loop(&uneven, &shared, 1000, thread_counts[t], 0);
        for (int32_t i = 0; i < 1000; ++i) CHECK(alone.result[i] == shared.result[i]);
    }
}

// --- nesting -------------------------------------------------------------------------------------

typedef struct Nested {
    int64_t sums[300];
    int64_t threads;
} Nested;

typedef struct Inner {
    _Atomic int64_t sum;
    int64_t outer;
} Inner;

static void nested_inner(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    Inner *inner = captures;
    for (int64_t i = begin; i < end; ++i)
        atomic_fetch_add_explicit(&inner->sum, i * inner->outer, memory_order_relaxed);
}

static void nested_outer(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    Nested *nested = captures;
    for (int64_t i = begin; i < end; ++i) {
        Inner inner = {.outer = i};
        check_loop(&nested_inner, &inner, 2000, nested->threads, 0);
        nested->sums[i] = inner.sum;
    }
}

static void test_nested(void) {
    for (int32_t t = 0; t < THREADS; ++t) {
        static Nested nested;
        nested.threads = thread_counts[t];
        check_loop(&nested_outer, &nested, 300, thread_counts[t], 0);
        for (int64_t i = 0; i < 300; ++i) CHECK_EQUAL(nested.sums[i], i * 1999000);
    }
}

// --- reuse ---------------------------------------------------------------------------------------

static int64_t lines_of(const char *path, const char *prefix) {
    static char text[1 << 20];
    long fd = rti_sys_open(path, RTI_O_RDONLY, 0), got;
    CHECK(fd >= 0);
    size_t length = 0;
    while ((got = rti_sys_read((int)fd, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    (void)rti_sys_close((int)fd);
    text[length] = 0;
    int64_t lines = 0;
    for (const char *at = text; *at; ++at) {
        const char *want = prefix, *have = at;
        while (*want && *want == *have) ++want, ++have;
        if (*want) continue;
        if (!*prefix) {
            lines += *at == '\n';
        } else if (at == text || at[-1] == '\n') {
            int64_t number = 0;
            for (; *have && *have != '\n'; ++have)
                if (*have >= '0' && *have <= '9') number = number * 10 + (*have - '0');
            return number;
        }
    }
    return lines;
}

static void touch(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    _Atomic int64_t *sum = captures;
    atomic_fetch_add_explicit(sum, end - begin, memory_order_relaxed);
}

static void test_reuse(int64_t threads, int32_t flags) {
    _Atomic int64_t sum = 0;
    for (int32_t i = 0; i < 20; ++i) check_loop(&touch, &sum, 10000, threads, flags);
    int64_t maps = lines_of("/proc/self/maps", ""),
            tasks = lines_of("/proc/self/status", "Threads:");
    for (int32_t i = 0; i < 10000; ++i) check_loop(&touch, &sum, 100, threads, flags);
    CHECK_EQUAL(atomic_load(&sum), 20 * 10000 + 10000 * 100);
    if (!CHECK_TSAN) CHECK_EQUAL(lines_of("/proc/self/maps", ""), maps);
    CHECK_EQUAL(lines_of("/proc/self/status", "Threads:"), tasks);
}

// --- refusals ------------------------------------------------------------------------------------

static void test_pool_end(int64_t threads) {
    int64_t before = lines_of("/proc/self/status", "Threads:");
    _Atomic int64_t sum = 0;
    check_loop(&touch, &sum, 1000, threads, 0);
    CHECK_EQUAL(lines_of("/proc/self/status", "Threads:"), before + threads - 1);
    rti_pool_end();
    if (!CHECK_TSAN) // a thread that was joined may still be seen for a moment
        for (int32_t i = 0; i < 1000 && lines_of("/proc/self/status", "Threads:") != before; ++i)
            (void)rti_sys_sched_yield();
    CHECK_EQUAL(lines_of("/proc/self/status", "Threads:"), before);
    CHECK_EQUAL(atomic_load(&sum), 1000);
}

#ifdef RT_STRESS
static void test_refused(const char *setting) {
    char *env[] = {(char *)(uintptr_t)setting, NULL}, **before = rti_process.envp;
    rti_pool_end();
    rti_process.envp = env;
    test_once(0);
    test_once(RT_PAR_PER_BLOCK | RT_PAR_OUTPUT);
    rti_pool_end();
    rti_process.envp = before;
}
#endif

// The system itself refuses: no address space for stacks.
static void test_limit(void) {
    enum { LIMIT_AS = 9 };
    RtiLimit before, tight;
    _Atomic int64_t sum = 0;
    rti_pool_end();
    CHECK_EQUAL(rti_sys_prlimit(LIMIT_AS, NULL, &before), 0);
    tight = (RtiLimit){.soft = 64 << 20, .hard = before.hard};
    CHECK_EQUAL(rti_sys_prlimit(LIMIT_AS, &tight, NULL), 0);
    check_loop(&touch, &sum, 5000, 64, 0);
    CHECK_EQUAL(atomic_load(&sum), 5000);
    CHECK(rti_pool.started < 63);
    CHECK_EQUAL(rti_sys_prlimit(LIMIT_AS, &before, NULL), 0);
}

int32_t flap_program(void) {
    test_block_bounds();
    test_once(0);
    test_once(RT_PAR_PER_BLOCK);
    test_once(RT_PAR_OUTPUT);
    test_once(RT_PAR_WAITS);
    test_once(RT_PAR_WAITS | RT_PAR_OUTPUT | RT_PAR_PER_BLOCK);
    test_ownership();
    test_stealing();
    test_uneven();
    test_nested();
    test_reuse(2, 0);
    test_reuse(2, RT_PAR_OUTPUT);
    test_reuse(0, 0);
    rti_pool_end();
    test_pool_end(2);
    test_pool_end(9);
    if (!CHECK_TSAN) test_limit();
#ifdef RT_STRESS
    test_refused("FLAP_STRESS_FAIL_CLONE=1");
    test_refused("FLAP_STRESS_FAIL_CLONE=3+");
    test_refused("FLAP_STRESS_FAIL_CLONE=1+");
    test_refused("FLAP_STRESS_FAIL_MMAP=1");
    test_refused("FLAP_STRESS_FAIL_MMAP=2+");
    test_refused("FLAP_STRESS_FAIL_MMAP=5+");
#endif
    return 0;
}
