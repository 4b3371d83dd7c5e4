// math_log.c: log, log2 and log10, for numbers and vectors of them (math_lanes.h), with the special
// cases of C99's Annex F.
//
// After Sun's fdlibm (e_log.c, 1993): x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2),
// s = f / (2 + f), log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)), where R is its polynomial of degree 14 in
// s. The other bases keep what the sum loses, as FreeBSD's do: powers of the base have exact results.
#include "math_log.h"
#include "math_vector.h"

typedef struct LogParts {
    Lanes k, f, half_square, rest; // rest = s (f^2/2 + R)
} LogParts;

static inline LogParts log_parts(Lanes x) {
    Words tiny = lanes_less(x, lanes_of(0x1p-1022));
    LogRange range = log_range(lanes_choose(tiny, x * 0x1p54, x));
    Lanes k = range.k - lanes_choose(tiny, lanes_of(54), lanes_of(0)), f = range.f;
    Lanes s = f / (2 + f), z = s * s, w = z * z;
    Lanes even = w * (0x1.999999997fa04p-2 + w * (0x1.c71c51d8e78afp-3 + w * 0x1.39a09d078c69fp-3));
    Lanes odd =
        z * (0x1.5555555555593p-1 +
             w * (0x1.2492494229359p-2 + w * (0x1.7466496cb03dep-3 + w * 0x1.2f112df3e5244p-3)));
    Lanes half_square = 0.5 * f * f;
    return (LogParts){k, f, half_square, s * (half_square + (odd + even))};
}

static inline Lanes log_special(Lanes x, Lanes result) {
    const double infinity = __builtin_inf();
    result = lanes_choose(lanes_less(x, lanes_of(infinity)), result, x); // NaN too
    result = lanes_choose(lanes_less(x, lanes_of(0)), lanes_of(__builtin_nan("")), result);
    return lanes_choose(lanes_equal(x, lanes_of(0)), lanes_of(-infinity), result);
}

Lanes LANES_NAME(log)(Lanes x) {
    LogParts p = log_parts(x);
    Lanes low = p.rest + p.k * LN2_LOW;
    Lanes result = p.k * LN2_HIGH - ((p.half_square - low) - p.f);
    return log_special(x, result);
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
    return log_special(x, (low + ((p.k - sum) + high)) + sum);
}

Lanes LANES_NAME(log10)(Lanes x) {
    const double inverse_high = 0x1.bcb7b152p-2, inverse_low = 0x1.b9438ca9aadd5p-36;
    const double two_high = 0x1.34413509f6p-2, two_low = 0x1.9fef311f12b36p-42; // log10(2)
    LogParts p = log_parts(x);
    Pair l = log_pair(p);
    Lanes high = l.high * inverse_high, power = p.k * two_high;
    Lanes low = p.k * two_low + (l.low + l.high) * inverse_low + l.low * inverse_high;
    Lanes sum = power + high;
    return log_special(x, (low + ((power - sum) + high)) + sum);
}
