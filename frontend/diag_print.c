// diag_print.c: collected diagnostics as text (compiler.md 3), JSON, or SARIF 2.1.0.
//
// Text is laid out by display columns: a tab stays a tab, a wide character has two columns, a
// combining one none. Long lines are cut around the place that matters, so that a program on one
// line of 100 MB prints like any other. Columns in `path:line:column` count bytes from 1;
// JSON has code points beside them, and SARIF only those.
#include "diag.h"
#include "frontend.h"
#include "literal.h"

#include <string.h>

typedef struct Printer {
    Compilation *c;
    FILE *out;
    bool color;
} Printer;

static const char *severity_text(DiagSeverity severity) {
    switch (severity) {
    case SEVERITY_ERROR: return "error";
    case SEVERITY_WARNING: return "warning";
    case SEVERITY_REMARK: return "remark";
    }
    return "error";
}

// --- order ---------------------------------------------------------------------------------------

// Stable by place: a merge of sorted runs, since qsort promises no order for equals.
static void sort_diags(Arena *arena, Diag **items, uint32_t len) {
    Diag **other = ARENA_ARRAY(arena, Diag *, len);
    for (uint32_t width = 1; width < len; width *= 2) {
        for (uint32_t low = 0; low < len; low += 2 * width) {
            uint32_t middle = low + width < len ? low + width : len;
            uint32_t high = low + 2 * width < len ? low + 2 * width : len, a = low, b = middle;
            for (uint32_t at = low; at < high; at++) {
                bool first =
                    a < middle && (b >= high || items[a]->span.begin <= items[b]->span.begin);
                other[at] = first ? items[a++] : items[b++];
            }
        }
        memcpy(items, other, sizeof(Diag *) * len);
    }
}

// --- text ----------------------------------------------------------------------------------------

static void paint(const Printer *p, const char *code) {
    if (p->color) fprintf(p->out, "\033[%sm", code);
}

static const char *severity_paint(DiagSeverity severity) {
    switch (severity) {
    case SEVERITY_ERROR: return "1;31";
    case SEVERITY_WARNING: return "1;35";
    case SEVERITY_REMARK: return "1;36";
    }
    return "0";
}

typedef struct Range {
    uint32_t low, high;
} Range;

static bool in_ranges(const Range *ranges, size_t count, uint32_t code) {
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].low && code <= ranges[i].high) return true;
    }
    return false;
}

static int display_width(uint32_t code) {
    static const Range none[] = {
        {0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}};
    static const Range wide[] = {
        {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xAC00, 0xD7A3},
        {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
        {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD},
    };
    if (code < 0x300) return 1;
    if (in_ranges(none, COUNT_OF(none), code)) return 0;
    return in_ranges(wide, COUNT_OF(wide), code) ? 2 : 1;
}

static uint32_t decode_point(const char *p, uint32_t width) {
    const unsigned char *s = (const unsigned char *)p;
    switch (width) {
    case 1: return s[0];
    case 2: return (s[0] & 0x1Fu) << 6 | (s[1] & 0x3Fu);
    case 3: return (s[0] & 0x0Fu) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
    default:
        return (s[0] & 0x07u) << 18 | (s[1] & 0x3Fu) << 12 | (s[2] & 0x3Fu) << 6 | (s[3] & 0x3Fu);
    }
}

// One character of a source line: its bytes, its columns, and whether it is shown as it is.
typedef struct Glyph {
    uint32_t bytes;
    int columns;
    bool plain;
} Glyph;

static Glyph glyph_at(const char *p, const char *end) {
    uint32_t width = utf8_length(p, end);
    if (width == 0) return (Glyph){1, 1, false};
    uint32_t code = decode_point(p, width);
    if ((code < ' ' && code != '\t') || code == 0x7F || (code >= 0x80 && code < 0xA0)) {
        return (Glyph){width, 1, false};
    }
    return (Glyph){width, display_width(code), true};
}

// The part of a line that is shown: all of it, unless it is very long.
typedef struct View {
    const char *line;
    uint32_t begin, end; // bytes of the line
    uint32_t length;
} View;

enum { LINE_MOST = 240, LINE_BEFORE = 80 };

static View view_of(const char *line, size_t length, uint32_t focus) {
    View view = {line, 0, (uint32_t)length, (uint32_t)length};
    if (length <= LINE_MOST) return view;
    if (focus > LINE_BEFORE) view.begin = focus - LINE_BEFORE;
    if (view.begin > length - LINE_MOST / 2) view.begin = (uint32_t)length - LINE_MOST / 2;
    while (view.begin && ((unsigned char)line[view.begin] & 0xC0) == 0x80) view.begin--;
    view.end = view.begin + LINE_MOST < length ? view.begin + LINE_MOST : (uint32_t)length;
    while (view.end < length && ((unsigned char)line[view.end] & 0xC0) == 0x80) view.end++;
    return view;
}

static void print_line(const Printer *p, const View *view) {
    if (view->begin) fputs("…", p->out);
    for (uint32_t at = view->begin; at < view->end;) {
        Glyph glyph = glyph_at(view->line + at, view->line + view->length);
        if (glyph.plain) {
            fwrite(view->line + at, 1, glyph.bytes, p->out);
        } else {
            fputs("\xEF\xBF\xBD", p->out);
        }
        at += glyph.bytes;
    }
    if (view->end < view->length) fputs("…", p->out);
    fputc('\n', p->out);
}

// Blanks up to `from` (tabs stay tabs), then `sign` up to `to`, at least one.
static void print_underline(const Printer *p, const View *view, uint32_t from, uint32_t to,
                            char sign) {
    uint32_t at = view->begin;
    if (view->begin) fputc(' ', p->out);
    while (at < from && at < view->end) {
        Glyph glyph = glyph_at(view->line + at, view->line + view->length);
        for (int i = 0; i < glyph.columns; i++) fputc(view->line[at] == '\t' ? '\t' : ' ', p->out);
        at += glyph.bytes;
    }
    int columns = 0;
    while (at < to && at < view->end) {
        Glyph glyph = glyph_at(view->line + at, view->line + view->length);
        columns += glyph.columns;
        at += glyph.bytes;
    }
    for (int i = 0; i < (columns ? columns : 1); i++) fputc(sign, p->out);
}

// An underline with its words, in one line of one file.
typedef struct Mark {
    Place place;
    uint32_t length; // bytes, not beyond the line
    const char *words;
    bool primary;
} Mark;

static Mark mark_of(Compilation *c, Span span, const char *words, bool primary) {
    Mark mark = {source_place(&c->unit, &c->sources, span.begin), 0, words, primary};
    if (!mark.place.source) return mark;
    size_t length;
    source_line(mark.place.source, mark.place.line, &length);
    uint32_t room = mark.place.column - 1 < length ? (uint32_t)length - (mark.place.column - 1) : 0;
    mark.length = span.end - span.begin < room ? span.end - span.begin : room;
    return mark;
}

static int digits_of(uint32_t n) {
    int digits = 1;
    while (n >= 10) {
        n /= 10;
        digits++;
    }
    return digits;
}

static void gutter(const Printer *p, int width, uint32_t line) {
    paint(p, "1;34");
    if (line) {
        fprintf(p->out, " %*u |", width, line);
    } else {
        fprintf(p->out, " %*s |", width, "");
    }
    paint(p, "0");
}

static void print_mark(const Printer *p, const Mark *mark, const View *view, int width,
                       DiagSeverity severity) {
    gutter(p, width, 0);
    fputc(' ', p->out);
    paint(p, mark->primary ? severity_paint(severity) : "1;34");
    uint32_t from = mark->place.column - 1;
    print_underline(p, view, from, from + mark->length, mark->primary ? '^' : '-');
    if (mark->words) fprintf(p->out, " %s", mark->words);
    paint(p, "0");
    fputc('\n', p->out);
}

static bool goes_before(const Mark *a, const Mark *b) {
    if (a->place.line != b->place.line) return a->place.line < b->place.line;
    return a->primary && !b->primary;
}

// All marks of one file, which are consecutive from `first`, in the order of their lines.
static void print_marks(const Printer *p, Mark *marks, uint32_t count, int width,
                        DiagSeverity severity) {
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t k = i; k > 0 && goes_before(&marks[k], &marks[k - 1]); k--) {
            Mark swap = marks[k];
            marks[k] = marks[k - 1];
            marks[k - 1] = swap;
        }
    }
    uint32_t shown = 0;
    View view = {0};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t line = marks[i].place.line;
        if (line != shown) {
            if (shown && line > shown + 1) fputs(" ...\n", p->out);
            size_t length;
            const char *text = source_line(marks[i].place.source, line, &length);
            view = view_of(text, length, marks[i].place.column - 1);
            gutter(p, width, line);
            fputc(' ', p->out);
            print_line(p, &view);
            shown = line;
        }
        print_mark(p, &marks[i], &view, width, severity);
    }
}

static void print_place(const Printer *p, int width, const char *arrow, const Place *place) {
    paint(p, "1;34");
    fprintf(p->out, " %*s%s", width, "", arrow);
    paint(p, "0");
    fprintf(p->out, " %s:%u:%u\n", place->source->path, place->line, place->column);
    gutter(p, width, 0);
    fputc('\n', p->out);
}

static void print_snippets(const Printer *p, const Diag *diag, int width) {
    Mark *marks = ARENA_ARRAY(&p->c->unit, Mark, diag->notes.len + 1);
    const Source *source = source_find(&p->c->sources, diag->span.begin);
    uint32_t count = 0;
    marks[count++] = mark_of(p->c, diag->span, diag->label, true);
    for (uint32_t i = 0; i < diag->notes.len; i++) {
        const DiagNote *note = &diag->notes.items[i];
        if (note->span.end && source_find(&p->c->sources, note->span.begin) == source) {
            marks[count++] = mark_of(p->c, note->span, note->text, false);
        }
    }
    print_place(p, width, "-->", &marks[0].place);
    print_marks(p, marks, count, width, diag->severity);
    for (uint32_t i = 0; i < diag->notes.len; i++) {
        const DiagNote *note = &diag->notes.items[i];
        if (!note->span.end || source_find(&p->c->sources, note->span.begin) == source) continue;
        Mark mark = mark_of(p->c, note->span, note->text, false);
        if (!mark.place.source) continue;
        print_place(p, width, ":::", &mark.place);
        print_marks(p, &mark, 1, width, diag->severity);
    }
}

static int gutter_width(const Printer *p, const Diag *diag) {
    uint32_t last = source_place(&p->c->unit, &p->c->sources, diag->span.begin).line;
    for (uint32_t i = 0; i < diag->notes.len; i++) {
        uint32_t line =
            source_place(&p->c->unit, &p->c->sources, diag->notes.items[i].span.begin).line;
        if (line > last) last = line;
    }
    return digits_of(last);
}

static void print_text(const Printer *p, const Diag *diag) {
    Place place = source_place(&p->c->unit, &p->c->sources, diag->span.begin);
    if (diag->severity == SEVERITY_REMARK) {
        if (place.source)
            fprintf(p->out, "%s:%u:%u: ", place.source->path, place.line, place.column);
        fprintf(p->out, "%s\n", diag->message);
        return;
    }
    paint(p, severity_paint(diag->severity));
    fprintf(p->out, "%s[%s]", severity_text(diag->severity), diag_name(diag->code));
    paint(p, "0");
    paint(p, "1");
    fprintf(p->out, ": %s\n", diag->message);
    paint(p, "0");
    int width = gutter_width(p, diag);
    if (place.source) {
        print_snippets(p, diag, width);
    } else if (diag->label) {
        fprintf(p->out, " %*s = note: %s\n", width, "", diag->label);
    }
    for (uint32_t i = 0; i < diag->notes.len; i++) {
        const DiagNote *note = &diag->notes.items[i];
        if (!note->span.end) fprintf(p->out, " %*s = note: %s\n", width, "", note->text);
    }
    for (uint32_t i = 0; i < diag->helps.len; i++) {
        fprintf(p->out, " %*s = help: %s\n", width, "", diag->helps.items[i]);
    }
    fputc('\n', p->out);
}

static void print_all_text(const Printer *p) {
    for (uint32_t i = 0; i < p->c->diags.len; i++) print_text(p, p->c->diags.items[i]);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < p->c->diags.len; i++)
        kept += p->c->diags.items[i]->severity == SEVERITY_ERROR;
    if (p->c->errors > kept) fprintf(p->out, "and %u more errors\n", p->c->errors - kept);
}

// --- JSON and SARIF ------------------------------------------------------------------------------

static void json_string(const Printer *p, const char *text) {
    const char *end = text + strlen(text);
    fputc('"', p->out);
    while (text < end) {
        uint32_t width = utf8_length(text, end);
        unsigned char c = (unsigned char)*text;
        if (width == 0) {
            fputs("\\ufffd", p->out);
        } else if (c == '"' || c == '\\') {
            fprintf(p->out, "\\%c", c);
        } else if (c < ' ' || c == 0x7F) {
            fprintf(p->out, "\\u%04x", c);
        } else {
            fwrite(text, 1, width, p->out);
        }
        text += width ? width : 1;
    }
    fputc('"', p->out);
}

static void json_member(const Printer *p, const char *name, const char *text) {
    fprintf(p->out, "\"%s\":", name);
    json_string(p, text);
}

// "file":…,"line":…,"column":… (bytes), "point_column":… (code points), "end_line":…,
// "end_column":…
static void json_span(const Printer *p, Span span) {
    Place begin = source_place(&p->c->unit, &p->c->sources, span.begin);
    if (!begin.source) return;
    Place end = source_place(&p->c->unit, &p->c->sources, span.end);
    fputc(',', p->out);
    json_member(p, "file", begin.source->path);
    fprintf(p->out, ",\"line\":%u,\"column\":%u,\"point_column\":%u,\"offset\":%u,\"length\":%u",
            begin.line, begin.column, begin.column_utf8, span.begin - begin.source->base,
            span.end - span.begin);
    fprintf(p->out, ",\"end_line\":%u,\"end_column\":%u", end.line, end.column);
}

static void print_json(const Printer *p) {
    fputs("[", p->out);
    for (uint32_t i = 0; i < p->c->diags.len; i++) {
        const Diag *diag = p->c->diags.items[i];
        fputs(i ? ",\n {" : "\n {", p->out);
        json_member(p, "severity", severity_text(diag->severity));
        fputc(',', p->out);
        json_member(p, "code", diag_name(diag->code));
        fputc(',', p->out);
        json_member(p, "message", diag->message);
        json_span(p, diag->span);
        if (diag->label) {
            fputc(',', p->out);
            json_member(p, "label", diag->label);
        }
        fputs(",\"notes\":[", p->out);
        for (uint32_t k = 0; k < diag->notes.len; k++) {
            fputs(k ? ",{" : "{", p->out);
            json_member(p, "message", diag->notes.items[k].text);
            json_span(p, diag->notes.items[k].span);
            fputc('}', p->out);
        }
        fputs("],\"helps\":[", p->out);
        for (uint32_t k = 0; k < diag->helps.len; k++) {
            if (k) fputc(',', p->out);
            json_string(p, diag->helps.items[k]);
        }
        fputs("]}", p->out);
    }
    fputs("\n]\n", p->out);
}

// {"physicalLocation": …} with a message when there is one.
static void sarif_location(const Printer *p, Span span, const char *message) {
    Place begin = source_place(&p->c->unit, &p->c->sources, span.begin);
    Place end = source_place(&p->c->unit, &p->c->sources, span.end);
    fputs("{\"physicalLocation\":{\"artifactLocation\":{", p->out);
    json_member(p, "uri", begin.source->path);
    fprintf(p->out,
            "},\"region\":{\"startLine\":%u,\"startColumn\":%u,\"endLine\":%u,\"endColumn\":%u}}",
            begin.line, begin.column_utf8, end.line, end.column_utf8);
    if (message) {
        fputs(",\"message\":{", p->out);
        json_member(p, "text", message);
        fputc('}', p->out);
    }
    fputc('}', p->out);
}

static void sarif_related(const Printer *p, const Diag *diag) {
    bool any = false;
    for (uint32_t i = 0; i < diag->notes.len; i++) {
        const DiagNote *note = &diag->notes.items[i];
        if (!note->span.end || !source_find(&p->c->sources, note->span.begin)) continue;
        fputs(any ? "," : ",\"relatedLocations\":[", p->out);
        sarif_location(p, note->span, note->text);
        any = true;
    }
    if (any) fputc(']', p->out);
}

static void sarif_result(const Printer *p, const Diag *diag) {
    static const char *const levels[] = {
        [SEVERITY_ERROR] = "error",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_REMARK] = "note",
    };
    fputc('{', p->out);
    json_member(p, "ruleId", diag_name(diag->code));
    fprintf(p->out, ",\"level\":\"%s\",\"message\":{", levels[diag->severity]);
    const char *text = diag->message;
    for (uint32_t i = 0; i < diag->helps.len; i++) {
        text = arena_printf(&p->c->unit, "%s\nhelp: %s", text, diag->helps.items[i]);
    }
    json_member(p, "text", text);
    fputs("}", p->out);
    if (source_find(&p->c->sources, diag->span.begin)) {
        fputs(",\"locations\":[", p->out);
        sarif_location(p, diag->span, diag->label);
        fputc(']', p->out);
    }
    sarif_related(p, diag);
    fputc('}', p->out);
}

static void print_sarif(const Printer *p) {
    fputs("{\"$schema\":\"https://json.schemastore.org/"
          "sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{"
          "\"tool\":{\"driver\":{\"name\":\"flapc\",\"rules\":[",
          p->out);
    bool *used = ARENA_ARRAY(&p->c->unit, bool, DIAG_COUNT);
    for (uint32_t i = 0; i < p->c->diags.len; i++) used[p->c->diags.items[i]->code] = true;
    bool first = true;
    for (int code = 0; code < DIAG_COUNT; code++) {
        if (!used[code]) continue;
        fputs(first ? "{" : ",{", p->out);
        first = false;
        json_member(p, "id", diag_name((DiagCode)code));
        fputs(",\"fullDescription\":{", p->out);
        json_member(p, "text", diag_explanation((DiagCode)code));
        fputs("}}", p->out);
    }
    fputs("]}},\"columnKind\":\"unicodeCodePoints\",\"results\":[", p->out);
    for (uint32_t i = 0; i < p->c->diags.len; i++) {
        fputs(i ? ",\n" : "\n", p->out);
        sarif_result(p, p->c->diags.items[i]);
    }
    fputs("\n]}]}\n", p->out);
}

void diag_print(Compilation *c, FILE *out, DiagFormat format, bool color) {
    Printer printer = {c, out, color};
    sort_diags(&c->unit, c->diags.items, c->diags.len);
    switch (format) {
    case DIAG_TEXT: print_all_text(&printer); break;
    case DIAG_JSON: print_json(&printer); break;
    case DIAG_SARIF: print_sarif(&printer); break;
    }
}
