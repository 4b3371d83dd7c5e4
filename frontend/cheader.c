// cheader.c: reads the lines that describe C declarations.
//
// A line begins with a letter and a tab (tools/cmd_headers.c writes them); a type is a word of
// letters, each of which says how much belongs to it. A line that does not read is a bug of the
// helper, not of the header: it is treated like a name that is not there.
#include "cheader.h"

#include "scope.h"

#include <stdlib.h>
#include <string.h>

// --- types ---------------------------------------------------------------------------------------

static const CType scalars[] = {
    [C_VOID] = {C_VOID, false, 1, 0, 0, NULL, NULL, NULL},
    [C_BOOL] = {C_BOOL, false, 1, 1, 0, NULL, NULL, NULL},
    [C_I8] = {C_I8, false, 1, 1, 0, NULL, NULL, NULL},
    [C_I16] = {C_I16, false, 2, 2, 0, NULL, NULL, NULL},
    [C_I32] = {C_I32, false, 4, 4, 0, NULL, NULL, NULL},
    [C_I64] = {C_I64, false, 8, 8, 0, NULL, NULL, NULL},
    [C_U8] = {C_U8, false, 1, 1, 0, NULL, NULL, NULL},
    [C_U16] = {C_U16, false, 2, 2, 0, NULL, NULL, NULL},
    [C_U32] = {C_U32, false, 4, 4, 0, NULL, NULL, NULL},
    [C_U64] = {C_U64, false, 8, 8, 0, NULL, NULL, NULL},
    [C_F32] = {C_F32, false, 4, 4, 0, NULL, NULL, NULL},
    [C_F64] = {C_F64, false, 8, 8, 0, NULL, NULL, NULL},
    [C_LONG_DOUBLE] = {C_LONG_DOUBLE, false, 16, 16, 0, NULL, NULL, NULL},
    [C_POINTER] = {C_POINTER, false, 8, 8, 0, NULL, NULL, NULL},
};

const CType *ctype_scalar(CKind kind) {
    CHECK(kind < COUNT_OF(scalars), "a scalar type");
    return &scalars[kind];
}

static CType *new_type(Arena *arena, CKind kind, uint64_t size, uint32_t align) {
    CType *type = ARENA_NEW(arena, CType);
    type->kind = (uint8_t)kind;
    type->size = size;
    type->align = align;
    return type;
}

const CType *ctype_pointer(Arena *arena, const CType *element) {
    CType *type = new_type(arena, C_POINTER, 8, 8);
    type->element = element;
    return type;
}

const CType *ctype_array(Arena *arena, const CType *element, uint64_t count) {
    CType *type = new_type(arena, C_ARRAY, element->size * count, element->align);
    type->element = element;
    type->count = count;
    return type;
}

const CType *ctype_record(Arena *arena, CRecord *record) {
    CType *type = new_type(arena, C_RECORD, record->size, record->align);
    type->record = record;
    return type;
}

bool ctype_same(const CType *a, const CType *b) {
    if (a == b) return true;
    if (a == NULL || b == NULL || a->kind != b->kind || a->size != b->size) return false;
    if (a->kind != C_RECORD) return ctype_same(a->element, b->element);
    return strcmp(a->record->name, b->record->name) == 0 &&
           a->record->fields.len == b->record->fields.len;
}

const char *ctype_text(Arena *arena, const CType *type) {
    static const char *const texts[] = {
        [C_VOID] = "void",
        [C_BOOL] = "bool",
        [C_I8] = "char",
        [C_I16] = "short",
        [C_I32] = "int",
        [C_I64] = "long",
        [C_U8] = "unsigned char",
        [C_U16] = "unsigned short",
        [C_U32] = "unsigned int",
        [C_U64] = "unsigned long",
        [C_F32] = "float",
        [C_F64] = "double",
        [C_LONG_DOUBLE] = "long double",
        [C_FUNCTION] = "a pointer to a function",
        [C_OTHER] = "a type that Flap does not know",
    };
    switch ((CKind)type->kind) {
    case C_POINTER:
        return arena_printf(arena, "%s%s *", type->is_const ? "const " : "",
                            type->element ? ctype_text(arena, type->element) : "void");
    case C_RECORD: return type->record->name;
    case C_ARRAY:
        return arena_printf(arena, "%s[%llu]", ctype_text(arena, type->element),
                            (unsigned long long)type->count);
    case C_VOID:
    case C_BOOL:
    case C_I8:
    case C_I16:
    case C_I32:
    case C_I64:
    case C_U8:
    case C_U16:
    case C_U32:
    case C_U64:
    case C_F32:
    case C_F64:
    case C_LONG_DOUBLE:
    case C_FUNCTION:
    case C_OTHER: return texts[type->kind];
    }
    UNREACHABLE("a C type has a kind");
}

const CType *ctype_of_cast(CastKind to) {
    switch (to) {
    case CAST_I8: return ctype_scalar(C_I8);
    case CAST_I16: return ctype_scalar(C_I16);
    case CAST_I32: return ctype_scalar(C_I32);
    case CAST_I64: return ctype_scalar(C_I64);
    case CAST_U8: return ctype_scalar(C_U8);
    case CAST_U16: return ctype_scalar(C_U16);
    case CAST_U32: return ctype_scalar(C_U32);
    case CAST_U64: return ctype_scalar(C_U64);
    case CAST_F32: return ctype_scalar(C_F32);
    case CAST_F64: return ctype_scalar(C_F64);
    case CAST_CSTR:
    case CAST_PTR: return ctype_scalar(C_POINTER);
    case CAST_STRING:
    case CAST_LIST:
    case CAST_STRUCT: return NULL;
    }
    UNREACHABLE("a cast names a type");
}

bool ctype_is_numbers(const CType *type) {
    const CType *element = type->element;
    return type->kind == C_POINTER && (element == NULL || ctype_is_integer(element) ||
                                       ctype_is_float(element) || ctype_is_address(element) ||
                                       element->kind == C_LONG_DOUBLE);
}

bool ctype_is_text(const CType *type) {
    return type->kind == C_POINTER && (type->element == NULL || type->element->kind == C_VOID ||
                                       type->element->kind == C_I8 || type->element->kind == C_U8);
}

// --- the text of a type --------------------------------------------------------------------------

typedef struct Reader {
    CLibrary *library;
    const char *at;
} Reader;

static const CType *read_type(Reader *r);

static uint64_t read_count(Reader *r) {
    char *end;
    uint64_t count = strtoull(r->at, &end, 10);
    r->at = *end == '.' ? end + 1 : end;
    return count;
}

// '(' result parameters ['.'] ')'
// A parameter that is a union of pointers takes an address of any type: in GNU C they are "transparent"
// (bind() has one), and every calling convention here passes such a union as it passes a pointer.
static const CType *param_type(Arena *arena, const CType *type) {
    if (type->kind != C_RECORD || !type->record->is_union || type->record->fields.len == 0)
        return type;
    VEC_EACH(CField, field, &type->record->fields)
    if (field.type->kind != C_POINTER && field.type->kind != C_FUNCTION) return type;
    return new_type(arena, C_POINTER, 8, 8);
}

static const CPrototype *read_prototype(Reader *r) {
    CPrototype *prototype = ARENA_NEW(r->library->arena, CPrototype);
    if (*r->at == '(') r->at++;
    prototype->result = read_type(r);
    while (*r->at != '\0' && *r->at != ')' && *r->at != '.' && *r->at != '\t')
        vec_push(r->library->arena, &prototype->params,
                 param_type(r->library->arena, read_type(r)));
    if (*r->at == '.') {
        prototype->variadic = true;
        r->at++;
    }
    if (*r->at == ')') r->at++;
    return prototype;
}

static const CType *read_pointer(Reader *r, bool is_const) {
    CType *type = new_type(r->library->arena, C_POINTER, 8, 8);
    const CType *element = read_type(r);
    type->element = element->kind == C_VOID ? NULL : element;
    type->is_const = is_const;
    return type;
}

static const CType *record_type(CLibrary *library, uint64_t number);

static const CType *read_type(Reader *r) {
    static const char letters[] = {
        [C_VOID] = 'v', [C_BOOL] = 'b', [C_I8] = 'c',  [C_I16] = 's', [C_I32] = 'i', [C_I64] = 'l',
        [C_U8] = 'C',   [C_U16] = 'S',  [C_U32] = 'I', [C_U64] = 'L', [C_F32] = 'f', [C_F64] = 'd',
        [C_LONG_DOUBLE] = 'D'};
    Arena *arena = r->library->arena;
    char letter = *r->at;
    if (letter == '\0') return &scalars[C_VOID];
    r->at++;
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        if (letters[i] == letter) return &scalars[i];
    if (letter == '*' || letter == '&') return read_pointer(r, letter == '&');
    if (letter == 'R') return record_type(r->library, read_count(r));
    if (letter == 'A') {
        uint64_t count = read_count(r);
        return ctype_array(arena, read_type(r), count);
    }
    if (letter == 'F') {
        CType *type = new_type(arena, C_FUNCTION, 8, 8);
        type->prototype = read_prototype(r);
        return type;
    }
    return new_type(arena, C_OTHER, letter == '?' ? read_count(r) : 0, 16);
}

// --- records: number, size, alignment, s or u, name, fields ---------------------------------------

// The text up to the next tab, which `*at` is moved behind.
static const char *next_word(Arena *arena, const char **at) {
    size_t len = strcspn(*at, "\t");
    const char *word = arena_copy(arena, *at, len);
    *at += len;
    if (**at == '\t') ++*at;
    return word;
}

// name:offset in bits:width:type
static void read_field(CLibrary *library, CRecord *record, const char *text) {
    CField field = {0};
    size_t len = strcspn(text, ":");
    char *end;
    if (text[len] == '\0') return;
    field.name = intern(library->names, text, len);
    uint64_t bits = strtoull(text + len + 1, &end, 10);
    field.offset = bits / 8;
    field.width = *end == ':' ? (uint8_t)strtoul(end + 1, &end, 10) : 0;
    if (field.width) field.bit = (uint8_t)(bits % 8);
    Reader reader = {library, *end == ':' ? end + 1 : end};
    field.type = read_type(&reader);
    vec_push(library->arena, &record->fields, field);
}

static const CType *record_type(CLibrary *library, uint64_t number) {
    if (number >= library->record_lines.len) return &scalars[C_VOID];
    if (library->records.items[number]) return library->records.items[number];
    const char *at = library->record_lines.items[number];
    CRecord *record = ARENA_NEW(library->arena, CRecord);
    record->size = strtoull(next_word(library->arena, &at), NULL, 10);
    record->align = (uint32_t)strtoul(next_word(library->arena, &at), NULL, 10);
    record->is_union = *next_word(library->arena, &at) == 'u';
    record->name = next_word(library->arena, &at);
    CType *type = new_type(library->arena, C_RECORD, record->size, record->align);
    type->record = record;
    library->records.items[number] = type; // before its fields, which may point to it
    while (*at) read_field(library, record, next_word(library->arena, &at));
    return type;
}

// --- lines ---------------------------------------------------------------------------------------

static void note_record(CLibrary *library, char *at) {
    char *end;
    unsigned long number = strtoul(at, &end, 10);
    if (*end != '\t' || number != library->record_lines.len) return;
    vec_push(library->arena, &library->record_lines, end + 1);
    vec_push(library->arena, &library->records, NULL);
}

static char decode_hex(const char *two) {
    char digits[3] = {two[0], two[1], '\0'};
    return (char)strtol(digits, NULL, 16);
}

static const char *unquote(Arena *arena, const char *text) {
    char *copy = arena_alloc(arena, strlen(text) + 1), *out = copy;
    for (; *text; text++) {
        if (*text == '\\' && text[1] && text[2]) {
            *out++ = decode_hex(text + 1);
            text += 2;
        } else {
            *out++ = *text;
        }
    }
    return copy;
}

void cheader_index(CLibrary *library, char *text) {
    library->lines.arena = library->decls.arena = library->tags.arena = library->arena;
    for (char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        char *next = line[len] ? line + len + 1 : line + len;
        line[len] = '\0';
        if (len > 2 && line[1] == '\t') {
            char *at = line + 2;
            Name *name = intern(library->names, at, strcspn(at, "\t"));
            if (line[0] == 'R')
                note_record(library, at);
            else if (line[0] == 'X')
                library->first_error = unquote(library->arena, at);
            else if (line[0] == 'S')
                map_put(&library->tags, name, line);
            else if ((line[0] == 'F' || line[0] == 'V') && library->listed &&
                     !map_get(&library->lines, name))
                (void)name; // hidden in the object
            else if (line[0] != 'D')
                map_put(&library->lines, name, line);
        }
        line = next;
    }
}

static const char *behind_name(const char *line) {
    line += 2;
    line += strcspn(line, "\t");
    return *line ? line + 1 : line;
}

static void read_constant(Arena *arena, CDecl *decl, const char *at) {
    const char *value = *at && at[1] ? at + 2 : at;
    if (*at == 's') {
        decl->kind = C_DECL_TEXT;
        decl->text = unquote(arena, value);
    } else {
        decl->kind = C_DECL_NUMBER;
        decl->number = *at == 'd'      ? strtod(value, NULL)
                       : *value == '-' ? (double)strtoll(value, NULL, 10)
                                       : (double)strtoull(value, NULL, 10);
    }
}

static bool all_numbers(const CPrototype *prototype) {
    if (!ctype_is_float(prototype->result) || prototype->variadic) return false;
    for (uint32_t i = 0; i < prototype->params.len; i++) {
        const CType *param = prototype->params.items[i];
        if (!ctype_is_float(param) && !ctype_is_integer(param)) return false;
    }
    return true;
}

static const CDecl *find_deep(CLibrary *library, const Name *name, int depth);

static const CDecl *read_decl(CLibrary *library, const Name *name, const char *line, int depth) {
    CDecl *decl = ARENA_NEW(library->arena, CDecl);
    const char *at = behind_name(line);
    Reader reader = {library, at};
    decl->name = decl->symbol = name->text;
    switch (line[0]) {
    case 'F':
        decl->kind = C_DECL_FUNCTION;
        decl->symbol = next_word(library->arena, &reader.at);
        decl->prototype = read_prototype(&reader);
        decl->text = *reader.at == '\t' ? reader.at + 1 : reader.at;
        decl->pure = strcmp(library->name->text, "m") == 0 && all_numbers(decl->prototype);
        return decl;
    case 'V':
        decl->kind = C_DECL_VARIABLE;
        decl->type = read_type(&reader);
        return decl;
    case 'T':
        decl->kind = C_DECL_TYPE;
        decl->type = read_type(&reader);
        return decl;
    case 'K': read_constant(library->arena, decl, at); return decl;
    case 'U': {
        CPrototype *unknown = ARENA_NEW(library->arena, CPrototype);
        unknown->result = ctype_scalar(C_I64);
        unknown->variadic = unknown->untyped = true;
        decl->kind = C_DECL_FUNCTION;
        decl->prototype = unknown;
        decl->text = arena_printf(library->arena, "long %s(...)", name->text);
        return decl;
    }
    case 'W':
        decl->kind = C_DECL_VARIABLE;
        decl->type = ctype_scalar(C_I64);
        return decl;
    case 'I': decl->kind = C_DECL_INLINE; return decl;
    case 'M': decl->kind = C_DECL_MACRO; return decl;
    case 'A':
        if (depth > 8) return NULL;
        return find_deep(library, intern_c(library->names, at), depth + 1);
    }
    return NULL;
}

static const CDecl *find_deep(CLibrary *library, const Name *name, int depth) {
    const CDecl *decl = map_get(&library->decls, name);
    if (decl) return decl;
    const char *line = map_get(&library->lines, name);
    if (!line) return NULL;
    decl = read_decl(library, name, line, depth);
    if (decl) map_put(&library->decls, name, (void *)(uintptr_t)decl);
    return decl;
}

const CDecl *cheader_find(CLibrary *library, const Name *name) {
    return find_deep(library, name, 0);
}

const CType *cheader_type(CLibrary *library, const Name *name) {
    const CDecl *decl = cheader_find(library, name);
    if (decl && decl->kind == C_DECL_TYPE) return decl->type;
    const char *line = map_get(&library->tags, name);
    return line ? record_type(library, strtoull(behind_name(line), NULL, 10)) : NULL;
}

const Name *cheader_nearest(const CLibrary *library, const Name *name) {
    const Name *nearest = NULL;
    uint32_t least = name->len / 3 + 1;
    if (least > 4) least = 4;
    for (uint32_t i = 0; i < library->lines.capacity; i++) {
        const Name *other = library->lines.slots[i].key;
        if (!other) continue;
        uint32_t distance = name_edits(name, other, least);
        if (distance > least ||
            (distance == least && nearest && strcmp(nearest->text, other->text) < 0))
            continue;
        least = distance;
        nearest = other;
    }
    return nearest;
}
