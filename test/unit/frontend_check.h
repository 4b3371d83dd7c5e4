// frontend_check.h: what unit tests of the front end share: a check that counts, and compiler_bug().
#ifndef FLAP_FRONTEND_CHECK_H
#define FLAP_FRONTEND_CHECK_H

#include "../../frontend/base.h"
#include <stdio.h>
#include <stdlib.h>

static int check_failures;

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition) && ++check_failures < 20)                                                 \
            printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                       \
    } while (0)

_Noreturn void compiler_bug(const char *file, int line, const char *sentence) {
    printf("%s:%d: %s\n", file, line, sentence);
    exit(1);
}

// xorshift64*: the same numbers in every run.
static inline uint64_t check_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

#endif
