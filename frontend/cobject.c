// cobject.c: shared objects that are imported by their path: the header beside it says what it
// contains; else its debugging information, in it or in a file that it names; else only the names of
// its functions and variables are known, which the file itself lists.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "clibrary.h"

#include "chelper.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// --- the header beside it ------------------------------------------------------------------------

// Of "dir/libx.so.1": "dir", "libx".
static void take_apart(Arena *arena, const char *path, const char **folder, const char **base) {
    const char *slash = strrchr(path, '/');
    *folder = slash ? arena_copy(arena, path, (size_t)(slash - path)) : ".";
    const char *name = slash ? slash + 1 : path;
    const char *dot = strstr(name, ".so");
    *base = arena_copy(arena, name, dot ? (size_t)(dot - name) : strlen(name));
}

static const char *header_beside(Arena *arena, const char *path) {
    const char *folder, *base;
    take_apart(arena, path, &folder, &base);
    const char *bare = strncmp(base, "lib", 3) == 0 ? base + 3 : base;
    const char *const places[] = {folder, arena_printf(arena, "%s/../include", folder)};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        const char *const names[] = {base, bare};
        for (size_t j = 0; j < COUNT_OF(names); j++) {
            const char *header = arena_printf(arena, "%s/%s.h", places[i], names[j]);
            if (access(header, R_OK) == 0) return header;
        }
    }
    return NULL;
}

// --- names alone ---------------------------------------------------------------------------------

static const Elf64_Shdr *section(const char *bytes, size_t size, uint32_t type) {
    Elf64_Ehdr head;
    memcpy(&head, bytes, sizeof head);
    for (unsigned i = 0; i < head.e_shnum; i++) {
        size_t at = head.e_shoff + (size_t)i * sizeof(Elf64_Shdr);
        if (at + sizeof(Elf64_Shdr) > size) return NULL;
        const Elf64_Shdr *row = (const void *)(bytes + at);
        if (row->sh_type == type && row->sh_offset + row->sh_size <= size) return row;
    }
    return NULL;
}

static bool is_elf(const char *bytes, size_t size) {
    return size >= sizeof(Elf64_Ehdr) && memcmp(bytes, ELFMAG, SELFMAG) == 0 &&
           bytes[EI_CLASS] == ELFCLASS64;
}

// The letter of the line for a symbol: U for functions, W for variables; 0: it is neither.
static char letter_of(const Elf64_Sym *symbol) {
    if (symbol->st_shndx == SHN_UNDEF) return 0;
    int kind = ELF64_ST_TYPE(symbol->st_info);
    return kind == STT_FUNC || kind == STT_GNU_IFUNC ? 'U' : kind == STT_OBJECT ? 'W' : 0;
}

// A line for each function and variable that the object shows; null: it is no shared object.
static char *list_symbols(Arena *arena, const char *bytes, size_t size) {
    const Elf64_Shdr *symbols = is_elf(bytes, size) ? section(bytes, size, SHT_DYNSYM) : NULL;
    if (!symbols) return NULL;
    Elf64_Ehdr head;
    memcpy(&head, bytes, sizeof head);
    size_t strings_at = head.e_shoff + (size_t)symbols->sh_link * sizeof(Elf64_Shdr);
    if (strings_at + sizeof(Elf64_Shdr) > size) return NULL;
    const Elf64_Shdr *strings = (const void *)(bytes + strings_at);
    if (strings->sh_offset + strings->sh_size > size) return NULL;
    char *text = arena_alloc(arena, strings->sh_size * 2 + symbols->sh_size + 16), *out = text;
    for (size_t at = 0; at + sizeof(Elf64_Sym) <= symbols->sh_size; at += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        memcpy(&symbol, bytes + symbols->sh_offset + at, sizeof symbol);
        char letter = letter_of(&symbol);
        if (!letter || symbol.st_name >= strings->sh_size) continue;
        const char *name = bytes + strings->sh_offset + symbol.st_name;
        size_t len = strnlen(name, strings->sh_size - symbol.st_name);
        *out++ = letter;
        *out++ = '\t';
        memcpy(out, name, len);
        out[len] = '\n';
        out += len + 1;
    }
    *out = '\0';
    return text;
}

// --- debugging information -----------------------------------------------------------------------

static const Elf64_Shdr *section_at(const char *bytes, size_t size, unsigned number) {
    Elf64_Ehdr head;
    memcpy(&head, bytes, sizeof head);
    size_t at = head.e_shoff + (size_t)number * sizeof(Elf64_Shdr);
    if (number >= head.e_shnum || at + sizeof(Elf64_Shdr) > size) return NULL;
    const Elf64_Shdr *row = (const void *)(bytes + at);
    return row->sh_offset + row->sh_size <= size ? row : NULL;
}

// The section of that name; null: there is none.
static const Elf64_Shdr *section_named(const char *bytes, size_t size, const char *wanted) {
    Elf64_Ehdr head;
    memcpy(&head, bytes, sizeof head);
    const Elf64_Shdr *names = section_at(bytes, size, head.e_shstrndx);
    for (unsigned i = 0; names && i < head.e_shnum; i++) {
        const Elf64_Shdr *row = section_at(bytes, size, i);
        if (!row || row->sh_name >= names->sh_size) continue;
        const char *name = bytes + names->sh_offset + row->sh_name;
        if (strncmp(name, wanted, names->sh_size - row->sh_name) == 0) return row;
    }
    return NULL;
}

// Where a distribution puts what it took out of the object, by the build's own number.
static const char *file_by_build(Arena *arena, const char *bytes, size_t size) {
    const Elf64_Shdr *row = section_named(bytes, size, ".note.gnu.build-id");
    if (!row || row->sh_size <= 17 || row->sh_size > 100) return NULL;
    const unsigned char *id = (const unsigned char *)bytes + row->sh_offset + 16;
    const char *path = arena_printf(arena, "/usr/lib/debug/.build-id/%02x/", id[0]);
    for (size_t i = 1; i < row->sh_size - 16; i++)
        path = arena_printf(arena, "%s%02x", path, id[i]);
    return arena_printf(arena, "%s.debug", path);
}

// The file with the debugging information: the object, or one beside it that it names (.gnu_debuglink),
// or that its build has a number for. Null: none.
static const char *debug_file(Arena *arena, const char *path, const char *bytes, size_t size) {
    if (section_named(bytes, size, ".debug_info")) return path;
    const char *built = file_by_build(arena, bytes, size), *folder, *base;
    if (built && access(built, R_OK) == 0) return built;
    const Elf64_Shdr *row = section_named(bytes, size, ".gnu_debuglink");
    if (!row) return NULL;
    const char *name = bytes + row->sh_offset;
    size_t len = strnlen(name, row->sh_size);
    if (len == row->sh_size || memchr(name, '/', len)) return NULL;
    take_apart(arena, path, &folder, &base);
    const char *const places[] = {arena_printf(arena, "%s/%s", folder, name),
                                  arena_printf(arena, "%s/.debug/%s", folder, name),
                                  arena_printf(arena, "/usr/lib/debug%s/%s", folder, name)};
    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (access(places[i], R_OK) == 0) return places[i];
    return NULL;
}

static bool cannot_read(Compilation *c, CLibrary *library, Span span, const char *why) {
    diag_report(c, DIAG_E0610, span, library->path, why);
    library->state = C_LIBRARY_MISSING;
    return false;
}

bool clibrary_find_object(Compilation *c, CLibrary *library, CQuestion *question, Span span) {
    Arena *arena = library->arena;
    size_t size = 0;
    const char *why = NULL;
    char *bytes = source_read(arena, library->path, &size, &why);
    if (!bytes) return cannot_read(c, library, span, why);
    char *path = realpath(library->path, NULL);
    if (path) library->path = arena_copy(arena, path, strlen(path));
    free(path);
    const char *header = header_beside(arena, library->path);
    if (header) {
        question->text = arena_printf(arena, "#include \"%s\"\n", header);
        return true;
    }
    char *names = list_symbols(arena, bytes, size);
    if (!names) return cannot_read(c, library, span, "it is no shared object");
    cheader_index(library, names);
    library->listed = true;
    const char *debug = debug_file(arena, library->path, bytes, size);
    if (!debug) {
        library->untyped = true;
        diag_report(c, DIAG_W0801, span, library->name->text);
        return false;
    }
    question->words.len = 0;
    vec_push(arena, &question->words, "/proc/self/exe");
    vec_push(arena, &question->words, CHELPER_DEBUG);
    vec_push(arena, &question->words, debug);
    question->text = "";
    question->optional = true;
    return true;
}
