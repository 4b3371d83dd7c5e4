// source.h: source files in memory and places in them.
//
// All files of a compilation share one space of offsets: a Span says by itself which file it is in.
#ifndef FLAP_SOURCE_H
#define FLAP_SOURCE_H

#include "vec.h"

// A half-open range of bytes. {0, 0} is "no place"; the first file begins at offset 1.
typedef struct Span {
    uint32_t begin, end;
} Span;

typedef struct Source {
    const char *path;   // as given by the user; "<stdin>" and "<command line>" for those
    const char *text;   // NUL-terminated, though it may contain NULs
    uint32_t len, base; // bytes; offset of the first byte in the common space
    uint32_t *lines;    // offset in `text` of each line's first byte; made when first needed
    uint32_t line_count;
    uint32_t last_offset, last_points; // the last place asked for, in its line: makes a run of questions linear
} Source;

typedef VEC(Source *) SourceVec;

// Line and column from 1; the column counts bytes, `column_utf8` code points.
typedef struct Place {
    const Source *source;
    uint32_t line, column, column_utf8;
} Place;

// Adds a text that the caller keeps alive. Returns null when the space of offsets (4 GiB) is full.
Source *source_add(Arena *arena, SourceVec *sources, const char *path, const char *text, size_t len);
// The file and place of an offset; source is null for "no place".
Place source_place(Arena *arena, const SourceVec *sources, uint32_t offset);
// The bytes of line `line` (from 1) without its newline; length in *len.
const char *source_line(const Source *source, uint32_t line, size_t *len);

// Positions are 32-bit offsets into all files together.
#define SOURCE_LARGEST ((size_t)UINT32_MAX - 16)
// The bytes of a file, NUL-terminated, in the arena. Null when it cannot be read: *why says so; when it
// is not read because it is too large, *len is more than SOURCE_LARGEST.
char *source_read(Arena *arena, const char *path, size_t *len, const char **why);
// `path` as seen from the folder of `source` (null: the working directory).
const char *source_relative(Arena *arena, const Source *source, const char *path);
// The source that holds an offset, or null.
Source *source_find(const SourceVec *sources, uint32_t offset);

static inline Span span_join(Span a, Span b) {
    if (a.end == 0) return b;
    if (b.end == 0) return a;
    return (Span){a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}

#endif
