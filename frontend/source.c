// source.c: files in one common space of offsets; lines and columns are found when first asked for.
//
// Invariant: the sources are in ascending order of `base`, and one offset after the last byte of a
// file still belongs to it (the place "end of file").
#define _POSIX_C_SOURCE 200809L
#include "source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

Source *source_add(Arena *arena, SourceVec *sources, const char *path, const char *text,
                   size_t len) {
    uint64_t base = 1;
    if (sources->len) {
        const Source *last = sources->items[sources->len - 1];
        base = (uint64_t)last->base + last->len + 1;
    }
    if (len > SOURCE_LARGEST || base + len + 1 > SOURCE_LARGEST) return NULL;
    Source *source = ARENA_NEW(arena, Source);
    *source = (Source){.path = path, .text = text, .len = (uint32_t)len, .base = (uint32_t)base};
    vec_push(arena, sources, source);
    return source;
}

Source *source_find(const SourceVec *sources, uint32_t offset) {
    uint32_t low = 0, high = sources->len;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const Source *source = sources->items[middle];
        if (offset < source->base) {
            high = middle;
        } else if (offset > source->base + source->len) {
            low = middle + 1;
        } else {
            return sources->items[middle];
        }
    }
    return NULL;
}

static void find_lines(Arena *arena, Source *source) {
    uint32_t count = 1;
    const char *end = source->text + source->len;
    for (const char *p = source->text; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        count++;
    source->lines = ARENA_ARRAY(arena, uint32_t, count);
    source->line_count = count;
    uint32_t at = 1;
    for (const char *p = source->text; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++) {
        source->lines[at++] = (uint32_t)(p + 1 - source->text);
    }
}

// Code points that begin in [from, to); the bytes of broken UTF-8 that continue nothing do not
// count.
static uint32_t count_points(const char *text, uint32_t from, uint32_t to) {
    uint32_t points = 0;
    for (uint32_t i = from; i < to; i++) points += ((unsigned char)text[i] & 0xC0) != 0x80;
    return points;
}

Place source_place(Arena *arena, const SourceVec *sources, uint32_t offset) {
    Source *source = offset ? source_find(sources, offset) : NULL;
    if (!source) return (Place){0};
    if (!source->lines) find_lines(arena, source);
    uint32_t at = offset - source->base, low = 0, high = source->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->lines[middle] <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    uint32_t from = source->lines[low], points = 0;
    if (source->last_offset >= from && source->last_offset <= at) {
        from = source->last_offset;
        points = from > source->lines[low] ? source->last_points : 0;
    }
    points += count_points(source->text, from, at);
    source->last_offset = at;
    source->last_points = points;
    return (Place){source, low + 1, at - source->lines[low] + 1, points + 1};
}

const char *source_line(const Source *source, uint32_t line, size_t *len) {
    *len = 0;
    if (!source->lines || line == 0 || line > source->line_count) return "";
    uint32_t begin = source->lines[line - 1];
    uint32_t end = line < source->line_count ? source->lines[line] - 1 : source->len;
    if (end > begin && source->text[end - 1] == '\r') end--;
    *len = end - begin;
    return source->text + begin;
}

char *source_read(Arena *arena, const char *path, size_t *len, const char **why) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        *why = strerror(errno);
        return NULL;
    }
    struct stat status;
    if (fstat(fileno(file), &status) == 0 && status.st_size > (off_t)SOURCE_LARGEST) {
        fclose(file);
        *len = (size_t)status.st_size;
        *why = strerror(EFBIG);
        return NULL;
    }
    size_t used = 0, room = 64 * 1024;
    char *bytes = malloc(room);
    while (bytes) {
        used += fread(bytes + used, 1, room - used, file);
        if (used < room) break;
        char *wider = room < SIZE_MAX / 2 ? realloc(bytes, room * 2) : NULL;
        if (!wider) {
            free(bytes);
            bytes = NULL;
            break;
        }
        bytes = wider;
        room *= 2;
    }
    bool failed = ferror(file) != 0;
    *why = !bytes ? "out of memory" : failed ? strerror(errno) : NULL;
    fclose(file);
    char *copy = *why ? NULL : arena_copy(arena, bytes, used);
    free(bytes);
    *len = used;
    return copy;
}

const char *source_relative(Arena *arena, const Source *source, const char *path) {
    const char *slash = source ? strrchr(source->path, '/') : NULL;
    if (*path == '/' || !slash) return path;
    return arena_printf(arena, "%.*s%s", (int)(slash + 1 - source->path), source->path, path);
}
