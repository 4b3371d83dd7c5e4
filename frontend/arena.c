// arena.c: bump allocation in chunks that grow with the arena.
//
// Chunks come zeroed, so an allocation is an addition and a comparison. What is large gets a chunk
// of its own, behind the newest one, whose free part stays in use. Chunks of megabytes are mapped
// on the boundaries of huge pages: with small pages, faults would take longer than parsing.
#define _DEFAULT_SOURCE // MAP_ANONYMOUS, madvise
#include "arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct ArenaChunk {
    ArenaChunk *older;
    size_t mapped; // bytes of the mapping; 0: from calloc. Keeps what follows aligned to 16
};

enum {
    CHUNK_LEAST = 64 * 1024,
    CHUNK_MOST = 16 * 1024 * 1024,
    LARGE = 16 * 1024,
    HUGE_PAGE = 2 * 1024 * 1024,
#if defined(__SANITIZE_ADDRESS__)
    MAPS = 0, // it does not look into mappings: what hangs there would be leaks
#else
    MAPS = 1,
#endif
};

// A zeroed chunk on the boundary of a huge page, or null.
static ArenaChunk *map_chunk(size_t size) {
    size_t length = (size + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
    char *room =
        mmap(NULL, length + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return NULL;
    size_t skip = (size_t)(-(uintptr_t)room) & (HUGE_PAGE - 1);
    if (skip) munmap(room, skip);
    if (skip < HUGE_PAGE) munmap(room + skip + length, HUGE_PAGE - skip);
    madvise(room + skip, length, MADV_HUGEPAGE); // a wish: it may be refused
    ArenaChunk *chunk = (ArenaChunk *)(void *)(room + skip);
    chunk->mapped = length;
    return chunk;
}

static ArenaChunk *new_chunk(Arena *arena, size_t size) {
    size_t bytes = sizeof(ArenaChunk) + size;
    ArenaChunk *chunk = MAPS && bytes >= HUGE_PAGE ? map_chunk(bytes) : calloc(1, bytes);
    CHECK(chunk != NULL, "out of memory");
    arena->total += size;
    return chunk;
}

static void *alloc_slowly(Arena *arena, size_t size) {
    if (size >= LARGE && arena->chunks) {
        ArenaChunk *chunk = new_chunk(arena, size);
        chunk->older = arena->chunks->older;
        arena->chunks->older = chunk;
        return chunk + 1;
    }
    size_t room = arena->total < CHUNK_LEAST ? CHUNK_LEAST : arena->total;
    if (room > CHUNK_MOST) room = CHUNK_MOST;
    if (room >= HUGE_PAGE) room = (room & ~(size_t)(HUGE_PAGE - 1)) - sizeof(ArenaChunk);
    if (room < size) room = size;
    ArenaChunk *chunk = new_chunk(arena, room);
    chunk->older = arena->chunks;
    arena->chunks = chunk;
    arena->next = (char *)(chunk + 1) + size;
    arena->end = (char *)(chunk + 1) + room;
    return chunk + 1;
}

static void *alloc_aligned(Arena *arena, size_t size, size_t alignment) {
    size_t skip = (size_t)(-(uintptr_t)arena->next) & (alignment - 1);
    if (size == 0) size = 1;
    CHECK(size <= SIZE_MAX / 2, "out of memory");
    size = (size + 7) & ~(size_t)7;
    if ((size_t)(arena->end - arena->next) < size + skip) return alloc_slowly(arena, size);
    void *result = arena->next + skip;
    arena->next += size + skip;
    return result;
}

void *arena_alloc(Arena *arena, size_t size) {
    return alloc_aligned(arena, size, 16);
}

void *arena_alloc_words(Arena *arena, size_t size) {
    return alloc_aligned(arena, size, 8);
}

bool arena_extend(Arena *arena, void *block, size_t size, size_t wider) {
    size = (size + 7) & ~(size_t)7;
    wider = (wider + 7) & ~(size_t)7;
    if ((char *)block + size != arena->next || (size_t)(arena->end - arena->next) < wider - size)
        return false;
    arena->next += wider - size;
    return true;
}

char *arena_copy(Arena *arena, const char *bytes, size_t size) {
    char *copy = arena_alloc(arena, size + 1);
    if (size) memcpy(copy, bytes, size);
    return copy;
}

char *arena_printf(Arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    CHECK(length >= 0, "a format that vsnprintf refuses");
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void arena_free(Arena *arena) {
    for (ArenaChunk *chunk = arena->chunks; chunk;) {
        ArenaChunk *older = chunk->older;
        if (chunk->mapped) {
            munmap(chunk, chunk->mapped);
        } else {
            free(chunk);
        }
        chunk = older;
    }
    *arena = (Arena){0};
}
