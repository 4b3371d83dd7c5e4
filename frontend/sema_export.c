// sema_export.c: `export f = …`: what C gives an exported function and gets from it, as type notes say;
// without a note, numbers. What such a function gives otherwise, its type tells later
// (infer_export.c).
#include "sema_internal.h"

#include "parser.h"

#include <string.h>

// --- names ---------------------------------------------------------------------------------------

bool sema_is_word_of_c(const Name *name) {
    static const char *const words[] = {
        "alignas",       "alignof",  "and",      "asm",      "auto",      "bool",      "break",
        "case",          "catch",    "char",     "class",    "const",     "constexpr", "continue",
        "default",       "delete",   "do",       "double",   "else",      "enum",      "explicit",
        "extern",        "false",    "float",    "for",      "friend",    "goto",      "if",
        "inline",        "int",      "long",     "mutable",  "namespace", "new",       "not",
        "nullptr",       "operator", "or",       "private",  "protected", "public",    "register",
        "restrict",      "return",   "short",    "signed",   "sizeof",    "static",    "struct",
        "static_assert", "switch",   "template", "this",     "throw",     "true",      "try",
        "typedef",       "typeof",   "union",    "unsigned", "using",     "virtual",   "void",
        "volatile",      "while",    "xor",
    };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(name->text, words[i]) == 0) return true;
    return false;
}

static void check_name(Sema *s, const Symbol *symbol) {
    const char *text = symbol->name->text;
    const char *why = sema_is_word_of_c(symbol->name) ? "is a word of C or C++"
                      : strcmp(text, "main") == 0     ? "is where a C program begins"
                      : strncmp(text, "rt_", 3) == 0 || strncmp(text, "rti_", 4) == 0 ||
                              strncmp(text, "flap_", 5) == 0
                          ? "may be a function of Flap's runtime"
                          : NULL;
    if (why != NULL) diag_report(s->c, DIAG_E0820, symbol->span, text, why);
}

// --- notes ---------------------------------------------------------------------------------------

// The type that a note names; doubles after a report.
static ExportType noted_type(Sema *s, Name *note, Span span) {
    ExportType type = {EXPORT_NUMBER, ctype_scalar(C_F64)};
    bool known;
    CastKind cast = parse_type_kind(note, &known);
    if (strcmp(note->text, "bool") == 0) {
        type.type = ctype_scalar(C_BOOL);
    } else if (known && (cast == CAST_STRING || cast == CAST_CSTR)) {
        type.kind = EXPORT_TEXT;
    } else if (known && cast == CAST_LIST) {
        type.kind = EXPORT_NUMBERS;
    } else {
        const CType *named = sema_named_type(s, note, true, span);
        if (named == NULL) return type;
        type.type = named;
        if (named->kind == C_RECORD) type.kind = EXPORT_RECORD;
    }
    return type;
}

void sema_export(Sema *s, Node *node, Symbol *symbol) {
    DefineNode *define = node->define;
    symbol->used = true;
    if (s->function->parent != NULL || s->loops.len > 0 || define->is_mutable) {
        diag_report(s->c, DIAG_E0818, node->span);
        return;
    }
    check_name(s, symbol);
    Export *export = ARENA_NEW(s->arena, Export);
    export->symbol = symbol;
    export->noted = define->note != NULL;
    export->result = (ExportType){EXPORT_NUMBER, ctype_scalar(C_F64)};
    if (define->note != NULL) export->result = noted_type(s, define->note, symbol->span);
    Clause *first = &define->value->lambda.clauses.items[0];
    for (uint32_t i = 0; i < first->params.len; i++) {
        Pattern *pattern = &first->params.items[i];
        ExportType type = {EXPORT_NUMBER, ctype_scalar(C_F64)};
        if (pattern->note != NULL) type = noted_type(s, pattern->note, pattern->span);
        if (type.kind == EXPORT_RECORD) pattern->pointee = type.type;
        vec_push(s->arena, &export->params, type);
    }
    vec_push(s->arena, &s->program->exports, export);
}
