// Effects in the order of iterations: output, turns, kept text beyond its bound, the lowest stop.
#include "threads_check.h"

static const int64_t thread_counts[] = {1, 2, 3, 8, 64, 0};
enum { THREADS = sizeof thread_counts / sizeof *thread_counts };

static size_t put_number(char *to, int64_t number) {
    char digits[20];
    size_t count = 0, length = 0;
    do digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count) to[length++] = digits[--count];
    return length;
}

// --- output --------------------------------------------------------------------------------------

typedef struct Printing {
    int64_t work;   // turns of a busy loop, uneven over the items
    int64_t repeat; // how often an item's line is printed
    bool turns;     // every seventh item waits for its turn
    int64_t next;   // plain: only the one whose turn it is touches it
} Printing;

static void print_items(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    Printing *printing = captures;
    for (int64_t i = begin; i < end; ++i) {
        _Atomic int64_t busy = 0;
        for (int64_t k = 0; k < printing->work * (i * 37 % 11); ++k)
            atomic_store_explicit(&busy, k, memory_order_relaxed);
        if (printing->turns && i % 7 == 3) {
            rti_par_wait_turn();
            CHECK(i > printing->next);
            printing->next = i;
        }
        char line[32];
        size_t length = put_number(line, i);
        line[length++] = '\n';
        for (int64_t r = 0; r < printing->repeat; ++r) rti_out(line, length);
    }
}

static void check_text(const char *text, size_t length, int64_t count, int64_t repeat) {
    size_t at = 0;
    for (int64_t i = 0; i < count; ++i) {
        char line[32];
        size_t size = put_number(line, i);
        line[size++] = '\n';
        for (int64_t r = 0; r < repeat; ++r)
            for (size_t k = 0; k < size; ++k, ++at) {
                CHECK(at < length);
                CHECK_EQUAL(text[at], line[k]);
            }
    }
    CHECK_EQUAL(at, length);
}

static void test_output(int64_t count, int64_t work, int64_t repeat, bool turns, int32_t flags) {
    for (int32_t t = 0; t < THREADS; ++t) {
        Printing printing = {.work = work, .repeat = repeat, .turns = turns, .next = -1};
        size_t length = 0;
        Caught caught = check_catch(1);
        check_loop(&print_items, &printing, count, thread_counts[t], flags);
        char *text = check_caught(caught, 1, &length);
        check_text(text, length, count, repeat);
        rti_free(text);
    }
}

// --- turns ---------------------------------------------------------------------------------------

typedef struct Turns {
    int64_t next;
} Turns;

static void take_turns(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    Turns *turns = captures;
    for (int64_t i = begin; i < end; ++i) {
        rti_par_wait_turn();
        CHECK_EQUAL(turns->next, i);
        turns->next = i + 1;
    }
}

static void test_turns(void) {
    static const int64_t counts[] = {1, 2, 100, 1024, 5000};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; ++c) {
        for (int32_t t = 0; t < THREADS; ++t) {
            Turns turns = {0};
            check_loop(&take_turns, &turns, counts[c], thread_counts[t], RT_PAR_WAITS);
            CHECK_EQUAL(turns.next, counts[c]);
        }
    }
}

// A turn in a loop whose flags do not announce any: what a stop does. Only runs are ordered there.
static void take_turns_of_runs(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    Turns *turns = captures;
    rti_par_wait_turn();
    CHECK_EQUAL(turns->next, begin);
    turns->next = end;
}

static void test_turns_unannounced(void) {
    for (int32_t round = 0; round < 20; ++round) {
        for (int32_t t = 0; t < THREADS; ++t) {
            Turns turns = {0};
            check_loop(&take_turns_of_runs, &turns, 3000, thread_counts[t], 0);
            CHECK_EQUAL(turns.next, 3000);
        }
    }
}

// --- nested --------------------------------------------------------------------------------------

static void print_pair(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    const int64_t *outer = captures;
    for (int64_t i = begin; i < end; ++i) {
        char line[32];
        size_t length = put_number(line, *outer * 10 + i);
        line[length++] = '\n';
        rti_out(line, length);
    }
}

static void print_rows(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)captures, (void)block;
    for (int64_t i = begin; i < end; ++i) check_loop(&print_pair, &i, 10, 4, RT_PAR_OUTPUT);
}

static void test_nested(void) {
    for (int32_t t = 0; t < THREADS; ++t) {
        size_t length = 0;
        Caught caught = check_catch(1);
        check_loop(&print_rows, NULL, 200, thread_counts[t], RT_PAR_OUTPUT);
        char *text = check_caught(caught, 1, &length);
        check_text(text, length, 2000, 1);
        rti_free(text);
    }
}

int32_t flap_program(void) {
    test_output(1, 0, 1, false, RT_PAR_OUTPUT);
    test_output(10, 100, 1, false, RT_PAR_OUTPUT);
    test_output(3000, 20, 2, false, RT_PAR_OUTPUT);
    test_output(3000, 0, 1, true, RT_PAR_OUTPUT | RT_PAR_WAITS);
    test_output(1500, 50, 3, true, RT_PAR_OUTPUT | RT_PAR_WAITS | RT_PAR_PER_BLOCK);
    test_output(20, 0, 500000, false, RT_PAR_OUTPUT); // each block beyond what it may keep
    test_turns();
    test_turns_unannounced();
    test_nested();
    return 0;
}
