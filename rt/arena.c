// arena.c: memory with addresses: what alloc gives is freed at the end of the innermost `arena { … }`
// around it, what arena_alloc gives with its arena. Bump allocation in chunks that grow.
//
// The arena around a parallel loop serves all of its threads. Handles of arena_create are numbers: a
// slot of a table and how often that was used before, so that one of a destroyed arena is known.
#include "value.h"
#include "builtin_words.h"
#include "futex.h"

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

static void free_chunks(ArenaChunk *chunk) {
    while (chunk) {
        ArenaChunk *next = chunk->next;
        rti_free(chunk);
        chunk = next;
    }
}

void rt_arena_leave(void) {
    RtThread *self = rti_self();
    RtArena *arena = self->arena;
    self->arena = arena->outer;
    free_chunks(arena->chunks);
    rti_free(arena);
}

static size_t next_size(const RtArena *arena, size_t least) {
    size_t size = arena->chunks ? arena->chunks->size * 2 : FIRST_CHUNK;
    if (size > LARGEST_CHUNK) size = LARGEST_CHUNK;
    return size < least ? least : size;
}

// Of the newest chunk; null: it has not that much. The lock is held.
static char *take_of_chunk(RtArena *arena, size_t size) {
    ArenaChunk *chunk = arena->chunks;
    if (!chunk || chunk->size - chunk->used < size) return NULL;
    chunk->used += size;
    return chunk->bytes + chunk->used - size;
}

// The address of that many bytes, all zero, which nobody else is given before the arena ends. A chunk is
// made without the lock: where memory runs out, the stop waits for others, who may want the arena.
static uint64_t take(RtArena *arena, size_t size) {
    rti_lock(&arena->lock);
    char *made = take_of_chunk(arena, size);
    size_t more = next_size(arena, size);
    rti_unlock(&arena->lock);
    if (!made) {
        ArenaChunk *chunk = rti_alloc(sizeof *chunk + more);
        rti_lock(&arena->lock);
        *chunk = (ArenaChunk){.next = arena->chunks, .size = more};
        arena->chunks = chunk;
        made = take_of_chunk(arena, size);
        rti_unlock(&arena->lock);
    }
    for (size_t i = 0; i < size; i++) made[i] = 0;
    return rti_number_word((double)(uintptr_t)made);
}

static size_t wanted_bytes(const char *what, uint64_t word, const RtPlace *place) {
    double wanted = rti_need_number(what, word, place);
    if (!(wanted >= 0 && wanted < 0x1p46)) rti_stop(place, "%s cannot make that many bytes", what);
    size_t size = ((size_t)wanted + 7) & ~(size_t)7;
    return size == 0 ? 8 : size;
}

uint64_t rt_b_alloc(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    size_t size = wanted_bytes("alloc", args[0], place);
    RtArena *arena = rti_self()->arena;
    if (!arena) rti_stop(place, "alloc needs an arena around it");
    return take(arena, size);
}

// --- arenas with handles -------------------------------------------------------------------------

typedef struct Slot {
    RtArena *arena; // null: free
    int64_t uses;
} Slot;

enum { SLOT_BITS = 24 }; // of a handle; above them the uses: below 2^53 together

static RtiLock slots_lock;
static Slot *slots; // by anybody who holds the lock, as the two below
static int64_t slot_count, slots_used;

// -1: none is free. The lock is held.
static int64_t free_slot(void) {
    for (int64_t i = 0; slots_used < slot_count && i < slot_count; i++)
        if (!slots[i].arena) return i;
    return -1;
}

// Twice as many slots as there were, which are made without the lock, as chunks are.
static void more_slots(int64_t had) {
    if (had == 1 << SLOT_BITS) rti_stop_memory();
    int64_t count = had == 0 ? 8 : had * 2;
    Slot *made = rti_alloc((size_t)count * sizeof *made), *unused = made;
    rti_lock(&slots_lock);
    if (slot_count == had) { // else somebody else was first
        for (int64_t i = 0; i < count; i++) made[i] = i < had ? slots[i] : (Slot){NULL, 0};
        unused = slots;
        slots = made;
        slot_count = count;
    }
    rti_unlock(&slots_lock);
    if (unused) rti_free(unused);
}

uint64_t rt_b_arena_create(const uint64_t *args, int64_t count, const RtPlace *place) {
    (void)args;
    (void)count;
    (void)place;
    RtArena *arena = rti_alloc(sizeof *arena);
    *arena = (RtArena){0};
    rti_lock(&slots_lock);
    int64_t at;
    while ((at = free_slot()) < 0) {
        int64_t had = slot_count;
        rti_unlock(&slots_lock);
        more_slots(had);
        rti_lock(&slots_lock);
    }
    slots[at].arena = arena;
    slots[at].uses++;
    slots_used++;
    double handle = (double)(slots[at].uses << SLOT_BITS | at);
    rti_unlock(&slots_lock);
    return rti_number_word(handle);
}

// The slot of a handle; null when its arena was never made or is gone. The lock is held.
static Slot *find_slot(double handle) {
    if (!(handle > 0 && handle < 0x1p53)) return NULL;
    int64_t bits = (int64_t)handle, at = bits & ((1 << SLOT_BITS) - 1);
    if ((double)bits != handle || at >= slot_count || !slots[at].arena) return NULL;
    return slots[at].uses == bits >> SLOT_BITS ? &slots[at] : NULL;
}

static RtArena *need_arena(const char *what, uint64_t word, bool last, const RtPlace *place) {
    double handle = rti_need_number(what, word, place);
    rti_lock(&slots_lock);
    Slot *slot = find_slot(handle);
    RtArena *arena = slot ? slot->arena : NULL;
    if (slot && last) {
        slot->arena = NULL;
        slots_used--;
    }
    rti_unlock(&slots_lock);
    if (!arena) rti_stop(place, "%s needs an arena of arena_create that is not destroyed", what);
    return arena;
}

uint64_t rt_b_arena_alloc(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtArena *arena = need_arena("arena_alloc", args[0], false, place);
    return take(arena, wanted_bytes("arena_alloc", args[1], place));
}

uint64_t rt_b_arena_reset(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtArena *arena = need_arena("arena_reset", args[0], false, place);
    rti_lock(&arena->lock);
    ArenaChunk *kept = arena->chunks,
               *others = kept ? kept->next : NULL; // the latest is the largest
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
    rti_unlock(&arena->lock);
    free_chunks(others);
    return 0;
}

uint64_t rt_b_arena_destroy(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t error = rti_first_error(args, count);
    if (error != RT_ABSENT) return error;
    RtArena *arena = need_arena("arena_destroy", args[0], true, place);
    free_chunks(arena->chunks);
    rti_free(arena);
    return 0;
}

void rti_arenas_forget(void) {
    rti_free(slots);
    slots = NULL;
    slot_count = slots_used = 0;
}
