// Parallel loops inside parallel loops: idle threads help, whoever waits helps what it waits for, and
// everything that has an order has the same one: output, changes, turns, stops, leaving.
#include "threads_check.h"

static const int64_t thread_counts[] = {1, 2, 3, 8, 64, 0};
enum { THREADS = sizeof thread_counts / sizeof *thread_counts };

static void expect(void (*run)(void), int fd, int status, const char *text) {
    char got[256];
    int ended = check_child(run, fd, got, sizeof got);
    if (!check_same(got, text)) check_say(got), check_say("\n"), check_say(text), check_say("\n");
    CHECK(check_same(got, text));
    CHECK_EQUAL(ended, status);
}

// --- every item once -----------------------------------------------------------------------------

typedef struct Items {
    uint8_t seen[20 * 30 * 40];
    int64_t threads[3];
    int32_t flags;
} Items;

typedef struct Level {
    Items *items;
    int32_t depth;
    int64_t before; // items of all earlier iterations around
} Level;

static const int64_t level_counts[] = {20, 30, 40};

static void mark_level(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    const Level *level = captures;
    Items *items = level->items;
    for (int64_t i = begin; i < end; ++i) {
        int64_t at = level->before * level_counts[level->depth] + i;
        if (level->depth == 2) {
            items->seen[at]++; // plain: a race would be a bug
            continue;
        }
        Level inner = {items, level->depth + 1, at};
        check_loop(&mark_level, &inner, level_counts[inner.depth], items->threads[inner.depth],
                   items->flags);
    }
}

static void test_once(int32_t flags) {
    static Items items;
    items.flags = flags;
    for (int32_t t = 0; t < THREADS * THREADS; ++t) {
        items.threads[0] = thread_counts[t % THREADS];
        items.threads[1] = thread_counts[t / THREADS];
        items.threads[2] = thread_counts[(t + t / THREADS) % THREADS];
        for (size_t i = 0; i < sizeof items.seen; ++i) items.seen[i] = 0;
        Level level = {&items, 0, 0};
        check_loop(&mark_level, &level, level_counts[0], items.threads[0], flags);
        for (size_t i = 0; i < sizeof items.seen; ++i) CHECK_EQUAL(items.seen[i], 1);
    }
    CHECK_EQUAL(atomic_load(&rti_process.parallel), 0);
    CHECK_EQUAL(atomic_load(&rti_pool.open), 0);
}

// --- who helps -----------------------------------------------------------------------------------

typedef struct Meeting {
    _Atomic uint64_t came; // threads, a bit each
    int32_t parties;
    bool missed;
} Meeting;

static bool all_came(const Meeting *meeting) {
    int32_t count = 0;
    for (uint64_t rest = atomic_load(&meeting->came); rest; rest &= rest - 1) ++count;
    return count >= meeting->parties;
}

// Takes its time until enough threads have come.
static void meet(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    Meeting *meeting = captures;
    atomic_fetch_or(&meeting->came, UINT64_C(1) << rti_self()->id);
    for (int64_t i = begin; i < end; ++i)
        for (int32_t k = 0; k < 20 && !all_came(meeting); ++k) (void)rti_sys_sched_yield();
}

static void meet_in_loop(Meeting *outer) {
    Meeting inner = {.parties = outer->parties};
    check_loop(&meet, &inner, 100000, inner.parties, 0);
    if (!all_came(&inner)) outer->missed = true;
}

// One iteration has a loop of its own, the others end at once.
static void loop_in_first(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)end, (void)block;
    if (begin == 0) meet_in_loop(captures);
}

// The iteration that has a loop of its own is the last one; the caller takes the first.
static void loop_in_last(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    Meeting *meeting = captures;
    for (int64_t i = begin; i < end; ++i) {
        if (i == 0) atomic_store(&meeting->came, 1);
        for (int32_t k = 0; k < 10000 && !atomic_load(&meeting->came); ++k)
            (void)rti_sys_sched_yield();
        if (i == 1) meet_in_loop(meeting);
    }
}

// With two threads: the one that waits for its loop is needed in a loop inside that one.
static void loop_of_two(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)end, (void)block;
    if (begin == 0) check_loop(&loop_in_last, captures, 2, 2, 0);
}

static void test_help(void) {
    for (int32_t parties = 2; parties <= 8; ++parties) {
        Meeting meeting = {.parties = parties};
        check_loop(&loop_in_first, &meeting, 2, 2, 0); // and workers that are not engaged
        check_loop(&loop_in_first, &meeting, parties, parties, 0);
        check_loop(&loop_in_first, &meeting, 100, parties, RT_PAR_OUTPUT);
        CHECK(!meeting.missed);
    }
    for (int32_t round = 0; round < 10; ++round) {
        rti_pool_end(); // two threads, no more
        Meeting meeting = {.parties = 2}, deep = {.parties = 2};
        check_loop(&loop_in_last, &meeting, 2, 2, 0);
        CHECK(!meeting.missed);
        check_loop(&loop_of_two, &deep, 2, 2, 0);
        CHECK(!deep.missed);
    }
}

// --- output and changes --------------------------------------------------------------------------

typedef struct Row {
    int64_t number, threads;
    int64_t cells; // kept by the inner loop
    int64_t *rows; // kept by the outer loop: how many came, and a check of their order
    int32_t flags;
} Row;

static void say_number(int64_t number) {
    char digits[20], line[24];
    size_t count = 0, length = 0;
    do digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count) line[length++] = digits[--count];
    line[length++] = '\n';
    rti_out(line, length);
}

static void change_row(void *captures, const uint64_t *words) {
    Row *row = captures;
    CHECK_EQUAL(row->cells, words[0]); // changes come in order
    row->cells++;
}

static void change_rows(void *captures, const uint64_t *words) {
    Row *outer = captures;
    CHECK_EQUAL(outer->rows[0], words[0]);
    outer->rows[0]++;
}

static void print_cells(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    const Row *row = captures;
    for (int64_t i = begin; i < end; ++i) {
        if (row->flags & RT_PAR_WAITS && (row->number + i) % 7 == 3) rti_par_wait_turn();
        say_number(row->number * 20 + i);
        uint64_t word = (uint64_t)i;
        rt_par_keep((const void *)&change_row, row, &word, 1);
    }
}

static void print_rows(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    Row *outer = captures;
    for (int64_t i = begin; i < end; ++i) {
        Row row = {.number = i, .threads = outer->threads, .flags = outer->flags};
        check_loop(&print_cells, &row, 20, row.threads, row.flags);
        CHECK_EQUAL(row.cells, 20);
        uint64_t word = (uint64_t)i;
        rt_par_keep((const void *)&change_rows, outer, &word, 1);
    }
}

static void test_order(int32_t flags) {
    for (int32_t t = 0; t < THREADS * THREADS; ++t) {
        int64_t rows = 0;
        Row outer = {.threads = thread_counts[t / THREADS], .rows = &rows, .flags = flags};
        size_t length = 0, at = 0;
        Caught caught = check_catch(1);
        check_loop(&print_rows, &outer, 60, thread_counts[t % THREADS], flags);
        char *text = check_caught(caught, 1, &length);
        CHECK_EQUAL(rows, 60);
        for (int64_t i = 0; i < 60 * 20; ++i) {
            int64_t number = 0;
            while (at < length && text[at] != '\n') number = number * 10 + (text[at++] - '0');
            ++at;
            CHECK_EQUAL(number, i);
        }
        CHECK_EQUAL(at, length);
        rti_free(text);
    }
}

// Text of inner blocks beyond what a block around may keep.
static void print_much(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    const char *text = captures;
    for (int64_t i = begin; i < end; ++i) rti_out(text, 100000);
}

static void loop_of_much(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)captures, (void)block;
    static char text[8][100000];
    for (int64_t i = begin; i < end; ++i) {
        for (size_t k = 0; k < sizeof *text; ++k)
            ((_Atomic char *)text[i])[k] = (char)('a' + i); // the same by whoever does it
        check_loop(&print_much, text[i], 25, 4, RT_PAR_OUTPUT);
    }
}

static void test_much(void) {
    static const int64_t threads[] = {2, 3, 8};
    for (size_t t = 0; t < 3; ++t) {
        size_t length = 0;
        Caught caught = check_catch(1);
        check_loop(&loop_of_much, NULL, 8, threads[t], RT_PAR_OUTPUT);
        char *text = check_caught(caught, 1, &length);
        CHECK_EQUAL(length, 8 * 25 * 100000);
        for (size_t i = 0; i < length; ++i) CHECK_EQUAL(text[i], 'a' + (int)(i / 2500000));
        rti_free(text);
    }
}

// --- stops ---------------------------------------------------------------------------------------

static int64_t stop_threads[2];
static int32_t stop_flags;

static void stop_in_cell(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    const int64_t *row = captures;
    for (int64_t i = begin; i < end; ++i) {
        if (stop_flags & RT_PAR_OUTPUT) rti_out("x", 1);
        if (*row * 50 + i >= 321 && i % 10 == 1)
            rti_stop(NULL, "item %lld", (long long)(*row * 50 + i));
    }
}

static void stop_in_row(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)captures, (void)block;
    for (int64_t i = begin; i < end; ++i)
        check_loop(&stop_in_cell, &i, 50, stop_threads[1], stop_flags);
}

static void run_stops(void) {
    check_loop(&stop_in_row, NULL, 40, stop_threads[0], stop_flags);
}

static void say_deferred(void *environment) {
    rti_out(environment, 1);
}

static void stop_behind(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)captures, (void)block;
    for (int64_t i = begin; i < end; ++i) {
        RtDefer mine = {.code = &say_deferred, .environment = "c"};
        rt_defer_push(&mine);
        if (i == 30) rti_stop(NULL, "stopped");
        rt_defer_run(&mine);
    }
}

static void defer_in_row(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)captures, (void)block;
    for (int64_t i = begin; i < end; ++i) {
        RtDefer mine = {.code = &say_deferred, .environment = (void *)(uintptr_t)(i ? "B" : "b")};
        rt_defer_push(&mine);
        int64_t inner = i == 0 ? 20 : 40; // the second row stops
        check_loop(&stop_behind, NULL, inner, stop_threads[1], RT_PAR_OUTPUT);
        rt_defer_run(&mine);
    }
}

static void run_deferred(void) {
    RtDefer mine = {.code = &say_deferred, .environment = "a"};
    rt_defer_push(&mine);
    check_loop(&defer_in_row, NULL, 9, stop_threads[0], RT_PAR_OUTPUT);
    rt_defer_run(&mine);
}

static void test_stops(void) {
    char deferred[20 + 1 + 31 + 2 + 1];
    for (size_t i = 0; i < sizeof deferred; ++i) deferred[i] = 'c';
    deferred[20] = 'b';
    deferred[52] = 'B';
    deferred[53] = 'a';
    deferred[54] = 0;
    for (int32_t t = 0; t < THREADS * THREADS; ++t) {
        stop_threads[0] = thread_counts[t % THREADS];
        stop_threads[1] = thread_counts[t / THREADS];
        stop_flags = 0;
        expect(&run_stops, 2, CHECK_EXITED(1), "Error: item 321\n");
        stop_flags = RT_PAR_OUTPUT | RT_PAR_WAITS;
        expect(&run_stops, 2, CHECK_EXITED(1), "Error: item 321\n");
        expect(&run_deferred, 1, CHECK_EXITED(1), deferred);
    }
}

// --- leaving -------------------------------------------------------------------------------------

typedef struct Left {
    RtParLoop loop;
    _Atomic int64_t ran; // rows that ended
    int64_t threads;
} Left;

// Rows behind the one that leaves never end by themselves.
static void endless_cells(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    const int64_t *row = captures;
    for (int64_t i = begin; i < end; ++i) {
        say_number(*row);
        for (; *row > 5; rt_par_look()) (void)rti_sys_sched_yield();
    }
}

static void leave_rows(void *captures, int64_t begin, int64_t end, int64_t block) {
    Left *left = captures;
    for (int64_t i = begin; i < end; ++i) {
        check_loop(&endless_cells, &i, 6, left->threads, RT_PAR_OUTPUT);
        if (i == 5) {
            rt_par_leave(&left->loop, block, 3, 0);
            return;
        }
        atomic_fetch_add(&left->ran, 1);
    }
}

static void test_leaving(void) {
    for (int32_t round = 0; round < (CHECK_TSAN ? 1 : 3); ++round) {
        for (int32_t t = 0; t < THREADS * THREADS; ++t) {
            static const char want[] = "0\n0\n0\n0\n0\n0\n1\n1\n1\n1\n1\n1\n2\n2\n2\n2\n2\n2\n"
                                       "3\n3\n3\n3\n3\n3\n4\n4\n4\n4\n4\n4\n5\n5\n5\n5\n5\n5\n";
            Left left = {.threads = thread_counts[t / THREADS]};
            left.loop = (RtParLoop){
                .body = &leave_rows,
                .captures = &left,
                .count = 30,
                .threads = thread_counts[t % THREADS],
                .flags = RT_PAR_LEAVES | RT_PAR_OUTPUT |
                         (thread_counts[t % THREADS] ? RT_PAR_COUNTED : 0),
            };
            size_t length = 0;
            Caught caught = check_catch(1);
            rt_par_for(&left.loop);
            char *text = check_caught(caught, 1, &length);
            CHECK_EQUAL(length, sizeof want - 1);
            for (size_t i = 0; i < length; ++i) CHECK_EQUAL(text[i], want[i]);
            rti_free(text);
            CHECK_EQUAL(left.loop.left, 5);
            if (thread_counts[t % THREADS] != 1) CHECK_EQUAL(left.loop.exit, 3);
            CHECK_EQUAL(atomic_load(&left.ran), 5);
            CHECK(!rti_self()->par && !rti_self()->running && !rti_self()->sink);
        }
    }
    CHECK_EQUAL(atomic_load(&rti_pool.open), 0);
}

int32_t flap_program(void) {
    test_once(0);
    test_once(RT_PAR_PER_BLOCK | RT_PAR_OUTPUT);
    test_help();
    test_order(RT_PAR_OUTPUT | RT_PAR_KEEPS);
    test_order(RT_PAR_OUTPUT | RT_PAR_KEEPS | RT_PAR_WAITS);
    test_much();
    if (!CHECK_TSAN) test_stops(); // it cannot follow a fork that makes threads
    test_leaving();
    return 0;
}
