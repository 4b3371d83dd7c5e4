// test_mathematics.c: the mathematics that has versions for vectors: each of them gives in every lane the
// bits of the function of one number, at all widths that this processor has, for random and for special
// arguments; results are less than one unit in the last place from those of libc's long doubles.
#include "rt_check.h"
#include <float.h>
#include <math.h>

enum { WIDEST = 8 };

#if defined(__x86_64__)
#define OF_2(OF, name)    OF(name, 2, "sse2")
#define OF_WIDE(OF, name) OF(name, 4, "avx2") OF(name, 8, "avx512f")
#elif defined(__aarch64__)
#define OF_2(OF, name) OF(name, 2, "+simd")
#define OF_WIDE(OF, name)
#else
#define OF_2(OF, name)
#define OF_WIDE(OF, name)
#endif
#define OF_WIDTHS(OF, name) OF_2(OF, name) OF_WIDE(OF, name)

typedef void Apply(const double *x, const double *y, double *result);

#define TYPE_OF(name, width, feature)                                                              \
    typedef double Lanes##width __attribute__((vector_size(8 * width)));
OF_WIDTHS(TYPE_OF, )

#define APPLY_1(name, width, feature)                                                              \
    Lanes##width rt_##name##_##width(Lanes##width x);                                              \
    __attribute__((target(feature))) static void name##_by_##width(                                \
        const double *x, const double *y, double *result) {                                        \
        (void)y;                                                                                   \
        for (int i = 0; i < WIDEST; i += width) {                                                  \
            Lanes##width lanes;                                                                    \
            memcpy(&lanes, x + i, sizeof lanes);                                                   \
            lanes = rt_##name##_##width(lanes);                                                    \
            memcpy(result + i, &lanes, sizeof lanes);                                              \
        }                                                                                          \
    }
#define APPLY_2(name, width, feature)                                                              \
    Lanes##width rt_##name##_##width(Lanes##width x, Lanes##width y);                              \
    __attribute__((target(feature))) static void name##_by_##width(                                \
        const double *x, const double *y, double *result) {                                        \
        for (int i = 0; i < WIDEST; i += width) {                                                  \
            Lanes##width lanes, others;                                                            \
            memcpy(&lanes, x + i, sizeof lanes);                                                   \
            memcpy(&others, y + i, sizeof others);                                                 \
            lanes = rt_##name##_##width(lanes, others);                                            \
            memcpy(result + i, &lanes, sizeof lanes);                                              \
        }                                                                                          \
    }
#define MATH_1(name)        OF_WIDTHS(APPLY_1, name)
#define MATH_1_FROM_4(name) OF_WIDE(APPLY_1, name)
#define MATH_2(name)        OF_WIDTHS(APPLY_2, name)
#include "rt/rt_vector.def"
#undef MATH_1
#undef MATH_1_FROM_4
#undef MATH_2

typedef struct Row {
    const char *name;
    double (*one)(double);
    double (*two)(double, double);
    long double (*exact_one)(long double);
    long double (*exact_two)(long double, long double);
    Apply *wide[3];
} Row;

#define NOT_2                         NULL,
#define WIDE_OF(name, width, feature) name##_by_##width,
static const Row rows[] = {
#define MATH_1(name)        {#name, rt_##name, NULL, name##l, NULL, {OF_WIDTHS(WIDE_OF, name)}},
#define MATH_1_FROM_4(name) {#name, rt_##name, NULL, name##l, NULL, {NOT_2 OF_WIDE(WIDE_OF, name)}},
#define MATH_2(name)        {#name, NULL, rt_##name, NULL, name##l, {OF_WIDTHS(WIDE_OF, name)}},
#include "rt/rt_vector.def"
};

static int widths(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") ? 3 : __builtin_cpu_supports("avx2") ? 2 : 1;
#elif defined(__aarch64__)
    return 1;
#else
    return 0;
#endif
}

static const double special[] = {0.0,
                                 -0.0,
                                 INFINITY,
                                 -INFINITY,
                                 NAN,
                                 1,
                                 -1,
                                 2,
                                 -2,
                                 3,
                                 -3,
                                 0.5,
                                 -0.5,
                                 1.5,
                                 10,
                                 1000,
                                 1e22,
                                 0x1p-1074,
                                 -0x1p-1074,
                                 DBL_MIN,
                                 -DBL_MIN,
                                 DBL_MAX,
                                 -DBL_MAX,
                                 0x1p20,
                                 0x1p53,
                                 0x1p66,
                                 709.782712893384,
                                 709.7827128933841,
                                 -745.1332191019412,
                                 -745.2,
                                 -708.5,
                                 710.4758600739439,
                                 710.475860073944,
                                 M_PI,
                                 M_PI_2,
                                 -M_PI_2,
                                 M_PI_4,
                                 1e-10,
                                 -1e-10,
                                 0x1p-28,
                                 1 + DBL_EPSILON,
                                 1 - DBL_EPSILON / 2,
                                 22,
                                 40,
                                 355,
                                 720,
                                 -760,
                                 0.4375,
                                 0.6875,
                                 1.1875,
                                 2.4375,
                                 0.6744};

static double uniform(double low, double high) {
    return low + (high - low) * (double)(check_random() >> 11) * 0x1p-53;
}

// Numbers of all sizes, mostly those at which something happens.
static double argument(void) {
    uint64_t bits = check_random();
    double any;
    switch (bits % 8) {
    case 0: memcpy(&any, &bits, sizeof any); return any;
    case 1: return special[check_random() % (sizeof special / sizeof *special)];
    case 2: return uniform(-1, 1);
    case 3: return uniform(-1e6, 1e6);
    case 4: return uniform(-750, 720);
    case 5: return (double)(int64_t)(check_random() % 41) - 20;
    default: return uniform(-10, 10);
    }
}

static double apply(const Row *row, double x, double y) {
    return row->one ? row->one(x) : row->two(x, y);
}

static bool same(double a, double b) {
    return (a != a && b != b) || memcmp(&a, &b, sizeof a) == 0;
}

static void check_lanes(const Row *row, long count) {
    for (long i = 0; i < count; i++) {
        double x[WIDEST], y[WIDEST], wide[WIDEST];
        for (int k = 0; k < WIDEST; k++) {
            x[k] = argument();
            y[k] = argument();
        }
        for (int w = 0; w < widths(); w++) {
            if (!row->wide[w]) continue;
            row->wide[w](x, y, wide);
            for (int k = 0; k < WIDEST; k++) {
                double one = apply(row, x[k], y[k]);
                CHECK(same(one, wide[k]), "%s(%a, %a): %a, by %d lanes %a", row->name, x[k], y[k],
                      one, 2 << w, wide[k]);
            }
        }
    }
}

// How many units in the last place the result is away.
static long double distance(double result, long double exact) {
    int exponent = 0;
    frexpl(exact, &exponent);
    if (exponent < -1021) exponent = -1021;
    return fabsl(result - exact) / ldexpl(1, exponent - 53);
}

static void check_accuracy(const Row *row, long count, bool print) {
    long double worst = 0;
    for (long i = 0; i < count; i++) {
        double x = argument(), y = argument(), result = apply(row, x, y);
        long double exact = row->exact_one ? row->exact_one(x) : row->exact_two(x, y);
        if (isnan(exact) || fabsl(exact) > (long double)DBL_MAX) {
            double rounded = (double)exact;
            CHECK(same(result, rounded) || fabs(result) == DBL_MAX, "%s(%a, %a): %a, not %a",
                  row->name, x, y, result, rounded);
            continue;
        }
        long double away = distance(result, exact);
        CHECK(away < 1, "%s(%a, %a): %a is %.3Lf units away", row->name, x, y, result, away);
        CHECK(result != 0 || !signbit(result) == !signbit(exact), "%s(%a, %a): %a", row->name, x, y,
              result);
        if (away > worst) worst = away;
    }
    if (print) printf("%-6s %.3Lf\n", row->name, worst);
}

// What has an exact result.
static void check_exact(void) {
    for (int k = 0; k <= 22; k++) CHECK(rt_log10(pow(10, k)) == k, "%d", k);
    for (int k = -1074; k <= 1023; k++) CHECK(rt_log2(ldexp(1, k)) == k, "%d", k);
    for (int k = -1074; k <= 1023; k++) CHECK(rt_pow(2, k) == ldexp(1, k), "%d", k);
    for (int x = -99; x <= 99; x++)
        for (int k = 0; k <= 7; k++) {
            double power = 1;
            for (int i = 0; i < k; i++) power *= x;
            CHECK(rt_pow(x, k) == power, "%d ** %d", x, k);
        }
    CHECK(rt_exp(0) == 1 && rt_cosh(0) == 1 && rt_cos(0) == 1, "of 0");
    CHECK(rt_hypot(3, 4) == 5 && rt_hypot(-5, 12) == 13, "of triangles");
}

int main(int argc, char **argv) {
    long times = argc > 1 ? atol(argv[1]) : 1;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_lanes(&rows[i], 10000 * times);
        check_accuracy(&rows[i], 40000 * times, argc > 1);
    }
    check_exact();
    return check_done("mathematics");
}
