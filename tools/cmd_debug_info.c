// cmd_debug_info.c: the hidden command that reads what a shared object declares from its debugging
// information (DWARF), in a process of its own, with libdw.
//
// flapc starts itself with it (frontend/chelper.c): `flapc --read-c-debug-info FILE`. Standard output
// gets the lines that frontend/cheader.c reads. DWARF knows neither macros nor what was never used;
// alignments, which it mostly leaves out, follow from the members.
#include "commands.h"
#include "libdw.h"
#include "../frontend/chelper.h"
#include "../frontend/map.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct Reader {
    LibDw dw;
    Arena arena;
    Interner names;
    PtrMap complete; // "s name" -> DwDie of a struct whose members are known
    PtrMap records;  // DwDie.address of a struct -> its number, plus one
    VEC(DwDie) pending;
    FILE *out;
} Reader;

// --- attributes ----------------------------------------------------------------------------------

static bool has(Reader *r, DwDie *die, unsigned code) {
    return r->dw.hasattr_integrate(die, code) != 0;
}

static uint64_t number(Reader *r, DwDie *die, unsigned code, uint64_t otherwise) {
    DwAttribute attribute;
    uint64_t value;
    if (!r->dw.attr_integrate(die, code, &attribute)) return otherwise;
    return r->dw.formudata(&attribute, &value) == 0 ? value : otherwise;
}

// The type that `die` names. False: void.
static bool type_of(Reader *r, DwDie *die, DwDie *type) {
    DwAttribute attribute;
    return r->dw.attr_integrate(die, DW_AT_TYPE, &attribute) &&
           r->dw.formref_die(&attribute, type) != NULL;
}

static bool is_transparent(int tag) {
    return tag == DW_TYPEDEF || tag == DW_CONST || tag == DW_VOLATILE || tag == DW_RESTRICT ||
           tag == DW_ATOMIC;
}

// The type that `die` names, without typedefs and qualifiers. False: void.
static bool bare_type_of(Reader *r, DwDie *die, DwDie *type, bool *is_const) {
    bool known = type_of(r, die, type);
    *is_const = false;
    for (int depth = 0; known && is_transparent(r->dw.tag(type)); depth++) {
        if (depth > 100) return false; // a circle: no compiler wrote it
        DwDie outer = *type;
        *is_const |= r->dw.tag(type) == DW_CONST;
        known = type_of(r, &outer, type);
    }
    return known;
}

// Goes to the first child, and from there on; false at the end.
static bool first_child(Reader *r, DwDie *die, DwDie *child) {
    return r->dw.child(die, child) == 0;
}

static bool next_child(Reader *r, DwDie *child) {
    DwDie before = *child;
    return r->dw.siblingof(&before, child) == 0;
}

// --- types ---------------------------------------------------------------------------------------

static bool is_record(int tag) {
    return tag == DW_STRUCT || tag == DW_CLASS || tag == DW_UNION;
}

static Name *record_key(Reader *r, DwDie *die) {
    const char *name = r->dw.diename(die);
    if (!name) return NULL;
    char letter = r->dw.tag(die) == DW_UNION ? 'u' : 's';
    return intern_c(&r->names, arena_printf(&r->arena, "%c %s", letter, name));
}

static unsigned record_number(Reader *r, DwDie *die) {
    Name *name = record_key(r, die);
    DwDie *complete = name ? map_get(&r->complete, name) : NULL;
    if (complete) die = complete;
    uintptr_t known = (uintptr_t)map_get(&r->records, die->address);
    if (known) return (unsigned)known - 1;
    vec_push(&r->arena, &r->pending, *die);
    map_put(&r->records, die->address, (void *)(uintptr_t)r->pending.len);
    return r->pending.len - 1;
}

static void write_type_of(Reader *r, DwDie *die);

// The result and the parameters of a function or a function type.
static void write_function(Reader *r, DwDie *die) {
    DwDie child;
    bool dots = !has(r, die, DW_AT_PROTOTYPED), any = false;
    fputc('(', r->out);
    write_type_of(r, die);
    for (bool more = first_child(r, die, &child); more; more = next_child(r, &child)) {
        int tag = r->dw.tag(&child);
        any |= tag == DW_PARAMETER;
        if (tag == DW_PARAMETER) write_type_of(r, &child);
    }
    dots &= !any;
    for (bool more = first_child(r, die, &child); more; more = next_child(r, &child))
        dots |= r->dw.tag(&child) == DW_UNSPECIFIED_PARAMETERS;
    fputs(dots ? ".)" : ")", r->out);
}

static void write_integer(Reader *r, int size, bool is_unsigned) {
    static const char letters[2][9] = {" cs i   l", " CS I   L"};
    if (size == 1 || size == 2 || size == 4 || size == 8)
        fputc(letters[is_unsigned][size], r->out);
    else
        fprintf(r->out, "?%d.", size > 0 ? size : 0);
}

static bool is_named(Reader *r, DwDie *die, const char *wanted) {
    const char *name = r->dw.diename(die);
    return name && strcmp(name, wanted) == 0;
}

static void write_base(Reader *r, DwDie *type) {
    int size = r->dw.bytesize(type);
    uint64_t encoding = number(r, type, DW_AT_ENCODING, 0);
    if (encoding == DW_BOOLEAN)
        fputc('b', r->out);
    else if (encoding == DW_FLOAT && (size == 4 || size == 8))
        fputc(size == 4 ? 'f' : 'd', r->out);
    else if (encoding == DW_FLOAT && size == 16 && is_named(r, type, "long double"))
        fputc('D', r->out);
    else if (encoding == DW_FLOAT || encoding == DW_COMPLEX)
        fprintf(r->out, "?%d.", size > 0 ? size : 0);
    else
        write_integer(r, size, encoding != DW_SIGNED && encoding != DW_SIGNED_CHAR);
}

// An enumeration without a type of its own is unsigned where no value is negative.
static bool enum_is_unsigned(Reader *r, DwDie *type) {
    DwDie base, child;
    bool is_const;
    if (bare_type_of(r, type, &base, &is_const)) {
        uint64_t encoding = number(r, &base, DW_AT_ENCODING, DW_SIGNED);
        return encoding != DW_SIGNED && encoding != DW_SIGNED_CHAR;
    }
    for (bool more = first_child(r, type, &child); more; more = next_child(r, &child)) {
        DwAttribute value;
        int64_t signed_value;
        if (r->dw.attr_integrate(&child, DW_AT_CONST_VALUE, &value) &&
            value.form == DW_FORM_SDATA && r->dw.formsdata(&value, &signed_value) == 0 &&
            signed_value < 0)
            return false;
    }
    return true;
}

static void write_array(Reader *r, DwDie *type) {
    DwDie child;
    if (has(r, type, DW_AT_GNU_VECTOR)) {
        fputs("?16.", r->out);
        return;
    }
    for (bool more = first_child(r, type, &child); more; more = next_child(r, &child)) {
        if (r->dw.tag(&child) != DW_SUBRANGE) continue;
        uint64_t last = number(r, &child, DW_AT_UPPER_BOUND, UINT64_MAX); // none: open
        uint64_t count = number(r, &child, DW_AT_COUNT, last + 1);
        fprintf(r->out, "A%llu.", (unsigned long long)count);
    }
    write_type_of(r, type);
}

static void write_pointer(Reader *r, DwDie *type) {
    DwDie to;
    bool is_const, known = bare_type_of(r, type, &to, &is_const);
    if (known && r->dw.tag(&to) == DW_FUNCTION_TYPE) {
        fputc('F', r->out);
        write_function(r, &to);
        return;
    }
    fputc(is_const ? '&' : '*', r->out);
    write_type_of(r, type);
}

static void write_type_of(Reader *r, DwDie *die) {
    DwDie type;
    bool is_const;
    if (!bare_type_of(r, die, &type, &is_const)) {
        fputc('v', r->out);
        return;
    }
    int tag = r->dw.tag(&type);
    if (tag == DW_BASE_TYPE)
        write_base(r, &type);
    else if (tag == DW_ENUMERATION)
        write_integer(r, r->dw.bytesize(&type), enum_is_unsigned(r, &type));
    else if (tag == DW_POINTER || tag == DW_REFERENCE)
        write_pointer(r, &type);
    else if (is_record(tag))
        fprintf(r->out, "R%u.", record_number(r, &type));
    else if (tag == DW_ARRAY)
        write_array(r, &type);
    else
        fputs("?0.", r->out);
}

// --- the text of a prototype ---------------------------------------------------------------------

static const char *text_of(Reader *r, DwDie *die) {
    DwDie type;
    if (!type_of(r, die, &type)) return "void";
    int tag = r->dw.tag(&type);
    const char *name = r->dw.diename(&type);
    if (tag == DW_POINTER) {
        const char *to = text_of(r, &type);
        size_t len = strlen(to);
        return arena_printf(&r->arena, "%s%s*", to, len && to[len - 1] == '*' ? "" : " ");
    }
    if (tag == DW_CONST) return arena_printf(&r->arena, "const %s", text_of(r, &type));
    if (tag == DW_VOLATILE || tag == DW_RESTRICT || tag == DW_ATOMIC) return text_of(r, &type);
    if (tag == DW_FUNCTION_TYPE) return "function";
    const char *word = tag == DW_STRUCT        ? "struct "
                       : tag == DW_UNION       ? "union "
                       : tag == DW_ENUMERATION ? "enum "
                                               : "";
    return arena_printf(&r->arena, "%s%s", word, name ? name : "(anonymous)");
}

static void write_prototype(Reader *r, DwDie *die, const char *name) {
    DwDie child;
    const char *result = text_of(r, die);
    size_t len = strlen(result);
    int count = 0;
    fprintf(r->out, "%s%s%s(", result, result[len - 1] == '*' ? "" : " ", name);
    for (bool more = first_child(r, die, &child); more; more = next_child(r, &child)) {
        int tag = r->dw.tag(&child);
        if (tag == DW_UNSPECIFIED_PARAMETERS) fputs(count++ ? ", ..." : "...", r->out);
        if (tag != DW_PARAMETER) continue;
        const char *type = text_of(r, &child), *word = r->dw.diename(&child);
        len = strlen(type);
        fprintf(r->out, "%s%s%s%s", count++ ? ", " : "", type,
                word && type[len - 1] != '*' ? " " : "", word ? word : "");
    }
    fputs(count ? ")" : "void)", r->out);
}

// --- records -------------------------------------------------------------------------------------

static uint64_t align_of(Reader *r, DwDie *die);

static uint64_t record_align(Reader *r, DwDie *die) {
    DwDie child;
    uint64_t align = number(r, die, DW_AT_ALIGNMENT, 1), natural = align;
    bool packed = false;
    for (bool more = first_child(r, die, &child); more; more = next_child(r, &child)) {
        if (r->dw.tag(&child) != DW_MEMBER) continue;
        uint64_t one = number(r, &child, DW_AT_ALIGNMENT, align_of(r, &child));
        packed |= number(r, &child, DW_AT_MEMBER_LOCATION, 0) % one != 0;
        if (one > natural) natural = one;
    }
    int size = r->dw.bytesize(die);
    return packed || size < 0 || (uint64_t)size % natural != 0 ? align : natural;
}

// Of the type that `die` names.
static uint64_t align_of(Reader *r, DwDie *die) {
    DwDie type;
    bool is_const;
    if (!bare_type_of(r, die, &type, &is_const)) return 1;
    int tag = r->dw.tag(&type), size = r->dw.bytesize(&type);
    if (is_record(tag)) return record_align(r, &type);
    if (tag == DW_ARRAY) return align_of(r, &type);
    if (tag == DW_POINTER || tag == DW_REFERENCE) return 8;
    return size == 1 || size == 2 || size == 4 || size == 8 || size == 16 ? (uint64_t)size : 1;
}

static void write_members(Reader *r, DwDie *die, uint64_t base);

static void write_member(Reader *r, DwDie *member, uint64_t base) {
    DwDie type;
    bool is_const;
    const char *name = r->dw.diename(member);
    uint64_t width = number(r, member, DW_AT_BIT_SIZE, 0);
    uint64_t at = base + 8 * number(r, member, DW_AT_MEMBER_LOCATION, 0);
    at += number(r, member, DW_AT_DATA_BIT_OFFSET, 0);
    if (!bare_type_of(r, member, &type, &is_const)) return;
    if (width && has(r, member, DW_AT_OLD_BIT_OFFSET)) { // from the high end of its unit
        int size = r->dw.bytesize(has(r, member, 0x0b) ? member : &type);
        at += 8 * (uint64_t)size - number(r, member, DW_AT_OLD_BIT_OFFSET, 0) - width;
    }
    if (!name && is_record(r->dw.tag(&type))) {
        write_members(r, &type, at);
    } else if (name) {
        fprintf(r->out, "\t%s:%llu:%llu:", name, (unsigned long long)at, (unsigned long long)width);
        write_type_of(r, member);
    }
}

static void write_members(Reader *r, DwDie *die, uint64_t base) {
    DwDie child;
    for (bool more = first_child(r, die, &child); more; more = next_child(r, &child))
        if (r->dw.tag(&child) == DW_MEMBER) write_member(r, &child, base);
}

static void write_record(Reader *r, uint32_t at) {
    DwDie die = r->pending.items[at];
    bool is_union = r->dw.tag(&die) == DW_UNION;
    int size = has(r, &die, DW_AT_DECLARATION) ? 0 : r->dw.bytesize(&die);
    const char *name = r->dw.diename(&die);
    fprintf(r->out, "R\t%u\t%d\t%llu\t%c\t%s%s", at, size > 0 ? size : 0,
            (unsigned long long)record_align(r, &die), is_union ? 'u' : 's',
            is_union ? "union " : "struct ", name ? name : "(anonymous)");
    if (size > 0) write_members(r, &die, 0);
    fputc('\n', r->out);
}

// --- declarations --------------------------------------------------------------------------------

static void note_complete(Reader *r, DwDie *die) {
    if (!is_record(r->dw.tag(die)) || has(r, die, DW_AT_DECLARATION)) return;
    Name *key = record_key(r, die);
    if (!key || map_get(&r->complete, key)) return;
    DwDie *copy = ARENA_NEW(&r->arena, DwDie);
    *copy = *die;
    map_put(&r->complete, key, copy);
}

static void write_enumerators(Reader *r, DwDie *die) {
    DwDie child;
    for (bool more = first_child(r, die, &child); more; more = next_child(r, &child)) {
        DwAttribute value;
        int64_t low = 0;
        uint64_t high = 0;
        const char *name = r->dw.diename(&child);
        if (!name || !r->dw.attr_integrate(&child, DW_AT_CONST_VALUE, &value)) continue;
        bool is_signed = value.form == DW_FORM_SDATA || value.form == DW_FORM_IMPLICIT;
        if (is_signed && r->dw.formsdata(&value, &low) == 0)
            fprintf(r->out, "K\t%s\ti\t%lld\n", name, (long long)low);
        else if (!is_signed && r->dw.formudata(&value, &high) == 0)
            fprintf(r->out, "K\t%s\ti\t%llu\n", name, (unsigned long long)high);
    }
}

static void write_external(Reader *r, DwDie *die, const char *name) {
    if (!has(r, die, DW_AT_EXTERNAL) || has(r, die, DW_AT_LINKAGE_NAME)) return;
    if (r->dw.tag(die) == DW_VARIABLE) {
        fprintf(r->out, "V\t%s\t", name);
        write_type_of(r, die);
    } else {
        fprintf(r->out, "F\t%s\t%s\t", name, name);
        write_function(r, die);
        fputc('\t', r->out);
        write_prototype(r, die, name);
    }
    fputc('\n', r->out);
}

static void write_declaration(Reader *r, DwDie *die) {
    int tag = r->dw.tag(die);
    const char *name = r->dw.diename(die);
    if (tag == DW_ENUMERATION) write_enumerators(r, die);
    if (!name) return;
    if (tag == DW_FUNCTION || tag == DW_VARIABLE) {
        write_external(r, die, name);
    } else if (is_record(tag)) {
        fprintf(r->out, "S\t%s\t%u\n", name, record_number(r, die));
    } else if (tag == DW_TYPEDEF) {
        fprintf(r->out, "T\t%s\t", name);
        write_type_of(r, die);
        fputc('\n', r->out);
    }
}

// Visits what stands outside functions in every file that the object was compiled from.
static void visit_all(Reader *r, DwFile *file, void (*visit)(Reader *, DwDie *)) {
    DwUnit *unit = NULL;
    DwDie whole, split, child;
    uint16_t version;
    uint8_t kind;
    while (r->dw.get_units(file, unit, &unit, &version, &kind, &whole, &split) == 0) {
        // What lies in a file of its own (-gsplit-dwarf) is found there, when that is still there.
        DwDie *from = split.address ? &split : &whole;
        for (bool more = first_child(r, from, &child); more; more = next_child(r, &child))
            visit(r, &child);
    }
}

static void write_dependency(Reader *r, const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) return;
    fprintf(r->out, "D\t%s\t%lld.%09ld\t%lld\n", path, (long long)status.st_mtim.tv_sec,
            status.st_mtim.tv_nsec, (long long)status.st_size);
}

int cmd_debug_info(int count, char **words) {
    Reader *r = &(Reader){.out = stdout};
    r->names.arena = r->complete.arena = r->records.arena = &r->arena;
    if (count != 1) return EXIT_MISUSE;
    int fd = open(words[0], O_RDONLY | O_CLOEXEC);
    if (fd < 0) return EXIT_PROGRAM;
    const char *lacking = libdw_open(&r->dw);
    if (lacking) {
        printf(CHELPER_LACKS "%s", lacking);
        return 0; // that is an answer
    }
    DwFile *file = r->dw.begin(fd, 0);
    if (!file) return EXIT_PROGRAM;
    write_dependency(r, words[0]);
    visit_all(r, file, note_complete);
    visit_all(r, file, write_declaration);
    for (uint32_t i = 0; i < r->pending.len; i++) write_record(r, i);
    puts(CHELPER_END);
    bool good = fflush(stdout) == 0;
    arena_free(&r->arena);
    return good ? 0 : EXIT_PROGRAM;
}
