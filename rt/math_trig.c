// math_trig.c: sin, cos and tan, for numbers and vectors of them (math_lanes.h), with the special cases of
// C99's Annex F.
//
// x = n pi/2 + y with |y| <= pi/4: pi/2 in three parts, the first two of 33 bits, whose products with n are
// exact (Cody and Waite 1980); y as a sum of two. That leaves y 86 good bits unless it is small beside
// x; where it is, and from 2^20 on, numbers go through rt_rare_sin and its like, which are musl's and take
// as many bits of pi as it needs (Payne and Hanek 1983). The polynomials are those of Sun's fdlibm
// (k_sin.c, k_cos.c, k_tan.c, 1993 and 2004). Of one number tan is musl's, whose operations these are.
#include "math_vector.h"

double rt_rare_sin(double x);
double rt_rare_cos(double x);
double rt_tan(double x);

typedef struct Angle {
    Words turns; // n in the lowest bits
    Words rare;  // the rest holds nothing of use
    Lanes y, low;
} Angle;

static inline Angle angle_of(Lanes x) {
    Lanes rounded = x * 0x1.45f306dc9c883p-1 + LANES_ROUNDER, n = rounded - LANES_ROUNDER;
    Lanes first = x - n * 0x1.921fb544p0, second = n * 0x1.0b4611a6p-34;
    Lanes near = first - second;
    Lanes rest = n * 0x1.3198a2e037073p-69 - ((first - near) - second);
    Lanes y = near - rest, low = (near - y) - rest;
    Words good = lanes_less(lanes_abs(x), lanes_of(0x1p20));
    good &= lanes_equal(n, lanes_of(0)) | lanes_less(lanes_of(0x1p-13), lanes_abs(y));
    return (Angle){lanes_bits(rounded), ~good, y, low};
}

static inline Lanes sin_near(Lanes x, Lanes low) {
    Lanes z = x * x, w = z * z, v = z * x;
    Lanes r =
        (0x1.111111110f8a6p-7 + z * -0x1.a01a019c161d5p-13) +
        w * ((0x1.71de357b1fe7dp-19 + z * -0x1.ae5e68a2b9cebp-26) + w * 0x1.5d93a5acfd57cp-33);
    return x - ((z * (0.5 * low - v * r) - low) - v * -0x1.5555555555549p-3);
}

static inline Lanes cos_near(Lanes x, Lanes low) {
    Lanes z = x * x, w = z * z;
    Lanes r = (0x1.555555555554cp-5 + z * -0x1.6c16c16c15177p-10) +
              w * ((0x1.a01a019cb1590p-16 + z * -0x1.27e4f809c52adp-22) +
                   w * (0x1.1ee9ebdb4b1c4p-29 + z * -0x1.8fae9be8838d4p-37));
    Lanes half = 0.5 * z, one = 1 - half;
    return one + (((1 - one) - half) + (w * r - x * low));
}

// The sine of an angle that has gone on by so many right angles.
static inline Lanes sin_of(Angle angle, uint64_t more) {
    Words turns = angle.turns + more;
    Lanes even = sin_near(angle.y, angle.low), odd = cos_near(angle.y, angle.low);
    return lanes_flip(lanes_choose(-(turns & 1), odd, even), (turns & 2) << 62);
}

Lanes LANES_NAME(sin)(Lanes x) {
    Angle angle = angle_of(x);
    return LANES_RARE_1(sin_of(angle, 0), angle.rare, rt_rare_sin, x);
}

Lanes LANES_NAME(cos)(Lanes x) {
    Angle angle = angle_of(x);
    return LANES_RARE_1(sin_of(angle, 1), angle.rare, rt_rare_cos, x);
}

#if RT_WIDTH > 2

// The tangent's series beyond x + x^3/3, over x^5.
static inline Lanes tan_series(Lanes z) {
    Lanes w = z * z;
    Lanes even = 0x1.111111110fe7ap-3 +
                 w * (0x1.664f48406d637p-6 +
                      w * (0x1.d6d22c9560328p-9 +
                           w * (0x1.344d8f2f26501p-11 +
                                w * (0x1.47e88a03792a6p-14 + w * -0x1.375cbdb605373p-16))));
    Lanes odd = 0x1.ba1ba1bb341fep-5 +
                w * (0x1.226e3e96e8493p-7 +
                     w * (0x1.7dbc8fee08315p-10 +
                          w * (0x1.026f71a8d1068p-12 +
                               w * (0x1.2b80f32f0a7e9p-14 + w * 0x1.b2a7074bf7ad4p-16))));
    return even + z * odd;
}

// Above 0.674 by the angle's distance to pi/4: tan y = 1 - 2 t / (1 + t). An odd number of right angles
// has -1 / tan y, which takes the bits that tan y loses.
static inline Lanes tan_near(Lanes y, Lanes low, Words odd) {
    Words sign = lanes_sign(y);
    Words large = lanes_less(lanes_of(0x1.59428p-1), lanes_abs(y));
    Lanes to_quarter = (0x1.921fb54442d18p-1 - lanes_flip(y, sign)) +
                       (0x1.1a62633145c07p-55 - lanes_flip(low, sign));
    Lanes x = lanes_choose(large, to_quarter, y);
    low = lanes_choose(large, lanes_of(0), low);
    Lanes z = x * x, s = z * x;
    Lanes r = low + z * (s * tan_series(z) + low) + 0x1.5555555555563p-2 * s;
    Lanes w = x + r;
    Lanes one = lanes_choose(odd, lanes_of(-1), lanes_of(1));
    Lanes quotient = lanes_choose(large, w * w, lanes_of(-1)) / lanes_choose(large, w + one, w);
    Lanes far = lanes_flip(one - 2 * (x + (r - quotient)), sign);
    Lanes head = lanes_from(lanes_bits(w) & UINT64_C(0xFFFFFFFF00000000));
    Lanes back = lanes_from(lanes_bits(quotient) & UINT64_C(0xFFFFFFFF00000000));
    Lanes inverse = back + quotient * ((1 + back * head) + back * (r - (head - x)));
    return lanes_choose(large, far, lanes_choose(odd, inverse, w));
}

Lanes LANES_NAME(tan)(Lanes x) {
    Angle angle = angle_of(x);
    Lanes result = tan_near(angle.y, angle.low, -(angle.turns & 1));
    result = lanes_choose(lanes_less(lanes_abs(x), lanes_of(0x1p-27)), x, result);
    return LANES_RARE_1(result, angle.rare, rt_tan, x);
}

#endif
