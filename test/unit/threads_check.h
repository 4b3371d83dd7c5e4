// threads_check.h: what the tests of threads and parallel loops share. Such a test is a Flap
// program in C: it defines flap_program() and links with the runtime, freestanding or hosted; it
// uses no libc.
#ifndef FLAP_TEST_THREADS_CHECK_H
#define FLAP_TEST_THREADS_CHECK_H

#include "rt/pool.h"
#include "rt/rt_internal.h"
#include "rt/sys.h"

#include <stdatomic.h>

#if defined(__SANITIZE_THREAD__)
#define CHECK_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CHECK_TSAN 1
#endif
#endif
#ifndef CHECK_TSAN
#define CHECK_TSAN 0
#endif

static inline void check_say(const char *text) {
    size_t length = 0;
    while (text[length]) ++length;
    (void)rti_sys_write(2, text, length);
}

static inline void check_say_number(int64_t number) {
    char text[24], *at = text + sizeof text;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0) *--at = '-';
    (void)rti_sys_write(2, at, (size_t)(text + sizeof text - at));
}

static inline _Noreturn void check_failed(const char *file, int line, const char *what, int64_t a,
                                          int64_t b) {
    check_say(file);
    check_say(":");
    check_say_number(line);
    check_say(": ");
    check_say(what);
    check_say(" (");
    check_say_number(a);
    check_say(", ");
    check_say_number(b);
    check_say(")\n");
    rti_sys_exit_group(1);
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) check_failed(__FILE__, __LINE__, #condition, 0, 0);                      \
    } while (0)
#define CHECK_EQUAL(a, b)                                                                          \
    do {                                                                                           \
        int64_t check_a = (int64_t)(a), check_b = (int64_t)(b);                                    \
        if (check_a != check_b) check_failed(__FILE__, __LINE__, #a " == " #b, check_a, check_b);  \
    } while (0)

// A parallel loop in one call; threads 0 is `@@`.
static inline void check_loop(RtParBody *body, void *captures, int64_t count, int64_t threads,
                              int32_t flags) {
    RtParLoop loop = {
        .body = body,
        .captures = captures,
        .count = count,
        .threads = threads,
        .flags = flags | (threads ? RT_PAR_COUNTED : 0),
    };
    rt_par_for(&loop);
}

// --- output caught in a file ---------------------------------------------------------------------

typedef struct Caught {
    int saved, file;
} Caught;

// Sends what is written to the descriptor into a nameless file, until check_caught().
static inline Caught check_catch(int fd) {
    char name[] = "/tmp/flap-check-0000000000";
    int64_t pid = rti_sys_getpid();
    for (size_t i = sizeof name - 2; pid; pid /= 10) name[i--] = (char)('0' + pid % 10);
    rti_out_flush();
    Caught caught;
    caught.file = (int)rti_sys_open(name, RTI_O_RDWR | RTI_O_CREAT | RTI_O_TRUNC, 0600);
    CHECK(caught.file >= 0);
    (void)rti_sys_unlink(name);
    caught.saved = 100 + fd;
    CHECK(rti_sys_dup3(fd, caught.saved, 0) >= 0);
    CHECK(rti_sys_dup3(caught.file, fd, 0) >= 0);
    return caught;
}

// Ends catching; gives the text, which the caller frees, and its length.
static inline char *check_caught(Caught caught, int fd, size_t *length) {
    rti_out_flush();
    CHECK(rti_sys_dup3(caught.saved, fd, 0) >= 0);
    (void)rti_sys_close(caught.saved);
    *length = (size_t)rti_sys_lseek(caught.file, 0, 2);
    (void)rti_sys_lseek(caught.file, 0, 0);
    char *text = rti_alloc(*length + 1);
    for (size_t at = 0; at < *length;) {
        long got = rti_sys_read(caught.file, text + at, *length - at);
        CHECK(got > 0);
        at += (size_t)got;
    }
    text[*length] = 0;
    (void)rti_sys_close(caught.file);
    return text;
}

// --- children ------------------------------------------------------------------------------------

// Runs a function in a child process; gives wait's status and what went to the descriptor.
static inline int check_child(void (*run)(void), int fd, char *text, size_t room) {
    size_t length = 0;
    Caught caught = check_catch(fd);
    long pid = rti_sys_fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        run();
        rti_process_end(0);
    }
    int status = -1;
    while (rti_sys_wait4((int)pid, &status, 0) == -RTI_EINTR) {
    }
    char *all = check_caught(caught, fd, &length);
    if (length >= room) length = room - 1;
    (void)rti_copy(text, all, length);
    text[length] = 0;
    rti_free(all);
    return status;
}
#define CHECK_EXITED(status) ((status) << 8) // as wait tells it

static inline bool check_same(const char *a, const char *b) {
    while (*a && *a == *b) ++a, ++b;
    return *a == *b;
}

#endif
