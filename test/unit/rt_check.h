// rt_check.h: checks and a random generator for the unit tests of the runtime's data. A failed
// check is printed; check_done() gives the program's exit status. Options: a first argument
// multiplies the work.
#ifndef FLAP_TEST_RT_CHECK_H
#define FLAP_TEST_RT_CHECK_H

#include "rt/value.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_failures;

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition) && check_failures++ < 20) {                                               \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);                                 \
            printf(__VA_ARGS__);                                                                   \
            printf("\n");                                                                          \
        }                                                                                          \
    } while (0)

static inline int check_done(const char *name) {
    printf("%s: %s\n", name, check_failures == 0 ? "ok" : "FAILED");
    return check_failures != 0;
}

static uint64_t check_state = UINT64_C(0x2545F4914F6CDD1D);
static inline uint64_t check_random(void) { // splitmix64
    uint64_t z = check_state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static inline RtStr *text_of(const char *text) {
    return rt_str_new(text, (int64_t)strlen(text));
}

static const RtPlace check_place = {"test.flap", 1, 1, "main"};

#endif
