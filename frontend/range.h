// range.h: ranges of whole numbers under the language's operators.
//
// A result is `integer` only when the exact result is whole, finite, within ±2^53 and never -0 in
// IEEE arithmetic: then int64_t arithmetic gives the same value as double arithmetic.
#ifndef FLAP_RANGE_H
#define FLAP_RANGE_H

#include "type.h"

// What a value is used for, which decides how exact its integer form must be.
typedef enum RangeUse {
    USE_VALUE,    // anything: as above
    USE_SUM,      // added to a number or compared: -0 counts as 0
    USE_BITS,     // an operand of an operator on bits: -0 counts as 0, and -2^53 is exact, too
    USE_POSITION, // the outermost operator of a position in a list or string: -0 counts as 0, and
                  // what exceeds ±2^53 misses anyway, so exact arithmetic up to ±2^62 will do
    USE_CHECKED = 8, // added to one of these: generated code sees to it that the exact result is below
                     // 2^53 in magnitude: the type is integer all the same, with the range of exact results
} RangeUse;

// The type of `a op b` for numbers; type_number() when nothing is known.
Type range_binary(BinaryOp op, Type a, Type b, RangeUse use);
Type range_unary(UnaryOp op, Type a, RangeUse use);
// floor(a / b) for integers a and b: equal to integer division rounding down.
Type range_floor_quotient(Type a, Type b);
Type range_cast(CastKind to, Type from);
Type range_min_max(Type a, Type b, bool is_max);
// What is left of integer `a` when `a op b` is known to be true (or false).
Type range_refine(Type a, BinaryOp op, Type b, bool is_true);

#endif
