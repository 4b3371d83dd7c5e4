// functions.c: which Flap function a piece of code belongs to, by the table that generated code
// hands over when the program starts. Only for messages; safe in a signal handler.
//
// Invariant: the table is constant and names every function of the program's module; functions of
// the runtime that were merged into it have no name.
#include "pool.h"
#include "value.h"

void rt_functions(const void *table, int64_t count) {
    rti_process.functions = table;
    rti_process.function_count = count;
}

// The code that was looked up last, and its function (null: none of the program's).
typedef struct Lookup {
    uintptr_t low, high;
    const RtFunctionEntry *entry;
} Lookup;

static void look_up(Lookup *seen, uintptr_t code) {
    if (code >= seen->low && code < seen->high) return;
    *seen = (Lookup){0, UINTPTR_MAX, NULL};
    const RtFunctionEntry *table = rti_process.functions, *best = NULL;
    for (int64_t i = 0; i < rti_process.function_count; i++) {
        uintptr_t begin = (uintptr_t)table[i].code;
        if (begin <= code && begin >= seen->low) {
            seen->low = begin;
            best = &table[i];
        } else if (begin > code && begin < seen->high) {
            seen->high = begin;
        }
    }
    // The last entry is an empty function, behind all others.
    if (best && best->name && seen->high != UINTPTR_MAX) seen->entry = best;
}

const RtFunctionEntry *rti_function_on_stack(const char *stack_pointer, uintptr_t code) {
    enum { WORDS_SEEN = 1 << 12 };
    Lookup seen = {1, 0, NULL};
    look_up(&seen, code);
    const uintptr_t *word = (const uintptr_t *)((uintptr_t)stack_pointer & ~(uintptr_t)7);
    // A return address stands behind a call, so a function's own address is none.
    for (int i = 1; i < WORDS_SEEN && !seen.entry; i++) look_up(&seen, word[i] - 1);
    return seen.entry;
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
    bool fixed;
    const char *name; // the last one, not yet written
    const char *part; // the frame before was this function's part
    int64_t times;
    int lines;
} Names;

static bool has_room(const Names *names, const char *name) {
    enum { AROUND = 64 };
    return !names->fixed ||
           names->text->capacity - names->text->length > rti_cstr_length(name) + AROUND;
}

static void write_name(Names *names) {
    enum { LINES_MOST = 40 };
    if (!names->name || names->lines > LINES_MOST) return;
    if (names->lines == LINES_MOST || !has_room(names, names->name)) {
        names->lines = LINES_MOST + 1;
        rti_sink_cstr(names->text, "  …\n");
        return;
    }
    names->lines++;
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

void rti_begin_add(RtSink *text, const RtFunctionEntry *entry) {
    enum { FILE_MOST = 400 };
    char digits[24];
    size_t file = rti_cstr_length(entry->file), name = rti_cstr_length(entry->name);
    rti_sink_cstr(text, "  in ");
    rti_sink_add(text, entry->name, name < FILE_MOST ? name : FILE_MOST);
    rti_sink_cstr(text, ", which begins at ");
    rti_sink_add(text, entry->file, file < FILE_MOST ? file : FILE_MOST);
    rti_sink_cstr(text, ":");
    rti_sink_add(text, digits, rti_integer_text((uint64_t)entry->line, digits));
    rti_sink_cstr(text, "\n");
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

// A part that has just been told lies inside its function: unless that was merged into its caller,
// the next frame of the program is the same call.
static bool is_whole_of(Names *names, const RtFunctionEntry *entry) {
    const char *part = names->part;
    names->part = entry->part ? entry->name : NULL;
    return part && same_text(part, entry->name);
}

// Frames lie one above the other; foreign code may have left anything in the register.
static void walk(Names *names, RtTrace *from, const void *stack_high) {
    uintptr_t at = (uintptr_t)from->frame, high = (uintptr_t)stack_high;
    Lookup seen = {1, 0, NULL};
    while (at != 0 && at < high && at % sizeof(uintptr_t) == 0) {
        Frame frame = frame_at(at);
        look_up(&seen, frame.code - 1);
        const RtFunctionEntry *entry = seen.entry;
        if (entry && !is_whole_of(names, entry)) {
            if (!from->known)
                rti_begin_add(names->text, entry);
            else if (*from->known == 0 || !same_text(entry->name, from->known))
                add_name(names, entry->name);
            from->known = "";
        }
        if (frame.next <= at) break;
        at = frame.next;
    }
}

void rti_backtrace_add(RtSink *text, RtTrace from) {
    const RtThread *self = rti_self();
    Names names = {.text = text, .fixed = from.fixed};
    // The frames of a block lie below its state; above it lies what the thread was doing before it
    // took the block over. The block belongs to those who met its loop, on whatever thread.
    const RtParState *state = self->running;
    const void *high = self->stack_high;
    for (; state; state = state->job->parent) {
        walk(&names, &from, state);
        from.frame = state->job->frame;
        high = state->job->stack_high;
    }
    walk(&names, &from, high);
    write_name(&names);
}
