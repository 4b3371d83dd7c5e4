// mem.c: memory copied, moved, filled and compared. Freestanding builds define memcpy and its
// family here, for the calls that compilers emit; hosted builds use libc's.
//
// Small sizes by two overlapping loads, so without loops; large copies by the processor's string
// instructions on x86-64. Every load of a small piece precedes every store, so small copies may
// overlap. Must be compiled with -fno-builtin: else a compiler turns the loops into calls of
// themselves.
#include "value.h"

// libc has the same.
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
int bcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

#if !defined(RT_HOSTED)

typedef uint64_t Vec __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t U64 __attribute__((aligned(1), may_alias));
typedef uint32_t U32 __attribute__((aligned(1), may_alias));
typedef uint16_t U16 __attribute__((aligned(1), may_alias));

enum { STRING_INSTRUCTION = 1024 }; // from here on `rep movsb` and `rep stosb` win

static inline void copy_to_16(char *to, const char *from, size_t size) {
    if (size >= 8) {
        uint64_t a = *(const U64 *)from, b = *(const U64 *)(from + size - 8);
        *(U64 *)to = a;
        *(U64 *)(to + size - 8) = b;
    } else if (size >= 4) {
        uint32_t a = *(const U32 *)from, b = *(const U32 *)(from + size - 4);
        *(U32 *)to = a;
        *(U32 *)(to + size - 4) = b;
    } else if (size >= 2) {
        uint16_t a = *(const U16 *)from, b = *(const U16 *)(from + size - 2);
        *(U16 *)to = a;
        *(U16 *)(to + size - 2) = b;
    } else if (size != 0) {
        *to = *from;
    }
}

static inline void copy_to_64(char *to, const char *from, size_t size) { // 17 … 64
    Vec a = *(const Vec *)from, d = *(const Vec *)(from + size - 16);
    if (size > 32) {
        Vec b = *(const Vec *)(from + 16), c = *(const Vec *)(from + size - 32);
        *(Vec *)(to + 16) = b;
        *(Vec *)(to + size - 32) = c;
    }
    *(Vec *)to = a;
    *(Vec *)(to + size - 16) = d;
}

static inline void copy_64(char *to, const char *from) {
    Vec a = *(const Vec *)from, b = *(const Vec *)(from + 16);
    Vec c = *(const Vec *)(from + 32), d = *(const Vec *)(from + 48);
    *(Vec *)to = a;
    *(Vec *)(to + 16) = b;
    *(Vec *)(to + 32) = c;
    *(Vec *)(to + 48) = d;
}

// Ascending; right for overlaps where to < from. size > 64.
static void copy_up(char *to, const char *from, size_t size) {
    Vec tail[4];
    const char *end = from + size - 64;
    tail[0] = *(const Vec *)end;
    tail[1] = *(const Vec *)(end + 16);
    tail[2] = *(const Vec *)(end + 32);
    tail[3] = *(const Vec *)(end + 48);
    char *last = to + size - 64;
    while (from < end) {
        copy_64(to, from);
        to += 64;
        from += 64;
    }
    *(Vec *)last = tail[0];
    *(Vec *)(last + 16) = tail[1];
    *(Vec *)(last + 32) = tail[2];
    *(Vec *)(last + 48) = tail[3];
}

// Descending; right for overlaps where to > from. size > 64.
static void copy_down(char *to, const char *from, size_t size) {
    Vec head[4];
    head[0] = *(const Vec *)from;
    head[1] = *(const Vec *)(from + 16);
    head[2] = *(const Vec *)(from + 32);
    head[3] = *(const Vec *)(from + 48);
    while (size > 64) {
        size -= 64;
        copy_64(to + size, from + size);
    }
    *(Vec *)to = head[0];
    *(Vec *)(to + 16) = head[1];
    *(Vec *)(to + 32) = head[2];
    *(Vec *)(to + 48) = head[3];
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    if (size <= 16) {
        copy_to_16(to, from, size);
    } else if (size <= 64) {
        copy_to_64(to, from, size);
    } else {
#if defined(__x86_64__)
        if (size >= STRING_INSTRUCTION) {
            void *at = to;
            __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
            return to;
        }
#endif
        copy_up(to, from, size);
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    if (size <= 16)
        copy_to_16(to, from, size);
    else if (size <= 64)
        copy_to_64(to, from, size);
    else if ((uintptr_t)to - (uintptr_t)from >= size) // also when to < from
        copy_up(to, from, size);
    else
        copy_down(to, from, size);
    return to;
}

void *memset(void *to, int byte, size_t size) {
    char *at = to;
    uint64_t eight = (uint8_t)byte * UINT64_C(0x0101010101010101);
    if (size < 16) {
        if (size >= 8) {
            *(U64 *)at = eight;
            *(U64 *)(at + size - 8) = eight;
        } else if (size >= 4) {
            *(U32 *)at = (uint32_t)eight;
            *(U32 *)(at + size - 4) = (uint32_t)eight;
        } else if (size >= 2) {
            *(U16 *)at = (uint16_t)eight;
            *(U16 *)(at + size - 2) = (uint16_t)eight;
        } else if (size != 0) {
            *at = (char)byte;
        }
        return to;
    }
#if defined(__x86_64__)
    if (size >= STRING_INSTRUCTION) {
        __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(byte) : "memory");
        return to;
    }
#endif
    Vec fill = {eight, eight};
    char *last = at + size - 16;
    for (; at < last; at += 16) {
        *(Vec *)at = fill;
        __asm__ volatile("" : : : "memory"); // keeps this a loop
    }
    *(Vec *)last = fill;
    return to;
}

int memcmp(const void *a, const void *b, size_t size) {
    const unsigned char *x = a, *y = b;
    while (size >= 8) {
        uint64_t u = *(const U64 *)x, v = *(const U64 *)y;
        if (u != v) { // the lowest byte in memory decides: little-endian on all three machines
            u = __builtin_bswap64(u);
            v = __builtin_bswap64(v);
            return u < v ? -1 : 1;
        }
        x += 8;
        y += 8;
        size -= 8;
    }
    for (; size != 0; size--, x++, y++) {
        if (*x != *y) return *x < *y ? -1 : 1;
    }
    return 0;
}

int bcmp(const void *a, const void *b, size_t size) {
    return memcmp(a, b, size);
}

size_t strlen(const char *text) {
    const char *end = text;
    while (*end) end++;
    return (size_t)(end - text);
}
#endif

void *rti_copy(void *to, const void *from, size_t size) {
    return size == 0 ? to : memcpy(to, from, size); // C wants valid pointers even for no bytes
}

void *rti_move(void *to, const void *from, size_t size) {
    return size == 0 ? to : memmove(to, from, size);
}

void *rti_set(void *to, int byte, size_t size) {
    return size == 0 ? to : memset(to, byte, size);
}

int rti_bytes_compare(const void *a, const void *b, size_t size) {
    return size == 0 ? 0 : memcmp(a, b, size);
}

size_t rti_cstr_length(const char *text) {
    const char *at = text;
    while (*at != 0) {
        at++;
        __asm__ volatile("" : : : "memory"); // keeps this a loop
    }
    return (size_t)(at - text);
}
