// sema_sim_init.c: initial values of registers: a number, a list of numbers, or a text file in the
// form of Verilog's $readmemh: hexadecimal numbers, `_` between digits, `@ADDRESS`, comments.
#include "sema_sim.h"
#include <math.h>
#include <string.h>

static uint64_t *fresh(Sema *s, const SimTarget *target) {
    return ARENA_ARRAY(s->arena, uint64_t, target->length);
}

static uint64_t cut_bits(SimType type, uint64_t value) {
    return type.width == 64 ? value : value & ((UINT64_C(1) << type.width) - 1);
}

// --- numbers -------------------------------------------------------------------------------------

static bool take_number(Sema *s, const SimTarget *target, const Node *value, Span span,
                        uint64_t *to) {
    if (value == NULL || value->kind != NODE_NUMBER) {
        diag_report(s->c, DIAG_E0704, span, "an initial value", "a constant number");
        return false;
    }
    double number = value->number.value;
    uint64_t exact;
    if (target->type.width == 64 && number > 0x1p53 && sim_exact_literal(s, value->span, &exact)) {
        *to = exact;
        return true;
    }
    double limit = ldexp(1, target->type.width);
    if (number != floor(number) || number >= limit || number < -limit / 2) {
        diag_report(s->c, DIAG_E0705, span, number, sim_type_text(s->arena, target->type));
        return false;
    }
    *to = cut_bits(target->type, number < 0 ? (uint64_t)(int64_t)number : (uint64_t)number);
    return true;
}

static const uint64_t *from_list(Sema *s, const SimTarget *target, const Node *list, Span span) {
    if (list->list.items.len > target->length) {
        diag_report(s->c, DIAG_E0706, span, target->name->text, (unsigned long long)target->length,
                    (unsigned long long)list->list.items.len);
        return NULL;
    }
    uint64_t *values = fresh(s, target);
    for (uint32_t i = 0; i < list->list.items.len; i++)
        if (!take_number(s, target, list->list.items.items[i], span, &values[i])) return NULL;
    return values;
}

// --- files ---------------------------------------------------------------------------------------

typedef struct HexFile {
    Sema *s;
    const SimTarget *target;
    Span span;
    const char *path, *at, *end;
    uint32_t line;
} HexFile;

static void wrong(HexFile *file, const char *what) {
    diag_report(file->s->c, DIAG_E0708, file->span, file->path, file->line, what);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

// Past blanks and comments. False after a report.
static bool skip_blanks(HexFile *file) {
    while (file->at < file->end) {
        bool two = file->at + 1 < file->end;
        if (is_blank(*file->at)) {
            if (*file->at++ == '\n') file->line++;
        } else if (two && file->at[0] == '/' && file->at[1] == '/') {
            while (file->at < file->end && *file->at != '\n') file->at++;
        } else if (two && file->at[0] == '/' && file->at[1] == '*') {
            for (file->at += 2;; file->at++) {
                if (file->at + 1 >= file->end) {
                    wrong(file, "a comment that is never closed");
                    return false;
                }
                if (*file->at == '\n') file->line++;
                if (file->at[0] == '*' && file->at[1] == '/') break;
            }
            file->at += 2;
        } else {
            break;
        }
    }
    return true;
}

static int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Digits up to a blank. False after a report.
static bool read_hex(HexFile *file, uint64_t *value) {
    uint32_t digits = 0;
    *value = 0;
    for (; file->at < file->end && !is_blank(*file->at); file->at++) {
        int digit = digit_of(*file->at);
        if (*file->at == '_' && digits > 0) continue;
        if (digit < 0) {
            wrong(file, arena_printf(file->s->arena, "'%c' is no hexadecimal digit", *file->at));
            return false;
        }
        if (*value >> 60 != 0) {
            wrong(file, "a number of more than 64 bits");
            return false;
        }
        *value = *value << 4 | (uint64_t)digit;
        digits++;
    }
    if (digits == 0) wrong(file, "an address without digits");
    return digits > 0;
}

static bool read_values(HexFile *file, uint64_t *values) {
    const SimTarget *target = file->target;
    uint64_t position = 0, value;
    for (;;) {
        if (!skip_blanks(file)) return false;
        if (file->at == file->end) return true;
        bool address = *file->at == '@';
        file->at += address;
        if (!read_hex(file, &value)) return false;
        if (address) {
            position = value;
            continue;
        }
        if (position >= target->length) {
            wrong(file, arena_printf(file->s->arena, "'%s' has no element %llu (it has %llu)",
                                     target->name->text, (unsigned long long)position,
                                     (unsigned long long)target->length));
            return false;
        }
        if (cut_bits(target->type, value) != value) {
            wrong(file,
                  arena_printf(file->s->arena, "%llx does not fit in %s", (unsigned long long)value,
                               sim_type_text(file->s->arena, target->type)));
            return false;
        }
        values[position++] = value;
    }
}

// Relative to the folder of the source file.
static const char *path_of(Sema *s, const Node *literal) {
    const char *name = arena_copy(s->arena, literal->string.bytes, literal->string.len);
    const Source *source = source_find(&s->c->sources, literal->span.begin);
    const char *slash = source == NULL ? NULL : strrchr(source->path, '/');
    if (name[0] == '/' || slash == NULL) return name;
    return arena_printf(s->arena, "%.*s%s", (int)(slash + 1 - source->path), source->path, name);
}

static const uint64_t *from_file(Sema *s, const SimTarget *target, const Node *literal) {
    size_t len;
    const char *why, *path = path_of(s, literal);
    const char *text = source_read(s->arena, path, &len, &why);
    if (text == NULL) {
        diag_report(s->c, DIAG_E0707, literal->span, target->name->text, path, why);
        return NULL;
    }
    HexFile file = {s, target, literal->span, path, text, text + len, 1};
    uint64_t *values = fresh(s, target);
    return read_values(&file, values) ? values : NULL;
}

const uint64_t *sim_initial(Sema *s, const SimTarget *target, Node *initial) {
    if (initial->kind == NODE_POISON) return NULL;
    const Node *value = sema_fold(s, initial);
    if (value != NULL && value->kind == NODE_STRING) return from_file(s, target, value);
    if (value != NULL && value->kind == NODE_LIST)
        return from_list(s, target, value, initial->span);
    uint64_t *values = fresh(s, target);
    return take_number(s, target, value, initial->span, values) ? values : NULL;
}
