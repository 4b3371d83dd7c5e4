// literal.h: the insides of literals: numbers to doubles, escapes to bytes, f-strings to pieces.
#ifndef FLAP_LITERAL_H
#define FLAP_LITERAL_H

#include "base.h"

// The nearest double of a well-formed literal (digits, 0x…, 0b…, `_` between digits, fraction and
// exponent). *inexact: it is an integer literal that no double holds.
double literal_number(const char *begin, const char *end, bool *inexact);
// The value of an integer literal modulo nothing: false when it does not fit 64 bits or is no
// integer.
bool literal_integer(const char *begin, const char *end, uint64_t *value);

// Past the closing quote of a string whose text begins at `p`, or null when it never ends.
const char *literal_skip_string(const char *p, const char *end);

enum { FSTRING_NESTING = 32 };
// The same for an f-string. *too_deep: more than FSTRING_NESTING of them within each other.
const char *literal_skip_fstring(const char *p, const char *end, bool *too_deep);
// The `}` that closes the hole that begins at `p` (after its brace), or null. *colon: the first
// colon outside brackets and strings, or null.
const char *literal_hole_end(const char *p, const char *end, const char **colon);

// What is wrong with an escape or a byte of a string.
typedef enum LiteralFault {
    LITERAL_FINE,
    LITERAL_BAD_ESCAPE, // not one of \n \t \r \\ \" \0 \xHH \u{H…}
    LITERAL_BAD_CODE,   // \u{…} of no code point
    LITERAL_BAD_UTF8,
} LiteralFault;

// Decodes one item of a string at *p: an escape, or a run of plain bytes up to the next escape,
// brace (in f-strings) or `end`. Writes at most as many bytes as it reads, at *out, and moves both.
// On a fault *p stays at the offending byte and *length says how many bytes offend.
LiteralFault literal_decode(const char **p, const char *end, bool braces, char **out,
                            uint32_t *length);

// How many bytes the well-formed UTF-8 sequence at `p` has; 0 for none.
uint32_t utf8_length(const char *p, const char *end);

// Whether `spec` (after the colon) is a printf conversion without its '%'.
bool literal_is_conversion(const char *spec, const char *end);

#endif
