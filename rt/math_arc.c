// math_arc.c: asin, acos, atan and atan2, for numbers and vectors of them (math_lanes.h), with the special
// cases of C99's Annex F. Approximations of Sun's fdlibm (e_asin.c, e_acos.c, s_atan.c, 1993). Of one number
// asin, acos and atan are musl's, whose operations these are.
#include "math_vector.h"

double rt_rare_atan2(double y, double x);

#define HALF_PI_HIGH 0x1.921fb54442d18p0
#define HALF_PI_LOW  0x1.1a62633145c07p-54

#if RT_WIDTH > 2

// (asin x - x) / x for z = x^2 <= 1/4
static inline Lanes asin_series(Lanes z) {
    Lanes p = 0x1.9efe07501b288p-11 + z * 0x1.23de10dfdf709p-15;
    p = 0x1.9c1550e884455p-3 + z * (-0x1.48228b5688f3bp-5 + z * p);
    p = z * (0x1.5555555555555p-3 + z * (-0x1.4d61203eb6f7dp-2 + z * p));
    Lanes q = -0x1.6066c1b8d0159p-1 + z * 0x1.3b8c5b12e9282p-4;
    return p / (1 + z * (-0x1.33a271c8a2d4bp+1 + z * (0x1.02ae59c598ac8p+1 + z * q)));
}

// The root, and as a sum whose high part's square is exact.
typedef struct Root {
    Lanes whole, high, low;
} Root;

static inline Root root_of(Lanes z) {
    Lanes root = lanes_sqrt(z);
    Lanes high = lanes_from(lanes_bits(root) & UINT64_C(0xFFFFFFFF00000000));
    Lanes below = lanes_choose(lanes_equal(root, lanes_of(0)), lanes_of(1), root + high);
    return (Root){root, high, (z - high * high) / below};
}

// From 1/2 on: asin x = pi/2 - 2 asin sqrt((1 - x) / 2).
Lanes LANES_NAME(asin)(Lanes x) {
    Lanes a = lanes_abs(x);
    Words near = lanes_less(a, lanes_of(0.5));
    Lanes z = lanes_choose(near, x * x, (1 - a) * 0.5);
    Lanes series = asin_series(z);
    Root root = root_of(z);
    Lanes rest = 2 * root.whole * series - (HALF_PI_LOW - 2 * root.low);
    Lanes quarter = lanes_of(HALF_PI_HIGH / 2);
    Lanes distant = quarter - (rest - (quarter - 2 * root.high));
    Lanes end = HALF_PI_HIGH - (2 * (root.whole + root.whole * series) - HALF_PI_LOW);
    distant = lanes_choose(lanes_less(a, lanes_of(0x1.f3333p-1)), distant, end);
    return lanes_choose(near, x + x * series, lanes_flip(distant, lanes_sign(x)));
}

Lanes LANES_NAME(acos)(Lanes x) {
    Lanes a = lanes_abs(x);
    Words close = lanes_less(a, lanes_of(0.5));
    Lanes z = lanes_choose(close, x * x, (1 - a) * 0.5);
    Lanes series = asin_series(z);
    Root root = root_of(z);
    Lanes above = 2 * (root.high + (series * root.whole + root.low));
    Lanes below = 2 * (HALF_PI_HIGH - (root.whole + (series * root.whole - HALF_PI_LOW)));
    Lanes near = HALF_PI_HIGH - (x - (HALF_PI_LOW - x * series));
    return lanes_choose(close, near, lanes_choose(lanes_less(x, lanes_of(0)), below, above));
}

#endif

typedef struct Arc {
    Pair up; // up / down is the tangent of what is beyond
    Lanes down;
    Lanes high, low; // the angle up to there
} Arc;

static inline Arc arc_choose(Words mask, Pair up, Lanes down, double high, double low, Arc no) {
    return (Arc){{lanes_choose(mask, up.high, no.up.high), lanes_choose(mask, up.low, no.up.low)},
                 lanes_choose(mask, down, no.down),
                 lanes_choose(mask, lanes_of(high), no.high),
                 lanes_choose(mask, lanes_of(low), no.low)};
}

// The angle whose tangent is y / x, both not negative: from the nearest of 0, atan 1/2, pi/4, atan 3/2 and
// pi/2 on.
static inline Arc arc_of(Lanes y, Lanes x) {
    Lanes none = lanes_of(0);
    Pair half_more = pair_sum(x, 0.5 * x); // 3/2 x; its distance to y is exact
    Arc arc = {{-x, none}, y, lanes_of(HALF_PI_HIGH), lanes_of(HALF_PI_LOW)};
    arc = arc_choose(lanes_less(y, 2.4375 * x), (Pair){y - half_more.high, -half_more.low},
                     x + 1.5 * y, 0x1.f730bd281f69bp-1, 0x1.007887af0cbbdp-56, arc);
    arc = arc_choose(lanes_less(y, 1.1875 * x), (Pair){y - x, none}, x + y, HALF_PI_HIGH / 2,
                     HALF_PI_LOW / 2, arc);
    arc = arc_choose(lanes_less(y, 0.6875 * x), (Pair){2 * y - x, none}, 2 * x + y,
                     0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56, arc);
    return arc_choose(lanes_less(y, 0.4375 * x), (Pair){y, none}, x, 0, 0, arc);
}

// What x falls short of its tangent's angle, over the tangent.
static inline Lanes atan_series(Lanes x) {
    Lanes z = x * x, w = z * z;
    Lanes even = z * (0x1.555555555550dp-2 +
                      w * (0x1.24924920083ffp-3 +
                           w * (0x1.745cdc54c206ep-4 +
                                w * (0x1.10d66a0d03d51p-4 +
                                     w * (0x1.97b4b24760debp-5 + w * 0x1.0ad3ae322da11p-6)))));
    Lanes odd = w * (-0x1.999999998ebc4p-3 +
                     w * (-0x1.c71c6fe231671p-4 +
                          w * (-0x1.3b0f2af749a6dp-4 +
                               w * (-0x1.dde2d52defd9ap-5 + w * -0x1.2b4442c6a6c2fp-5))));
    return even + odd;
}

// The angle, where the quotient is t + low.
static inline Lanes arc_angle(Arc arc, Lanes t, Lanes low) {
    return arc.high - ((t * atan_series(t) - (arc.low + low)) - t);
}

#if RT_WIDTH > 2

Lanes LANES_NAME(atan)(Lanes x) {
    Lanes a = lanes_abs(x);
    a = lanes_choose(lanes_less(lanes_of(0x1p66), a), lanes_of(0x1p66), a);
    Arc arc = arc_of(a, lanes_of(1));
    return lanes_flip(arc_angle(arc, arc.up.high / arc.down, lanes_of(0)), lanes_sign(x));
}

#endif

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
