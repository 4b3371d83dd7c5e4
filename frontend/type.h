// type.h: what is known at compile time about a value: its kinds, and for numbers an integer range.
//
// A Type is a small struct passed by value; element types live in the unit's arena and are compared
// by content (at most 4 deep). Types form a lattice of finite height (ranges are widened): join goes
// up. Elements of lists keep integer ranges only below 2^31 in magnitude, and only where somebody may
// make use of them (infer_packed.c).
#ifndef FLAP_TYPE_H
#define FLAP_TYPE_H

#include "arena.h"
#include "ast.h"

// Integers are those below 2^53 in magnitude: one more than a bound is then exact, and seen to be out.
#define TYPE_MAX_INTEGER 9007199254740991.0
// No list has more elements: the runtime sees to that.
#define TYPE_MOST_ELEMENTS 0x1p43

// Bits of Type.kinds. No bit: the value does not exist (code not reached, or not yet known).
enum {
    KIND_NUMBER = 1,
    KIND_STRING = 2,
    KIND_LIST = 4,
    KIND_MAP = 8,
    KIND_FUNCTION = 16,
    KIND_ERROR = 32,
    KIND_ANY = 63,
};

// How a value is held in generated code (compiler.md 2). Chosen by type_rep() from the Type alone.
typedef enum Rep {
    REP_NONE,   // no value: kinds == 0
    REP_F64,    // double
    REP_I64,    // int64_t: an integer below 2^53 in magnitude that is never -0
    REP_STRING, // RtStr *, never null
    REP_LIST,   // RtList *, never null; a list of numbers is a flat array of doubles
    REP_PACKED, // RtList *, never null: a packed list, whose elements are stored as Type.store says
    REP_MAP,    // RtMap *
    REP_FUNCTION, // RtClosure *
    REP_ANY,    // uint64_t: the NaN-boxed word (rt_layout.h)
} Rep;

// How a packed list holds its elements: their types carry it. Anything else is no packed list.
typedef enum Store {
    STORE_WORD, // as words of 64 bits: no packed list
    STORE_U8,   // integers 0 … 255
    STORE_I32,  // integers of 32 bits
} Store;

typedef struct Type {
    uint8_t kinds;
    uint8_t store; // Store, of the elements of a list
    bool integer;       // KIND_NUMBER: whole, finite, never -0, within [low, high]
    double low, high;   // of `integer`, below 2^53 in magnitude
    const struct Type *element; // KIND_LIST elements and KIND_MAP values, joined; null: none known yet
    Function *function; // KIND_FUNCTION alone: the one function this can be, or null
    const struct CType *pointee; // KIND_NUMBER: what lies at the address that it is; null: not known.
                                 // See type_pointee()
} Type;

#define TYPE_NEVER ((Type){0})
Type type_number(void);                        // any double
Type type_integer(double low, double high);    // type_number() when not that small
Type type_boolean(void);                       // integer 0 … 1
Type type_of_kind(uint8_t kinds);              // nothing known but the kinds; elements are any
Type type_any(void);
Type type_list(Arena *arena, Type element);    // nesting deeper than 4 becomes any; no range is kept
Type type_list_ranged(Arena *arena, Type element); // the same, with a range of elements below 2^31
Type type_function(Function *function);        // null: some function

Type type_address(const struct CType *pointee);
// What the number points to, when it can only be such an address, or 0; else null.
const struct CType *type_pointee(Type t);
// The same kinds, nothing known of ranges.
Type type_without_range(Type t);

Type type_join(Arena *arena, Type a, Type b);
// Join for loops: bounds of a range that grew jump to the next of 0, 1, ±2^7, ±2^8, … ±2^53.
Type type_widen(Arena *arena, Type old, Type new_type);
bool type_equal(Type a, Type b);
static inline bool type_is(Type t, uint8_t kind) { return t.kinds == kind; }
static inline bool type_may(Type t, uint8_t kind) { return (t.kinds & kind) != 0; }
// What reading an element gives before misses are considered; TYPE_NEVER for a list known to be empty.
Type type_element(Type list);        // without its range, unless it is of a packed list
Type type_element_ranged(Type list); // with it
// The type without ranges of elements; `outer`: those of the list itself are kept.
Type type_plain(Arena *arena, Type type, bool outer);

Rep type_rep(Type t);
// "number", "integer 0..9", "list of number", "string or number": for remarks and hover.
const char *type_text(Arena *arena, Type t);
// "a number", "a string": the kind in messages; several: "a value".
const char *type_kind_text(uint8_t kinds);

#endif
