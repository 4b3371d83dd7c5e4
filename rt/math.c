// math.c: the remainder of doubles, and what the mathematics taken from musl (math.cmake) needs.
//
// fmod is exact, so any right implementation gives the same bits; this one divides 11 bits at a
// time with integers where musl's shifts one.
#include "rt_internal.h"

_Noreturn void rt_m_stack_chk_fail(void);
extern uintptr_t rt_m_stack_chk_guard;

// Some architectures' objects compare with this; x86-64's with the thread record's canary.
uintptr_t rt_m_stack_chk_guard = (uintptr_t)UINT64_C(0x00A7D35B9E61F24C);

void rt_m_stack_chk_fail(void) {
    rti_stop(NULL, "the stack was overwritten");
}

// A positive number as mantissa × 2^exponent, the mantissa's bit 52 set unless it is subnormal.
static uint64_t split(uint64_t bits, int *exponent) {
    uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
    int biased = (int)(bits >> 52);
    *exponent = (biased == 0 ? 1 : biased) - 1075;
    return biased == 0 ? mantissa : mantissa | UINT64_C(1) << 52;
}

double rt_mod(double x, double y) {
    const uint64_t top = UINT64_C(1) << 63, infinity = UINT64_C(0x7FF) << 52;
    uint64_t sign = rti_number_word(x) & top;
    uint64_t ax = rti_number_word(x) & ~top, ay = rti_number_word(y) & ~top;
    if (ay == 0 || ax >= infinity || ay > infinity) return (x * y) / (x * y); // NaN
    if (ax < ay) return x;
    int ex, ey;
    uint64_t mx = split(ax, &ex), my = split(ay, &ey);
    // x = mx × 2^ex, y = my × 2^ey, ex >= ey: the remainder of mx × 2^(ex - ey) by my, in units of
    // 2^ey.
    int left = ex - ey;
    mx %= my;
    while (left > 0 && mx != 0) {
        int step = left < 11 ? left : 11;
        mx = (mx << step) % my;
        left -= step;
    }
    if (mx == 0) return rti_number(sign);
    int shift = __builtin_clzll(mx) - 11;
    if (ey - shift >= -1074) {
        mx <<= shift;
        uint64_t biased = (uint64_t)(ey - shift + 1075);
        return rti_number(sign | biased << 52 | (mx & ((UINT64_C(1) << 52) - 1)));
    }
    return rti_number(sign | mx << (ey + 1074));
}
