// infer_export.c: the types that C calls exported functions with, and whether C can get what they give.
#include "infer_internal.h"

static Type type_from_c(Infer *infer, ExportType type) {
    switch (type.kind) {
    case EXPORT_NUMBER: return infer_c_value(type.type);
    case EXPORT_TEXT: return type_of_kind(KIND_STRING);
    case EXPORT_NUMBERS: return type_list(infer->arena, type_number());
    case EXPORT_RECORD: return type_number(); // its address
    }
    UNREACHABLE("C gives a function something");
}

void infer_exports(Infer *infer, Program *program) {
    Walk w = {.infer = infer, .instance = infer->instances.items[0], .stale = INFER_FRESH};
    if (program->parallel) w.par_depth++; // C may call them in a body that calls it
    VEC_EACH(Export *, export, &program->exports) {
        Function *function = export->symbol->function;
        if (function == NULL) continue;
        Type *types = ARENA_ARRAY(infer->arena, Type, function->param_count + 1);
        for (uint32_t i = 0; i < function->param_count; i++)
            types[i] = type_from_c(infer, export->params.items[i]);
        export->instance = &infer_instance(&w, function, types)->shared;
    }
}

// Kinds that can become what the note says.
static uint8_t kinds_for(ExportType type) {
    switch (type.kind) {
    case EXPORT_NUMBER: return KIND_NUMBER;
    case EXPORT_TEXT: return KIND_STRING;
    case EXPORT_NUMBERS: return KIND_LIST;
    case EXPORT_RECORD: return KIND_NUMBER | KIND_LIST | KIND_MAP;
    }
    UNREACHABLE("C gets something from a function");
}

// What C gets from a function without a note. False: C has no type for that.
static bool choose_result(Type type, ExportType *result) {
    if (type.kinds == KIND_STRING)
        result->kind = EXPORT_TEXT;
    else if (type.kinds == KIND_LIST && (type_element(type).kinds & ~KIND_NUMBER) == 0)
        result->kind = EXPORT_NUMBERS;
    return type.kinds == 0 || type.kinds == KIND_NUMBER || result->kind != EXPORT_NUMBER;
}

void infer_check_exports(Infer *infer, const Program *program) {
    VEC_EACH(Export *, export, &program->exports) {
        if (export->instance == NULL) continue;
        Type type = export->instance->result;
        const Symbol *symbol = export->symbol;
        export->may_fail = type_may(type, KIND_ERROR);
        type.kinds &= (uint8_t)~KIND_ERROR;
        bool good = export->noted ? type.kinds == 0 || type_may(type, kinds_for(export->result))
                                  : choose_result(type, &export->result);
        if (good) continue;
        Diag *diag = diag_report(
            infer->c, DIAG_E0819, symbol->span, symbol->name->text, type_text(infer->arena, type),
            export->noted ? "which its note does not say" : "for which C has no type of its own");
        if (!export->noted)
            diag_help(infer->c, diag,
                      "say what C gets, as in `export %s: T = …`: a number's type, "
                      "string, list or a cstruct",
                      symbol->name->text);
    }
}
