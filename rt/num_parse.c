// num_parse.c: text to numbers, exactly rounded to nearest, ties to even.
//
// Up to 19 digits are taken as an integer. Small cases are one exact operation of doubles; the rest
// is one multiplication by a 128-bit power of ten; where its error leaves the rounding undecided,
// the digits are compared with the midpoint between two doubles in exact arithmetic.
#include "value.h"

typedef unsigned __int128 U128;

enum { MOST_DIGITS = 800, LIMBS = 176 };

typedef struct Decimal {
    uint64_t mantissa; // the first 19 digits
    int64_t exponent;  // value = mantissa × 10^exponent, and a little more when cut
    bool cut;          // digits other than 0 follow those in the mantissa
    const char
        *digits; // the text of the digits, with a point somewhere, from the first that is not 0
    int64_t length;
    int64_t digit_count; // all digits of that text
    int64_t ten;         // value = 0.DIGITS × 10^ten
} Decimal;

// --- exact comparison ----------------------------------------------------------------------------

typedef struct Big {
    int count;
    uint32_t limbs[LIMBS]; // base 2^32, least significant first
} Big;

static void big_step(Big *big, uint32_t factor, uint32_t add) {
    uint64_t carry = add;
    for (int i = 0; i < big->count; i++) {
        carry += (uint64_t)big->limbs[i] * factor;
        big->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) big->limbs[big->count++] = (uint32_t)carry;
}

static void big_times_five(Big *big, int64_t power) {
    for (; power >= 13; power -= 13) big_step(big, 1220703125, 0);
    for (; power > 0; power--) big_step(big, 5, 0);
}

static void big_shift(Big *big, int64_t bits) {
    int words = (int)(bits / 32);
    big_step(big, UINT32_C(1) << (bits % 32), 0);
    for (int i = big->count - 1; i >= 0; i--) big->limbs[i + words] = big->limbs[i];
    for (int i = 0; i < words; i++) big->limbs[i] = 0;
    if (big->count != 0) big->count += words;
}

static int big_compare(const Big *a, const Big *b) {
    if (a->count != b->count) return a->count < b->count ? -1 : 1;
    for (int i = a->count - 1; i >= 0; i--) {
        if (a->limbs[i] != b->limbs[i]) return a->limbs[i] < b->limbs[i] ? -1 : 1;
    }
    return 0;
}

// The decimal's sign of difference from half × 2^exponent.
static int compare_exactly(const Decimal *decimal, uint64_t half, int64_t exponent) {
    Big left = {0}, right = {0};
    int64_t taken = 0;
    bool rest = false;
    for (int64_t i = 0; i < decimal->length; i++) {
        char c = decimal->digits[i];
        if (c == '.') continue;
        if (taken < MOST_DIGITS) {
            big_step(&left, 10, (uint32_t)(c - '0'));
            taken++;
        } else if (c != '0') {
            rest = true;
        }
    }
    if (rest) { // some digit further on: as good as a 1 right here, since no midpoint is this long
        big_step(&left, 10, 1);
        taken++;
    }
    int64_t ten = decimal->ten - taken; // value = left × 10^ten
    right.limbs[right.count++] = (uint32_t)half;
    if (half >> 32 != 0) right.limbs[right.count++] = (uint32_t)(half >> 32);
    if (ten >= 0)
        big_times_five(&left, ten);
    else
        big_times_five(&right, -ten);
    int64_t twos = exponent - ten; // of the right side
    if (twos >= 0)
        big_shift(&right, twos);
    else
        big_shift(&left, -twos);
    return big_compare(&left, &right);
}

// --- rounding ------------------------------------------------------------------------------------

// A double's value as mantissa × 2^exponent, exponent at least -1074; carries of rounding included.
static double assemble(uint64_t mantissa, int64_t exponent) {
    if (mantissa >> 53 != 0) {
        mantissa >>= 1;
        exponent++;
    }
    if (mantissa >> 52 == 0) { // subnormal, or 0
        union {
            uint64_t u;
            double d;
        } both = {.u = mantissa};
        return both.d;
    }
    if (exponent > 971) return __builtin_inf();
    union {
        uint64_t u;
        double d;
    } both;
    both.u = (uint64_t)(exponent + 1075) << 52 | (mantissa & ((UINT64_C(1) << 52) - 1));
    return both.d;
}

typedef struct Rounded {
    uint64_t mantissa; // cut to 53 bits, fewer for subnormal numbers
    int64_t exponent;
    bool up, decided;
} Rounded;

// mantissa × 10^power, cut and rounded. The true product lies less than 10 units above, in units of
// the second word.
static Rounded round_product(uint64_t mantissa, int32_t power) {
    RtiPower ten = rti_power_of_ten(power);
    int shift = __builtin_clzll(mantissa);
    uint64_t p[3];
    rti_power_times(ten, mantissa << shift, p);
    int64_t exponent = (int64_t)ten.exponent - 127 - shift; // of the unit of p[2]
    if (p[0] >> 63 == 0) {
        p[0] = p[0] << 1 | p[1] >> 63;
        p[1] = p[1] << 1 | p[2] >> 63;
        p[2] <<= 1;
        exponent--;
    }
    int64_t unit = exponent + 128 + 11; // of the last of 53 bits
    int drop = 11;                      // bits of p[0] that do not stay
    if (unit < -1074) {
        int64_t more = -1074 - unit;
        if (more > 52) return (Rounded){.exponent = -1074, .decided = more > 54};
        drop += (int)more;
        unit = -1074;
    }
    Rounded result = {.mantissa = p[0] >> drop, .exponent = unit};
    U128 rest = (U128)(p[0] & ((UINT64_C(1) << drop) - 1)) << 64 | p[1];
    U128 half = (U128)1 << (drop + 63);
    bool tie = rest == half && p[2] == 0;
    if (ten.exact) {
        result.up = tie ? (result.mantissa & 1) != 0 : rest >= half;
        result.decided = true;
    } else {
        result.up = rest >= half;
        result.decided = !tie && (rest >= half || rest + 10 < half);
    }
    return result;
}

static const double exact_tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static double value_of(const Decimal *decimal) {
    if (decimal->mantissa == 0 || decimal->ten < -330) return 0;
    if (decimal->ten > 310) return __builtin_inf();
    int32_t power = (int32_t)decimal->exponent;
    if (!decimal->cut && decimal->mantissa <= UINT64_C(1) << 53 && power >= -22 && power <= 22) {
        double whole = (double)decimal->mantissa;
        return power < 0 ? whole / exact_tens[-power] : whole * exact_tens[power];
    }
    Rounded low = round_product(decimal->mantissa, power);
    bool decided = low.decided;
    if (decided && decimal->cut) {
        Rounded high = round_product(decimal->mantissa + 1, power);
        decided = high.decided && high.exponent == low.exponent &&
                  high.mantissa + high.up == low.mantissa + low.up;
    }
    if (!decided) {
        int order = compare_exactly(decimal, low.mantissa * 2 + 1, low.exponent - 1);
        low.up = order > 0 || (order == 0 && (low.mantissa & 1) != 0);
    }
    return assemble(low.mantissa + low.up, low.exponent);
}

// --- reading -------------------------------------------------------------------------------------

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    char low = (char)(c | 32);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// Reads [eE|pP][+-]digits at `at`; gives the length read, 0 when there is no exponent.
static size_t read_exponent(const char *text, size_t length, size_t at, char letter,
                            int64_t *value) {
    size_t start = at;
    if (at >= length || (text[at] | 32) != letter) return 0;
    at++;
    bool negative = at < length && text[at] == '-';
    if (at < length && (text[at] == '-' || text[at] == '+')) at++;
    if (at >= length || !is_digit(text[at])) return 0;
    int64_t sum = 0;
    for (; at < length && is_digit(text[at]); at++) {
        if (sum < 100000000) sum = sum * 10 + (text[at] - '0');
    }
    *value = negative ? -sum : sum;
    return at - start;
}

static double read_decimal(const char *text, size_t length, size_t *used) {
    Decimal decimal = {0};
    size_t at = 0, first = SIZE_MAX;
    bool any = false, point = false;
    int64_t before = 0,
            leading = 0; // digits before the point, from the first that is not 0; zeros after it
    int taken = 0;
    for (; at < length; at++) {
        char c = text[at];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(c)) break;
        any = true;
        if (first == SIZE_MAX) {
            if (c == '0') {
                leading += point;
                continue;
            }
            first = at;
        }
        decimal.digit_count++;
        before += !point;
        if (taken < 19) {
            decimal.mantissa = decimal.mantissa * 10 + (uint64_t)(c - '0');
            taken++;
        } else if (c != '0') {
            decimal.cut = true;
        }
    }
    if (!any) return 0;
    int64_t exponent = 0;
    size_t end = at;
    *used = at + read_exponent(text, length, at, 'e', &exponent);
    if (first == SIZE_MAX) return 0;
    decimal.digits = text + first;
    decimal.length = (int64_t)(end - first);
    decimal.ten = (before > 0 ? before : -leading) + exponent;
    decimal.exponent = decimal.ten - taken;
    return value_of(&decimal);
}

static double read_hexadecimal(const char *text, size_t length, size_t *used) {
    uint64_t mantissa = 0;
    int64_t exponent = 0;
    bool any = false, point = false, sticky = false;
    size_t at = 0;
    for (; at < length; at++) {
        if (text[at] == '.' && !point) {
            point = true;
            continue;
        }
        int digit = hex_value(text[at]);
        if (digit < 0) break;
        any = true;
        if (mantissa >> 58 == 0) {
            mantissa = mantissa << 4 | (uint64_t)digit;
            exponent -= point ? 4 : 0;
        } else {
            sticky |= digit != 0;
            exponent += point ? 0 : 4;
        }
    }
    if (!any) return 0;
    int64_t power = 0;
    *used = at + read_exponent(text, length, at, 'p', &power);
    if (mantissa == 0) return 0;
    exponent += power;
    int shift = __builtin_clzll(mantissa);
    mantissa <<= shift;
    int64_t unit = exponent - shift + 11, drop = 11;
    if (unit < -1074) {
        drop += -1074 - unit;
        unit = -1074;
    }
    if (drop > 64) return 0;
    if (unit > 971) return __builtin_inf();
    uint64_t whole = drop == 64 ? 0 : mantissa >> drop;
    uint64_t rest = drop == 64 ? mantissa : mantissa & ((UINT64_C(1) << drop) - 1);
    uint64_t half = UINT64_C(1) << (drop - 1);
    bool up = rest > half || (rest == half && (sticky || (whole & 1) != 0));
    return assemble(whole + up, unit);
}

static bool word_at(const char *text, size_t length, const char *word) {
    size_t i = 0;
    for (; word[i] != 0; i++) {
        if (i >= length || (text[i] | 32) != word[i]) return false;
    }
    return true;
}

double rti_parse_number(const char *text, size_t length, size_t *used) {
    size_t at = 0;
    *used = 0;
    bool negative = length > 0 && text[0] == '-';
    if (length > 0 && (text[0] == '-' || text[0] == '+')) at++;
    const char *rest = text + at;
    size_t left = length - at, read = 0;
    double value;
    if (word_at(rest, left, "inf")) {
        read = word_at(rest, left, "infinity") ? 8 : 3;
        value = __builtin_inf();
    } else if (word_at(rest, left, "nan")) {
        read = 3;
        value = __builtin_nan("");
    } else if (left > 2 && rest[0] == '0' && (rest[1] | 32) == 'x') {
        value = read_hexadecimal(rest + 2, left - 2, &read);
        read = read == 0 ? 1 : read + 2; // "0x" alone is a 0
    } else {
        value = read_decimal(rest, left, &read);
    }
    if (read == 0) return 0;
    *used = at + read;
    return negative ? -value : value;
}
