// lanes.c: sums and products of parallel loops with so few iterations that no block has more than there are
// lanes: then lane k of a block is its iteration k, and the blocks' results are made of the iterations' values
// here, without a branch that depends on a block's length.
//
// Invariant: the same bits as a body gives that goes from block to block by itself, since what is missing in
// a lane is neutral: x + -0 and x * 1 are x.
#include "rt.h"

#include <stdbool.h>
#include <stddef.h>

enum { SHIFT = 10 };
_Static_assert(1 << SHIFT == RT_PAR_MAX_BLOCKS, "blocks begin where a shift says");

#define INLINE __attribute__((always_inline)) static inline

typedef struct Part {
    const double *values; // of iterations, from where the first block begins
    double *results;      // of blocks
    int64_t block, end;   // the first block; the iteration at which the last one ends
    int64_t count;        // of the loop
} Part;

INLINE double join(bool product, double a, double b) {
    return product ? a * b : a + b;
}

// ((0+1)+(2+3))+((4+5)+(6+7)) of a block of `whole` iterations, and of `more`, which is the last one's value
// or neutral.
INLINE double block_of(bool product, const double *values, int64_t whole, double more) {
    double low = join(product, values[0], whole > 1 ? values[1] : more);
    if (whole == 1) return low;
    if (whole == 2) return join(product, low, more);
    low = join(product, low, join(product, values[2], whole > 3 ? values[3] : more));
    if (whole == 3) return low;
    if (whole == 4) return join(product, low, more);
    double high = join(product, values[4], whole > 5 ? values[5] : more);
    if (whole == 6) high = join(product, high, more);
    if (whole == 7) high = join(product, high, join(product, values[6], more));
    return join(product, low, high);
}

// Blocks of `whole` or one more iterations. What the last one's value is comes out of a table, since a branch
// would be guessed wrong half the time.
INLINE void all(bool product, Part part, int64_t whole) {
    int64_t place = part.block * part.count, first = place >> SHIFT;
    const double *at = part.values, *end = at + (part.end - first), *base = at - first;
    double *result = part.results, last[2] = {product ? 1.0 : -0.0, 0};
    while (at != end) {
        place += part.count;
        const double *next = base + (place >> SHIFT);
        last[1] = at[whole]; // of the next block, or of none, if this one is short
        *result++ = block_of(product, at, whole, last[next - at - whole]);
        at = next;
    }
}

INLINE void of_any_length(bool product, Part part) {
    switch (part.count >> SHIFT) {
    case 1: all(product, part, 1); return;
    case 2: all(product, part, 2); return;
    case 3: all(product, part, 3); return;
    case 4: all(product, part, 4); return;
    case 5: all(product, part, 5); return;
    case 6: all(product, part, 6); return;
    }
    all(product, part, 7);
}

void rt_par_lanes_sum(const void *values, const void *results, int64_t block, int64_t end,
                      int64_t count) {
    of_any_length(false, (Part){values, (double *)(uintptr_t)results, block, end, count});
}

void rt_par_lanes_product(const void *values, const void *results, int64_t block, int64_t end,
                          int64_t count) {
    of_any_length(true, (Part){values, (double *)(uintptr_t)results, block, end, count});
}
