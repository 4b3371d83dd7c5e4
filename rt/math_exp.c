// math_exp.c: exp, sinh, cosh and tanh, for numbers and vectors of them (math_lanes.h), with the special
// cases of C99's Annex F. All of them from e^x as math_exp.h has it.
#include "math_exp.h"
#include "math_vector.h"

Lanes LANES_NAME(exp)(Lanes x) {
    // Beyond these the result is infinite or 0 anyway; NaN stays.
    x = lanes_choose(lanes_less(lanes_of(720), x), lanes_of(720), x);
    x = lanes_choose(lanes_less(x, lanes_of(-760)), lanes_of(-760), x);
    ExpParts e = exp_parts(x, lanes_of(0));
    Pair m = exp_mantissa(e);
    // In two steps, as 2^k itself may be no normal number; the second may round.
    Lanes half = e.k * 0.5 + LANES_ROUNDER;
    Words rest = lanes_bits(e.rounded) - lanes_bits(half) + lanes_bits(lanes_of(LANES_ROUNDER));
    return (m.high + m.low) * lanes_power(half) * lanes_power(lanes_from(rest));
}

// e^x - 1 for 0 <= x <= 44, to more bits than one number has.
static Pair exp_minus_one(Lanes x) {
    ExpParts e = exp_parts(x, lanes_of(0));
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

// From here on the second term of (e^x ± e^-x) / 2 is nothing beside the first.
#define ALONE 40.0

// e^(|x| - ln 2) as 2^k: beyond exp's range, up to sinh's and cosh's.
static Lanes half_exp(Lanes a) {
    Lanes limited = lanes_choose(lanes_less(lanes_of(720), a), lanes_of(720), a);
    ExpParts e = exp_parts(limited, lanes_of(0));
    Pair m = exp_mantissa(e);
    Lanes near = e.rounded - 1; // 2^(k - 1), in two steps
    Lanes half = (e.k - 1) * 0.5 + LANES_ROUNDER;
    Words rest = lanes_bits(near) - lanes_bits(half) + lanes_bits(lanes_of(LANES_ROUNDER));
    return (m.high + m.low) * lanes_power(half) * lanes_power(lanes_from(rest));
}

// e^|x| for |x| <= ALONE.
static Pair exp_pair(Lanes a) {
    ExpParts e = exp_parts(a, lanes_of(0));
    Pair m = exp_mantissa(e);
    Lanes power = lanes_power(e.rounded);
    return pair_sum(m.high * power, m.low * power);
}

static inline Lanes up_to(Lanes a, double limit) {
    return lanes_choose(lanes_less(a, lanes_of(limit)), a, lanes_of(limit));
}

Lanes LANES_NAME(cosh)(Lanes x) {
    Lanes a = lanes_abs(x);
    Words far = lanes_less(lanes_of(ALONE), a);
    Pair e = exp_pair(up_to(a, ALONE));
    Pair half = {e.high * 0.5, e.low * 0.5};
    Lanes other = 0.5 / e.high;
    Pair sum = pair_sum(half.high, other);
    Lanes near = sum.high + (sum.low + half.low * (1 - 4 * other * other));
    near = lanes_choose(lanes_equal(x, x), near, x);
    return lanes_choose(far, half_exp(a), near);
}

// (m + m / (m + 1)) / 2 with m = e^|x| - 1
Lanes LANES_NAME(sinh)(Lanes x) {
    Lanes a = lanes_abs(x);
    Words far = lanes_less(lanes_of(ALONE), a);
    Pair m = exp_minus_one(up_to(a, ALONE));
    Pair plus = pair_sum_any(m.high, lanes_of(1));
    plus.low += m.low;
    Pair q = pair_quotient(m, plus);
    Pair sum = pair_sum(m.high, q.high);
    Lanes near = (sum.high + (sum.low + (m.low + q.low))) * 0.5;
    near = lanes_choose(lanes_less(a, lanes_of(0x1p-28)), a, near);
    near = lanes_choose(lanes_equal(x, x), near, x);
    return lanes_flip(lanes_choose(far, half_exp(a), near), lanes_sign(x));
}
