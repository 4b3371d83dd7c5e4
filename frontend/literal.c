// literal.c: the insides of literals.
//
// Everything here works on bytes between two pointers and reports nothing: the lexer and the parser
// know the places and the words. Numbers are rounded once, correctly, whatever their length.
#include "literal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int digit_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Powers of two as radix: 64 leading bits, and the rest as an exponent and a sticky lowest bit,
// which stands 11 bits below the last bit of a double.
static double radix_number(const char *p, const char *end, int bits, bool *inexact) {
    uint64_t mantissa = 0;
    int exponent = 0;
    bool lost = false;
    for (; p < end; p++) {
        if (*p == '_') continue;
        uint64_t digit = (uint64_t)digit_value(*p);
        for (int bit = bits - 1; bit >= 0; bit--) {
            uint64_t next = digit >> bit & 1;
            if (mantissa >> 63) {
                if (exponent < 4096) exponent++;
                lost = lost || next;
            } else {
                mantissa = mantissa << 1 | next;
            }
        }
    }
    double rounded = (double)(mantissa | (lost ? 1 : 0));
    *inexact = lost || (exponent == 0 && (rounded >= 0x1p64 || (uint64_t)rounded != mantissa)) ||
               (exponent > 0 && (mantissa & 0x7FF) != 0);
    return ldexp(rounded, exponent);
}

// Digits beyond what can decide the rounding are replaced by one that says whether any was not 0.
enum { DIGITS_KEPT = 800, EXPONENT_MOST = 100000 };

typedef struct Decimal {
    char text[DIGITS_KEPT + 32];
    size_t used;
    long exponent;    // of the digits kept, as an integer
    bool significant; // a digit other than 0 was seen
    bool sticky;
} Decimal;

static void add_digit(Decimal *d, char c, bool fraction) {
    if (c != '0') d->significant = true;
    if (!d->significant) {
        if (fraction && d->exponent > -EXPONENT_MOST) d->exponent--;
        return;
    }
    if (d->used < DIGITS_KEPT) {
        d->text[d->used++] = c;
        if (fraction && d->exponent > -EXPONENT_MOST) d->exponent--;
    } else {
        d->sticky = d->sticky || c != '0';
        if (!fraction && d->exponent < EXPONENT_MOST) d->exponent++;
    }
}

static double decimal_number(const char *p, const char *end, bool *inexact) {
    Decimal d = {.used = 0};
    bool fraction = false;
    long written = 0;
    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            fraction = true;
        } else if (*p != '_') {
            add_digit(&d, *p, fraction);
        }
    }
    bool whole = !fraction && p == end;
    if (p < end) {
        bool minus = p[1] == '-';
        for (p += 1 + (p[1] == '-' || p[1] == '+'); p < end; p++) {
            if (*p != '_' && written < EXPONENT_MOST) written = written * 10 + (*p - '0');
        }
        if (minus) written = -written;
    }
    if (!d.significant) return 0;
    if (d.sticky) {
        d.text[d.used++] = '1';
        d.exponent--;
    }
    char *tail = d.text + d.used;
    long exponent = d.exponent + written;
    unsigned long size = exponent < 0 ? 0UL - (unsigned long)exponent : (unsigned long)exponent;
    *tail++ = 'e';
    *tail++ = exponent < 0 ? '-' : '+';
    for (unsigned long unit = 1000000; unit; unit /= 10) *tail++ = (char)('0' + size / unit % 10);
    *tail = 0;
    double value = strtod(d.text, NULL);
    if (whole && value >= 0x1p53) {
        // A double has at most 309 digits before the point; it is exact if they are those written.
        char digits[330];
        size_t count = (size_t)snprintf(digits, sizeof digits, "%.0f", value);
        size_t kept = d.used < count ? d.used : count;
        *inexact = d.sticky || isinf(value) || memcmp(digits, d.text, kept) != 0 ||
                   strspn(digits + kept, "0") != count - kept;
    }
    return value;
}

double literal_number(const char *begin, const char *end, bool *inexact) {
    *inexact = false;
    if (end - begin > 2 && *begin == '0' && (begin[1] | 32) == 'x') {
        return radix_number(begin + 2, end, 4, inexact);
    }
    if (end - begin > 2 && *begin == '0' && (begin[1] | 32) == 'b') {
        return radix_number(begin + 2, end, 1, inexact);
    }
    return decimal_number(begin, end, inexact);
}

bool literal_integer(const char *begin, const char *end, uint64_t *value) {
    uint64_t radix = 10, sum = 0;
    if (end - begin > 2 && *begin == '0' && ((begin[1] | 32) == 'x' || (begin[1] | 32) == 'b')) {
        radix = (begin[1] | 32) == 'x' ? 16 : 2;
        begin += 2;
    }
    for (; begin < end; begin++) {
        if (*begin == '_') continue;
        int digit = digit_value(*begin);
        if (digit < 0 || (uint64_t)digit >= radix) return false;
        if (sum > (UINT64_MAX - (uint64_t)digit) / radix) return false;
        sum = sum * radix + (uint64_t)digit;
    }
    *value = sum;
    return true;
}

const char *literal_skip_string(const char *p, const char *end) {
    for (; p < end; p++) {
        if (*p == '"') return p + 1;
        if (*p == '\\') p++;
    }
    return NULL;
}

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Whether the quote at `p` in a hole that begins at `first` begins an f-string.
static bool begins_fstring(const char *p, const char *first) {
    return p > first && p[-1] == 'f' && (p - 1 == first || !is_word(p[-2]));
}

const char *literal_skip_fstring(const char *p, const char *end, bool *too_deep) {
    uint32_t brackets[FSTRING_NESTING] = {0}; // open in the hole of each f-string that is open
    const char *first[FSTRING_NESTING] = {0}; // where that hole begins
    int level = 0;
    bool in_text = true; // of the innermost; the outer ones are all in a hole
    *too_deep = false;
    for (; p < end; p++) {
        char c = *p;
        if (in_text) {
            if (c == '\\') {
                p++;
            } else if (c == '"') {
                if (level == 0) return p + 1;
                level--;
                in_text = false;
            } else if (c == '{' && p + 1 < end && p[1] == '{') {
                p++;
            } else if (c == '{') {
                brackets[level] = 0;
                first[level] = p + 1;
                in_text = false;
            }
        } else if (c == '"' && begins_fstring(p, first[level])) {
            if (++level == FSTRING_NESTING) {
                *too_deep = true;
                return NULL;
            }
            in_text = true;
        } else if (c == '"') {
            p = literal_skip_string(p + 1, end);
            if (!p) return NULL;
            p--;
        } else if (c == '{' || c == '(' || c == '[') {
            brackets[level]++;
        } else if (c == '}' && brackets[level] == 0) {
            in_text = true;
        } else if ((c == '}' || c == ')' || c == ']') && brackets[level] > 0) {
            brackets[level]--;
        }
    }
    return NULL;
}

const char *literal_hole_end(const char *p, const char *end, const char **colon) {
    const char *first = p;
    uint32_t brackets = 0;
    *colon = NULL;
    while (p < end) {
        char c = *p;
        if (c == '"') {
            bool too_deep = false;
            p = begins_fstring(p, first) ? literal_skip_fstring(p + 1, end, &too_deep)
                                         : literal_skip_string(p + 1, end);
            if (!p) return NULL;
            continue;
        }
        if (c == '}' && brackets == 0) return p;
        if (c == ':' && brackets == 0 && !*colon) *colon = p;
        if (c == '{' || c == '(' || c == '[') brackets++;
        if ((c == '}' || c == ')' || c == ']') && brackets > 0) brackets--;
        p++;
    }
    return NULL;
}

uint32_t utf8_length(const char *p, const char *end) {
    const unsigned char *s = (const unsigned char *)p;
    size_t room = (size_t)(end - p);
    if (room == 0) return 0;
    if (s[0] < 0x80) return 1;
    uint32_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || room < length) return 0;
    for (uint32_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
    }
    // Overlong forms, surrogates, and what lies above U+10FFFF show in the second byte.
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) {
        return 0;
    }
    return length;
}

static char *put_utf8(char *out, uint32_t code) {
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

// \xHH is a byte, \u{H…} a code point as UTF-8; `p` is at the backslash.
static LiteralFault decode_code(const char **p, const char *end, char **out, uint32_t *length) {
    const char *s = *p + 2;
    uint32_t code = 0, digits = 0;
    bool braces = (*p)[1] == 'u';
    if (braces) {
        if (s >= end || *s != '{') {
            *length = 2;
            return LITERAL_BAD_ESCAPE;
        }
        s++;
    }
    for (; s < end && digit_value(*s) >= 0 && (braces || digits < 2); s++, digits++) {
        if (code < 0x1000000) code = code * 16 + (uint32_t)digit_value(*s);
    }
    bool closed = !braces || (s < end && *s == '}');
    if (braces && closed) s++;
    *length = (uint32_t)(s - *p);
    if (!closed || (braces ? digits == 0 : digits != 2)) return LITERAL_BAD_ESCAPE;
    if (!braces) {
        *(*out)++ = (char)(unsigned char)code;
        *p = s;
        return LITERAL_FINE;
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return LITERAL_BAD_CODE;
    *out = put_utf8(*out, code);
    *p = s;
    return LITERAL_FINE;
}

static LiteralFault decode_escape(const char **p, const char *end, char **out, uint32_t *length) {
    static const char from[] = "ntr\\\"0", to[] = "\n\t\r\\\"\0";
    char c = *p + 1 < end ? (*p)[1] : 0;
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        *(*out)++ = to[known - from];
        *p += 2;
        return LITERAL_FINE;
    }
    if (c == 'x' || c == 'u') return decode_code(p, end, out, length);
    uint32_t width = *p + 1 < end ? utf8_length(*p + 1, end) : 0;
    *length = 1 + (width ? width : (*p + 1 < end));
    return LITERAL_BAD_ESCAPE;
}

LiteralFault literal_decode(const char **p, const char *end, bool braces, char **out,
                            uint32_t *length) {
    if (**p == '\\') return decode_escape(p, end, out, length);
    const char *s = *p;
    while (s < end && *s != '\\' && !(braces && (*s == '{' || *s == '}'))) {
        uint32_t width = (unsigned char)*s < 0x80 ? 1 : utf8_length(s, end);
        if (width == 0) break;
        s += width;
    }
    if (s == *p) {
        *length = 1;
        return LITERAL_BAD_UTF8;
    }
    memcpy(*out, *p, (size_t)(s - *p));
    *out += s - *p;
    *p = s;
    return LITERAL_FINE;
}

bool literal_is_conversion(const char *spec, const char *end) {
    while (spec < end && *spec && strchr("-+ #0", *spec)) spec++;
    while (spec < end && *spec >= '0' && *spec <= '9') spec++;
    if (spec < end && *spec == '.') {
        spec++;
        while (spec < end && *spec >= '0' && *spec <= '9') spec++;
    }
    bool integer = spec < end && *spec == 'l';
    for (int i = 0; i < 2 && spec < end && *spec == 'l'; i++) spec++;
    if (end - spec != 1 || !*spec) return false;
    return strchr(integer ? "diuxXo" : "vbsdiuxXocfFeEgGaAp", *spec) != NULL;
}
