// math_lanes.h: what the mathematics of math_*.c is written in: a number, or a vector of RT_WIDTH
// numbers, and operations on it that are the same bits whichever it is.
//
// Every function there is compiled once for each width: 2, 4 and 8 for loops that LLVM makes vectors of
// (lower_math.c), and 1 for generated code that calls it, unless musl's function has the same bits and is
// faster, as it can jump where this chooses. Nothing is fused or reordered (the build says
// -ffp-contract=off), and what depends on a number is chosen by masks; so all widths and processors do the
// same operations on each number. Numbers that the common way does not serve go through a function of one
// number, in each lane for itself.
#ifndef FLAP_MATH_LANES_H
#define FLAP_MATH_LANES_H

#include <stdint.h>

#ifndef RT_WIDTH
#define RT_WIDTH 1
#endif

// `Lanes` are numbers, `Words` their bits; a `Words` from a comparison has all bits or none.
#if RT_WIDTH == 1
typedef double Lanes;
typedef uint64_t Words;
#define LANES_NAME(name) rt_##name
#else
typedef double Lanes __attribute__((vector_size(8 * RT_WIDTH)));
typedef uint64_t Words __attribute__((vector_size(8 * RT_WIDTH)));
#define LANES_NAME_OF(name, width) rt_##name##_##width
#define LANES_NAME_AT(name, width) LANES_NAME_OF(name, width)
#define LANES_NAME(name)           LANES_NAME_AT(name, RT_WIDTH)
#endif

static inline Lanes lanes_of(double x) {
    return x - (Lanes){0}; // not a sum: -0 stays -0
}

static inline Words words_of(uint64_t x) {
    return x + (Words){0};
}

static inline Words lanes_bits(Lanes x) {
    union {
        Lanes lanes;
        Words words;
    } both = {.lanes = x};
    return both.words;
}

static inline Lanes lanes_from(Words x) {
    union {
        Words words;
        Lanes lanes;
    } both = {.words = x};
    return both.lanes;
}

#if RT_WIDTH == 1
#define LANES_MASK(comparison) (-(Words)(comparison))
#else
#define LANES_MASK(comparison) ((Words)(comparison))
#endif

static inline Words lanes_less(Lanes a, Lanes b) {
    return LANES_MASK(a < b);
}

static inline Words lanes_equal(Lanes a, Lanes b) {
    return LANES_MASK(a == b);
}

static inline Lanes lanes_choose(Words mask, Lanes yes, Lanes no) {
#if RT_WIDTH == 1
    return mask ? yes : no;
#else
    return lanes_from((lanes_bits(yes) & mask) | (lanes_bits(no) & ~mask));
#endif
}

static inline uint64_t lanes_any(Words mask) {
#if RT_WIDTH == 1
    return mask;
#else
    uint64_t any = 0;
    for (int i = 0; i < RT_WIDTH; i++) any |= mask[i];
    return any;
#endif
}

static inline Lanes lanes_sqrt(Lanes x) {
    return __builtin_elementwise_sqrt(x);
}

#define LANES_SIGN UINT64_C(0x8000000000000000)

static inline Lanes lanes_abs(Lanes x) {
    return lanes_from(lanes_bits(x) & ~words_of(LANES_SIGN));
}

static inline Words lanes_sign(Lanes x) {
    return lanes_bits(x) & LANES_SIGN;
}

// x, negated where the sign is set.
static inline Lanes lanes_flip(Lanes x, Words sign) {
    return lanes_from(lanes_bits(x) ^ sign);
}

// Its upper 26 bits; the rest of it is exact, as are the products of such halves.
static inline Lanes lanes_upper(Lanes x) {
    return lanes_from(lanes_bits(x) & ~words_of((UINT64_C(1) << 27) - 1));
}

// Added to numbers below 2^51 it leaves the nearest whole one in the lowest bits.
#define LANES_ROUNDER 0x1.8p52

// 2^k, where `rounded` is LANES_ROUNDER + k and -1022 <= k <= 1023.
static inline Lanes lanes_power(Lanes rounded) {
    return lanes_from((lanes_bits(rounded) + 1023) << 52);
}

// --- numbers as unevaluated sums -------------------------------------------------------------------

typedef struct Pair {
    Lanes high, low;
} Pair;

// a + b exactly, where |a| >= |b| or a is 0. (Dekker 1971)
static inline Pair pair_sum(Lanes a, Lanes b) {
    Lanes sum = a + b;
    return (Pair){sum, b - (sum - a)};
}

// a + b exactly. (Knuth 1969)
static inline Pair pair_sum_any(Lanes a, Lanes b) {
    Lanes sum = a + b, of_b = sum - a;
    return (Pair){sum, (a - (sum - of_b)) + (b - of_b)};
}

// a * b exactly, as far as neither part leaves the range of numbers. (Dekker 1971)
static inline Pair pair_product(Lanes a, Lanes b) {
    Lanes product = a * b;
    Lanes ah = lanes_upper(a), al = a - ah, bh = lanes_upper(b), bl = b - bh;
    return (Pair){product, ((ah * bh - product) + ah * bl + al * bh) + al * bl};
}

// a / b to more bits than one number has, where the low parts are small.
static inline Pair pair_quotient(Pair a, Pair b) {
    Lanes quotient = a.high / b.high;
    Pair back = pair_product(quotient, b.high);
    Lanes rest = ((a.high - back.high) - back.low) + (a.low - quotient * b.low);
    return (Pair){quotient, rest / b.high};
}

// --- rare numbers ---------------------------------------------------------------------------------

// The result where `rare` is not set, else that of the function of one number.
#if RT_WIDTH == 1
#define LANES_RARE_1(result, rare, function, x)    ((rare) ? function(x) : (result))
#define LANES_RARE_2(result, rare, function, x, y) ((rare) ? function(x, y) : (result))
#else
#define LANES_RARE_1(result, rare, function, x)                                                    \
    (__builtin_expect(lanes_any(rare) != 0, 0) ? lanes_rare_1(result, rare, function, x) : (result))
#define LANES_RARE_2(result, rare, function, x, y)                                                 \
    (__builtin_expect(lanes_any(rare) != 0, 0) ? lanes_rare_2(result, rare, function, x, y)        \
                                               : (result))

__attribute__((unused)) static Lanes lanes_rare_1(Lanes result, Words rare,
                                                  double (*function)(double), Lanes x) {
    for (int i = 0; i < RT_WIDTH; i++)
        if (rare[i]) result[i] = function(x[i]);
    return result;
}

__attribute__((unused)) static Lanes
lanes_rare_2(Lanes result, Words rare, double (*function)(double, double), Lanes x, Lanes y) {
    for (int i = 0; i < RT_WIDTH; i++)
        if (rare[i]) result[i] = function(x[i], y[i]);
    return result;
}
#endif

#endif
