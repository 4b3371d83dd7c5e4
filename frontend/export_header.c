// export_header.c: the C header of the exported functions, for --emit=header.
//
// It tells who owns what, since only there C programmers will look. Each struct is declared once,
// however many headers name it.
#include "frontend.h"

#include "sema.h"

#include <string.h>

typedef struct Header {
    FILE *out;
    Arena *arena;
    PtrMap declared; // CRecord
} Header;

// --- structs -------------------------------------------------------------------------------------

static const char *scalar_text(const CType *type) {
    static const char *const texts[] = {
        [C_BOOL] = "bool",    [C_I8] = "int8_t",  [C_I16] = "int16_t",  [C_I32] = "int32_t",
        [C_I64] = "int64_t",  [C_U8] = "uint8_t", [C_U16] = "uint16_t", [C_U32] = "uint32_t",
        [C_U64] = "uint64_t", [C_F32] = "float",  [C_F64] = "double",
    };
    return type->kind < COUNT_OF(texts) && texts[type->kind] ? texts[type->kind] : "void *";
}

static void declare_struct(Header *h, const CType *type);

// The struct that a field holds, by value or behind a pointer.
static const CRecord *record_of(const CType *type, bool *pointer) {
    *pointer = type->kind == C_POINTER;
    while (type->kind == C_ARRAY) type = type->element;
    if (type->kind == C_POINTER && type->element != NULL) type = type->element;
    return type->kind == C_RECORD ? type->record : NULL;
}

static void write_field(Header *h, const CField *field) {
    const CType *type = field->type;
    bool pointer;
    const CRecord *record = record_of(type, &pointer);
    while (type->kind == C_ARRAY) type = type->element;
    const char *text = type->kind == C_POINTER && type->element != NULL
                           ? arena_printf(h->arena, "%s *", scalar_text(type->element))
                           : scalar_text(type);
    if (record != NULL)
        text = arena_printf(h->arena, "struct %s%s", record->name, pointer ? " *" : "");
    bool touches = text[strlen(text) - 1] == '*';
    fprintf(h->out, "    %s%s%s%s", text, touches ? "" : " ", field->name->text,
            sema_is_word_of_c(field->name) ? "_" : "");
    if (field->type->kind == C_ARRAY)
        fprintf(h->out, "[%llu]", (unsigned long long)field->type->count);
    fputs(";\n", h->out);
}

// Packed or aligned where C would lay it out otherwise.
static void write_attributes(Header *h, const CRecord *record) {
    uint64_t end = 0;
    uint32_t natural = 1;
    bool packed = false;
    for (uint32_t i = 0; i < record->fields.len; i++) {
        const CField *field = &record->fields.items[i];
        uint32_t align = field->type->align;
        packed |= field->offset % align != 0;
        if (align > natural) natural = align;
        end = field->offset + field->type->size;
    }
    packed |= natural > record->align || (record->size == end && end % natural != 0);
    if (packed) fputs(" __attribute__((packed))", h->out);
    if (record->align > (packed ? 1 : natural))
        fprintf(h->out, " __attribute__((aligned(%u)))", record->align);
}

static void declare_struct(Header *h, const CType *type) {
    CRecord *record = type->record;
    if (map_put(&h->declared, record, record) != NULL) return;
    for (uint32_t i = 0; i < record->fields.len; i++) { // those inside it before it
        const CType *inner = record->fields.items[i].type;
        while (inner->kind == C_ARRAY) inner = inner->element;
        if (inner->kind == C_RECORD) declare_struct(h, inner);
    }
    fprintf(h->out, "#ifndef FLAP_STRUCT_%s\n#define FLAP_STRUCT_%s\ntypedef struct %s {\n",
            record->name, record->name, record->name);
    for (uint32_t i = 0; i < record->fields.len; i++) write_field(h, &record->fields.items[i]);
    fputc('}', h->out);
    write_attributes(h, record);
    fprintf(h->out, " %s;\n#endif\n\n", record->name);
}

static void declare_structs(Header *h, const Program *program) {
    VEC_EACH(Export *, export, &program->exports) {
        for (uint32_t i = 0; i < export->params.len; i++)
            if (export->params.items[i].kind == EXPORT_RECORD)
                declare_struct(h, export->params.items[i].type);
        if (export->result.kind == EXPORT_RECORD) declare_struct(h, export->result.type);
    }
}

// --- functions -----------------------------------------------------------------------------------

// `text`, with as many `_` behind it as it needs to be none of the parameters'.
static const char *free_name(Header *h, const Export *export, const char *text) {
    const Function *function = export->symbol->function;
    for (uint32_t i = 0; i < function->param_count; i++) {
        const Name *name = function->params.items[i]->name;
        if (name == NULL || strcmp(name->text, text) != 0) continue;
        text = arena_printf(h->arena, "%s_", text);
        i = UINT32_MAX; // from the beginning
    }
    return text;
}

static const char *param_text(Header *h, const Export *export, uint32_t at) {
    const Name *name = export->symbol->function->params.items[at]->name;
    ExportType type = export->params.items[at];
    const char *text = name ? name->text : "", *tail = name && sema_is_word_of_c(name) ? "_" : "";
    switch (type.kind) {
    case EXPORT_NUMBER: {
        const char *scalar = scalar_text(type.type);
        bool touches = scalar[strlen(scalar) - 1] == '*';
        return arena_printf(h->arena, "%s%s%s%s", scalar, touches ? "" : " ", text, tail);
    }
    case EXPORT_TEXT: return arena_printf(h->arena, "const char *%s%s", text, tail);
    case EXPORT_NUMBERS:
        return arena_printf(h->arena, "const double *%s%s, size_t %s", text, tail,
                            free_name(h, export, arena_printf(h->arena, "%s_length", text)));
    case EXPORT_RECORD:
        return arena_printf(h->arena, "%s *%s%s", type.type->record->name, text, tail);
    }
    UNREACHABLE("C gives a function something");
}

// What the function returns when it cannot fail; `*out`: what it stores behind pointers, or "".
static const char *result_text(Header *h, const Export *export, const char **out) {
    ExportType result = export->result;
    *out = "";
    switch (result.kind) {
    case EXPORT_NUMBER: return scalar_text(result.type);
    case EXPORT_TEXT: return "char *";
    case EXPORT_NUMBERS:
        *out = arena_printf(h->arena, "size_t *%s", free_name(h, export, "result_length"));
        return "double *";
    case EXPORT_RECORD:
        *out = arena_printf(h->arena, "%s *%s", result.type->record->name,
                            free_name(h, export, "result"));
        return "void";
    }
    UNREACHABLE("C gets something from a function");
}

static void write_function(Header *h, const Export *export) {
    const char *out, *returned = result_text(h, export, &out), *comma = "";
    bool touches = returned[strlen(returned) - 1] == '*';
    if (export->may_fail && strcmp(returned, "void") != 0)
        out = arena_printf(h->arena, "%s%s*%s%s%s", returned, touches ? "" : " ",
                           free_name(h, export, "result"), *out ? ", " : "", out);
    if (export->may_fail) returned = "int";
    touches = touches && !export->may_fail;
    fprintf(h->out, "%s%s%s(", returned, touches ? "" : " ", export->symbol->name->text);
    for (uint32_t i = 0; i < export->params.len; i++) {
        fprintf(h->out, "%s%s", comma, param_text(h, export, i));
        comma = ", ";
    }
    if (*out) fprintf(h->out, "%s%s", comma, out);
    fputs(*out || *comma ? ");\n" : "void);\n", h->out);
}

// --- the whole -----------------------------------------------------------------------------------

static void write_rules(Header *h, const Program *program) {
    bool takes = false, gives = false, fails = false;
    VEC_EACH(Export *, export, &program->exports) {
        for (uint32_t i = 0; i < export->params.len; i++)
            takes |= export->params.items[i].kind == EXPORT_TEXT ||
                     export->params.items[i].kind == EXPORT_NUMBERS;
        gives |= export->result.kind == EXPORT_TEXT || export->result.kind == EXPORT_NUMBERS;
        fails |= export->may_fail;
    }
    if (takes)
        fputs(
            "// Texts (UTF-8) and lists that a function takes stay the caller's: they are copied.\n"
            "// NULL is an empty one.\n",
            h->out);
    if (gives)
        fputs("// Texts and lists that a function gives are the caller's, who frees them with "
              "free().\n",
              h->out);
    if (fails)
        fputs("// Functions that give a status may fail: 0 is success; 1 is an error, of which "
              "flap_error()\n"
              "// has the message, and nothing is stored.\n",
              h->out);
}

void frontend_dump_header(Compilation *c, const Source *source, FILE *out) {
    Header header = {.out = out, .arena = &c->unit, .declared = {.arena = &c->unit}};
    const char *slash = strrchr(source->path, '/'), *name = slash ? slash + 1 : source->path;
    bool fails = false;
    fprintf(out,
            "// The exported functions of %s. Link with its object (flapc -c) and libflap.\n"
            "// They may be called from any thread; one at a time runs.\n",
            name);
    write_rules(&header, c->program);
    fputs("#pragma once\n\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n"
          "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
          out);
    declare_structs(&header, c->program);
    VEC_EACH(Export *, export, &c->program->exports) {
        if (export->symbol->function == NULL) continue;
        write_function(&header, export);
        fails |= export->may_fail;
    }
    if (fails)
        fputs("\n// The message of the calling thread's latest error; valid until its next one.\n"
              "const char *flap_error(void);\n",
              out);
    fputs("\n#ifdef __cplusplus\n}\n#endif\n", out);
}
