// input.c: reads programs. Whole files, in one piece, with a NUL behind them.

#include "commands.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *read_all(Arena *arena, int fd, size_t expected, size_t *size) {
    size_t room = expected + 1, len = 0;
    char *text = arena_alloc(arena, room);
    for (;;) {
        if (len + 1 >= room) {
            char probe[1];
            ssize_t got = read(fd, probe, 1);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return NULL;
            if (got == 0) break;
            if (room >= SOURCE_LARGEST) {
                errno = EFBIG;
                return NULL;
            }
            char *larger = arena_alloc(arena, room * 2 + 4096);
            memcpy(larger, text, len);
            text = larger;
            room = room * 2 + 4096;
            text[len++] = probe[0];
        }
        ssize_t got = read(fd, text + len, room - 1 - len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return NULL;
        if (got == 0) break;
        len += (size_t)got;
    }
    text[len] = '\0';
    *size = len;
    return text;
}

char *input_read(Arena *arena, const char *path, size_t *size) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    char *text = NULL;
    int error = 0;
    if (fstat(fd, &status) != 0) {
        error = errno;
    } else if (S_ISDIR(status.st_mode)) {
        error = EISDIR;
    } else if (status.st_size > 0 && (uint64_t)status.st_size > SOURCE_LARGEST) {
        error = EFBIG;
    } else {
        size_t expected = S_ISREG(status.st_mode) ? (size_t)status.st_size : 4096;
        text = read_all(arena, fd, expected, size);
        error = errno;
    }
    close(fd);
    if (!text) errno = error;
    return text;
}

char *input_read_standard(Arena *arena, size_t *size) {
    return read_all(arena, STDIN_FILENO, 4096, size);
}
