// math_hyper.c: sinh, cosh and tanh, for numbers and vectors of them (math_lanes.h), with the special cases of
// C99's Annex F.
//
// e^x as a sum of two numbers: x = k ln 2 + r with |r| <= (ln 2) / 2 (Cody and Waite 1980: ln 2 in two parts,
// so that the first difference is exact), e^r = 1 + r + r^2 P(r), where P is the polynomial of degree 10 that
// is nearest to it by Remez's exchange: 2^-64 of e^r away. From 40 on sinh and cosh are musl's, rt_rare_sinh
// and rt_rare_cosh.
#include "math_vector.h"

double rt_rare_sinh(double x);
double rt_rare_cosh(double x);

#define LN2_HIGH 0x1.62e42feep-1 // 32 bits: its product with k is exact
#define LN2_LOW  0x1.a39ef35793c76p-33

// e^x as 2^k (1 + (r + rest)).
typedef struct ExpParts {
    Lanes rounded; // LANES_ROUNDER + k
    Lanes r, rest;
} ExpParts;

static inline ExpParts exp_parts(Lanes x) {
    Lanes rounded = x * 0x1.71547652b82fep0 + LANES_ROUNDER, k = rounded - LANES_ROUNDER;
    Lanes first = x - k * LN2_HIGH, second = k * LN2_LOW;
    Lanes r = first - second, lost = (first - r) - second;
    Lanes r2 = r * r, r4 = r2 * r2;
    Lanes p01 = 0.5 + r * 0x1.555555555555bp-3;
    Lanes p23 = 0x1.5555555555503p-5 + r * 0x1.111111110ec5ep-7;
    Lanes p45 = 0x1.6c16c16c3049cp-10 + r * 0x1.a01a01b37e17fp-13;
    Lanes p67 = 0x1.a01a01368a1f7p-16 + r * 0x1.71ddf021104a2p-19;
    Lanes p89 = 0x1.27e5b4522a57ap-22 + r * 0x1.af6be782b616bp-26;
    Lanes p = (p01 + r2 * p23) + r4 * ((p45 + r2 * p67) + r4 * (p89 + r2 * 0x1.1e3d1a8d6a274p-29));
    return (ExpParts){rounded, r, r2 * p + lost};
}

// e^x - 1 for 0 <= x <= 44, to more bits than one number has.
static inline Pair exp_minus_one(Lanes x) {
    ExpParts e = exp_parts(x);
    Lanes power = lanes_power(e.rounded);
    Pair small = pair_sum(e.r, e.rest);
    Pair whole = pair_sum(power, lanes_of(-1));
    Pair sum = pair_sum(whole.high, power * small.high);
    return pair_sum(sum.high, sum.low + (power * small.low + whole.low));
}

// (e^2x - 1) / (e^2x + 1); from 22 on it is 1 to the last bit.
Lanes LANES_NAME(tanh)(Lanes x) {
    Lanes a = lanes_abs(x);
    a = lanes_choose(lanes_less(lanes_of(22), a), lanes_of(22), a);
    Pair m = exp_minus_one(a + a);
    Pair plus = pair_sum_any(m.high, lanes_of(2));
    plus.low += m.low;
    Pair q = pair_quotient(m, plus);
    Lanes result = lanes_flip(q.high + q.low, lanes_sign(x));
    // So small ones are their own results, and the quotient's low part would be none.
    return lanes_choose(lanes_less(a, lanes_of(0x1p-28)), x, result);
}

static inline Words is_far(Lanes a) {
    return ~lanes_less(a, lanes_of(40));
}

Lanes LANES_NAME(cosh)(Lanes x) {
    Lanes a = lanes_abs(x);
    ExpParts e = exp_parts(a);
    Pair one = pair_sum(lanes_of(1), e.r);
    Pair mantissa = pair_sum(one.high, one.low + e.rest);
    Lanes half = lanes_power(e.rounded - 1); // 2^(k - 1)
    Lanes high = mantissa.high * half, low = mantissa.low * half;
    Lanes other = 0.25 / high;
    Pair sum = pair_sum(high, other);
    Lanes result = sum.high + (sum.low + low * (1 - 4 * other * other));
    return LANES_RARE_1(result, is_far(a), rt_rare_cosh, x);
}

// (m + m / (m + 1)) / 2 with m = e^|x| - 1
Lanes LANES_NAME(sinh)(Lanes x) {
    Lanes a = lanes_abs(x);
    Pair m = exp_minus_one(a);
    Pair plus = pair_sum_any(m.high, lanes_of(1));
    plus.low += m.low;
    Pair q = pair_quotient(m, plus);
    Pair sum = pair_sum(m.high, q.high);
    Lanes near = (sum.high + (sum.low + (m.low + q.low))) * 0.5;
    near = lanes_choose(lanes_less(a, lanes_of(0x1p-28)), a, near);
    return LANES_RARE_1(lanes_flip(near, lanes_sign(x)), is_far(a), rt_rare_sinh, x);
}
