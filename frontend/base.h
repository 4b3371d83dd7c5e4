// base.h: what every file of the compiler may use: checks that fail with a sentence, small helpers.
//
// A failed check is a bug of the compiler, never of the program being compiled (that is diag.h) nor
// of the system (a full disk, a missing file: also diag.h). It goes to compiler_bug(), which the
// embedding program defines (tools/ prints what to report and ends with status 3; unit tests fail).
#ifndef FLAP_BASE_H
#define FLAP_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Reports a bug of the compiler and does not return. Defined by the program that links the library.
_Noreturn void compiler_bug(const char *file, int line, const char *sentence);

#define CHECK(condition, sentence)                                                                 \
    ((condition) ? (void)0 : compiler_bug(__FILE__, __LINE__, sentence))
#define UNREACHABLE(sentence) compiler_bug(__FILE__, __LINE__, sentence)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))

#endif
