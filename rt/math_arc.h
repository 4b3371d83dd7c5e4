// math_arc.h: the angle of a quotient, for math_arc.c and math_power.c. After Sun's fdlibm (s_atan.c,
// 1993), which divides first; here both numbers go on, so that there is one quotient.
#ifndef FLAP_MATH_ARC_H
#define FLAP_MATH_ARC_H

#include "math_lanes.h"

#define HALF_PI_HIGH 0x1.921fb54442d18p0
#define HALF_PI_LOW  0x1.1a62633145c07p-54

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

#endif
