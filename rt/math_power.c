// math_power.c: exp, pow and hypot for vectors (math_lanes.h). Of one number they are musl's, whose operations
// these are, on its tables; lanes with rare arguments go through these. But x ** 2 is x * x everywhere.
//
// The algorithms are ARM's (optimized routines, 2018). e^x = 2^(k/128) e^r: the power from a table, e^r by a
// polynomial of degree 5. The logarithm of pow's base: x = 2^k z, z near c, of which a table has 1/c and
// log c to 68 bits, and log(z/c) by a polynomial of degree 8.
#include "math_vector.h"

#if RT_WIDTH == 1

double rt_rare_pow(double x, double y);

double rt_pow(double x, double y) {
    return y == 2 ? x * x : rt_rare_pow(x, y);
}

#else

double rt_exp(double x);
double rt_pow(double x, double y);
double rt_hypot(double x, double y);

enum { TABLE = 128 };

// As musl declares them (exp_data.h, pow_data.h).
extern const struct {
    double inverse, rounder, minus_high, minus_low; // 128 / ln 2; -(ln 2) / 128 in two parts
    double series[4];                               // of degree 2 to 5
    double of_exp2[6];
    uint64_t
        table[2 *
              TABLE]; // what 2^(i/128) lacks, over it; its bits less those of i/128 in the exponent
} rt_m_exp_data;
extern const struct {
    double high, low; // of ln 2
    double series[7]; // of degree 2 to 8
    struct {
        double inverse, unused, log, log_low;
    } table[TABLE];
} rt_m_pow_log_data;

// e^(x + low) for |x| < 708
static inline Lanes exp_near(Lanes x, Lanes low) {
    Lanes rounded = x * rt_m_exp_data.inverse + rt_m_exp_data.rounder;
    Lanes k = rounded - rt_m_exp_data.rounder;
    Lanes r = x + k * rt_m_exp_data.minus_high + k * rt_m_exp_data.minus_low + low;
    Words bits = lanes_bits(rounded), at = bits % TABLE, lacks, scale;
    for (int i = 0; i < RT_WIDTH; i++) {
        lacks[i] = rt_m_exp_data.table[2 * at[i]];
        scale[i] = rt_m_exp_data.table[2 * at[i] + 1];
    }
    const double *c = rt_m_exp_data.series;
    Lanes r2 = r * r;
    Lanes rest = lanes_from(lacks) + r + r2 * (c[0] + r * c[1]) + r2 * r2 * (c[2] + r * c[3]);
    Lanes power = lanes_from(scale + (bits << 45));
    return power + power * rest;
}

Lanes LANES_NAME(exp)(Lanes x) {
    Words good = lanes_less(lanes_abs(x), lanes_of(512));
    return LANES_RARE_1(exp_near(x, lanes_of(-0.0)), ~good, rt_exp, x);
}

// log x as a sum, for positive normal numbers.
static inline Pair log_near(Lanes x) {
    const uint64_t from = UINT64_C(0x3FE6955500000000), exponent = UINT64_C(0xFFF) << 52;
    Words bits = lanes_bits(x), tmp = bits - from, at = (tmp >> 45) % TABLE;
    Lanes inverse, log, log_low;
    for (int i = 0; i < RT_WIDTH; i++) {
        inverse[i] = rt_m_pow_log_data.table[at[i]].inverse;
        log[i] = rt_m_pow_log_data.table[at[i]].log;
        log_low[i] = rt_m_pow_log_data.table[at[i]].log_low;
    }
    // The exponent, which may be negative, as a number: above 2^52 + 2^51.
    Words biased = ((tmp + (UINT64_C(1) << 62)) >> 52) + lanes_bits(lanes_of(LANES_ROUNDER));
    Lanes k = lanes_from(biased) - (LANES_ROUNDER + 1024);
    Words z = bits - (tmp & exponent);
    // The upper part has so few bits that its product and square are exact.
    Lanes upper = lanes_from((z + (UINT64_C(1) << 31)) & UINT64_C(0xFFFFFFFF00000000));
    Lanes r_high = upper * inverse - 1, r_low = (lanes_from(z) - upper) * inverse;
    Lanes r = r_high + r_low;
    Lanes base = k * rt_m_pow_log_data.high + log, sum = base + r;
    Lanes low1 = k * rt_m_pow_log_data.low + log_low, low2 = base - sum + r;
    const double *a = rt_m_pow_log_data.series;
    Lanes ar = a[0] * r, ar2 = r * ar, ar3 = r * ar2, square = r_high * (a[0] * r_high);
    Lanes high = sum + square;
    Lanes low3 = r_low * (ar + a[0] * r_high), low4 = sum - high + square;
    Lanes p = ar3 * (a[1] + r * a[2] + ar2 * (a[3] + r * a[4] + ar2 * (a[5] + r * a[6])));
    Lanes low = low1 + low2 + low3 + low4 + p, y = high + low;
    return (Pair){y, high - y + low};
}

// x^y = e^(y log |x|), where x is positive or y whole.
Lanes LANES_NAME(pow)(Lanes x, Lanes y) {
    Lanes a = lanes_abs(x), y_size = lanes_abs(y), whole = y + LANES_ROUNDER;
    Words is_whole = lanes_equal(whole - LANES_ROUNDER, y) & LANES_MASK(y_size < 0x1p51);
    Words negative = lanes_less(x, lanes_of(0)), twice = lanes_equal(y, lanes_of(2));
    Words good = LANES_MASK(a >= 0x1p-1022) & LANES_MASK(a < __builtin_inf()) &
                 (~negative | is_whole) & LANES_MASK(y_size < 0x1p63) &
                 LANES_MASK(y_size > 0x1p-63);
    Pair log = log_near(a);
    Lanes y_high = lanes_upper(y), log_high = lanes_upper(log.high);
    Lanes high = y_high * log_high;
    Lanes low = (y - y_high) * log_high + y * (log.high - log_high + log.low);
    Lanes size = lanes_abs(high);
    good &= LANES_MASK(size < 512) & LANES_MASK(size >= 0x1p-54);
    Lanes power = lanes_flip(exp_near(high, low), (lanes_bits(whole) << 63) & negative);
    return LANES_RARE_2(lanes_choose(twice, x * x, power), ~(good | twice), rt_pow, x, y);
}

// The root of the sum of squares that are kept whole.
Lanes LANES_NAME(hypot)(Lanes x, Lanes y) {
    Lanes a = lanes_abs(x), b = lanes_abs(y);
    Words less = lanes_less(a, b);
    Lanes most = lanes_choose(less, b, a), least = lanes_choose(less, a, b);
    Words good = LANES_MASK(most < 0x1p500) & LANES_MASK(least > 0x1p-400);
    good &= LANES_MASK(most * 0x1p-60 < least);
    Pair first = pair_product(most, most), second = pair_product(least, least);
    Lanes result = lanes_sqrt(second.low + first.low + second.high + first.high);
    return LANES_RARE_2(result, ~good, rt_hypot, x, y);
}

#endif
