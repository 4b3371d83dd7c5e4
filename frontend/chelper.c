// chelper.c: runs other programs for the front end: pkg-config, and flapc itself as the reader of C
// headers, whose answers are cached by what was asked.
//
// A cached answer names the headers that it was made from, with their times and sizes; when one has
// changed it is made anew. Where no cache can be written everything works, only slower.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "chelper.h"

#include "clibrary.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

// --- processes -----------------------------------------------------------------------------------

static void close_both(int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

// The question is a file in memory, so that no program can block on writing and reading at once.
static int file_of(const char *input) {
    int fd = memfd_create("flapc-question", MFD_CLOEXEC);
    size_t len = input ? strlen(input) : 0, done = 0;
    while (fd >= 0 && done < len) {
        ssize_t written = write(fd, input + done, len - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        done += (size_t)written;
    }
    if (fd >= 0) lseek(fd, 0, SEEK_SET);
    return fd;
}

static bool start(const char *const *words, int in, int out, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int error = posix_spawnp(pid, words[0], &actions, NULL, (char **)(uintptr_t)words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0;
}

static char *read_all(Arena *arena, int fd, size_t *size) {
    size_t room = 1 << 16, len = 0;
    char *text = arena_alloc(arena, room);
    for (;;) {
        if (len + 1 == room) {
            char *larger = arena_alloc(arena, room * 2);
            memcpy(larger, text, len);
            text = larger;
            room *= 2;
        }
        ssize_t got = read(fd, text + len, room - 1 - len);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        len += (size_t)got;
    }
    text[len] = '\0';
    *size = len;
    return text;
}

char *chelper_ask(Arena *arena, const char *const *words, const char *input, size_t *size) {
    int ends[2];
    int in = file_of(input);
    if (in < 0) return NULL;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        close(in);
        return NULL;
    }
    pid_t pid;
    char *text = NULL;
    if (start(words, in, ends[1], &pid)) {
        close(ends[1]);
        text = read_all(arena, ends[0], size);
        close(ends[0]);
        int status = 0;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) text = NULL;
    } else {
        close_both(ends);
    }
    close(in);
    return text;
}

// --- the cache -----------------------------------------------------------------------------------

static uint64_t hash_text(uint64_t hash, const char *text) {
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

// Makes the folder for cached headers. Null: there is no place for one.
static const char *cache_folder(Arena *arena) {
    const char *cache = clibrary_cache(arena);
    if (!cache) return NULL;
    const char *folder = arena_printf(arena, "%s/headers", cache);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return NULL;
    return folder;
}

// D path seconds.nanoseconds size
static bool is_unchanged(Arena *arena, const char *line) {
    const char *path = line + 2, *times = strchr(path, '\t');
    struct stat status;
    if (!times) return false;
    if (stat(arena_copy(arena, path, (size_t)(times - path)), &status) != 0) return false;
    const char *now = arena_printf(arena, "%lld.%09ld\t%lld", (long long)status.st_mtim.tv_sec,
                                   status.st_mtim.tv_nsec, (long long)status.st_size);
    size_t len = strlen(now);
    return strncmp(times + 1, now, len) == 0 && times[1 + len] == '\n';
}

static bool is_complete(const char *text) {
    static const char end[] = "\n" CHELPER_END "\n";
    size_t len = strlen(text), tail = sizeof end - 1;
    return len >= tail && strcmp(text + len - tail, end) == 0;
}

static bool is_fresh(Arena *scratch, const char *text) {
    if (!is_complete(text)) return false;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (line[0] == 'D' && line[1] == '\t' && !is_unchanged(scratch, line)) return false;
    }
    return true;
}

static void write_cache(Arena *arena, const char *path, const char *text, size_t size) {
    const char *half = arena_printf(arena, "%s.%ld", path, (long)getpid());
    FILE *file = fopen(half, "wb");
    if (!file) return;
    bool good = fwrite(text, 1, size, file) == size;
    good = fclose(file) == 0 && good;
    if (!good || rename(half, path) != 0) (void)unlink(half);
}

// --- reading -------------------------------------------------------------------------------------

static void report_unreadable(Compilation *c, CLibrary *library, Span span, const char *what) {
    diag_report(c, DIAG_E0802, span, library->name->text, what);
    library->state = C_LIBRARY_MISSING;
}

// `text`: what the helper wrote, or null.
static void report_no_answer(Compilation *c, CLibrary *library, bool optional, const char *text,
                             Span span) {
    static const char lacks[] = CHELPER_LACKS;
    const char *missing = NULL, *why = "the helper process ended without an answer";
    if (text && strncmp(text, lacks, sizeof lacks - 1) == 0) missing = text + sizeof lacks - 1;
    if (missing) {
        why = optional ? "libdw is missing (Debian: libdw1)"
                       : "libclang 19 or newer is needed (Debian: libclang1-19)";
        bool whole = strcmp(missing, "libclang") == 0 || strcmp(missing, "libdw") == 0;
        if (!whole) why = arena_printf(library->arena, "%s: the one here has no '%s'", why, missing);
    }
    if (!optional) {
        report_unreadable(c, library, span, why);
        return;
    }
    library->untyped = true;
    diag_report(c, DIAG_W0802, span, library->name->text, missing ? why : "it cannot be read");
}

// The helper's answer, from the cache or anew; null after a report.
static char *answer(Compilation *c, CLibrary *library, const CQuestion *question, Span span) {
    Arena *arena = library->arena;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (uint32_t i = 1; i < question->words.len; i++)
        hash = hash_text(hash, question->words.items[i]);
    hash = hash_text(hash, question->text);
    const char *folder = cache_folder(arena), *why = NULL, *path = NULL;
    size_t size = 0;
    if (folder) {
        path = arena_printf(arena, "%s/%016llx", folder, (unsigned long long)hash);
        char *kept = source_read(arena, path, &size, &why);
        if (kept && strlen(kept) == size && is_fresh(&c->helper, kept)) return kept;
    }
    VEC(const char *) words = {0};
    VEC_EACH(const char *, word, &question->words) vec_push(arena, &words, word);
    vec_push(arena, &words, NULL);
    char *text = chelper_ask(arena, words.items, question->text, &size);
    if (!text || !is_complete(text)) {
        report_no_answer(c, library, question->optional, text, span);
        return NULL;
    }
    if (path) write_cache(arena, path, text, size);
    return text;
}

void chelper_read(Compilation *c, CLibrary *library, Span span) {
    if (library->state != C_LIBRARY_UNREAD) return;
    library->state = C_LIBRARY_READ;
    CQuestion question = {0};
    if (!clibrary_find(c, library, &question, span)) return;
    char *text = answer(c, library, &question, span);
    if (!text) return;
    cheader_index(library, text);
    bool empty = library->lines.used == 0;
    if (library->first_error && (empty || strstr(library->first_error, "fatal error")))
        report_unreadable(c, library, span, library->first_error);
    else if (library->first_error)
        diag_report(c, DIAG_W0804, span, library->name->text, library->first_error);
}
