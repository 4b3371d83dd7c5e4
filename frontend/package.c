// package.c: where packages are: folders beside the program, and copies of git repositories in the
// cache. Nothing is fetched that no source asks for, and nothing twice until `flapc update`.
//
// A repository's folder in the cache is its address with the ref behind it; it comes into being
// whole, by a rename.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "package.h"

#include "clibrary.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

// --- git -----------------------------------------------------------------------------------------

typedef struct Repository {
    const char *address; // for git
    const char *ref;     // null: the repository's own choice
    const char *name;    // in the cache
} Repository;

// "host/user/repo@ref", "file:///path/repo@ref"
static Repository read_address(Arena *arena, const char *path) {
    Repository result = {0};
    const char *scheme = strstr(path, "://"), *host = scheme ? scheme + 3 : path;
    // Behind the host, before which there may be a user; names of folders may have a `@`, too.
    bool local = *host == '/';
    const char *slash = local ? strrchr(host, '/') : strchr(host, '/');
    const char *at = slash ? strchr(slash, '@') : NULL;
    const char *whole = at ? arena_copy(arena, path, (size_t)(at - path)) : path;
    result.ref = at && at[1] ? at + 1 : NULL;
    result.address = scheme ? whole : arena_printf(arena, "https://%s", whole);
    char *name = arena_printf(arena, "%s%s%s", whole + (host - path), result.ref ? "@" : "",
                              result.ref ? result.ref : "");
    while (*name == '/') name++;
    // One folder a repository, that nothing in the address can lead out of.
    for (char *c = name; *c; c++)
        if (*c == '/' || (*c == '.' && c[1] == '.')) *c = '+';
    result.name = name;
    return result;
}

static bool git(Arena *arena, const char *const *arguments, size_t count) {
    const char *words[16] = {"env", "GIT_TERMINAL_PROMPT=0", "git"};
    for (size_t i = 0; i < count; i++) words[3 + i] = arguments[i];
    words[3 + count] = NULL;
    size_t size = 0;
    return chelper_ask(arena, words, NULL, &size) != NULL;
}
#define GIT(arena, ...)                                                                            \
    git(arena, (const char *const[]){__VA_ARGS__},                                                 \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void remove_folder(Arena *arena, const char *path) {
    const char *words[] = {"rm", "-rf", "--", path, NULL};
    size_t size = 0;
    (void)chelper_ask(arena, words, NULL, &size);
}

typedef enum FetchResult { FETCHED, NOT_FETCHED, NO_SUCH_REF, NO_PLACE } FetchResult;

// A branch or a tag can be fetched alone; a commit needs them all.
static FetchResult clone(Arena *arena, const Repository *from, const char *to) {
    if (!from->ref)
        return GIT(arena, "clone", "-q", "--depth", "1", "--", from->address, to) ? FETCHED
                                                                                  : NOT_FETCHED;
    if (*from->ref == '-') return NO_SUCH_REF; // git would take it for an option
    if (GIT(arena, "clone", "-q", "--depth", "1", "--branch", from->ref, "--", from->address, to))
        return FETCHED;
    remove_folder(arena, to);
    if (!GIT(arena, "clone", "-q", "--", from->address, to)) return NOT_FETCHED;
    return GIT(arena, "-C", to, "checkout", "-q", from->ref, "--") ? FETCHED : NO_SUCH_REF;
}

static const char *cache_folder(Arena *arena) {
    const char *cache = clibrary_cache(arena);
    if (!cache) return NULL;
    const char *folder = arena_printf(arena, "%s/packages", cache);
    return mkdir(folder, 0700) == 0 || errno == EEXIST ? folder : NULL;
}

static FetchResult fetch(Arena *arena, const Repository *from, const char *folder) {
    const char *half = arena_printf(arena, "%s.%ld", folder, (long)getpid());
    FetchResult result = clone(arena, from, half);
    if (result == FETCHED && rename(half, folder) != 0) // another process may have been faster
        result = is_folder(folder) ? FETCHED : NO_PLACE;
    if (is_folder(half)) remove_folder(arena, half);
    return result;
}

static void report_fetch(Compilation *c, const char *path, const Repository *from,
                         FetchResult result, Span span) {
    Arena *arena = &c->unit;
    bool missing = result == NOT_FETCHED && !GIT(arena, "--version");
    const char *why = missing                 ? "git is missing"
                      : result == NO_SUCH_REF ? "it has no such branch, tag or commit"
                      : result == NO_PLACE    ? "it cannot be put into the cache"
                                              : "git cannot fetch it";
    Diag *diag = diag_report(c, DIAG_E0617, span, path, why);
    if (missing)
        diag_help(c, diag, "apt install git (Debian, Ubuntu)");
    else if (result == NO_SUCH_REF)
        diag_help(c, diag, "`git ls-remote %s` lists branches and tags", from->address);
    else if (result == NOT_FETCHED)
        diag_help(c, diag, "`git clone %s` says why", from->address);
}

static const char *git_folder(Compilation *c, const char *path, Span span) {
    Arena *arena = &c->unit;
    const char *cache = cache_folder(arena);
    Repository from = read_address(arena, path);
    if (!cache) {
        diag_report(c, DIAG_E0617, span, path, "there is no folder for the cache (HOME)");
        return NULL;
    }
    const char *folder = arena_printf(arena, "%s/%s", cache, from.name);
    FetchResult result = is_folder(folder) ? FETCHED : fetch(arena, &from, folder);
    if (result == FETCHED) return folder;
    report_fetch(c, path, &from, result, span);
    return NULL;
}

// --- folders -------------------------------------------------------------------------------------

const char *package_folder(Compilation *c, const Source *source, const char *path, Span span) {
    bool local = *path == '.' || *path == '/';
    if (!local && strchr(path, '/')) return git_folder(c, path, span);
    if (!local) {
        Diag *diag = diag_report(c, DIAG_E0617, span, path, "it is no address");
        diag_help(c, diag, "write `./%s` for a folder, `host/user/repo` for a git repository",
                  path);
        return NULL;
    }
    const char *seen = source_relative(&c->unit, source, path);
    char *whole = realpath(seen, NULL);
    const char *folder = whole ? arena_copy(&c->unit, whole, strlen(whole)) : NULL;
    free(whole);
    if (folder && is_folder(folder)) return folder;
    diag_report(c, DIAG_E0617, span, path, folder ? "it is no folder" : strerror(errno));
    return NULL;
}

static bool is_part(const char *name) {
    size_t len = strlen(name);
    if (len <= 5 || strcmp(name + len - 5, ".flap") != 0 || *name == '.') return false;
    bool test =
        strncmp(name, "test_", 5) == 0 || (len > 10 && strcmp(name + len - 10, "_test.flap") == 0);
    return !test;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool package_files(Compilation *c, const char *folder, FileNames *names, Span span) {
    DIR *entries = opendir(folder);
    if (!entries) {
        diag_report(c, DIAG_E0617, span, folder, strerror(errno));
        return false;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        const char *path = arena_printf(&c->unit, "%s/%s", folder, entry->d_name);
        struct stat status;
        bool other = stat(path, &status) == 0 && !S_ISREG(status.st_mode); // a folder, a pipe
        if (is_part(entry->d_name) && !other) vec_push(&c->unit, names, path);
    }
    closedir(entries);
    if (names->len > 0)
        qsort((void *)(uintptr_t)names->items, names->len, sizeof *names->items, by_name);
    if (names->len == 0) diag_report(c, DIAG_E0617, span, folder, "it contains no .flap files");
    return names->len > 0;
}

// --- flapc update --------------------------------------------------------------------------------

// A branch moves to where it is now; a tag or commit stays.
static bool update_one(Arena *arena, const char *folder, bool *changed) {
    const char *const ask[] = {"git", "-C", folder, "rev-parse", "HEAD", NULL};
    size_t size = 0;
    char *before = chelper_ask(arena, ask, NULL, &size);
    const char *const where[] = {"git", "-C",      folder, "symbolic-ref",
                                 "-q",  "--short", "HEAD", NULL};
    char *branch = chelper_ask(arena, where, NULL, &size);
    *changed = false;
    if (!before) return false;
    if (!branch) return true;
    branch[strcspn(branch, "\n")] = '\0';
    if (!GIT(arena, "-C", folder, "fetch", "-q", "--depth", "1", "origin", branch) ||
        !GIT(arena, "-C", folder, "reset", "-q", "--hard", "FETCH_HEAD"))
        return false;
    char *after = chelper_ask(arena, ask, NULL, &size);
    *changed = !after || strcmp(before, after) != 0;
    return true;
}

bool package_update(Arena *arena, FILE *out) {
    const char *cache = cache_folder(arena);
    FileNames names = {0};
    DIR *entries = cache ? opendir(cache) : NULL;
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;)
        if (entry->d_name[0] != '.')
            vec_push(arena, &names, arena_copy(arena, entry->d_name, strlen(entry->d_name)));
    if (entries) closedir(entries);
    if (names.len > 0)
        qsort((void *)(uintptr_t)names.items, names.len, sizeof *names.items, by_name);
    bool good = true;
    VEC_EACH(const char *, name, &names) {
        bool changed, done = update_one(arena, arena_printf(arena, "%s/%s", cache, name), &changed);
        fprintf(out, "%s: %s\n", name,
                !done     ? "cannot be fetched"
                : changed ? "updated"
                          : "unchanged");
        good = good && done;
    }
    return good;
}
