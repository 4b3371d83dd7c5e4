// rt_internal.h: what the files of the runtime share. Nothing here is visible to generated code.
//
// One process record (RtProcess) and one thread record (RtThread) hold all mutable state. The same
// sources are compiled freestanding (RT_HOSTED undefined: no libc, raw system calls, threads by
// clone) and hosted (RT_HOSTED: inside flapc and in dynamic executables, threads by pthread).
#ifndef FLAP_RT_INTERNAL_H
#define FLAP_RT_INTERNAL_H

#include "rt.h"
#include <stdbool.h>
#include <stddef.h>

#define RTI_LIKELY(x)   __builtin_expect(!!(x), 1)
#define RTI_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define RTI_CACHE_LINE  128 // two lines: the prefetcher fetches pairs

// --- threads (thread.h has the rest) -------------------------------------------------------------

// Text on its way to standard output. The process has one that writes to fd 1; a thread that runs a
// block of a parallel loop out of turn has one of its own that only collects.
typedef struct RtSink {
    char *data;
    size_t length, capacity;
} RtSink;

typedef struct RtHeap RtHeap;         // alloc.c
typedef struct RtArena RtArena;       // arena.c
typedef struct RtDepths RtDepths;     // call.c
typedef struct RtParState RtParState; // parfor.c: the loop that the thread is working for

typedef struct RtThread {
    struct RtThread *self; // first: the thread pointer points here
    uintptr_t reserved[4];
    uintptr_t canary;         // at offset 40: where x86-64 code of -fstack-protector looks
    int32_t id;               // 0: the first thread
    RtHeap *heap;             // made on first use
    RtSink *sink;             // null: the process's own
    RtParState *par;          // the block that it acts for; null: not inside a parallel loop
    RtParState *running;      // the block whose body it runs: the same, but in the moments in which
                              // it does what that block's loop did for the block around (order.c)
    const char *stack_low;    // lowest usable address of its stack; below lies the guard
    const char *stack_high;   // above the frames of the program; null: not known
    const RtStr *cursor_text; // str.c: where reading by position got to in this immortal string
    int64_t cursor_point, cursor_byte;
    struct RtCell *held;    // builtin_cell.c: the mutexes that it has locked
    bool overflowed;        // its stack has run out once, and that was told
    const RtDefer *unwound; // where it went on after that
    RtDefer *defers;        // defer.c: deferred blocks to be run, innermost first
    RtRoots *roots;         // roots.c: what the functions own that it is inside of, innermost first
    uint64_t **memos;       // call.c: tables of remembered results, by number
    int64_t memo_count;
    RtDepths *depths;     // call.c: or null; a parallel body works on a copy of those around its loop
    RtArena *arena;       // arena.c: the innermost arena that it is inside of
    int32_t exports;      // calls by C that it is in
    uint32_t small_loops; // parfor.c: parallel loops that it ran alone as they were small
    const char *foreign;  // the C function that it is in, or null
} RtThread;

// The calling thread's record.
#ifdef RT_HOSTED
extern _Thread_local RtThread rti_thread_record __attribute__((tls_model("initial-exec")));
static inline RtThread *rti_self(void) {
    return &rti_thread_record;
}
#elif defined(__x86_64__)
static inline RtThread *rti_self(void) {
    RtThread *self;
    __asm__("mov %%fs:0, %0" : "=r"(self));
    return self;
}
#elif defined(__aarch64__)
static inline RtThread *rti_self(void) {
    RtThread *self;
    __asm__("mrs %0, tpidr_el0" : "=r"(self));
    return self;
}
#elif defined(__riscv)
static inline RtThread *rti_self(void) {
    RtThread *self;
    __asm__("mv %0, tp" : "=r"(self));
    return self;
}
#endif

typedef struct RtProcess {
    int argc;
    char **argv; // the program's arguments, without its own name
    char **envp;
    const uintptr_t *auxv; // null when hosted
    RtSink out;            // standard output
    bool out_is_terminal;
    bool debug_threads, debug_leaks, debug_backtrace; // FLAP_DEBUG=threads,leaks,backtrace
    _Atomic int32_t parallel;         // > 0 while a parallel loop runs: counts must be atomic
    _Atomic int32_t ending;           // the process is on its way out
    const RtFunctionEntry *functions; // functions.c: what generated code told of itself
    int64_t function_count;
    RtHeap *_Atomic heaps;      // alloc.c: every heap ever made
    RtHeap *_Atomic idle_heaps; // alloc.c: those whose thread has left
    RtSink in;                  // builtin_io.c: standard input read ahead; capacity bytes of room,
    size_t in_at;               // [in_at, in.length) not yet given out
    _Atomic uint64_t seed,
        drawn; // builtin_random.c: 0 until it is asked for; numbers drawn outside
               // numbered loops
    // process.c: of calls in child processes.
    uint32_t forks;       // how many of them this process is inside of
    int32_t result_pipe;  // its descriptor plus one, where the call's result is awaited; 0: nowhere
    uint64_t spawned;     // children so far
    uint64_t stream;      // tells the numbers that children draw from each other; 0: the first process
    uint64_t signals;     // those that the first thread blocks
    int64_t inherited;    // FLAP_DEBUG=leaks: blocks that are the parent's
} RtProcess;
extern RtProcess rti_process;

// --- start and end (start.c, start_hosted.c) -----------------------------------------------------

// Sets up the process record: arguments, FLAP_DEBUG, terminal or not. Called once, before anything.
void rti_process_start(int argc, char **argv, char **envp, const uintptr_t *auxv);
// The value of an environment variable, or null.
const char *rti_env(const char *name);
// Flushes, tells the workers to leave, joins them and ends the process. From any thread.
_Noreturn void rti_process_end(int status);
// The program ran to its end and its values are dropped: tells of what is left, if FLAP_DEBUG=leaks
// asks for it. (leaks.c)
void rti_leaks_tell(void);
// In a child process: what there is now is not its own. (leaks.c)
void rti_leaks_forked(void);

// The innermost Flap function that was running at this place, by its code address and what the stack
// holds above the pointer; null: none is found. (functions.c)
const RtFunctionEntry *rti_function_on_stack(const char *stack_pointer, uintptr_t code);
// Adds a line that says where a function begins: for stops that have no place. (functions.c)
void rti_begin_add(RtSink *text, const RtFunctionEntry *entry);
// Adds a line "  from NAME" for each Flap function that has called the code of the frame, innermost
// first, up to the top level, whichever thread that is on. The first of them is `known` to be in the
// text already; null: it is told with the place where it begins. Needs frame pointers. Adds no more
// than fits when the text is not to grow. (functions.c)
typedef struct RtTrace {
    const void *frame; // __builtin_frame_address(0)
    const char *known;
    bool fixed; // the text must not grow
} RtTrace;
void rti_backtrace_add(RtSink *text, RtTrace from);

// A stop or an exit: runs the deferred blocks of all that this thread is inside of. (defer.c)
void rti_defers_run(void);

// --- what a thread owns when it may not come back (roots.c) ---------------------------------------

// Releases what the thread has linked since `until`, and unlinks it: it is about to jump there.
void rti_roots_release(RtRoots *until);
// For functions of the runtime, around what may not return: if it does not, the words, which may change
// meanwhile, are released, and what the sink holds. 0, null: nothing. Does nothing outside of loops.
enum { RTI_ROOTED_WORDS = 3 };
typedef struct RtiRooted {
    RtRoots roots;
    uint64_t words[RTI_ROOTED_WORDS], sink;
} RtiRooted;
void rti_root(RtiRooted *rooted, uint64_t a, uint64_t b, RtSink *sink);
// The same for anything: the code, given this record, is run.
typedef struct RtiRootedCode {
    RtRoots roots;
    uint64_t self;
    void (*code)(struct RtiRootedCode *self);
} RtiRootedCode;
void rti_root_code(RtiRootedCode *rooted, void (*code)(RtiRootedCode *self));
void rti_unroot_code(RtiRootedCode *rooted);
void rti_unroot(RtiRooted *rooted);

// --- memory (alloc.c) ----------------------------------------------------------------------------

// 16-byte aligned memory of the calling thread's heap. Never null: running out is a stop.
void *rti_alloc(size_t size);
// The usable size of a block, at least what was asked for.
size_t rti_usable(const void *block);
void *rti_realloc(void *block, size_t size); // keeps the contents; null block: rti_alloc
void rti_free(void *block);                  // any thread may free; null is allowed
#ifdef RT_STRESS
void rti_stress_memory(void); // runs out of memory on purpose (thread.h)
#else
static inline void rti_stress_memory(void) {}
#endif
void rti_thread_heap_end(RtThread *thread);  // a worker leaves: its heap goes to whoever comes next
int64_t rti_live_blocks(void);               // for FLAP_DEBUG=leaks; exact when one thread runs

void *rti_copy(void *to, const void *from, size_t size); // memcpy, memmove semantics not promised

// send.c: values on their way from one process to another, which runs the same program.
// Writes a value to a descriptor; a function in it is where writing ends. 0, or a negative error number.
long rti_send(int fd, uint64_t word);
// Reads such a value, owned. False: the other side ended before it had written all.
bool rti_receive(int fd, uint64_t *word);

void rti_memos_free(RtThread *thread); // call.c: and what the thread counts there
RtDepths *rti_depths_copy(const RtDepths *from);
void rti_sim_end(void);                // sim_state.c: frees what the simulated hardware holds
void rti_arenas_forget(void);          // arena.c: frees the table of handles, when no code runs

// --- output (print.c) ----------------------------------------------------------------------------

void rti_out(const char *bytes, size_t length); // standard output, through the thread's sink
void rti_err(const char *bytes, size_t length); // standard error: flushes stdout first, unbuffered
void rti_out_flush(void); // the process's sink to fd 1; SIGPIPE and errors as language.md 11
void rti_sink_add(RtSink *sink, const char *bytes, size_t length); // grows the sink
void rti_sink_free(RtSink *sink);

// --- parallel loops (parfor.c) -------------------------------------------------------------------

// Waits until every earlier block of the loop that this thread works for has finished and its text
// is written; then writes this block's text, and from there on writes straight through. Returns at
// once outside parallel loops. Everything that must keep its order calls it first: stderr, input,
// files, exit, and every stop.
void rti_par_wait_turn(void);
// The same from a signal handler, which has a small stack: does not run other blocks while it
// waits.
void rti_par_wait_turn_in_handler(void);
// True when the calling thread works for a parallel loop.
bool rti_par_inside(void);
// How much text a block may keep; rti_out calls rti_par_wait_turn() when its sink holds more.
#define RTI_SINK_LIMIT ((size_t)1 << 20)
// A child that C's fork made calls nothing: the pool notices by itself that its workers are gone.

// --- errors (error.c) ----------------------------------------------------------------------------

// "Error: <message>\n" (and the place, where one is given) to stderr after this thread's turn came
// and stdout is flushed; ends with status 1.
_Noreturn void rti_stop(const RtPlace *place, const char *format, ...)
    __attribute__((format(printf, 2, 3))); // %s %d (int) %lld only
_Noreturn void rti_stop_memory(void);

// --- words ---------------------------------------------------------------------------------------

static inline bool rti_is_number(uint64_t word) {
    return word < RT_FIRST_BOXED;
}
static inline uint32_t rti_tag(uint64_t word) {
    return (uint32_t)(word >> RT_TAG_SHIFT);
}
static inline void *rti_pointer(uint64_t word) {
    return (void *)(uintptr_t)(word & RT_POINTER_MASK);
}
static inline uint64_t rti_box(uint32_t tag, const void *pointer) {
    return ((uint64_t)tag << RT_TAG_SHIFT) | (uint64_t)(uintptr_t)pointer;
}
static inline double rti_number(uint64_t word) {
    union {
        uint64_t u;
        double d;
    } both = {.u = word};
    return both.d;
}
static inline uint64_t rti_number_word(double number) {
    union {
        double d;
        uint64_t u;
    } both = {.d = number};
    return both.u; // computed NaNs are 0xFFF8… or 0x7FF8…, both below RT_FIRST_BOXED
}

#endif
