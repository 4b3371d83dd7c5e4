// cmd_headers.c: the hidden command that reads C headers with libclang, in a process of its own.
//
// flapc starts itself with it (frontend/chelper.c): `flapc --read-c-headers [options for clang]`, the
// C text that includes the headers on standard input. Standard output gets one line per
// declaration, in the form that frontend/cheader.c reads. The text is parsed twice: the second time
// with a variable per macro behind it, so that clang itself evaluates the macros' expressions.
#include "commands.h"
#include "libclang.h"
#include "../frontend/chelper.h"
#include "../frontend/map.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAIN_FILE "flapc-import.c"
static const char value_prefix[] = "flapc_v_", address_prefix[] = "flapc_p_";

typedef struct Reader {
    LibClang clang;
    Arena arena;
    Interner names;
    PtrMap records; // spelling of a struct's type -> its number, plus one
    VEC(ClangType) pending;
    uint32_t written; // how many of them have their line
    PtrMap macros;    // Name -> itself: those with a value line
    VEC(Name *) macro_names;
    ClangUnit unit;
    FILE *out;
} Reader;

static const char *take(Reader *r, ClangString string) {
    const char *text = r->clang.getCString(string);
    const char *copy = arena_copy(&r->arena, text ? text : "", text ? strlen(text) : 0);
    r->clang.disposeString(string);
    return copy;
}

// --- types ---------------------------------------------------------------------------------------

static unsigned record_number(Reader *r, ClangType type) {
    type = r->clang.getUnqualifiedType(type); // a const struct is the same struct
    Name *key = intern_c(&r->names, take(r, r->clang.getTypeSpelling(type)));
    uintptr_t known = (uintptr_t)map_get(&r->records, key);
    if (known) return (unsigned)known - 1;
    vec_push(&r->arena, &r->pending, type);
    map_put(&r->records, key, (void *)(uintptr_t)r->pending.len);
    return r->pending.len - 1;
}

static void write_type(Reader *r, ClangType type);

static void write_function(Reader *r, ClangType type) {
    fputc('(', r->out);
    write_type(r, r->clang.getResultType(type));
    int count = type.kind == CLANG_TYPE_FUNCTION ? r->clang.getNumArgTypes(type) : 0;
    for (int i = 0; i < count; i++) write_type(r, r->clang.getArgType(type, (unsigned)i));
    if (type.kind == CLANG_TYPE_FUNCTION_BARE || r->clang.isFunctionTypeVariadic(type))
        fputc('.', r->out);
    fputc(')', r->out);
}

// The letter of an integer type of so many bytes.
static char integer_letter(long long size, bool is_unsigned) {
    static const char letters[2][9] = {" cs i   l", " CS I   L"};
    return size >= 1 && size <= 8 ? letters[is_unsigned][size] : '?';
}

static void write_pointer(Reader *r, ClangType to) {
    bool is_const = r->clang.isConstQualifiedType(to);
    to = r->clang.getCanonicalType(to);
    if (to.kind == CLANG_TYPE_FUNCTION || to.kind == CLANG_TYPE_FUNCTION_BARE) {
        fputc('F', r->out);
        write_function(r, to);
        return;
    }
    fputc(is_const ? '&' : '*', r->out);
    write_type(r, to);
}

static void write_type(Reader *r, ClangType type) {
    type = r->clang.getCanonicalType(type);
    long long size = r->clang.Type_getSizeOf(type);
    int kind = type.kind;
    if (kind == CLANG_TYPE_ENUM) {
        type = r->clang.getCanonicalType(
            r->clang.getEnumDeclIntegerType(r->clang.getTypeDeclaration(type)));
        kind = type.kind;
    }
    if (kind == CLANG_TYPE_VOID) {
        fputc('v', r->out);
    } else if (kind == CLANG_TYPE_BOOL) {
        fputc('b', r->out);
    } else if (kind >= CLANG_TYPE_CHAR_U && kind <= CLANG_TYPE_ULONGLONG) {
        fputc(integer_letter(size, true), r->out);
    } else if (kind >= CLANG_TYPE_CHAR_S && kind <= CLANG_TYPE_LONGLONG) {
        fputc(integer_letter(size, false), r->out);
    } else if (kind == CLANG_TYPE_FLOAT || kind == CLANG_TYPE_DOUBLE) {
        fputc(kind == CLANG_TYPE_FLOAT ? 'f' : 'd', r->out);
    } else if (kind == CLANG_TYPE_LONG_DOUBLE) {
        fputc(size == 16 ? 'D' : 'd', r->out);
    } else if (kind == CLANG_TYPE_POINTER) {
        write_pointer(r, r->clang.getPointeeType(type));
    } else if (kind == CLANG_TYPE_RECORD) {
        fprintf(r->out, "R%u.", record_number(r, type));
    } else if (kind == CLANG_TYPE_ARRAY || kind == CLANG_TYPE_ARRAY_OPEN) {
        fprintf(r->out, "A%lld.", kind == CLANG_TYPE_ARRAY ? r->clang.getArraySize(type) : 0);
        write_type(r, r->clang.getArrayElementType(type));
    } else {
        fprintf(r->out, "?%lld.", size > 0 ? size : 0);
    }
}

// --- records -------------------------------------------------------------------------------------

typedef struct FieldWalk {
    Reader *r;
    long long base; // of an anonymous part, in bits
} FieldWalk;

static int visit_field(ClangCursor field, void *context) {
    FieldWalk *walk = context;
    Reader *r = walk->r;
    long long offset = walk->base + r->clang.Cursor_getOffsetOfField(field);
    ClangType type = r->clang.getCanonicalType(r->clang.getCursorType(field));
    const char *name = take(r, r->clang.getCursorSpelling(field));
    bool nameless = *name == '\0' || strchr(name, '(') != NULL; // "num::(anonymous at …)"
    if (nameless && type.kind == CLANG_TYPE_RECORD) {
        FieldWalk inner = {r, offset};
        r->clang.Type_visitFields(type, visit_field, &inner);
    } else if (!nameless) {
        int width = r->clang.Cursor_isBitField(field) ? r->clang.getFieldDeclBitWidth(field) : 0;
        fprintf(r->out, "\t%s:%lld:%d:", name, offset, width);
        write_type(r, type);
    }
    return CLANG_CONTINUE;
}

static void write_record(Reader *r, uint32_t number) {
    ClangType type = r->pending.items[number];
    ClangCursor declaration = r->clang.getTypeDeclaration(type);
    long long size = r->clang.Type_getSizeOf(type), align = r->clang.Type_getAlignOf(type);
    const char *name = take(r, r->clang.getTypeSpelling(type));
    fprintf(r->out, "R\t%u\t%lld\t%lld\t%c\t%s", number, size > 0 ? size : 0, align > 0 ? align : 1,
            declaration.kind == CLANG_UNION ? 'u' : 's', name);
    FieldWalk walk = {r, 0};
    if (size > 0) r->clang.Type_visitFields(type, visit_field, &walk);
    fputc('\n', r->out);
}

// --- declarations --------------------------------------------------------------------------------

static void write_prototype(Reader *r, ClangCursor cursor, ClangType type, const char *name) {
    const char *result = take(r, r->clang.getTypeSpelling(r->clang.getResultType(type)));
    size_t len = strlen(result);
    fprintf(r->out, "%s%s%s(", result, len && result[len - 1] == '*' ? "" : " ", name);
    int count = type.kind == CLANG_TYPE_FUNCTION ? r->clang.getNumArgTypes(type) : 0;
    for (int i = 0; i < count; i++) {
        ClangCursor parameter = r->clang.Cursor_getArgument(cursor, (unsigned)i);
        const char *what =
            take(r, r->clang.getTypeSpelling(r->clang.getArgType(type, (unsigned)i)));
        const char *word = take(r, r->clang.getCursorSpelling(parameter));
        while (*word == '_') word++;
        const char *hole = strstr(what, "(*)"); // of a pointer to a function: the name goes into it
        len = hole ? (size_t)(hole + 2 - what) : strlen(what);
        bool touches = !*word || (len && what[len - 1] == '*');
        fprintf(r->out, "%s%.*s%s%s%s", i ? ", " : "", (int)len, what, touches ? "" : " ", word,
                what + len);
    }
    if (r->clang.isFunctionTypeVariadic(type)) fputs(", ...", r->out);
    fputs(count == 0 ? "void)" : ")", r->out);
}

static void write_function_line(Reader *r, ClangCursor cursor, const char *name) {
    ClangType type = r->clang.getCanonicalType(r->clang.getCursorType(cursor));
    if (r->clang.Cursor_getStorageClass(cursor) == CLANG_STATIC) {
        fprintf(r->out, "I\t%s\n", name);
        return;
    }
    const char *symbol = take(r, r->clang.Cursor_getMangling(cursor));
    if (*symbol == '\1') symbol++;
    fprintf(r->out, "F\t%s\t%s\t", name, symbol);
    write_function(r, type);
    fputc('\t', r->out);
    write_prototype(r, cursor, r->clang.getCursorType(cursor), name);
    fputc('\n', r->out);
}

static int visit_enumerator(ClangCursor cursor, ClangCursor parent, void *context) {
    Reader *r = context;
    if (cursor.kind != CLANG_ENUM_CONSTANT) return CLANG_CONTINUE;
    ClangType type = r->clang.getCanonicalType(r->clang.getEnumDeclIntegerType(parent));
    const char *name = take(r, r->clang.getCursorSpelling(cursor));
    if (type.kind <= CLANG_TYPE_ULONGLONG)
        fprintf(r->out, "K\t%s\ti\t%llu\n", name,
                r->clang.getEnumConstantDeclUnsignedValue(cursor));
    else
        fprintf(r->out, "K\t%s\ti\t%lld\n", name, r->clang.getEnumConstantDeclValue(cursor));
    return CLANG_CONTINUE;
}

static void note_macro(Reader *r, ClangCursor cursor, const char *name) {
    if (*name == '_') return; // the compiler's own, and guards
    if (r->clang.Cursor_isMacroFunctionLike(cursor)) {
        fprintf(r->out, "M\t%s\n", name);
        return;
    }
    ClangToken *tokens = NULL;
    unsigned count = 0;
    r->clang.tokenize(r->unit, r->clang.getCursorExtent(cursor), &tokens, &count);
    const char *only = count == 2 ? take(r, r->clang.getTokenSpelling(r->unit, tokens[1])) : "";
    if (tokens) r->clang.disposeTokens(r->unit, tokens, count);
    if (count < 2) return;
    Name *word = intern_c(&r->names, name);
    if ((*only >= 'a' && *only <= 'z') || (*only >= 'A' && *only <= 'Z') || *only == '_')
        if (strcmp(only, name) != 0) fprintf(r->out, "A\t%s\t%s\n", name, only);
    if (map_put(&r->macros, word, word) == NULL) vec_push(&r->arena, &r->macro_names, word);
}

static int visit_declaration(ClangCursor cursor, ClangCursor parent, void *context) {
    (void)parent;
    Reader *r = context;
    const char *name = take(r, r->clang.getCursorSpelling(cursor));
    ClangType type = r->clang.getCursorType(cursor);
    switch (cursor.kind) {
    case CLANG_FUNCTION: write_function_line(r, cursor, name); break;
    case CLANG_ENUM: r->clang.visitChildren(cursor, visit_enumerator, r); break;
    case CLANG_MACRO: note_macro(r, cursor, name); break;
    case CLANG_STRUCT:
    case CLANG_UNION:
        if (*name && *name != '(')
            fprintf(r->out, "S\t%s\t%u\n", name, record_number(r, r->clang.getCanonicalType(type)));
        break;
    case CLANG_TYPEDEF:
    case CLANG_VARIABLE:
        fprintf(r->out, "%c\t%s\t", cursor.kind == CLANG_TYPEDEF ? 'T' : 'V', name);
        write_type(r, cursor.kind == CLANG_TYPEDEF ? r->clang.getTypedefDeclUnderlyingType(cursor)
                                                   : type);
        fputc('\n', r->out);
        break;
    }
    return CLANG_CONTINUE;
}

// --- macros --------------------------------------------------------------------------------------

static void write_quoted(FILE *out, const char *text) {
    for (; *text; text++) {
        if (*text == '\n' || *text == '\t' || *text == '\\' || *text == '\r')
            fprintf(out, "\\%02x", (unsigned char)*text);
        else
            fputc(*text, out);
    }
}

// Whether the macro had a value.
static bool write_value(Reader *r, ClangCursor cursor, const char *name) {
    ClangEval value = r->clang.Cursor_Evaluate(cursor);
    if (!value) return false;
    int kind = r->clang.EvalResult_getKind(value);
    if (kind == CLANG_EVAL_INT && r->clang.EvalResult_isUnsignedInt(value)) {
        fprintf(r->out, "K\t%s\ti\t%llu\n", name, r->clang.EvalResult_getAsUnsigned(value));
    } else if (kind == CLANG_EVAL_INT) {
        fprintf(r->out, "K\t%s\ti\t%lld\n", name, r->clang.EvalResult_getAsLongLong(value));
    } else if (kind == CLANG_EVAL_FLOAT) {
        fprintf(r->out, "K\t%s\td\t%.17g\n", name, r->clang.EvalResult_getAsDouble(value));
    } else if (kind == CLANG_EVAL_TEXT) {
        fprintf(r->out, "K\t%s\ts\t", name);
        write_quoted(r->out, r->clang.EvalResult_getAsStr(value));
        fputc('\n', r->out);
    }
    r->clang.EvalResult_dispose(value);
    return kind == CLANG_EVAL_INT || kind == CLANG_EVAL_FLOAT || kind == CLANG_EVAL_TEXT;
}

static int visit_value(ClangCursor cursor, ClangCursor parent, void *context) {
    (void)parent;
    Reader *r = context;
    if (cursor.kind != CLANG_VARIABLE) return CLANG_CONTINUE;
    const char *name = take(r, r->clang.getCursorSpelling(cursor));
    bool value = strncmp(name, value_prefix, sizeof value_prefix - 1) == 0;
    bool address = strncmp(name, address_prefix, sizeof address_prefix - 1) == 0;
    if (!value && !address) return CLANG_CONTINUE;
    name += sizeof value_prefix - 1;
    Name *word = intern_c(&r->names, name);
    if (map_get(&r->macros, word) && write_value(r, cursor, name))
        map_put(&r->macros, word, NULL); // the address is not needed any more
    return CLANG_CONTINUE;
}

// --- the whole -----------------------------------------------------------------------------------

static void write_dependency(ClangFile file, ClangLocation *stack, unsigned depth, void *context) {
    (void)stack;
    Reader *r = context;
    if (depth == 0) return;
    const char *path = take(r, r->clang.getFileName(file));
    struct stat status;
    if (stat(path, &status) != 0) return;
    fprintf(r->out, "D\t%s\t%lld.%09ld\t%lld\n", path, (long long)status.st_mtim.tv_sec,
            status.st_mtim.tv_nsec, (long long)status.st_size);
}

static void write_first_error(Reader *r) {
    unsigned count = r->clang.getNumDiagnostics(r->unit);
    for (unsigned i = 0; i < count; i++) {
        ClangDiagnostic diagnostic = r->clang.getDiagnostic(r->unit, i);
        if (r->clang.getDiagnosticSeverity(diagnostic) < CLANG_SEVERITY_ERROR) continue;
        fputs("X\t", r->out);
        write_quoted(r->out, take(r, r->clang.formatDiagnostic(
                                         diagnostic, r->clang.defaultDiagnosticDisplayOptions())));
        fputc('\n', r->out);
        return;
    }
}

static const char *text_with_values(Reader *r, const char *text) {
    char *whole = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&whole, &size);
    if (!out) return text;
    fprintf(out, "%s\n", text);
    VEC_EACH(Name *, name, &r->macro_names)
    fprintf(out, "const __auto_type %s%s = %s;\nconst long long %s%s = (long long)(%s);\n",
            value_prefix, name->text, name->text, address_prefix, name->text, name->text);
    fclose(out);
    return whole;
}

static bool parse(Reader *r, const char *text, int count, char **words) {
    ClangUnsaved file = {MAIN_FILE, text, strlen(text)};
    ClangIndex index = r->clang.createIndex(0, 0);
    return r->clang.parseTranslationUnit2(index, MAIN_FILE, (const char *const *)words, count,
                                          &file, 1, CLANG_WITH_MACROS | CLANG_WITHOUT_BODIES,
                                          &r->unit) == 0;
}

int cmd_headers(int count, char **words) {
    Reader *r = &(Reader){.out = stdout};
    r->names.arena = r->records.arena = r->macros.arena = &r->arena;
    size_t size = 0;
    const char *text = input_read_standard(&r->arena, &size);
    if (!text) return EXIT_PROGRAM;
    const char *lacking = libclang_open(&r->clang);
    if (lacking) {
        printf(CHELPER_LACKS "%s", lacking);
        return 0; // that is an answer
    }
    if (!parse(r, text, count, words)) return EXIT_BUG;
    write_first_error(r);
    r->clang.getInclusions(r->unit, write_dependency, r);
    r->clang.visitChildren(r->clang.getTranslationUnitCursor(r->unit), visit_declaration, r);
    if (!parse(r, text_with_values(r, text), count, words)) return EXIT_BUG;
    r->clang.visitChildren(r->clang.getTranslationUnitCursor(r->unit), visit_value, r);
    for (uint32_t i = 0; i < r->pending.len; i++) write_record(r, i);
    puts(CHELPER_END);
    bool good = fflush(stdout) == 0;
    arena_free(&r->arena);
    return good ? 0 : EXIT_PROGRAM;
}
