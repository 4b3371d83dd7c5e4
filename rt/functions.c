// functions.c: which Flap function a piece of code belongs to, by the table that generated code
// hands over when the program starts. Only for messages; safe in a signal handler.
//
// Invariant: the table is constant and names every function of the program's module; functions of
// the runtime that were merged into it have no name.
#include "value.h"

typedef struct RtFunctionEntry {
    uintptr_t code;
    const char *name;
} RtFunctionEntry;

void rt_functions(const void *table, int64_t count) {
    rti_process.functions = table;
    rti_process.function_count = count;
}

static const char *name_at(uintptr_t code, uintptr_t last) {
    const RtFunctionEntry *table = rti_process.functions, *best = NULL;
    if (code > last) return NULL; // the last entry is an empty function, after all others
    for (int64_t i = 0; i < rti_process.function_count; i++)
        if (table[i].code <= code && (!best || table[i].code > best->code)) best = &table[i];
    return best ? best->name : NULL;
}

static uintptr_t last_code(void) {
    const RtFunctionEntry *table = rti_process.functions;
    uintptr_t last = 0;
    for (int64_t i = 0; i < rti_process.function_count; i++)
        if (table[i].code > last) last = table[i].code;
    return last;
}

const char *rti_function_on_stack(const char *stack_pointer, uintptr_t code) {
    enum { WORDS_SEEN = 1 << 12 };
    uintptr_t last = last_code();
    const char *name = name_at(code, last);
    const uintptr_t *word = (const uintptr_t *)((uintptr_t)stack_pointer & ~(uintptr_t)7);
    // A return address stands behind a call, so a function's own address is none.
    for (int i = 1; i < WORDS_SEEN && !name; i++) name = name_at(word[i] - 1, last);
    return name;
}

// --- backtraces ----------------------------------------------------------------------------------

typedef struct Frame {
    uintptr_t next, code;
} Frame;

static Frame frame_at(uintptr_t pointer) {
    const uintptr_t *words = (const uintptr_t *)pointer;
#if defined(__riscv)
    return (Frame){words[-2], words[-1]};
#else
    return (Frame){words[0], words[1]};
#endif
}

typedef struct Names {
    RtSink *text;
    const char *name; // the last one, not yet written
    int64_t times;
    int lines;
} Names;

static void write_name(Names *names) {
    enum { LINES_MOST = 40 };
    if (!names->name || names->lines > LINES_MOST) return;
    if (names->lines++ == LINES_MOST) {
        rti_sink_cstr(names->text, "  …\n");
        return;
    }
    rti_sink_cstr(names->text, "  from ");
    rti_sink_cstr(names->text, names->name);
    if (names->times > 1) {
        char digits[24];
        rti_sink_cstr(names->text, ", ");
        rti_sink_add(names->text, digits, rti_integer_text((uint64_t)names->times, digits));
        rti_sink_cstr(names->text, " times");
    }
    rti_sink_cstr(names->text, "\n");
}

static bool same_text(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static void add_name(Names *names, const char *name) {
    if (names->name && same_text(names->name, name)) {
        names->times++;
        return;
    }
    write_name(names);
    names->name = name;
    names->times = 1;
}

void rti_backtrace_add(RtSink *text, const char *known) {
    const RtThread *self = rti_self();
    uintptr_t at = (uintptr_t)__builtin_frame_address(0), high = (uintptr_t)self->stack_high;
    uintptr_t last = last_code();
    Names names = {.text = text};
    // Frames lie one above the other; foreign code may have left anything in the register.
    while (at < high && at % sizeof(uintptr_t) == 0) {
        Frame frame = frame_at(at);
        const char *name = name_at(frame.code - 1, last);
        if (name && known && same_text(name, known))
            known = NULL;
        else if (name)
            add_name(&names, name);
        if (name) known = NULL;
        if (frame.next <= at) break;
        at = frame.next;
    }
    write_name(&names);
}
