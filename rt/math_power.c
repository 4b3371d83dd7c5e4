// math_power.c: pow, hypot and atan2, the functions of two numbers, for numbers and vectors of them
// (math_lanes.h). What is rare (zeros, infinities, NaN, results near the ends of the range) is done by
// musl's functions, rt_rare_<name>.
#include "math_exp.h"
#include "math_arc.h"
#include "math_log.h"
#include "math_vector.h"

double rt_rare_pow(double x, double y);
double rt_rare_hypot(double x, double y);
double rt_rare_atan2(double y, double x);
double rt_pow_signed(double x, double y);

// --- pow -------------------------------------------------------------------------------------------

// The logarithm of 1 + f to about 68 bits: with s = f / (2 + f) and z = s^2 it is 2 s (1 + z/3 + z^2 P(z)),
// where P, of degree 7, is by Remez's exchange 2^-73 of the sum away.
static inline Pair log_mantissa(Lanes f) {
    Pair down = pair_sum(lanes_of(2), f);
    Lanes inverse = 1 / down.high, s = f * inverse;
    Pair back = pair_product(s, down.high);
    Lanes s_low = (((f - back.high) - back.low) - s * down.low) * inverse;
    Pair z = pair_product(s, s);
    z.low += 2 * s * s_low;
    Lanes z1 = z.high, z2 = z1 * z1, z4 = z2 * z2;
    Lanes p = ((0x1.9999999999996p-3 + z1 * 0x1.2492492493036p-3) +
               z2 * (0x1.c71c71c580457p-4 + z1 * 0x1.745d1832636f8p-4)) +
              z4 * ((0x1.3b1362b1a51cbp-4 + z1 * 0x1.1120b6482c3f8p-4) +
                    z2 * (0x1.de3356ab6562ap-5 + z1 * 0x1.eb11f6a1c4bf6p-5));
    Pair third = pair_product(z1, lanes_of(0x1.5555555555555p-2));
    third.low += z1 * 0x1.5555555555555p-56 + z.low * 0x1.5555555555555p-2;
    Pair tail = pair_sum(third.high, z2 * p);
    tail.low += third.low;
    Lanes u = 2 * s, u_low = 2 * s_low;
    Pair product = pair_product(u, tail.high);
    product.low += u * tail.low + u_low * tail.high;
    Pair sum = pair_sum(u, product.high);
    sum.low += product.low + u_low;
    return sum;
}

static inline Pair log_whole(LogRange range) {
    Pair part = log_mantissa(range.f);
    Pair sum = pair_sum(range.k * LN2_HIGH, part.high);
    return pair_sum(sum.high, sum.low + (range.k * LN2_LOW + part.low));
}

#if RT_WIDTH == 1
// Whether y is whole: 2 if it is even, 1 if it is odd, else 0.
static int parity(double y) {
    double a = __builtin_fabs(y);
    if (!(a < 0x1p53)) return 2; // infinities too; not NaN's business
    int64_t whole = (int64_t)a;
    return (double)whole != a ? 0 : whole & 1 ? 1 : 2;
}

// Of a negative number by that of its absolute value, so that they agree in all bits.
double rt_pow_signed(double x, double y) {
    int kind = parity(y);
    if (!(x < 0) || kind == 0 || y != y) return rt_rare_pow(x, y);
    double result = rt_pow(-x, y);
    return kind == 1 ? -result : result;
}
#endif

// x^y = e^(y log x), for x from the smallest normal number on and results within 2^±1021.
Lanes LANES_NAME(pow)(Lanes x, Lanes y) {
    Words good = LANES_MASK(x >= 0x1p-1022) & LANES_MASK(x < __builtin_inf());
    Pair log = log_whole(log_range(x));
    Pair power = pair_product(y, log.high);
    power.low += y * log.low;
    good &= lanes_less(lanes_abs(power.high), lanes_of(707)) & LANES_MASK(lanes_abs(y) < 0x1p900);
    ExpParts e = exp_parts(power.high, power.low);
    Pair m = exp_mantissa(e);
    Lanes result = (m.high + m.low) * lanes_power(e.rounded);
    return LANES_RARE_2(result, ~good, rt_pow_signed, x, y);
}

// --- hypot -----------------------------------------------------------------------------------------

// The root of the sum of squares that are kept whole.
Lanes LANES_NAME(hypot)(Lanes x, Lanes y) {
    Lanes a = lanes_abs(x), b = lanes_abs(y);
    Words less = lanes_less(a, b);
    Lanes most = lanes_choose(less, b, a), least = lanes_choose(less, a, b);
    Words good = LANES_MASK(most < 0x1p500) & LANES_MASK(least > 0x1p-400);
    Pair first = pair_product(most, most), second = pair_product(least, least);
    Lanes result = lanes_sqrt(second.low + first.low + second.high + first.high);
    return LANES_RARE_2(result, ~good, rt_rare_hypot, x, y);
}

// --- atan2 -----------------------------------------------------------------------------------------

Lanes LANES_NAME(atan2)(Lanes y, Lanes x) {
    Lanes a = lanes_abs(y), b = lanes_abs(x);
    Words good = LANES_MASK(a > 0x1p-400) & LANES_MASK(a < 0x1p400) & LANES_MASK(b > 0x1p-400) &
                 LANES_MASK(b < 0x1p400);
    Arc arc = arc_of(a, b);
    Pair t = pair_quotient(arc.up, (Pair){arc.down, lanes_of(0)});
    // Left of the axis it is pi less that.
    Words left = lanes_sign(x), mask = lanes_less(x, lanes_of(0));
    Pair rest = pair_sum(lanes_of(2 * HALF_PI_HIGH), -arc.high);
    rest.low += 2 * HALF_PI_LOW - arc.low;
    arc.high = lanes_choose(mask, rest.high, arc.high);
    arc.low = lanes_choose(mask, rest.low, arc.low);
    Lanes result = arc_angle(arc, lanes_flip(t.high, left), lanes_flip(t.low, left));
    return LANES_RARE_2(lanes_flip(result, lanes_sign(y)), ~good, rt_rare_atan2, y, x);
}
