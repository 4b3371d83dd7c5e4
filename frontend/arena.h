// arena.h: bump allocation by lifetime. Nothing in the compiler is freed singly.
#ifndef FLAP_ARENA_H
#define FLAP_ARENA_H

#include "base.h"

typedef struct ArenaChunk ArenaChunk;

// An arena starts as all zeroes; arena_free() returns it to that state.
typedef struct Arena {
    ArenaChunk *chunks; // newest first
    char *next, *end;   // the free part of the newest chunk
    size_t total;       // bytes obtained from the system, for --time-passes
} Arena;

// `size` zeroed bytes aligned to 16, owned by the arena. Never null: running out of memory is a
// compiler_bug() with that sentence.
void *arena_alloc(Arena *arena, size_t size);
// The same aligned to 8 only, for what exists in great numbers.
void *arena_alloc_words(Arena *arena, size_t size);
// Makes `block`, of `size` bytes, `wider` ones long where it lies: true if it was allocated last and
// there is room behind it.
bool arena_extend(Arena *arena, void *block, size_t size, size_t wider);
// A copy of `size` bytes followed by a NUL.
char *arena_copy(Arena *arena, const char *bytes, size_t size);
char *arena_printf(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
void arena_free(Arena *arena);

#define ARENA_NEW(arena, Type)          ((Type *)arena_alloc((arena), sizeof(Type)))
#define ARENA_ARRAY(arena, Type, count) ((Type *)arena_alloc((arena), sizeof(Type) * (size_t)(count)))

#endif
