// compiler_hosted.c: functions that compilers call where a processor has no instruction, and else come in
// the compiler's own library, which executables are not linked with: long doubles of 128 bits, as aarch64
// and riscv64 have them, from and to doubles and from whole numbers; code that was just written.
#include "sys.h"

#include <float.h>

#if LDBL_MANT_DIG == 113
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

long double __extenddftf2(double number);
double __trunctfdf2(long double number);
long double __floatsitf(int32_t number);
long double __floatditf(int64_t number);
long double __floatunsitf(uint32_t number);
long double __floatunditf(uint64_t number);

typedef unsigned __int128 Bits;
enum { BIAS_MORE = 16383 - 1023, DOUBLE_TOP = 0x7FF, QUAD_TOP = 0x7FFF, MORE = 112 - 52 };
static const uint64_t double_mantissa = (UINT64_C(1) << 52) - 1;

long double __extenddftf2(double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    uint64_t mantissa = bits & double_mantissa;
    int exponent = (int)(bits >> 52 & DOUBLE_TOP);
    if (exponent == DOUBLE_TOP) {
        exponent = QUAD_TOP;
    } else if (exponent > 0) {
        exponent += BIAS_MORE;
    } else if (mantissa != 0) { // subnormal
        int shift = __builtin_clzll(mantissa) - 11;
        mantissa = mantissa << shift & double_mantissa;
        exponent = BIAS_MORE + 1 - shift;
    }
    Bits quad =
        (Bits)(bits >> 63) << 127 | (Bits)(unsigned)exponent << 112 | (Bits)mantissa << MORE;
    long double result;
    memcpy(&result, &quad, sizeof result);
    return result;
}

static long double of_whole(uint64_t magnitude, bool negative) {
    Bits quad = (Bits)negative << 127;
    if (magnitude != 0) {
        int top = 63 - __builtin_clzll(magnitude);
        Bits mantissa = (Bits)magnitude << (112 - top) & (((Bits)1 << 112) - 1);
        quad |= (Bits)(unsigned)(16383 + top) << 112 | mantissa;
    }
    long double result;
    memcpy(&result, &quad, sizeof result);
    return result;
}

long double __floatditf(int64_t number) {
    return of_whole(number < 0 ? 0 - (uint64_t)number : (uint64_t)number, number < 0);
}

long double __floatsitf(int32_t number) {
    return __floatditf(number);
}

long double __floatunditf(uint64_t number) {
    return of_whole(number, false);
}

long double __floatunsitf(uint32_t number) {
    return of_whole(number, false);
}

// The double nearest to mantissa × 2^-112 × 2^(exponent - 1023), the even one of two; no sign.
static uint64_t rounded(Bits mantissa, int exponent) {
    int shift = MORE;
    uint64_t bits = 0;
    if (exponent > 0) {
        bits = (uint64_t)exponent << 52;
        mantissa &= ((Bits)1 << 112) - 1;
    } else { // subnormal
        shift += 1 - exponent;
        if (shift > 114) return 0;
    }
    bits += (uint64_t)(mantissa >> shift);
    Bits rest = mantissa & (((Bits)1 << shift) - 1), half = (Bits)1 << (shift - 1);
    return bits + (rest > half || (rest == half && (bits & 1)));
}

double __trunctfdf2(long double number) {
    Bits quad;
    memcpy(&quad, &number, sizeof quad);
    int exponent = (int)(quad >> 112 & QUAD_TOP);
    Bits mantissa = quad & (((Bits)1 << 112) - 1);
    uint64_t bits;
    if (exponent == QUAD_TOP)
        bits = (uint64_t)DOUBLE_TOP << 52 | (mantissa != 0 ? UINT64_C(1) << 51 : 0);
    else if (exponent - BIAS_MORE >= DOUBLE_TOP)
        bits = (uint64_t)DOUBLE_TOP << 52;
    else
        bits = rounded(mantissa | (Bits)1 << 112, exponent - BIAS_MORE);
    bits |= (uint64_t)(quad >> 127) << 63;
    double result;
    memcpy(&result, &bits, sizeof result);
    return result;
}
#endif

#if defined(__aarch64__)
void __clear_cache(void *begin, void *end);

void __clear_cache(void *begin, void *end) {
    rti_clear_cache((uintptr_t)begin, (uintptr_t)end);
}
#endif
