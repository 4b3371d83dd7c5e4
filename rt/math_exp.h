// math_exp.h: e^x of a number given as a sum of two, the base of math_exp.c and math_power.c.
//
// x = k ln 2 + r with |r| <= (ln 2) / 2 (Cody and Waite 1980: ln 2 in two parts, so that the first
// difference is exact), e^r = 1 + r + r^2 P(r), where P is the polynomial of degree 10 that is nearest
// to it by Remez's exchange: 2^-64 of e^r away. What 1 + r loses is added again: about 0.6 units in the
// last place.
#ifndef FLAP_MATH_EXP_H
#define FLAP_MATH_EXP_H

#include "math_lanes.h"

// e^(high + low) - 1 as 2^k (1 + (r + rest)) - 1.
typedef struct ExpParts {
    Lanes rounded; // LANES_ROUNDER + k
    Lanes k;
    Lanes r, rest;
} ExpParts;

// `high` within ±1000, `low` small beside it.
static inline ExpParts exp_parts(Lanes high, Lanes low) {
    Lanes rounded = high * 0x1.71547652b82fep0 + LANES_ROUNDER, k = rounded - LANES_ROUNDER;
    Lanes first = high - k * LN2_HIGH, second = k * LN2_LOW - low;
    Lanes r = first - second, lost = (first - r) - second;
    Lanes r2 = r * r, r4 = r2 * r2;
    Lanes p01 = 0.5 + r * 0x1.555555555555bp-3;
    Lanes p23 = 0x1.5555555555503p-5 + r * 0x1.111111110ec5ep-7;
    Lanes p45 = 0x1.6c16c16c3049cp-10 + r * 0x1.a01a01b37e17fp-13;
    Lanes p67 = 0x1.a01a01368a1f7p-16 + r * 0x1.71ddf021104a2p-19;
    Lanes p89 = 0x1.27e5b4522a57ap-22 + r * 0x1.af6be782b616bp-26;
    Lanes p = (p01 + r2 * p23) + r4 * ((p45 + r2 * p67) + r4 * (p89 + r2 * 0x1.1e3d1a8d6a274p-29));
    return (ExpParts){rounded, k, r, r2 * p + lost};
}

// 1 + r + rest
static inline Pair exp_mantissa(ExpParts e) {
    Pair sum = pair_sum(lanes_of(1), e.r);
    return (Pair){sum.high, sum.low + e.rest};
}

#endif
