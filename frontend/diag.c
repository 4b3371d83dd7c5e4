// diag.c: collecting diagnostics. Printing them is diag_print.c.
//
// Only a bounded number is kept, so that a file of garbage costs no more than a file; what is not
// kept is counted, and callers get a Diag that takes notes and forgets them.
#include "diag.h"

#include "frontend.h"

#include <stdarg.h>
#include <string.h>

enum { ERRORS_KEPT = 100, WARNINGS_KEPT = 1000, MESSAGE_MOST = 2000 };

typedef struct DiagRow {
    const char *name;
    DiagSeverity severity;
    const char *message, *explanation;
} DiagRow;

static const DiagRow rows[DIAG_COUNT] = {
#define DIAG(code, severity, message, explanation)                                                 \
    [DIAG_##code] = {#code, severity, message, explanation},
#include "diag.def"
#undef DIAG
};

const char *diag_name(DiagCode code) {
    CHECK(code < DIAG_COUNT, "a diagnostic from diag.def");
    return rows[code].name;
}

const char *diag_explanation(DiagCode code) {
    CHECK(code < DIAG_COUNT, "a diagnostic from diag.def");
    return rows[code].explanation;
}

DiagCode diag_find(const char *name) {
    for (int code = 0; code < DIAG_COUNT; code++) {
        if (strcmp(rows[code].name, name) == 0) return (DiagCode)code;
    }
    return DIAG_COUNT;
}

// A formatted text in the arena, cut between code points when it is very long.
static const char *format_text(Arena *arena, const char *format, va_list args) {
    char text[MESSAGE_MOST + 8];
    int length = vsnprintf(text, MESSAGE_MOST, format, args);
    CHECK(length >= 0, "a message whose format vsnprintf takes");
    size_t kept = strlen(text);
    if ((size_t)length > kept) {
        while (kept && ((unsigned char)text[kept] & 0xC0) == 0x80) kept--;
        strcpy(text + kept, "…");
        kept = strlen(text);
    }
    return arena_copy(arena, text, kept);
}

// Whether one more of this severity is kept; counts it.
static bool count(Compilation *c, DiagSeverity severity) {
    switch (severity) {
    case SEVERITY_ERROR: return c->errors++ < ERRORS_KEPT;
    case SEVERITY_WARNING: return !c->quiet && c->warnings++ < WARNINGS_KEPT;
    case SEVERITY_REMARK: return (c->remarks || c->verbose) && !c->quiet;
    }
    return false;
}

// The message is still to be given if it *is_kept.
static Diag *record(Compilation *c, DiagCode code, Span span, bool *is_kept) {
    DiagSeverity severity = rows[code].severity;
    if (severity == SEVERITY_WARNING && c->warnings_are_errors) severity = SEVERITY_ERROR;
    *is_kept = count(c, severity);
    Diag *diag = *is_kept || !c->forgotten ? ARENA_NEW(&c->unit, Diag) : c->forgotten;
    if (!*is_kept) {
        c->forgotten = diag; // one for all; without a message nothing is added to it
        return diag;
    }
    diag->code = code;
    diag->severity = severity;
    diag->span = span;
    vec_push(&c->unit, &c->diags, diag);
    return diag;
}

Diag *diag_report(Compilation *c, DiagCode code, Span span, ...) {
    bool is_kept;
    Diag *diag = record(c, code, span, &is_kept);
    if (!is_kept) return diag;
    va_list args;
    va_start(args, span);
    diag->message = format_text(&c->unit, rows[code].message, args);
    va_end(args);
    return diag;
}

void diag_repeat(Compilation *c, const Diag *from) {
    bool is_kept;
    Diag *diag = record(c, from->code, from->span, &is_kept);
    if (is_kept) diag->message = arena_copy(&c->unit, from->message, strlen(from->message));
}

void diag_label(Compilation *c, Diag *diag, const char *format, ...) {
    if (!diag->message) return;
    va_list args;
    va_start(args, format);
    diag->label = format_text(&c->unit, format, args);
    va_end(args);
}

void diag_note(Compilation *c, Diag *diag, Span span, const char *format, ...) {
    if (!diag->message) return;
    va_list args;
    va_start(args, format);
    DiagNote note = {span, format_text(&c->unit, format, args)};
    va_end(args);
    vec_push(&c->unit, &diag->notes, note);
}

void diag_help(Compilation *c, Diag *diag, const char *format, ...) {
    if (!diag->message) return;
    va_list args;
    va_start(args, format);
    const char *help = format_text(&c->unit, format, args);
    va_end(args);
    vec_push(&c->unit, &diag->helps, help);
}
