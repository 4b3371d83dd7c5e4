// math_log.c: log, log2 and log10, for numbers and vectors of them (math_lanes.h), with the special
// cases of C99's Annex F: musl's functions, rt_rare_<name>, do these.
//
// After Sun's fdlibm (e_log.c, 1993): x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2),
// s = f / (2 + f), log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)), where R is its polynomial of degree 14 in
// s. The other bases keep what the sum loses, as FreeBSD's do: powers of the base have exact results. Of
// one number log10 is musl's, whose operations these are.
#include "math_vector.h"

double rt_rare_log(double x);
double rt_rare_log2(double x);
double rt_log10(double x);

// 1 + f lies between sqrt(1/2) and sqrt(2); both are exact.
typedef struct LogRange {
    Lanes k, f;
} LogRange;

static inline LogRange log_range(Lanes x) {
    const uint64_t root_half = UINT64_C(0x3FE6A09E667F3BCD), one = UINT64_C(0x3FF0000000000000);
    const uint64_t mantissa = (UINT64_C(1) << 52) - 1;
    Words at = lanes_bits(x) + (one - root_half);
    // The biased exponent as a number: in the lowest bits of 2^52.
    Lanes biased = lanes_from((at >> 52) | UINT64_C(0x4330000000000000));
    return (LogRange){biased - (0x1p52 + 1023), lanes_from((at & mantissa) + root_half) - 1};
}

typedef struct LogParts {
    Lanes k, f, half_square, rest; // rest = s (f^2/2 + R)
    Words rare;
} LogParts;

static inline LogParts log_parts(Lanes x) {
    LogRange range = log_range(x);
    Lanes f = range.f, s = f / (2 + f), z = s * s, w = z * z;
    Lanes even = w * (0x1.999999997fa04p-2 + w * (0x1.c71c51d8e78afp-3 + w * 0x1.39a09d078c69fp-3));
    Lanes odd =
        z * (0x1.5555555555593p-1 +
             w * (0x1.2492494229359p-2 + w * (0x1.7466496cb03dep-3 + w * 0x1.2f112df3e5244p-3)));
    Lanes half_square = 0.5 * f * f;
    Words good = LANES_MASK(x >= 0x1p-1022) & LANES_MASK(x < __builtin_inf());
    return (LogParts){range.k, f, half_square, s * (half_square + (odd + even)), ~good};
}

Lanes LANES_NAME(log)(Lanes x) {
    LogParts p = log_parts(x);
    Lanes low = p.rest + p.k * 0x1.a39ef35793c76p-33;
    Lanes result = p.k * 0x1.62e42feep-1 - ((p.half_square - low) - p.f);
    return LANES_RARE_1(result, p.rare, rt_rare_log, x);
}

// log(1 + f) as a sum whose high part has 21 bits.
static inline Pair log_pair(LogParts p) {
    Lanes high = p.f - p.half_square;
    high = lanes_from(lanes_bits(high) & UINT64_C(0xFFFFFFFF00000000));
    return (Pair){high, ((p.f - high) - p.half_square) + p.rest};
}

Lanes LANES_NAME(log2)(Lanes x) {
    const double inverse_high = 0x1.71547652p0, inverse_low = 0x1.705fc2eefa2p-33;
    LogParts p = log_parts(x);
    Pair l = log_pair(p);
    Lanes high = l.high * inverse_high;
    Lanes low = (l.low + l.high) * inverse_low + l.low * inverse_high;
    Lanes sum = p.k + high;
    return LANES_RARE_1((low + ((p.k - sum) + high)) + sum, p.rare, rt_rare_log2, x);
}

#if RT_WIDTH > 1
Lanes LANES_NAME(log10)(Lanes x) {
    const double inverse_high = 0x1.bcb7b152p-2, inverse_low = 0x1.b9438ca9aadd5p-36;
    const double two_high = 0x1.34413509f6p-2, two_low = 0x1.9fef311f12b36p-42; // log10(2)
    LogParts p = log_parts(x);
    Pair l = log_pair(p);
    Lanes high = l.high * inverse_high, power = p.k * two_high;
    Lanes low = p.k * two_low + (l.low + l.high) * inverse_low + l.low * inverse_high;
    Lanes sum = power + high;
    return LANES_RARE_1((low + ((power - sum) + high)) + sum, p.rare, rt_log10, x);
}
#endif
