// math_log.h: a positive normal number as 2^k (1 + f), for math_log.c and math_power.c.
#ifndef FLAP_MATH_LOG_H
#define FLAP_MATH_LOG_H

#include "math_lanes.h"

// 1 + f lies between sqrt(1/2) and sqrt(2); both are exact.
typedef struct LogRange {
    Lanes k, f;
} LogRange;

static inline LogRange log_range(Lanes x) {
    const uint64_t root_half = UINT64_C(0x3FE6A09E667F3BCD), one = UINT64_C(0x3FF0000000000000);
    const uint64_t mantissa = (UINT64_C(1) << 52) - 1;
    Words at = lanes_bits(x) + (one - root_half);
    // The biased exponent as a number: in the lowest bits of 2^52.
    Lanes biased = lanes_from((at >> 52) | UINT64_C(0x4330000000000000));
    return (LogRange){biased - (0x1p52 + 1023), lanes_from((at & mantissa) + root_half) - 1};
}

#endif
