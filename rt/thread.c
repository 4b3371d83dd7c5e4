// thread.c: what threads by clone and threads by pthread have in common: stack sizes, names,
// debugging text, the judgement about a fault, failures made on purpose.
#include "value.h"
#include "thread.h"

#include "pool.h"
#include "sys.h"

#include <stdatomic.h>

enum { STACK_MINIMUM = 64 << 10 };
#define STACK_UNLIMITED ((size_t)256 << 20) // what stands for "unlimited" in threads

// A size as FLAP_STACK gives it; 0 when it is none.
static size_t stack_parse(const char *text) {
    uint64_t size = 0;
    while (*text >= '0' && *text <= '9') {
        size = size * 10 + (uint64_t)(*text++ - '0');
        if (size > UINT64_C(1) << 40) return 0;
    }
    uint32_t shift = 0;
    if (*text == 'K' || *text == 'k') shift = 10;
    if (*text == 'M' || *text == 'm') shift = 20;
    if (*text == 'G' || *text == 'g') shift = 30;
    if (shift) ++text;
    if (*text || size > (UINT64_C(1) << 40) >> shift) return 0;
    size <<= shift;
    return size && size < STACK_MINIMUM ? (size_t)STACK_MINIMUM : (size_t)size;
}

static size_t stack_asked(void) {
    const char *text = rti_env("FLAP_STACK");
    return text ? stack_parse(text) : 0;
}

size_t rti_stack_size(void) {
    size_t size = stack_asked();
    RtiLimit limit;
    if (!size && rti_sys_prlimit(RTI_RLIMIT_STACK, NULL, &limit) == 0)
        size = limit.soft > (uint64_t)1 << 40 ? STACK_UNLIMITED : (size_t)limit.soft;
    if (size < STACK_MINIMUM) size = RTI_STACK_DEFAULT;
    return (size + 0xFFFF) & ~(size_t)0xFFFF;
}

void rti_stack_apply(void) {
    size_t size = stack_asked();
    RtiLimit limit;
    if (!size || rti_sys_prlimit(RTI_RLIMIT_STACK, NULL, &limit) != 0) return;
    limit.soft = size < limit.hard ? size : limit.hard;
    (void)rti_sys_prlimit(RTI_RLIMIT_STACK, &limit, NULL);
}

const char *rti_stack_low(const char *near_top) {
    RtiLimit limit;
    if (rti_sys_prlimit(RTI_RLIMIT_STACK, NULL, &limit) != 0 || limit.soft > (uint64_t)1 << 40)
        return NULL;
    uintptr_t top = (uintptr_t)near_top | 0xFFF;
    return top > limit.soft ? (const char *)(top + 1 - (uintptr_t)limit.soft) : NULL;
}

// Writes a whole number; gives the end. The buffer has room for 21 bytes.
static char *put_number(char *to, int64_t number) {
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    char digits[20];
    int count = 0;
    do digits[count++] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0) *to++ = '-';
    while (count) *to++ = digits[--count];
    return to;
}

static char *put_text(char *to, const char *end, const char *text) {
    while (*text && to < end) *to++ = *text++;
    return to;
}

void rti_thread_name(char *name, int32_t id) {
    char *end = put_number(put_text(name, name + 5, "flap-"), id);
    *end = 0;
}

void rti_thread_debug(const char *text, int64_t number, const char *more) {
    if (!rti_process.debug_threads) return;
    char line[160];
    char *end = put_text(line, line + 100, "flap: ");
    end = put_text(end, line + 100, text);
    *end++ = ' ';
    end = put_number(end, number);
    end = put_text(end, line + sizeof line - 1, more);
    *end++ = '\n';
    (void)rti_sys_write(2, line, (size_t)(end - line));
}

static _Noreturn void end_after_overflow(void) {
    rti_defers_run();
    rti_process_end(1);
}

// Below what the program goes on after its stack has run out: the frame of the innermost deferred
// block, else that of the block of a parallel loop that the thread runs; what lay below is lost.
// Null: there is nothing to go on with. (What a thread does for the block around its own is deferred
// in another thread's frames.)
static const char *lowest_frame(const RtThread *self) {
    const RtParState *running = self->running;
    bool own =
        running ? self->par == running && self->defers != running->defers : self->defers != NULL;
    return own ? self->defers->stack : (const char *)running;
}

static void unwind(const char *frame, char *context) {
    enum { ROOM = 256 };
    uintptr_t sp = ((uintptr_t)frame - ROOM) & ~(uintptr_t)15;
    uintptr_t code = (uintptr_t)&end_after_overflow;
#if defined(__x86_64__)
    sp -= 8; // as after a call
#endif
    __builtin_memcpy(context + RTI_CONTEXT_SP, &sp, sizeof sp);
    __builtin_memcpy(context + RTI_CONTEXT_PC, &code, sizeof code);
}

static void tell_overflow(const char *address, const char *context) {
    const char *stack;
    const void *frame;
    uintptr_t code;
    __builtin_memcpy(&stack, context + RTI_CONTEXT_SP, sizeof stack);
    __builtin_memcpy(&frame, context + RTI_CONTEXT_FP, sizeof frame);
    __builtin_memcpy(&code, context + RTI_CONTEXT_PC, sizeof code);
    // The stack pointer may stand in the guard already; the page above the fault is there.
    const char *there = (const char *)(((uintptr_t)address | 4095) + 1);
    const RtFunctionEntry *entry = rti_function_on_stack(stack > there ? stack : there, code);
    char bytes[2048]; // memory may be in any state
    RtSink text = {.data = bytes, .capacity = sizeof bytes};
    rti_sink_cstr(&text, "Error: stack overflow");
    if (entry) {
        size_t length = rti_cstr_length(entry->name);
        rti_sink_cstr(&text, " in '");
        rti_sink_add(&text, entry->name, length < 100 ? length : 100);
        rti_sink_cstr(&text, "'\n");
        rti_begin_add(&text, entry);
        // A frame that was not finished leaves the register to its caller.
        rti_backtrace_add(&text, (RtTrace){.frame = (const char *)frame >= there ? frame : NULL,
                                           .known = entry->name,
                                           .fixed = true});
    } else {
        rti_sink_cstr(&text, "\n");
    }
    rti_err(text.data, text.length);
}

bool rti_fault(const char *address, char *context) {
    enum { GAP = 1 << 20 }; // the kernel keeps other mappings so far from the first stack
    RtThread *self = rti_self();
    bool overflow;
    if (self->stack_low) { // the guard, and slack for what the estimate of the first stack misses
        size_t below = self->id ? RTI_GUARD_SIZE : (size_t)GAP;
        size_t above = self->id ? 0 : (size_t)RTI_GUARD_SIZE;
        uintptr_t low = (uintptr_t)self->stack_low, at = (uintptr_t)address;
        overflow = at < low + above && at + below >= low;
    } else { // a stack without limit ran into something: the fault is where the stack pointer is
        uintptr_t sp;
        __builtin_memcpy(&sp, context + RTI_CONTEXT_SP, sizeof sp);
        overflow =
            (uintptr_t)address + RTI_GUARD_SIZE >= sp && (uintptr_t)address < sp + RTI_GUARD_SIZE;
    }
    if (!overflow) return false;
    rti_par_wait_turn_in_handler();
    if (!self->overflowed) tell_overflow(address, context);
    self->overflowed = true;
    // One that had not even the stack to begin is left out.
    if (self->defers && self->defers == self->unwound) self->defers = self->defers->next;
    self->unwound = self->defers;
    const char *frame = lowest_frame(self);
    if (!frame) rti_process_end(1);
    unwind(frame, context);
    return true;
}

static void add_address(RtSink *text, uintptr_t address) {
    char digits[2 + 2 * sizeof address];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[address % 16];
        address /= 16;
    } while (address);
    digits[--at] = 'x';
    digits[--at] = '0';
    rti_sink_add(text, digits + at, sizeof digits - at);
}

void rti_fault_tell(const char *address, const char *where) {
    static _Atomic int32_t told; // relaxed: it orders nothing
    if (atomic_exchange_explicit(&told, 1, memory_order_relaxed) != 0)
        for (;;) (void)rti_sys_sched_yield();
    char bytes[512];
    RtSink text = {.data = bytes, .capacity = sizeof bytes};
    rti_sink_cstr(&text, "Error: segmentation fault");
    rti_sink_cstr(&text, where);
    rti_sink_cstr(&text, *where ? " (address " : ": there is no memory at address ");
    add_address(&text, (uintptr_t)address);
    rti_sink_cstr(&text, *where ? ")\n" : "\n");
    (void)rti_write_all(1, rti_process.out.data, rti_process.out.length);
    rti_process.out.length = 0;
    (void)rti_write_all(2, text.data, text.length);
}

#ifdef RT_STRESS
bool rti_stress_fails(RtiStress what) {
    static _Atomic int64_t calls[3];
    static const char *const names[] = {"FLAP_STRESS_FAIL_CLONE", "FLAP_STRESS_FAIL_MMAP",
                                        "FLAP_STRESS_FAIL_UNWANTED"};
    const char *text = rti_env(names[what]);
    if (!text) return false;
    // relaxed: only the count matters
    int64_t call = 1 + atomic_fetch_add_explicit(&calls[what], 1, memory_order_relaxed);
    int64_t n = 0;
    while (*text >= '0' && *text <= '9') n = n * 10 + (*text++ - '0');
    if (*text == '*') return n && call % n == 0;
    return *text == '+' ? call >= n : call == n;
}

void rti_stress_memory(void) {
    const RtParState *state = rti_self()->par;
    if (state && rti_order_lost(state) && rti_stress_fails(RTI_STRESS_UNWANTED)) rti_stop_memory();
}
#endif
