// math_arc.c: asin, acos and atan, for numbers and vectors of them (math_lanes.h), with the special
// cases of C99's Annex F. Approximations of Sun's fdlibm (e_asin.c, e_acos.c, 1993).
#include "math_arc.h"
#include "math_vector.h"

// (asin x - x) / x for z = x^2 <= 1/4
static inline Lanes asin_series(Lanes z) {
    Lanes w = z * z;
    Lanes p = (0x1.5555555555555p-3 + z * -0x1.4d61203eb6f7dp-2) +
              w * ((0x1.9c1550e884455p-3 + z * -0x1.48228b5688f3bp-5) +
                   w * (0x1.9efe07501b288p-11 + z * 0x1.23de10dfdf709p-15));
    Lanes q = (1 + z * -0x1.33a271c8a2d4bp+1) +
              w * ((0x1.02ae59c598ac8p+1 + z * -0x1.6066c1b8d0159p-1) + w * 0x1.3b8c5b12e9282p-4);
    return z * p / q;
}

// The root as a sum whose high part's square is exact.
static inline Pair root_pair(Lanes z) {
    Lanes root = lanes_sqrt(z);
    Lanes high = lanes_from(lanes_bits(root) & UINT64_C(0xFFFFFFFF00000000));
    Lanes below = lanes_choose(lanes_equal(root, lanes_of(0)), lanes_of(1), root + high);
    return (Pair){high, (z - high * high) / below};
}

// From 1/2 on: asin x = pi/2 - 2 asin sqrt((1 - x) / 2).
Lanes LANES_NAME(asin)(Lanes x) {
    Lanes a = lanes_abs(x);
    Words far = lanes_less(lanes_of(0.5), a);
    Lanes z = lanes_choose(far, (1 - a) * 0.5, x * x);
    Lanes series = asin_series(z);
    Pair root = root_pair(z);
    Lanes whole = root.high + root.low;
    Lanes rest = 2 * whole * series - (HALF_PI_LOW - 2 * root.low);
    Lanes quarter = lanes_of(HALF_PI_HIGH / 2);
    Lanes distant = quarter - (rest - (quarter - 2 * root.high));
    return lanes_choose(far, lanes_flip(distant, lanes_sign(x)), x + x * series);
}

Lanes LANES_NAME(acos)(Lanes x) {
    Lanes a = lanes_abs(x);
    Words far = lanes_less(lanes_of(0.5), a);
    Lanes z = lanes_choose(far, (1 - a) * 0.5, x * x);
    Lanes series = asin_series(z);
    Pair root = root_pair(z);
    Lanes whole = root.high + root.low;
    Lanes above = 2 * (root.high + (series * whole + root.low));
    Lanes below = 2 * (HALF_PI_HIGH - (whole + (series * whole - HALF_PI_LOW)));
    Lanes near = HALF_PI_HIGH - (x - (HALF_PI_LOW - x * series));
    return lanes_choose(far, lanes_choose(lanes_less(x, lanes_of(0)), below, above), near);
}

Lanes LANES_NAME(atan)(Lanes x) {
    Lanes a = lanes_abs(x);
    a = lanes_choose(lanes_less(lanes_of(0x1p66), a), lanes_of(0x1p66), a);
    Arc arc = arc_of(a, lanes_of(1));
    return lanes_flip(arc_angle(arc, arc.up.high / arc.down, lanes_of(0)), lanes_sign(x));
}
