// test_number.c: numbers to text and back, against libc on random doubles: %f %e %g %a and their
// capitals with random flags, widths and precisions, %v's %.15g, strtod, the remainder, casts.
#include "rt_check.h"
#include <math.h>
#include <time.h>

// Doubles of every size, short decimals, integers, ties, neighbours of powers of ten.
static double random_double(void) {
    union {
        uint64_t u;
        double d;
    } both = {.u = check_random()};
    double small;
    switch (check_random() % 8) {
    case 0: break;
    case 1: return (double)(int64_t)(check_random() >> (check_random() % 64));
    case 2: return (double)(int64_t)(check_random() % 2000001 - 1000000) / 1000;
    case 3: return (double)(int64_t)(check_random() % 20001 - 10000) / 16;
    case 4:
        both.u = check_random() >> 12 | (UINT64_C(1023 - 40) + check_random() % 80) << 52;
        break;
    case 5:
        both.d = pow(10, (double)(int)(check_random() % 633) - 323);
        both.u += check_random() % 5 - 2;
        break;
    case 6: both.u = check_random() >> (12 + check_random() % 52); break; // subnormal
    case 7:
        small = (double)(check_random() % 1000000) + 0.5;
        return small / pow(10, (double)(check_random() % 12));
    }
    return isfinite(both.d) ? both.d : 1.5;
}

static void check_formats(long count) {
    static const char conversions[] = "feEgGaAF";
    RtSink sink = {0};
    for (long i = 0; i < count; i++) {
        double number = random_double();
        char flags[8], format[64], expected[1600];
        size_t flag_count = 0;
        uint64_t choice = check_random();
        for (int k = 0; k < 5; k++) {
            if ((choice >> k & 7) == 0) flags[flag_count++] = "-+ #0"[k];
        }
        flags[flag_count] = 0;
        char c = conversions[choice >> 20 & 7];
        int width = (choice >> 30 & 3) == 0 ? (int)(choice >> 40 & 31) : 0;
        int precision =
            (choice >> 32 & 15) == 0 ? (int)(check_random() % 800) : (int)(choice >> 50 & 31);
        if ((choice >> 36 & 3) == 0)
            snprintf(format, sizeof format, width ? "%%%s%d%c" : "%%%s%.0d%c", flags, width, c);
        else
            snprintf(format, sizeof format, width ? "%%%s%d.%d%c" : "%%%s%.0d.%d%c", flags, width,
                     precision, c);
        int length = snprintf(expected, sizeof expected, format, number);
        // glibc drops the zeros that # asks for where %g rounds up to a power of ten.
        if ((c | 32) == 'g' && strchr(flags, '#') &&
            (strstr(expected, "1.e") || strstr(expected, "1.E")))
            continue;
        RtStr *text = text_of(format);
        uint64_t word = rti_number_word(number);
        sink.length = 0;
        rti_format(&sink, text, &word, 1, &check_place);
        CHECK((int)sink.length == length && memcmp(sink.data, expected, sink.length) == 0,
              "%s of %a: %.*s, not %s", format, number, (int)sink.length, sink.data, expected);
        rti_release(text);
    }
    rti_sink_free(&sink);
}

static void check_plain(long count) {
    for (long i = 0; i < count; i++) {
        double number = random_double();
        char text[RTI_NUMBER_TEXT], expected[64];
        size_t length = rti_number_text(number, text);
        bool whole = fabs(number) <= 9007199254740992.0 && number == trunc(number);
        snprintf(expected, sizeof expected, whole ? "%.0f" : "%.15g", number);
        CHECK(length == strlen(expected) && memcmp(text, expected, length) == 0,
              "%%v of %a: %.*s, not %s", number, (int)length, text, expected);
    }
}

static void check_parse_one(const char *text) {
    char *end;
    double expected = strtod(text, &end);
    size_t used;
    double got = rti_parse_number(text, strlen(text), &used);
    bool same = memcmp(&got, &expected, sizeof got) == 0 || (got != got && expected != expected);
    CHECK(same && used == (size_t)(end - text), "%.60s: %a (%zu bytes), not %a (%td)", text, got,
          used, expected, end - text);
}

static void check_parse(long count) {
    char text[1300];
    for (long i = 0; i < count; i++) {
        double number = random_double();
        uint64_t choice = check_random();
        switch (choice % 6) {
        case 0: snprintf(text, sizeof text, "%.17g", number); break;
        case 1: snprintf(text, sizeof text, "%.*e", (int)(choice >> 8 & 31), number); break;
        case 2: snprintf(text, sizeof text, "%a", number); break;
        case 3: { // the exact midpoint between two doubles, perhaps with something far behind
            union {
                uint64_t u;
                double d;
            } both = {.d = fabs(number)};
            if (both.d > 1e300 || both.d < 1e-290) both.d = 1.5;
            long double middle =
                ((long double)both.d + (long double)nextafter(both.d, INFINITY)) / 2;
            int length = snprintf(text, sizeof text, "%.900Lg", middle);
            if ((choice >> 8 & 1) == 0 && memchr(text, '.', (size_t)length) && !strchr(text, 'e'))
                snprintf(text + length, sizeof text - (size_t)length, "0000000000000000001");
            break;
        }
        case 4:
            snprintf(text, sizeof text, "%llu.%llue%d", (unsigned long long)check_random(),
                     (unsigned long long)check_random(), (int)(check_random() % 700) - 350);
            break;
        case 5:
            snprintf(text, sizeof text, "%llu%s%llu", (unsigned long long)(check_random() % 100000),
                     choice >> 8 & 1 ? "." : "e-", (unsigned long long)(check_random() % 1000));
            break;
        }
        check_parse_one(text);
    }
    static const char *const cases[] = {
        "",
        "x",
        ".",
        "-",
        "+",
        "e5",
        "1e",
        "1e+",
        "1.e5",
        ".5",
        "5.",
        "-0",
        "0x",
        "0x.p1",
        "0x1p",
        "0x.8",
        "0x1.fffffffffffff8p0",
        "0x1.fffffffffffff7p1023",
        "0x1.fffffffffffff8p1023",
        "inf",
        "-infinity",
        "infinit",
        "nan",
        "1e400",
        "1e-400",
        "4.9e-324",
        "2.47e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "00000000001",
        "0.0000000000000000000000000000001",
        "9007199254740993",
        "9007199254740992.5",
        "1_000",
        "12 34",
        "0e999999999999",
        "1e-999999999999999999",
        "2.2250738585072011e-308",
        "2.2250738585072012e-308",
        "0x0.0000000000001p-1023",
        "0x1p-1075",
        "0x1.8p-1075",
        "0x3p-1076",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_parse_one(cases[i]);
    static char digits[400001];
    memset(digits, '7', sizeof digits - 1);
    check_parse_one(digits);
    digits[1] = '.';
    check_parse_one(digits);
}

static void check_remainder(long count) {
    for (long i = 0; i < count; i++) {
        double x = random_double(), y = random_double();
        if (i % 3 == 0) y = (double)(check_random() % 1000 + 1);
        double got = rt_mod(x, y), expected = fmod(x, y);
        CHECK(memcmp(&got, &expected, sizeof got) == 0 || (got != got && expected != expected),
              "fmod(%a, %a): %a, not %a", x, y, got, expected);
    }
    CHECK(rt_mod(INFINITY, 2) != rt_mod(INFINITY, 2), "fmod(inf, 2)");
    CHECK(rt_mod(3, INFINITY) == 3, "fmod(3, inf)");
    CHECK(rt_mod(NAN, 2) != rt_mod(NAN, 2) && rt_mod(2, NAN) != rt_mod(2, NAN), "fmod of NaN");
}

static void check_casts(void) {
    CHECK(rt_to_int(1e300) == INT64_MAX && rt_to_int(-1e300) == INT64_MIN, "saturation");
    CHECK(rt_to_int(NAN) == 0 && rt_to_int(-3.9) == -3, "truncation");
    CHECK(rt_to_position(1e300) == INT64_MIN && rt_to_position(NAN) == INT64_MIN, "positions");
    CHECK(rt_cast_number(300, RT_CAST_I8) == 44 && rt_cast_number(-1, RT_CAST_U8) == 255, "8 bits");
    CHECK(rt_cast_number(-1, RT_CAST_U64) == 18446744073709551616.0, "u64");
    CHECK(rt_cast_number(9223372036854775808.0 + 4096, RT_CAST_U16) == 4096, "wrapping above 2^63");
    CHECK(rt_cast_number(-1e30, RT_CAST_I64) == -5076964154930102272.0, "wrapping -1e30: %f",
          rt_cast_number(-1e30, RT_CAST_I64));
    CHECK(rt_cast_number(0.1, RT_CAST_F32) == (double)0.1f, "f32");
    CHECK(rt_cast_number(INFINITY, RT_CAST_I32) == 0 && rt_cast_number(NAN, RT_CAST_I32) == 0,
          "not finite");
}

int main(int argc, char **argv) {
    long scale = argc > 1 ? atol(argv[1]) : 1;
    check_formats(2000000 * scale);
    check_plain(5000000 * scale);
    check_parse(2000000 * scale);
    check_remainder(1000000 * scale);
    check_casts();
    return check_done("number");
}
