// diag.h: errors and warnings as data, printed as text (compiler.md 3), JSON or SARIF by one engine.
//
// Every message is a row of diag.def with a stable code. A node that failed is poisoned
// (NODE_POISON, or a null symbol), so that one mistake is told once.
#ifndef FLAP_DIAG_H
#define FLAP_DIAG_H

#include "source.h"
#include <stdio.h>

typedef struct Compilation Compilation;

typedef enum DiagCode {
#define DIAG(code, severity, message, explanation) DIAG_##code,
#include "diag.def"
#undef DIAG
    DIAG_COUNT
} DiagCode;

typedef enum DiagSeverity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_REMARK } DiagSeverity;

typedef struct DiagNote {
    Span span;        // {0,0}: a note without a place
    const char *text; // for a span: the words beside its underline
} DiagNote;

typedef struct Diag {
    DiagCode code;
    DiagSeverity severity;
    Span span;
    const char *message;
    const char *label; // the words after the caret line, or null
    VEC(DiagNote) notes;
    VEC(const char *) helps;
} Diag;

typedef VEC(Diag *) DiagVec;

typedef enum DiagFormat { DIAG_TEXT, DIAG_JSON, DIAG_SARIF } DiagFormat;

// Records a diagnostic; the arguments fill the message's printf conversions. The result is never null
// and takes notes. After 100 errors further ones are counted but not kept.
Diag *diag_report(Compilation *c, DiagCode code, Span span, ...);
// Records what another compilation recorded, without its notes.
void diag_repeat(Compilation *c, const Diag *from);
void diag_label(Compilation *c, Diag *diag, const char *format, ...) PRINTF_LIKE(3, 4);
void diag_note(Compilation *c, Diag *diag, Span span, const char *format, ...) PRINTF_LIKE(4, 5);
void diag_help(Compilation *c, Diag *diag, const char *format, ...) PRINTF_LIKE(3, 4);

// "E0304" or "W0102" for a row; its explanation for `flapc explain`.
const char *diag_name(DiagCode code);
const char *diag_explanation(DiagCode code);
// The row called `name`, or DIAG_COUNT.
DiagCode diag_find(const char *name);

// Writes everything that was collected, in order of place.
void diag_print(Compilation *c, FILE *out, DiagFormat format, bool color);

#endif
