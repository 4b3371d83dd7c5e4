// clibrary.c: from an imported name to headers and libraries.
//
// pkg-config knows most libraries; which of their headers to include it does not say, so the name
// itself, without `lib` and version, is looked for in the folders that it names. clibrary.def has
// the exceptions.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "clibrary.h"

#include "chelper.h"
#include "unsafe.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct KnownLibrary {
    const char *name, *package, *headers, *debian;
} KnownLibrary;

static const KnownLibrary known_libraries[] = {
#define CLIBRARY(name, package, headers, debian) {name, package, headers, debian},
#include "clibrary.def"
#undef CLIBRARY
};

// Standard C and POSIX, as far as the system has them.
static const char *const standard_headers[] = {
    "assert.h",      "ctype.h",       "errno.h",       "fenv.h",       "float.h",
    "inttypes.h",    "limits.h",      "locale.h",      "math.h",       "signal.h",
    "stdarg.h",      "stdbool.h",     "stddef.h",      "stdint.h",     "stdio.h",
    "stdlib.h",      "string.h",      "strings.h",     "time.h",       "wchar.h",
    "wctype.h",      "aio.h",         "arpa/inet.h",   "dirent.h",     "dlfcn.h",
    "fcntl.h",       "fnmatch.h",     "ftw.h",         "glob.h",       "grp.h",
    "iconv.h",       "ifaddrs.h",     "langinfo.h",    "libgen.h",     "net/if.h",
    "netdb.h",       "netinet/in.h",  "netinet/tcp.h", "poll.h",       "pthread.h",
    "pwd.h",         "regex.h",       "sched.h",       "search.h",     "semaphore.h",
    "spawn.h",       "sys/epoll.h",   "sys/eventfd.h", "sys/file.h",   "sys/ioctl.h",
    "sys/ipc.h",     "sys/mman.h",    "sys/msg.h",     "sys/random.h", "sys/resource.h",
    "sys/select.h",  "sys/sem.h",     "sys/shm.h",     "sys/socket.h", "sys/stat.h",
    "sys/statvfs.h", "sys/time.h",    "sys/times.h",   "sys/types.h",  "sys/uio.h",
    "sys/un.h",      "sys/utsname.h", "sys/wait.h",    "syslog.h",     "termios.h",
    "unistd.h",      "utime.h",
};

static const KnownLibrary *find_known(const char *name) {
    for (size_t i = 0; i < COUNT_OF(known_libraries); i++)
        if (strcasecmp(known_libraries[i].name, name) == 0) return &known_libraries[i];
    return NULL;
}

const char *clibrary_cache(Arena *arena) {
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (!base || *base != '/') {
        if (!home || *home != '/') return NULL;
        base = arena_printf(arena, "%s/.cache", home);
    }
    if (mkdir(base, 0700) != 0 && errno != EEXIST) return NULL;
    const char *folder = arena_printf(arena, "%s/flapc", base);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return NULL;
    return folder;
}

// --- the target ----------------------------------------------------------------------------------

// By UnsafeArch: how Debian calls the system of each processor.
static const char *const triples[UNSAFE_ARCH_COUNT] = {
    [UNSAFE_X86_64] = "x86_64-linux-gnu",
    [UNSAFE_ARM64] = "aarch64-linux-gnu",
    [UNSAFE_RISCV64] = "riscv64-linux-gnu",
};
static const char *const debian_names[UNSAFE_ARCH_COUNT] = {
    [UNSAFE_X86_64] = "amd64",
    [UNSAFE_ARM64] = "arm64",
    [UNSAFE_RISCV64] = "riscv64",
};

// Whether the system's own headers are the wrong ones.
static bool is_cross(const Compilation *c) {
    return c->sysroot || c->arch != (uint8_t)unsafe_arch_of(NULL);
}

// --- pkg-config ----------------------------------------------------------------------------------

static void take_flag(CLibrary *library, CQuestion *question, const char *word) {
    Arena *arena = library->arena;
    if (strncmp(word, "-I", 2) == 0 || strncmp(word, "-D", 2) == 0)
        vec_push(arena, &question->words, word);
    else if (strncmp(word, "-L", 2) == 0)
        vec_push(arena, &library->folders, word + 2);
    else if (strncmp(word, "-l", 2) == 0)
        vec_push(arena, &library->links, word + 2);
}

// False: pkg-config is not there, or does not know the package.
static bool ask_pkg_config(Compilation *c, CLibrary *library, CQuestion *question,
                           const char *package) {
    const char *triple = triples[c->arch], *root = c->sysroot ? c->sysroot : "";
    const char *folders = arena_printf(
        library->arena, "PKG_CONFIG_LIBDIR=%s/usr/%s/lib/pkgconfig:%s/usr/lib/%s/pkgconfig", root,
        triple, root, triple);
    const char *top = arena_printf(library->arena, "PKG_CONFIG_SYSROOT_DIR=%s", root);
    const char *words[] = {"env", folders, top, "pkg-config", "--cflags", "--libs", package, NULL};
    bool own_way = is_cross(c) && !getenv("PKG_CONFIG_LIBDIR");
    size_t size = 0;
    char *text = chelper_ask(library->arena, own_way ? words : words + 3, NULL, &size);
    if (!text) return false;
    for (char *word = strtok(text, " \t\n"); word; word = strtok(NULL, " \t\n"))
        take_flag(library, question, word);
    return true;
}

// --- headers -------------------------------------------------------------------------------------

static bool exists(const char *path) {
    return access(path, R_OK) == 0;
}

// The file in `folder` that is called `name` in any case; null: none.
static const char *find_file(Arena *arena, const char *folder, const char *name) {
    const char *exact = arena_printf(arena, "%s/%s", folder, name);
    if (exists(exact)) return exact;
    DIR *entries = opendir(folder);
    const char *found = NULL;
    for (struct dirent *entry; entries && !found && (entry = readdir(entries)) != NULL;)
        if (strcasecmp(entry->d_name, name) == 0)
            found = arena_printf(arena, "%s/%s", folder, entry->d_name);
    if (entries) closedir(entries);
    return found;
}

// "libpng16" -> "png"
static const char *bare_name(Arena *arena, const char *name) {
    if (strncmp(name, "lib", 3) == 0 && name[3]) name += 3;
    size_t len = strlen(name);
    while (len > 1 && (isdigit((unsigned char)name[len - 1]) || name[len - 1] == '.' ||
                       name[len - 1] == '-' || name[len - 1] == '_'))
        len--;
    return arena_copy(arena, name, len);
}

static const char *header_in(Arena *arena, const char *folder, const char *name) {
    const char *bare = bare_name(arena, name);
    const char *const tries[] = {name, bare};
    for (size_t i = 0; i < COUNT_OF(tries); i++) {
        const char *file = arena_printf(arena, "%s.h", tries[i]);
        const char *found = find_file(arena, folder, file);
        if (found) return found;
        const char *inner = find_file(arena, folder, tries[i]);
        found = inner ? find_file(arena, inner, file) : NULL;
        if (found) return found;
    }
    return NULL;
}

// Where the system has headers for the target.
enum { SYSTEM_FOLDERS = 3 };
typedef struct SystemFolders {
    const char *paths[SYSTEM_FOLDERS];
} SystemFolders;

static SystemFolders system_folders(const Compilation *c, Arena *arena) {
    const char *triple = triples[c->arch], *root = c->sysroot ? c->sysroot : "";
    const char *first = is_cross(c) && !c->sysroot ? arena_printf(arena, "/usr/%s/include", triple)
                                                   : arena_printf(arena, "%s/usr/local/include", root);
    return (SystemFolders){{first, arena_printf(arena, "%s/usr/include/%s", root, triple),
                            arena_printf(arena, "%s/usr/include", root)}};
}

static const char *find_header(Compilation *c, CLibrary *library, const CQuestion *question,
                               const char *name) {
    const char *found = NULL;
    for (uint32_t i = 0; i < question->words.len && !found; i++)
        if (strncmp(question->words.items[i], "-I", 2) == 0)
            found = header_in(library->arena, question->words.items[i] + 2, name);
    SystemFolders folders = system_folders(c, library->arena);
    for (size_t i = 0; i < SYSTEM_FOLDERS && !found; i++)
        found = header_in(library->arena, folders.paths[i], name);
    return found;
}

static bool header_exists(Compilation *c, Arena *arena, const CQuestion *question,
                          const char *header) {
    for (uint32_t i = 0; i < question->words.len; i++) {
        const char *word = question->words.items[i];
        if (strncmp(word, "-I", 2) == 0 && exists(arena_printf(arena, "%s/%s", word + 2, header)))
            return true;
    }
    SystemFolders folders = system_folders(c, arena);
    for (size_t i = 0; i < SYSTEM_FOLDERS; i++)
        if (exists(arena_printf(arena, "%s/%s", folders.paths[i], header))) return true;
    return false;
}

static const char *include_line(Arena *arena, const char *header) {
    return arena_printf(arena, "#if __has_include(<%s>)\n#include <%s>\n#endif\n", header, header);
}

// The C text for a list of headers separated by commas.
static const char *include_text(Arena *arena, const char *headers) {
    const char *text = "";
    for (size_t len; *headers; headers += len + (headers[len] == ',')) {
        len = strcspn(headers, ",");
        text = arena_printf(arena, "%s#include <%.*s>\n", text, (int)len, headers);
    }
    return text;
}

// --- libraries -----------------------------------------------------------------------------------

static bool missing(Compilation *c, CLibrary *library, Span span) {
    const KnownLibrary *row = find_known(library->name->text);
    Diag *diag = diag_report(c, DIAG_E0801, span, library->name->text);
    if (row)
        diag_help(c, diag, "apt install %s (Debian, Ubuntu)", row->debian);
    else
        diag_help(c, diag,
                  "neither pkg-config nor the system's folders have a header for it: "
                  "is its development package installed?");
    library->state = C_LIBRARY_MISSING;
    return false;
}

static bool find_standard(CLibrary *library, CQuestion *question) {
    Arena *arena = library->arena;
    vec_push(arena, &library->links, "m");
    if (strcmp(library->name->text, "m") == 0) {
        question->text = "#include <math.h>\n";
        return true;
    }
    const char *text = "";
    for (size_t i = 0; i < COUNT_OF(standard_headers); i++)
        text = arena_printf(arena, "%s%s", text, include_line(arena, standard_headers[i]));
    question->text = text;
    return true;
}

static bool find_package(Compilation *c, CLibrary *library, CQuestion *question, Span span) {
    Arena *arena = library->arena;
    const char *name = library->name->text;
    const KnownLibrary *row = find_known(name);
    bool known = ask_pkg_config(c, library, question, row ? row->package : name);
    if (!known && !row)
        known = ask_pkg_config(c, library, question, arena_printf(arena, "lib%s", name));
    if (!known) vec_push(arena, &library->links, name);
    if (row) {
        size_t len = strcspn(row->headers, ",");
        const char *first = arena_copy(arena, row->headers, len);
        if (!header_exists(c, arena, question, first)) return missing(c, library, span);
        question->text = include_text(arena, row->headers);
        return true;
    }
    const char *header = find_header(c, library, question, name);
    if (!header) return missing(c, library, span);
    question->text = arena_printf(arena, "#include \"%s\"\n", header);
    return true;
}

// The headers of another processor's C library, wherever Debian has put them.
static bool find_cross_headers(Compilation *c, CLibrary *library, CQuestion *question, Span span) {
    Arena *arena = library->arena;
    SystemFolders folders = system_folders(c, arena);
    vec_push(arena, &question->words, arena_printf(arena, "--target=%s", triples[c->arch]));
    vec_push(arena, &question->words, "-nostdlibinc");
    bool there = exists(arena_printf(arena, "%s/features.h", folders.paths[0])) ||
                 exists(arena_printf(arena, "%s/bits/types.h", folders.paths[1])) ||
                 (c->sysroot && exists(arena_printf(arena, "%s/features.h", folders.paths[2])));
    for (size_t i = 0; i < SYSTEM_FOLDERS; i++) {
        vec_push(arena, &question->words, "-isystem");
        vec_push(arena, &question->words, folders.paths[i]);
    }
    if (there) return true;
    Diag *diag = diag_report(c, DIAG_E0801, span, library->name->text);
    if (c->sysroot)
        diag_help(c, diag, "there are no C headers below %s", c->sysroot);
    else
        diag_help(c, diag, "apt install libc6-dev-%s-cross (Debian, Ubuntu)", debian_names[c->arch]);
    library->state = C_LIBRARY_MISSING;
    return false;
}

bool clibrary_find(Compilation *c, CLibrary *library, CQuestion *question, Span span) {
    static const char *const first[] = {"/proc/self/exe",
                                        CHELPER_COMMAND,
                                        "-std=gnu17",
                                        "-D_GNU_SOURCE",
                                        "-ferror-limit=0",
                                        "-w",
                                        "-I."};
    for (size_t i = 0; i + 1 < COUNT_OF(first); i++)
        vec_push(library->arena, &question->words, first[i]);
    if (is_cross(c) && !find_cross_headers(c, library, question, span)) return false;
    bool standard = strcmp(library->name->text, "c") == 0 || strcmp(library->name->text, "m") == 0;
    if (library->path) return clibrary_find_object(c, library, question, span);
    if (standard) return find_standard(library, question);
    return find_package(c, library, question, span);
}
