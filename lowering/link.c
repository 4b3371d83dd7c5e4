// link.c: executables. Finds a linker, gives it the object and the embedded runtime through files
// in memory, and renames the result into place.
//
// A program without foreign code becomes a static executable without libc; one with foreign code is
// linked with the system's C library. What the linker says is kept and becomes part of the
// diagnostic.

#include "backend.h"
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef enum LinkerKind { LINKER_LD, LINKER_CC } LinkerKind;

typedef VEC(const char *) Words;

typedef struct Linking {
    Backend *b;
    Arena *arena;
    LinkerKind kind;
    const char *path; // of the linker
    bool dynamic;
    Words args;
    int fds[3]; // files in memory: object, runtime, libffi
    int fd_count;
    const char *crt_folder; // where the C library's start files are; null: cc knows
    const char *out;
} Linking;

// --- what is installed ---------------------------------------------------------------------------

static const char *search_path(Linking *l, const char *name) {
    const char *at = getenv("PATH");
    if (!at) at = "/usr/local/bin:/usr/bin:/bin";
    while (*at) {
        size_t len = strcspn(at, ":");
        const char *path = len ? arena_printf(l->arena, "%.*s/%s", (int)len, at, name)
                               : arena_printf(l->arena, "./%s", name);
        if (access(path, X_OK) == 0) return path;
        at += len;
        if (*at == ':') at++;
    }
    return NULL;
}

static bool find_linker(Linking *l) {
    static const struct {
        const char *name;
        LinkerKind kind;
    } candidates[] = {
        // One without a version may be too old for RISC-V's start files.
        {"ld.lld-22", LINKER_LD}, {"ld.lld-21", LINKER_LD}, {"ld.lld-20", LINKER_LD},
        {"ld.lld-19", LINKER_LD}, {"ld.lld", LINKER_LD},    {"ld", LINKER_LD},
        {"cc", LINKER_CC},        {"gcc", LINKER_CC},       {"clang", LINKER_CC},
    };
    for (size_t i = 0; i < COUNT_OF(candidates); i++) {
        // Without the start files' place only a compiler can link with the C library.
        if (l->dynamic && !l->crt_folder && candidates[i].kind == LINKER_LD) continue;
        // The others know this machine's processor only.
        bool all_processors = strncmp(candidates[i].name, "ld.lld", 6) == 0;
        if (l->b->arch != ARCH_OWN && !all_processors) continue;
        l->path = search_path(l, candidates[i].name);
        if (!l->path) continue;
        l->kind = candidates[i].kind;
        return true;
    }
    Diag *diag = diag_report(l->b->c, DIAG_E0602, (Span){0, 0});
    diag_help(l->b->c, diag,
              l->dynamic && !l->crt_folder
                  ? "install the C library's development files and a compiler: "
                    "apt install gcc libc6-dev"
                  : "install one: apt install lld (Debian, Ubuntu), dnf install lld (Fedora), "
                    "pacman -S lld (Arch)");
    diag_help(l->b->c, diag, "`flapc run` needs no linker");
    return false;
}

// Where the C library is, for each processor.
typedef struct CLibraryPlace {
    const char *loader;
    const char *folders[4]; // the last two only on the processor itself
    const char *package;    // Debian's, on other processors
} CLibraryPlace;

static const CLibraryPlace c_libraries[] = {
    [ARCH_X86_64] = {"/lib64/ld-linux-x86-64.so.2",
                     {"/usr/lib/x86_64-linux-gnu", "/usr/x86_64-linux-gnu/lib", "/usr/lib64",
                      "/usr/lib"},
                     "libc6-dev-amd64-cross"},
    [ARCH_AARCH64] = {"/lib/ld-linux-aarch64.so.1",
                      {"/usr/lib/aarch64-linux-gnu", "/usr/aarch64-linux-gnu/lib", "/usr/lib64",
                       "/usr/lib"},
                      "libc6-dev-arm64-cross"},
    [ARCH_RISCV64] = {"/lib/ld-linux-riscv64-lp64d.so.1",
                      {"/usr/lib/riscv64-linux-gnu", "/usr/riscv64-linux-gnu/lib", "/usr/lib64",
                       "/usr/lib"},
                      "libc6-dev-riscv64-cross"},
};

// The folder with the start files of glibc. Null: it is not there, or another C library, of which cc knows.
static const char *find_crt(const Backend *b) {
    const CLibraryPlace *place = &c_libraries[b->arch];
    const char *root = b->options->sysroot;
    bool own = b->arch == ARCH_OWN && !root;
    if (own && access(place->loader, R_OK) != 0) return NULL;
    for (size_t i = 0; i < (own || root ? COUNT_OF(place->folders) : 2); i++) {
        const char *folder = arena_printf(&b->c->unit, "%s%s", root ? root : "", place->folders[i]);
        if (access(arena_printf(&b->c->unit, "%s/crt1.o", folder), R_OK) == 0) return folder;
    }
    return NULL;
}

// --- the command ---------------------------------------------------------------------------------

static void add(Linking *l, const char *word) {
    vec_push(l->arena, &l->args, word);
}

static void add_option(Linking *l, const char *word, const char *value) {
    if (l->kind == LINKER_CC) {
        add(l, value ? arena_printf(l->arena, "-Wl,%s,%s", word, value)
                     : arena_printf(l->arena, "-Wl,%s", word));
        return;
    }
    add(l, word);
    if (value) add(l, value);
}

// A file without a name that holds these bytes; the linker inherits it. 0 or the error's number.
static int add_memory_file(Linking *l, const char *name, const void *bytes, size_t size) {
    int fd = memfd_create(name, 0);
    if (fd < 0) return errno;
    l->fds[l->fd_count++] = fd;
    size_t done = 0;
    while (done < size) {
        ssize_t written = write(fd, (const char *)bytes + done, size - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        done += (size_t)written;
    }
    add(l, arena_printf(l->arena, "/proc/self/fd/%d", fd));
    return 0;
}

static void add_common(Linking *l) {
    add(l, l->path);
    add(l, "-o");
    add(l, l->out);
    add_option(l, "--gc-sections", NULL);
    add_option(l, "--build-id=none", NULL);
    add_option(l, "-z", "noexecstack");
    add_option(l, "-z", "noseparate-code");
    if (l->b->options->strip) add(l, "-s");
}

static int add_inputs(Linking *l, const void *object, size_t size) {
    int error = add_memory_file(l, "program.o", object, size);
    Embedded archive = rt_link_archive(l->b->arch, l->dynamic);
    if (!error) error = add_memory_file(l, "librt.a", archive.begin, archive.size);
    if (!l->dynamic) return error;
    Embedded ffi = rt_link_ffi(l->b->arch);
    if (!error && ffi.size) error = add_memory_file(l, "libffi.a", ffi.begin, ffi.size);
    if (!ffi.size) add(l, "-lffi");
    return error;
}

static void add_libraries(Linking *l) {
    const LoweringOptions *options = l->b->options;
    VEC_EACH(const char *, folder, &options->library_paths)
    add(l, arena_printf(l->arena, "-L%s", folder));
    VEC_EACH(const char *, name, &options->libraries) add(l, arena_printf(l->arena, "-l%s", name));
    const Program *program = l->b->c->program;
    VEC_EACH(const char *, folder, &program->library_folders)
    add(l, arena_printf(l->arena, "-L%s", folder));
    VEC_EACH(const char *, object, &program->objects) {
        const char *slash = strrchr(object, '/');
        add(l, object);
        if (slash) add_option(l, "-rpath", arena_copy(l->arena, object, (size_t)(slash - object)));
    }
    VEC_EACH(const char *, library, &program->libraries)
    add(l, arena_printf(l->arena, "-l%s", library));
    add(l, "-lpthread");
    add(l, "-ldl");
    add(l, "-lm");
}

static int make_static(Linking *l, const void *object, size_t size) {
    add_common(l);
    add(l, "-static");
    if (l->kind == LINKER_CC) add(l, "-no-pie");
    add(l, "-nostdlib");
    return add_inputs(l, object, size);
}

// Where the bare linker finds the C library, and others that are installed for its processor.
static void add_folders(Linking *l) {
    add(l, arena_printf(l->arena, "-L%s", l->crt_folder));
    const char *root = l->b->options->sysroot;
    const char *beside = c_libraries[l->b->arch].folders[0];
    if (strcmp(beside, l->crt_folder) != 0)
        add(l, arena_printf(l->arena, "-L%s%s", root ? root : "", beside));
    if (root) add(l, arena_printf(l->arena, "--sysroot=%s", root));
}

static int make_dynamic(Linking *l, const void *object, size_t size) {
    bool bare = l->kind == LINKER_LD;
    add_common(l);
    add(l, "-pie");
    if (bare) {
        add(l, "-dynamic-linker");
        add(l, c_libraries[l->b->arch].loader);
        add(l, "--eh-frame-hdr");
        add(l, arena_printf(l->arena, "%s/Scrt1.o", l->crt_folder));
        add(l, arena_printf(l->arena, "%s/crti.o", l->crt_folder));
    }
    int error = add_inputs(l, object, size);
    add_libraries(l);
    if (bare) {
        add_folders(l);
        add(l, "-lc");
        add(l, arena_printf(l->arena, "%s/crtn.o", l->crt_folder));
    }
    return error;
}

// --- running it ----------------------------------------------------------------------------------

// All that comes through `fd`, as text; the part beyond the buffer is dropped.
static void read_said(int fd, char *said, size_t size) {
    size_t len = 0;
    char lost[512];
    for (;;) {
        bool full = len + 1 >= size;
        ssize_t got = full ? read(fd, lost, sizeof lost) : read(fd, said + len, size - 1 - len);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        if (!full) len += (size_t)got;
    }
    while (len > 0 && said[len - 1] == '\n') len--;
    said[len] = '\0';
}

static int start(Linking *l, int out, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    vec_push(l->arena, &l->args, NULL);
    extern char **environ;
    int error =
        posix_spawn(pid, l->path, &actions, NULL, (char **)(uintptr_t)l->args.items, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static bool fail(Linking *l, const char *what, const char *said) {
    Diag *diag = diag_report(l->b->c, DIAG_E0603, (Span){0, 0}, l->path, what);
    if (*said) diag_note(l->b->c, diag, (Span){0, 0}, "%s", said);
    if (!FLAP_CROSS_MATH && l->b->arch != ARCH_OWN)
        diag_help(l->b->c, diag,
                  "this flapc was built without musl's source, so it has no mathematics for other "
                  "processors (sin and its like)");
    return false;
}

static bool run_linker(Linking *l) {
    int ends[2];
    pid_t pid;
    if (pipe(ends) != 0) return fail(l, strerror(errno), "");
    int error = start(l, ends[1], &pid);
    close(ends[1]);
    if (error) {
        close(ends[0]);
        return fail(l, strerror(error), "");
    }
    char *said = arena_alloc(l->arena, 16384);
    read_said(ends[0], said, 16384);
    close(ends[0]);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        if (*said && l->b->options->verbose) fprintf(stderr, "%s\n", said);
        return true;
    }
    const char *what = WIFSIGNALED(status)
                           ? arena_printf(l->arena, "ended by signal %d", WTERMSIG(status))
                           : arena_printf(l->arena, "exit status %d", WEXITSTATUS(status));
    return fail(l, what, said);
}

static void show_command(const Linking *l) {
    fprintf(stderr, "link (%s):",
            l->dynamic ? "dynamic, with the C library" : "static, without the C library");
    VEC_EACH(const char *, word, &l->args) fprintf(stderr, " %s", word);
    fputc('\n', stderr);
}

// The executable is complete at l->out; brings it to its place.
static bool deliver(Linking *l) {
    const char *path = l->b->options->output;
    if (!emit_is_special(path)) return emit_finish(l->b, l->out, path);
    bool good = false;
    FILE *file = fopen(l->out, "rb");
    struct stat status;
    if (file && fstat(fileno(file), &status) == 0) {
        size_t size = (size_t)status.st_size;
        void *bytes = arena_alloc(l->arena, size);
        if (fread(bytes, 1, size, file) == size) good = emit_bytes(l->b, path, bytes, size);
    }
    if (file) fclose(file);
    unlink(l->out);
    return good;
}

static const char *place_of_output(Linking *l) {
    char path[PATH_MAX + 32];
    const char *output = l->b->options->output;
    if (emit_is_special(output)) {
        const char *folder = getenv("TMPDIR");
        snprintf(path, sizeof path, "%s/flapc-%ld", folder && *folder ? folder : "/tmp",
                 (long)getpid());
    } else {
        lowering_half_written(output, path, sizeof path);
    }
    return arena_printf(l->arena, "%s", path);
}

// Linkers give unclear messages about places that cannot be written.
static bool output_possible(Linking *l) {
    const char *path = l->b->options->output;
    struct stat status;
    int error = 0;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) error = EISDIR;
    FILE *probe = error ? NULL : fopen(l->out, "wb");
    if (!error && !probe) error = errno;
    if (probe) fclose(probe);
    if (!error) return true;
    diag_report(l->b->c, DIAG_E0601, (Span){0, 0}, path, strerror(error));
    return false;
}

static bool needs_libc(const Backend *b) {
    return b->c->program->foreign || b->options->libraries.len > 0;
}

static bool c_library_there(Backend *b) {
    const char *root = b->options->sysroot;
    if (b->arch == ARCH_OWN && !root) return true;
    const char *package = c_libraries[b->arch].package;
    bool inside = rt_link_archive(b->arch, true).size > 0;
    if (inside && find_crt(b)) return true;
    Diag *diag = diag_report(b->c, DIAG_E0609, (Span){0, 0}, b->triple);
    if (inside && root)
        diag_help(b->c, diag, "there is no usr/lib/crt1.o below %s", root);
    else if (inside)
        diag_help(b->c, diag, "apt install %s (Debian, Ubuntu)", package);
    else
        diag_help(b->c, diag, "it is possible with a flapc that was built where %s is installed",
                  package);
    diag_help(b->c, diag,
              "programs without foreign code are static, and can be made for every target");
    return false;
}

bool link_mode_possible(Backend *b) {
    bool foreign = needs_libc(b) || b->options->link == LINK_DYNAMIC;
    if (foreign && !c_library_there(b)) return false;
    if (b->options->link != LINK_STATIC || !needs_libc(b)) return true;
    const Program *program = b->c->program;
    const char *what = program->foreign
                           ? program->foreign_name ? program->foreign_name : "foreign code"
                           : arena_printf(&b->c->unit, "-l %s", b->options->libraries.items[0]);
    Diag *diag = diag_report(b->c, DIAG_E0604, program->foreign_span, what);
    diag_help(b->c, diag, "leave out --link=static");
    return false;
}

bool link_executable(Backend *b, const void *object, size_t size) {
    Linking l = {.b = b, .arena = &b->c->unit};
    l.dynamic = needs_libc(b) || b->options->link == LINK_DYNAMIC;
    l.out = place_of_output(&l);
    if (l.dynamic) l.crt_folder = find_crt(b);
    if (!find_linker(&l) || !output_possible(&l)) return false;
    int error = l.dynamic ? make_dynamic(&l, object, size) : make_static(&l, object, size);
    bool good = false;
    if (error)
        fail(&l, strerror(error), "");
    else {
        if (b->options->verbose) show_command(&l);
        good = run_linker(&l);
    }
    for (int i = 0; i < l.fd_count; i++) close(l.fds[i]);
    if (good) return deliver(&l);
    unlink(l.out);
    return false;
}
