// range.c: interval arithmetic on whole numbers, in doubles: every bound that matters is below 2^53
// and exact; larger ones only need to be recognised as too large.
#include "range.h"
#include <math.h>

static bool has_zero(Type t) {
    return t.low <= 0 && t.high >= 0;
}

static RangeUse what_for(RangeUse use) {
    return use & (RangeUse)~USE_CHECKED;
}

// The integer type of an exact result, given its use.
static Type exact(double low, double high, RangeUse use) {
    bool wide = what_for(use) == USE_POSITION && low >= -0x1p62 && high <= 0x1p62;
    bool lowest = what_for(use) == USE_BITS && low == -0x1p53 && high <= TYPE_MAX_INTEGER;
    if (wide || lowest || (use & USE_CHECKED) != 0)
        return (Type){.kinds = KIND_NUMBER, .integer = true, .low = low, .high = high};
    return type_integer(low, high);
}

static Type multiply(Type a, Type b, RangeUse use) {
    bool negative_zero = (has_zero(a) && b.low < 0) || (has_zero(b) && a.low < 0);
    if (negative_zero && what_for(use) == USE_VALUE) return type_number();
    double p = a.low * b.low, q = a.low * b.high, r = a.high * b.low, s = a.high * b.high;
    return exact(fmin(fmin(p, q), fmin(r, s)), fmax(fmax(p, q), fmax(r, s)), use);
}

// C fmod: the sign of the dividend, so a negative one can give -0.
static Type modulo(Type a, Type b, RangeUse use) {
    if (a.low < 0 && what_for(use) == USE_VALUE) return type_number();
    double most = fmax(fabs(b.low), fabs(b.high)) - 1;
    if (most < 0) most = 0;
    return type_integer(a.low < 0 ? -fmin(most, -a.low) : 0, a.high > 0 ? fmin(most, a.high) : 0);
}

static double all_ones(double high) {
    double ones = 1;
    while (ones <= high) ones *= 2;
    return ones - 1;
}

static bool is_positive(Type t) {
    return t.integer && t.low >= 0;
}

// Of numbers of either sign: as many bits as the one of greater magnitude has.
static Type signed_bits(Type a, Type b, RangeUse use) {
    double ones = all_ones(fmax(fmax(a.high, b.high), fmax(-a.low, -b.low) - 1));
    return exact(-ones - 1, ones, use);
}

static Type bits(BinaryOp op, Type a, Type b, RangeUse use) {
    if (op == BINARY_BAND) {
        if (is_positive(a) && is_positive(b)) return type_integer(0, fmin(a.high, b.high));
        if (is_positive(a)) return type_integer(0, a.high);
        if (is_positive(b)) return type_integer(0, b.high);
    }
    if (!a.integer || !b.integer) return type_number();
    if (!is_positive(a) || !is_positive(b)) return signed_bits(a, b, use);
    return type_integer(0, all_ones(fmax(a.high, b.high)));
}

// Counts are modulo 64.
static Type shift(BinaryOp op, Type a, Type b, RangeUse use) {
    bool plain = b.integer && b.low >= 0 && b.high <= 63;
    if (op == BINARY_SHL) {
        if (!a.integer) return type_number();
        double most = plain ? exp2(b.high) : 0x1p63;
        double low = fmin(a.low * most, 0), high = fmax(a.high * most, 0);
        if (low >= -0x1p62 && high <= 0x1p62) return exact(low, high, use);
        return exact(-0x1p63, 0x1p63, use); // whatever is left in 64 bits
    }
    if (is_positive(a)) return type_integer(0, plain ? floor(a.high / exp2(b.low)) : a.high);
    return plain && b.low >= 11 ? type_integer(0, exp2(64 - b.low) - 1) : type_number();
}

Type range_binary(BinaryOp op, Type a, Type b, RangeUse use) {
    bool both = a.integer && b.integer;
    switch (op) {
    case BINARY_ADD: return both ? exact(a.low + b.low, a.high + b.high, use) : type_number();
    case BINARY_SUB: return both ? exact(a.low - b.high, a.high - b.low, use) : type_number();
    case BINARY_MUL: return both ? multiply(a, b, use) : type_number();
    case BINARY_MOD: return both ? modulo(a, b, use) : type_number();
    case BINARY_DIV: case BINARY_POW: case BINARY_FUSED: case BINARY_CARRY: return type_number();
    case BINARY_LT: case BINARY_LE: case BINARY_GT: case BINARY_GE: case BINARY_EQ: case BINARY_NE:
    case BINARY_AND: case BINARY_OR: case BINARY_XOR: case BINARY_IN: case BINARY_NOT_IN:
        return type_boolean();
    case BINARY_BAND: case BINARY_BOR: case BINARY_BXOR: return bits(op, a, b, use);
    case BINARY_SHL: case BINARY_SHR: return shift(op, a, b, use);
    case BINARY_ROL: case BINARY_ROR: return type_number();
    case BINARY_CONS: case BINARY_OP_COUNT: break;
    }
    UNREACHABLE("an operator on numbers has a range rule");
}

Type range_unary(UnaryOp op, Type a, RangeUse use) {
    switch (op) {
    case UNARY_NEG:
        if (!a.integer || (has_zero(a) && what_for(use) == USE_VALUE)) return type_number();
        return type_integer(a.high == 0 ? 0 : -a.high, a.low == 0 ? 0 : -a.low);
    case UNARY_NOT: return type_boolean();
    case UNARY_BNOT: return a.integer ? exact(-a.high - 1, -a.low - 1, use) : type_number();
    case UNARY_LEN: return type_integer(0, 0x1p47);
    case UNARY_HEAD: case UNARY_TAIL: break;
    }
    UNREACHABLE("an operator on a number has a range rule");
}

// |a| <= 2^53, so the rounded quotient never reaches a whole number that the exact one is below.
Type range_floor_quotient(Type a, Type b) {
    if (!a.integer || !b.integer) return type_number();
    if (b.low <= 0 || a.low < 0) return type_number(); // a negative divisor could give -0
    return type_integer(floor(a.low / b.high), floor(a.high / b.low));
}

Type range_cast(CastKind to, Type from) {
    static const struct { double low, high; } limits[] = {
        [CAST_I8] = {-0x1p7, 0x1p7 - 1},   [CAST_I16] = {-0x1p15, 0x1p15 - 1},
        [CAST_I32] = {-0x1p31, 0x1p31 - 1}, [CAST_U8] = {0, 0x1p8 - 1},
        [CAST_U16] = {0, 0x1p16 - 1},       [CAST_U32] = {0, 0x1p32 - 1},
    };
    if (to == CAST_F64 || to == CAST_I64) return from.integer ? from : type_number();
    if (to >= COUNT_OF(limits) || limits[to].high == 0) return type_number();
    if (from.integer && from.low >= limits[to].low && from.high <= limits[to].high) return from;
    return type_integer(limits[to].low, limits[to].high);
}

Type range_min_max(Type a, Type b, bool is_max) {
    if (!a.integer || !b.integer) return type_number();
    return is_max ? type_integer(fmax(a.low, b.low), fmax(a.high, b.high))
                  : type_integer(fmin(a.low, b.low), fmin(a.high, b.high));
}

static BinaryOp negated(BinaryOp op) {
    switch (op) {
    case BINARY_LT: return BINARY_GE;
    case BINARY_LE: return BINARY_GT;
    case BINARY_GT: return BINARY_LE;
    case BINARY_GE: return BINARY_LT;
    case BINARY_EQ: return BINARY_NE;
    case BINARY_NE: return BINARY_EQ;
    case BINARY_ADD: case BINARY_SUB: case BINARY_MUL: case BINARY_DIV: case BINARY_MOD:
    case BINARY_POW: case BINARY_FUSED: case BINARY_CARRY: case BINARY_AND: case BINARY_OR:
    case BINARY_XOR: case BINARY_IN: case BINARY_NOT_IN: case BINARY_SHL: case BINARY_SHR:
    case BINARY_ROL: case BINARY_ROR: case BINARY_BAND: case BINARY_BOR: case BINARY_BXOR:
    case BINARY_CONS: case BINARY_OP_COUNT: break;
    }
    return op;
}

// `b` may be NaN when it is no integer type; a comparison with NaN is false, so only what is known
// to be true of numbers may be used, and a false `<` says nothing unless both are integers.
Type range_refine(Type a, BinaryOp op, Type b, bool is_true) {
    if (!a.integer || !b.integer) return a;
    if (!is_true) op = negated(op);
    double low = a.low, high = a.high;
    if (op == BINARY_LT) high = fmin(high, b.high - 1);
    if (op == BINARY_LE || op == BINARY_EQ) high = fmin(high, b.high);
    if (op == BINARY_GT) low = fmax(low, b.low + 1);
    if (op == BINARY_GE || op == BINARY_EQ) low = fmax(low, b.low);
    if (op == BINARY_NE && b.low == b.high) {
        if (low == b.low) low++;
        if (high == b.low) high--;
    }
    return low <= high ? type_integer(low, high) : a;
}
