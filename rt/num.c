// num.c: numbers to text, exactly, and numbers to integers.
//
// Digits come from one multiplication by a 128-bit power of ten where 17 digits are enough and the
// rounding is decided within the error of that power; else from exact arithmetic in base 10^9. Both
// give the correctly rounded decimal, ties to even, as glibc's printf does. Flags, widths and
// conversions are in fmt.c; text to numbers is in num_parse.c.
#include "value.h"

typedef unsigned __int128 U128;

enum { LIMB = 1000000000, LIMB_DIGITS = 9, MOST_LIMBS = 128 };

// value = mantissa × 2^exponent, mantissa below 2^53; of a finite positive number.
typedef struct Parts {
    uint64_t mantissa;
    int32_t exponent;
} Parts;

static Parts parts_of(double number) {
    uint64_t bits = rti_number_word(number) & INT64_MAX;
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int32_t biased = (int32_t)(bits >> 52);
    if (biased == 0) return (Parts){fraction, -1074};
    return (Parts){fraction | UINT64_C(1) << 52, biased - 1075};
}

// --- integers to text ----------------------------------------------------------------------------

static const char digit_pairs[] = "0001020304050607080910111213141516171819"
                                  "2021222324252627282930313233343536373839"
                                  "4041424344454647484950515253545556575859"
                                  "6061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

// Writes the digits so that they end before `end`; gives the first.
static char *digits_before(char *end, uint64_t number) {
    while (number >= 100) {
        const char *pair = digit_pairs + number % 100 * 2;
        number /= 100;
        *--end = pair[1];
        *--end = pair[0];
    }
    if (number >= 10) {
        const char *pair = digit_pairs + number * 2;
        *--end = pair[1];
        *--end = pair[0];
    } else {
        *--end = (char)('0' + number);
    }
    return end;
}

size_t rti_integer_text(uint64_t number, char *to) {
    char text[20];
    char *end = text + sizeof text, *first = digits_before(end, number);
    size_t length = (size_t)(end - first);
    for (size_t i = 0; i < length; i++) to[i] = first[i];
    return length;
}

// --- digits, the fast way ------------------------------------------------------------------------

// number × 10^power rounded to an integer below 2^62, ties to even. False: not decided, or too
// large.
static bool scaled_integer(Parts parts, int32_t power, uint64_t *result) {
    if (power < -364 || power > 363) return false;
    RtiPower ten = rti_power_of_ten(power);
    int shift = __builtin_clzll(parts.mantissa);
    uint64_t product[3];
    rti_power_times(ten, parts.mantissa << shift, product);
    // value = product × 2^-below
    int32_t below = -(parts.exponent - shift + ten.exponent - 127);
    if (below > 191) { // less than a half, and not close to it: the product has at most 192 bits
        *result = 0;
        return below > 193;
    }
    if (below < 130) return false;
    int32_t fraction_bits = below - 128; // in product[0]: 2 … 63
    uint64_t whole = product[0] >> fraction_bits;
    U128 fraction = (U128)(product[0] & ((UINT64_C(1) << fraction_bits) - 1)) << 64 | product[1];
    U128 half = (U128)1 << (fraction_bits + 63);
    bool tie = fraction == half && product[2] == 0;
    if (ten.exact) {
        *result = whole + (tie ? (whole & 1) : fraction >= half);
        return true;
    }
    // The true fraction lies less than 5 units above this one.
    if (tie || (fraction < half && fraction + 5 >= half)) return false;
    *result = whole + (fraction > half || fraction == half);
    return true;
}

static void digits_from_integer(RtiDigits *digits, uint64_t integer, int64_t power) {
    if (integer == 0) {
        digits->count = 0;
        digits->point = 1;
        return;
    }
    digits->count = (int64_t)rti_integer_text(integer, digits->digits);
    digits->point = digits->count - power;
}

// --- digits, exactly -----------------------------------------------------------------------------

typedef struct Big {
    int count;
    uint32_t limbs[MOST_LIMBS]; // base 10^9, least significant first
} Big;

static void big_times(Big *big, uint32_t factor) {
    uint64_t carry = 0;
    for (int i = 0; i < big->count; i++) {
        carry += (uint64_t)big->limbs[i] * factor;
        big->limbs[i] = (uint32_t)(carry % LIMB);
        carry /= LIMB;
    }
    while (carry != 0) {
        big->limbs[big->count++] = (uint32_t)(carry % LIMB);
        carry /= LIMB;
    }
}

// All digits of the number: at most 767 after the trailing zeros are gone.
static void digits_exact(RtiDigits *digits, Parts parts) {
    Big big = {0};
    for (uint64_t rest = parts.mantissa; rest != 0; rest /= LIMB)
        big.limbs[big.count++] = (uint32_t)(rest % LIMB);
    int32_t places = 0;
    if (parts.exponent >= 0) {
        int32_t twos = parts.exponent;
        for (; twos >= 29; twos -= 29) big_times(&big, UINT32_C(1) << 29);
        big_times(&big, UINT32_C(1) << twos);
    } else { // m × 2^-n = m × 5^n × 10^-n
        int32_t zeros = __builtin_ctzll(parts.mantissa);
        places = -parts.exponent;
        if (zeros > places) zeros = places;
        places -= zeros;
        big = (Big){0};
        for (uint64_t rest = parts.mantissa >> zeros; rest != 0; rest /= LIMB)
            big.limbs[big.count++] = (uint32_t)(rest % LIMB);
        int32_t fives = places;
        for (; fives >= 13; fives -= 13) big_times(&big, 1220703125);
        uint32_t factor = 1;
        while (fives-- > 0) factor *= 5;
        big_times(&big, factor);
    }
    int64_t count = (int64_t)rti_integer_text(big.limbs[big.count - 1], digits->digits);
    for (int i = big.count - 2; i >= 0; i--) {
        uint32_t limb = big.limbs[i];
        for (int k = LIMB_DIGITS - 1; k >= 0; k--) {
            digits->digits[count + k] = (char)('0' + limb % 10);
            limb /= 10;
        }
        count += LIMB_DIGITS;
    }
    digits->count = count;
    digits->point = count - places;
}

// Keeps the first `keep` digits (negative: fewer than none), rounding the rest away.
static void digits_round(RtiDigits *digits, int64_t keep) {
    if (keep >= digits->count) return;
    bool up = false;
    if (keep >= 0) {
        int64_t i = keep;
        up = digits->digits[i] > '5';
        if (digits->digits[i] == '5') {
            for (i++; i < digits->count && !up; i++) up = digits->digits[i] != '0';
            if (!up) up = keep > 0 && (digits->digits[keep - 1] & 1) != 0; // a tie
        }
    }
    digits->count = keep > 0 ? keep : 0;
    if (up) {
        int64_t i = digits->count;
        while (i > 0 && digits->digits[i - 1] == '9') i--;
        if (i == 0) {
            digits->digits[0] = '1';
            digits->point++;
            digits->count = 1;
        } else {
            digits->digits[i - 1]++;
            digits->count = i;
        }
    }
    if (digits->count == 0) digits->point = 1;
}

// --- digits --------------------------------------------------------------------------------------

// floor(log10(number)) or one less.
static int32_t decimal_exponent(Parts parts) {
    int32_t two = parts.exponent + 63 - __builtin_clzll(parts.mantissa);
    return (int32_t)(((int64_t)two * 78913) >> 18);
}

void rti_digits_fixed(RtiDigits *digits, double number, int64_t places) {
    Parts parts = parts_of(number);
    digits->count = 0;
    digits->point = 1;
    if (parts.mantissa == 0) return;
    int32_t exponent = decimal_exponent(parts);
    if (exponent + places < -2) return; // below 0.1 units of the last place
    uint64_t integer;
    if (exponent + places < 17 && scaled_integer(parts, (int32_t)places, &integer)) {
        digits_from_integer(digits, integer, places);
        return;
    }
    digits_exact(digits, parts);
    digits_round(digits, digits->point + places);
}

static const uint64_t tens[] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
};

void rti_digits_significant(RtiDigits *digits, double number, int64_t count) {
    Parts parts = parts_of(number);
    digits->count = 0;
    digits->point = 1;
    if (parts.mantissa == 0) return;
    if (count <= 17) {
        int32_t power = (int32_t)count - 1 - decimal_exponent(parts);
        uint64_t integer;
        bool decided = scaled_integer(parts, power, &integer);
        if (decided && integer >= tens[count]) decided = scaled_integer(parts, --power, &integer);
        if (decided) {
            digits_from_integer(digits, integer, power);
            return;
        }
    }
    digits_exact(digits, parts);
    digits_round(digits, count);
}

// --- %v ------------------------------------------------------------------------------------------

static size_t small_text(const char *from, char *to) {
    size_t length = 0;
    for (; from[length] != 0; length++) to[length] = from[length];
    return length;
}

// %.15g of a finite number that is not 0.
static char *general_text(double number, char *at) {
    RtiDigits digits;
    rti_digits_significant(&digits, number, 15);
    int64_t count = digits.count, exponent = digits.point - 1;
    while (count > 1 && digits.digits[count - 1] == '0') count--;
    const char *from = digits.digits;
    if (exponent < -4 || exponent >= 15) {
        *at++ = *from++;
        if (count > 1) *at++ = '.';
        for (int64_t i = 1; i < count; i++) *at++ = *from++;
        *at++ = 'e';
        *at++ = exponent < 0 ? '-' : '+';
        uint64_t magnitude = (uint64_t)(exponent < 0 ? -exponent : exponent);
        if (magnitude < 10) *at++ = '0';
        return at + rti_integer_text(magnitude, at);
    }
    if (exponent < 0) {
        *at++ = '0';
        *at++ = '.';
        for (int64_t i = exponent + 1; i < 0; i++) *at++ = '0';
        for (int64_t i = 0; i < count; i++) *at++ = from[i];
        return at;
    }
    for (int64_t i = 0; i < count || i <= exponent; i++) {
        if (i == exponent + 1) *at++ = '.';
        *at++ = i < count ? from[i] : '0';
    }
    return at;
}

size_t rti_number_text(double number, char *to) {
    if (number != number) return small_text("nan", to);
    char *at = to;
    if (rti_number_word(number) >> 63 != 0) {
        *at++ = '-';
        number = -number;
    }
    if (number <= 9007199254740992.0) {
        uint64_t whole = (uint64_t)number;
        if ((double)whole == number) return (size_t)(at - to) + rti_integer_text(whole, at);
    } else if (number > 1.7976931348623157e308) {
        return (size_t)(at - to) + small_text("inf", at);
    }
    return (size_t)(general_text(number, at) - to);
}

// --- to integers ---------------------------------------------------------------------------------

int64_t rt_to_int(double number) {
    if (number >= -9223372036854775808.0 && number < 9223372036854775808.0) return (int64_t)number;
    if (number != number) return 0;
    return number < 0 ? INT64_MIN : INT64_MAX;
}

int64_t rt_to_position(double number) {
    if (number > -9223372036854775808.0 && number < 9223372036854775808.0) return (int64_t)number;
    return INT64_MIN;
}

// The truncated value modulo 2^64; NaN and infinities: 0.
static uint64_t wrapped(double number) {
    if (number >= -9223372036854775808.0 && number < 9223372036854775808.0)
        return (uint64_t)(int64_t)number;
    if (number != number || number - number != 0) return 0;
    Parts parts = parts_of(number); // at least 2^63: the exponent is 11 or more
    uint64_t magnitude = parts.exponent >= 64 ? 0 : parts.mantissa << parts.exponent;
    return number < 0 ? 0 - magnitude : magnitude;
}

double rt_cast_number(double number, int32_t to) {
    switch (to) {
    case RT_CAST_I8: return (int8_t)wrapped(number);
    case RT_CAST_I16: return (int16_t)wrapped(number);
    case RT_CAST_I32: return (int32_t)wrapped(number);
    case RT_CAST_I64: return (double)(int64_t)wrapped(number);
    case RT_CAST_U8: return (uint8_t)wrapped(number);
    case RT_CAST_U16: return (uint16_t)wrapped(number);
    case RT_CAST_U32: return (uint32_t)wrapped(number);
    case RT_CAST_U64:
    case RT_CAST_PTR:
    case RT_CAST_CSTR: return (double)wrapped(number);
    case RT_CAST_F32: return (double)(float)number;
    }
    return number;
}
