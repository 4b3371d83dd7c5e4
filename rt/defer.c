// defer.c: deferred blocks and arenas: what a thread has to do when blocks of the program are left.
//
// Generated code runs what it deferred, and frees its arenas, when a block is left by its end or a
// jump; only stops and exits go through the chain here. Invariant: the chain holds the blocks that
// the thread is inside of, innermost first, and its records lie in stack frames that still stand.
#include "pool.h"
#include "value.h"
#include "builtin_words.h"
#include "futex.h"

// --- deferred blocks -----------------------------------------------------------------------------

void rt_defer_push(const void *record) {
    RtDefer *defer = (RtDefer *)(uintptr_t)record;
    RtThread *self = rti_self();
    defer->next = self->defers;
    defer->stack = __builtin_frame_address(0);
    self->defers = defer;
}

void rt_defer_run(const void *record) {
    RtDefer *defer = (RtDefer *)(uintptr_t)record;
    rti_self()->defers = defer->next;
    defer->code(defer->environment);
}

// Those of the block in hand, then those of the thread that met the loop, and so on outwards. What
// that thread does now, and what this one was doing when it took the block over, are other blocks.
void rti_defers_run(void) {
    RtThread *self = rti_self();
    for (;;) {
        const RtParState *state = self->par;
        // Each one leaves the chain before it runs: a stop inside it comes back here for the rest.
        while (self->defers != (state ? state->defers : NULL)) rt_defer_run(self->defers);
        if (!state) return;
        self->defers = state->job->defers;
        self->par = state->job->parent;
    }
}

// --- arenas --------------------------------------------------------------------------------------

typedef struct ArenaChunk {
    struct ArenaChunk *next;
    size_t used, size;
    char bytes[];
} ArenaChunk;

struct RtArena {
    RtArena *outer;
    RtiLock lock; // the threads of a parallel loop use the one around it
    ArenaChunk *chunks;
};

enum { FIRST_CHUNK = 4096 - 64, LARGEST_CHUNK = 1 << 20 };

void rt_arena_enter(void) {
    RtArena *arena = rti_alloc(sizeof *arena);
    RtThread *self = rti_self();
    *arena = (RtArena){.outer = self->arena};
    self->arena = arena;
}

void rt_arena_leave(void) {
    RtThread *self = rti_self();
    RtArena *arena = self->arena;
    self->arena = arena->outer;
    for (ArenaChunk *chunk = arena->chunks; chunk;) {
        ArenaChunk *next = chunk->next;
        rti_free(chunk);
        chunk = next;
    }
    rti_free(arena);
}

static ArenaChunk *new_chunk(RtArena *arena, size_t least) {
    size_t size = arena->chunks ? arena->chunks->size * 2 : FIRST_CHUNK;
    if (size > LARGEST_CHUNK) size = LARGEST_CHUNK;
    if (size < least) size = least;
    ArenaChunk *chunk = rti_alloc(sizeof *chunk + size);
    *chunk = (ArenaChunk){.next = arena->chunks, .size = size};
    return arena->chunks = chunk;
}

uint64_t rt_b_alloc(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    double wanted = rti_need_number("alloc", args[0], place);
    if (!(wanted >= 0 && wanted < 0x1p46)) rti_stop(place, "alloc cannot make that many bytes");
    RtArena *arena = rti_self()->arena;
    if (!arena) rti_stop(place, "alloc needs an arena around it");
    size_t size = ((size_t)wanted + 7) & ~(size_t)7;
    if (size == 0) size = 8;
    rti_lock(&arena->lock);
    ArenaChunk *chunk = arena->chunks;
    if (!chunk || chunk->size - chunk->used < size) chunk = new_chunk(arena, size);
    char *made = chunk->bytes + chunk->used;
    chunk->used += size;
    rti_unlock(&arena->lock);
    for (size_t i = 0; i < size; i++) made[i] = 0;
    return rti_number_word((double)(uintptr_t)made);
}
