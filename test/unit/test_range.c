// test_range.c: what range.c promises, by sampling: every value that doubles compute from values in
// the operands' ranges lies in the result's range, is whole and is not -0, and int64_t agrees.
#include "../../frontend/range.h"
#include "frontend_check.h"
#include <math.h>

static uint64_t state = 42;

static double pick_bound(void) {
    static const double sizes[] = {0, 1, 2, 3, 10, 100, 0x1p16, 0x1p31, 0x1p40, 0x1p52, 0x1p53};
    double size = sizes[check_random(&state) % COUNT_OF(sizes)];
    if (check_random(&state) % 3 == 0 && size > 4) size = floor(size * 0.7);
    return check_random(&state) % 2 == 0 ? size : -size + 0.0;
}

static Type pick_range(void) {
    double a = pick_bound(), b = pick_bound();
    if (a > b) { double t = a; a = b; b = t; }
    return type_integer(a == 0 ? 0 : a, b == 0 ? 0 : b);
}

static double pick_value(Type t) {
    uint64_t how = check_random(&state) % 4;
    if (how == 0) return t.low;
    if (how == 1) return t.high;
    if (t.low <= 0 && t.high >= 0 && how == 2) return 0;
    double span = t.high - t.low;
    double value = t.low + floor((double)(check_random(&state) >> 11) * 0x1p-53 * span);
    return value == 0 ? 0 : value;
}

static int64_t int_result(BinaryOp op, int64_t a, int64_t b) {
    switch ((int)op) {
    case BINARY_ADD: return a + b;
    case BINARY_SUB: return a - b;
    case BINARY_MUL: return a * b;
    case BINARY_MOD: return a % b;
    case BINARY_BAND: return a & b;
    case BINARY_BOR: return a | b;
    case BINARY_BXOR: return a ^ b;
    case BINARY_SHL: return (int64_t)((uint64_t)a << (b & 63));
    case BINARY_SHR: return (int64_t)((uint64_t)a >> (b & 63));
    }
    return 0;
}

static double double_result(BinaryOp op, double a, double b) {
    switch ((int)op) {
    case BINARY_ADD: return a + b;
    case BINARY_SUB: return a - b;
    case BINARY_MUL: return a * b;
    case BINARY_MOD: return fmod(a, b);
    }
    return (double)int_result(op, (int64_t)a, (int64_t)b);
}

static void check_value(Type result, double value, int64_t exact, RangeUse use) {
    if (!result.integer) return;
    if ((use & USE_CHECKED) != 0 && fabs(value) >= 0x1p53) return; // generated code does not use it
    use &= (RangeUse)~USE_CHECKED;
    EXPECT(value >= result.low && value <= result.high);
    EXPECT(value == trunc(value));
    if (use == USE_VALUE) EXPECT(!(value == 0 && signbit(value)));
    bool small = fabs(value) < 0x1p53 || (use == USE_BITS && value == -0x1p53);
    if (use != USE_POSITION) EXPECT(exact == (int64_t)value && small);
    if (use == USE_POSITION) EXPECT((double)exact == value || fabs(value) >= 0x1p53);
}

static void test_binary(void) {
    static const BinaryOp ops[] = {BINARY_ADD, BINARY_SUB, BINARY_MUL,  BINARY_MOD, BINARY_BAND,
                                   BINARY_BOR, BINARY_BXOR, BINARY_SHL, BINARY_SHR};
    for (int i = 0; i < 2000000; i++) {
        BinaryOp op = ops[check_random(&state) % COUNT_OF(ops)];
        RangeUse use = (RangeUse)(check_random(&state) % (USE_POSITION + 1));
        if (check_random(&state) % 2 == 0) use |= USE_CHECKED;
        Type a = pick_range();
        Type b = op >= BINARY_SHL && op <= BINARY_SHR ? type_integer(0, (double)(check_random(&state) % 64))
                                                      : pick_range();
        double x = pick_value(a), y = pick_value(b);
        if (op == BINARY_MOD && y == 0) continue;
        Type result = range_binary(op, a, b, use);
        if (!result.integer) continue;
        check_value(result, double_result(op, x, y), int_result(op, (int64_t)x, (int64_t)y), use);
    }
}

static void test_others(void) {
    for (int i = 0; i < 500000; i++) {
        Type a = pick_range(), b = pick_range();
        double x = pick_value(a), y = pick_value(b);
        check_value(range_unary(UNARY_NEG, a, USE_VALUE), -x, -(int64_t)x, USE_VALUE);
        check_value(range_unary(UNARY_BNOT, a, USE_VALUE), (double)~(int64_t)x, ~(int64_t)x, USE_VALUE);
        if (y != 0) {
            double q = floor(x / y);
            check_value(range_floor_quotient(a, b), q, (int64_t)q, USE_VALUE);
        }
        check_value(range_min_max(a, b, true), fmax(x, y), (int64_t)fmax(x, y), USE_VALUE);
        check_value(range_min_max(a, b, false), fmin(x, y), (int64_t)fmin(x, y), USE_VALUE);
        Type narrow = range_refine(a, BINARY_LT, b, x < y);
        EXPECT(x >= narrow.low && x <= narrow.high);
        narrow = range_refine(a, BINARY_EQ, b, x == y);
        EXPECT(x >= narrow.low && x <= narrow.high);
        check_value(range_cast(CAST_U8, a), (double)(uint8_t)(int64_t)x, (uint8_t)(int64_t)x, USE_VALUE);
        check_value(range_cast(CAST_I16, a), (double)(int16_t)(int64_t)x, (int16_t)(int64_t)x, USE_VALUE);
    }
}

static Type pick_type(Arena *arena, int depth) {
    switch (check_random(&state) % 6) {
    case 0: return pick_range();
    case 1: return type_number();
    case 2: return type_of_kind(KIND_STRING);
    case 3: return TYPE_NEVER;
    case 4: return type_any();
    }
    return depth > 5 ? type_number() : type_list(arena, pick_type(arena, depth + 1));
}

static void test_lattice(void) {
    Arena arena = {0};
    for (int i = 0; i < 100000; i++) {
        Type a = pick_type(&arena, 0), b = pick_type(&arena, 0);
        Type ab = type_join(&arena, a, b), ba = type_join(&arena, b, a);
        EXPECT(type_equal(ab, ba));
        EXPECT(type_equal(type_join(&arena, ab, a), ab));
        EXPECT(type_equal(type_join(&arena, a, a), a));
        EXPECT(type_text(&arena, ab) != NULL);
        Type wide = a;
        int steps = 0;
        for (; steps < 100; steps++) { // an ascending chain under widening ends
            Type next = type_widen(&arena, wide, pick_range());
            if (wide.integer && next.integer) EXPECT(next.low <= wide.low && next.high >= wide.high);
            wide = next;
        }
        EXPECT(type_equal(type_widen(&arena, wide, wide), wide));
    }
    arena_free(&arena);
}

int main(void) {
    test_binary();
    test_others();
    test_lattice();
    return check_failures != 0;
}
