// fmt.c: printf's conversions over values: %v %b %s %c %d %i %u %x %X %o %p %f %e %g %a and
// capitals.
//
// Flags, width and precision mean what they mean in C. Width and precision of text count code
// points. A value of a kind that a conversion has no meaning for stops the program; so do missing
// and left-over arguments. Digits come from num.c.
#include "value.h"

enum { SIZE_MOST = 1 << 24 }; // of a width or precision

typedef struct Spec {
    bool minus, plus, blank, sharp, zero;
    int64_t width, precision; // precision -1: none
    char conversion;
} Spec;

// What stands before the zeros that fill a field: a sign, 0x.
typedef struct Pieces {
    char prefix[4];
    size_t prefix_length;
} Pieces;

static void fill(RtSink *sink, char with, int64_t count) {
    if (count <= 0) return;
    rti_set(rti_sink_room(sink, (size_t)count), with, (size_t)count);
    sink->length += (size_t)count;
}

static void add_char(RtSink *sink, char c) {
    rti_sink_add(sink, &c, 1);
}

// Begins a field whose text, prefix included, has `length` characters: padding on the left, prefix.
static void field_begin(RtSink *sink, const Spec *spec, const Pieces *pieces, int64_t length,
                        bool zeros) {
    bool zero_fill = zeros && spec->zero && !spec->minus;
    if (!spec->minus && !zero_fill) fill(sink, ' ', spec->width - length);
    rti_sink_add(sink, pieces->prefix, pieces->prefix_length);
    if (zero_fill) fill(sink, '0', spec->width - length);
}

static void field_end(RtSink *sink, const Spec *spec, int64_t length) {
    if (spec->minus) fill(sink, ' ', spec->width - length);
}

static Pieces sign_of(const Spec *spec, bool negative) {
    Pieces pieces = {0};
    if (negative)
        pieces.prefix[pieces.prefix_length++] = '-';
    else if (spec->plus)
        pieces.prefix[pieces.prefix_length++] = '+';
    else if (spec->blank)
        pieces.prefix[pieces.prefix_length++] = ' ';
    return pieces;
}

// --- text ----------------------------------------------------------------------------------------

static void write_text(RtSink *sink, const Spec *spec, const char *bytes, int64_t length) {
    bool ascii = true;
    const unsigned char *at = (const unsigned char *)bytes, *end = at + length;
    int64_t points = rti_utf8_count(at, length, &ascii);
    if (spec->precision >= 0 && points > spec->precision) {
        points = spec->precision;
        for (int64_t i = 0; i < points; i++) {
            int size;
            (void)rti_utf8_decode(at, end, &size);
            at += size;
        }
        length = (const char *)at - bytes;
    }
    if (!spec->minus) fill(sink, ' ', spec->width - points);
    rti_sink_add(sink, bytes, (size_t)length);
    field_end(sink, spec, points);
}

static void write_value_text(RtSink *sink, const Spec *spec, uint64_t word) {
    if (rti_is(word, RT_TAG_STRING)) {
        write_text(sink, spec, rti_str(word)->bytes, rti_str(word)->length);
        return;
    }
    if (spec->width == 0 && spec->precision < 0) {
        rti_write_value(sink, word);
        return;
    }
    RtiDraft text;
    rti_draft_begin(&text);
    rti_write_value(&text.sink, word);
    write_text(sink, spec, text.sink.data, (int64_t)text.sink.length);
    rti_draft_drop(&text);
}

static void write_point(RtSink *sink, const Spec *spec, double number) {
    char bytes[4];
    int64_t point = rt_to_int(number);
    int size =
        rti_utf8_encode(point < 0 || point > 0x10FFFF ? RTI_BAD_POINT : (uint32_t)point, bytes);
    if (!spec->minus) fill(sink, ' ', spec->width - 1);
    rti_sink_add(sink, bytes, (size_t)size);
    field_end(sink, spec, 1);
}

// --- integers ------------------------------------------------------------------------------------

static size_t power_of_two_text(uint64_t number, unsigned bits, const char *alphabet, char *to) {
    char text[24];
    size_t length = 0;
    for (; number != 0; number >>= bits) text[length++] = alphabet[number & ((1u << bits) - 1)];
    for (size_t i = 0; i < length; i++) to[i] = text[length - 1 - i];
    return length;
}

static void write_integer(RtSink *sink, const Spec *spec, double number) {
    int64_t integer = rt_to_int(number);
    bool is_signed = spec->conversion == 'd' || spec->conversion == 'i';
    bool negative = is_signed && integer < 0;
    uint64_t magnitude = negative ? 0 - (uint64_t)integer : (uint64_t)integer;
    Pieces pieces = {0};
    if (is_signed) pieces = sign_of(spec, negative);
    char text[24];
    size_t digits;
    int64_t least = spec->precision < 0 ? 1 : spec->precision;
    switch (spec->conversion) {
    case 'x':
    case 'X':
    case 'p':
        digits = power_of_two_text(
            magnitude, 4, spec->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef", text);
        if ((spec->sharp && magnitude != 0) || spec->conversion == 'p') {
            pieces.prefix[0] = '0';
            pieces.prefix[1] = spec->conversion == 'X' ? 'X' : 'x';
            pieces.prefix_length = 2;
        }
        break;
    case 'o':
        digits = power_of_two_text(magnitude, 3, "01234567", text);
        if (spec->sharp && least <= (int64_t)digits) least = (int64_t)digits + 1;
        break;
    default: digits = magnitude == 0 ? 0 : rti_integer_text(magnitude, text); break;
    }
    int64_t zeros = least - (int64_t)digits;
    if (zeros < 0) zeros = 0;
    int64_t length = (int64_t)pieces.prefix_length + zeros + (int64_t)digits;
    field_begin(sink, spec, &pieces, length, spec->precision < 0);
    fill(sink, '0', zeros);
    rti_sink_add(sink, text, digits);
    field_end(sink, spec, length);
}

// --- floating point ------------------------------------------------------------------------------

// Digits [from, from + count) of the number; those outside the ones known are zeros.
static void add_digits(RtSink *sink, const RtiDigits *digits, int64_t from, int64_t count) {
    if (from < 0 && count > 0) {
        int64_t zeros = -from < count ? -from : count;
        fill(sink, '0', zeros);
        from = 0;
        count -= zeros;
    }
    int64_t known = digits->count - from;
    if (known > count) known = count;
    if (known > 0) {
        rti_sink_add(sink, digits->digits + from, (size_t)known);
        count -= known;
    }
    fill(sink, '0', count);
}

static void write_fixed(RtSink *sink, const Spec *spec, const RtiDigits *digits, int64_t places,
                        bool negative) {
    Pieces pieces = sign_of(spec, negative);
    int64_t whole = digits->count == 0 || digits->point <= 0 ? 0 : digits->point;
    bool point = places > 0 || spec->sharp;
    int64_t length =
        (int64_t)pieces.prefix_length + (whole == 0 ? 1 : whole) + (point ? 1 : 0) + places;
    field_begin(sink, spec, &pieces, length, true);
    if (whole == 0)
        add_char(sink, '0');
    else
        add_digits(sink, digits, 0, whole);
    if (point) add_char(sink, '.');
    if (digits->count == 0)
        fill(sink, '0', places);
    else
        add_digits(sink, digits, whole == 0 ? digits->point : whole, places);
    field_end(sink, spec, length);
}

static void write_exponent(RtSink *sink, const Spec *spec, const RtiDigits *digits, int64_t places,
                           bool negative, char letter) {
    Pieces pieces = sign_of(spec, negative);
    int64_t exponent = digits->point - 1;
    uint64_t magnitude = (uint64_t)(exponent < 0 ? -exponent : exponent);
    bool point = places > 0 || spec->sharp;
    int64_t length = (int64_t)pieces.prefix_length + 1 + (point ? 1 : 0) + places + 2 +
                     (magnitude >= 100 ? 3 : 2);
    field_begin(sink, spec, &pieces, length, true);
    add_digits(sink, digits, 0, 1);
    if (point) add_char(sink, '.');
    add_digits(sink, digits, 1, places);
    add_char(sink, letter);
    add_char(sink, exponent < 0 ? '-' : '+');
    if (magnitude < 10) add_char(sink, '0');
    char text[4];
    rti_sink_add(sink, text, rti_integer_text(magnitude, text));
    field_end(sink, spec, length);
}

static void write_general(RtSink *sink, const Spec *spec, double number, bool negative,
                          char letter) {
    RtiDigits digits;
    int64_t precision = spec->precision < 0 ? 6 : spec->precision == 0 ? 1 : spec->precision;
    rti_digits_significant(&digits, number, precision);
    int64_t exponent = digits.point - 1, count = precision;
    if (!spec->sharp) {
        count = digits.count;
        while (count > 1 && digits.digits[count - 1] == '0') count--;
        if (count == 0) count = 1;
    }
    if (exponent < -4 || exponent >= precision) {
        write_exponent(sink, spec, &digits, count - 1, negative, letter);
        return;
    }
    int64_t places = count - 1 - exponent;
    write_fixed(sink, spec, &digits, places < 0 ? 0 : places, negative);
}

// %a: the leading digit is 1, of zero and subnormal numbers 0, as glibc has it.
static void write_hexadecimal(RtSink *sink, const Spec *spec, double number, bool negative) {
    bool capital = spec->conversion == 'A';
    uint64_t bits = rti_number_word(number) & INT64_MAX;
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1), lead = bits >> 52 != 0;
    int64_t exponent = bits == 0 ? 0 : lead == 0 ? -1022 : (int64_t)(bits >> 52) - 1023;
    int64_t places = 13;
    if (spec->precision >= 0 && spec->precision < 13) {
        places = spec->precision;
        unsigned drop = 52 - 4 * (unsigned)places;
        uint64_t whole = (lead << 52 | fraction) >> drop;
        uint64_t rest = fraction & ((UINT64_C(1) << drop) - 1), half = UINT64_C(1) << (drop - 1);
        whole += rest > half || (rest == half && (whole & 1) != 0);
        lead = whole >> (4 * places);
        fraction = (whole << drop) & ((UINT64_C(1) << 52) - 1);
    } else if (spec->precision < 0) {
        while (places > 0 && (fraction >> (4 * (13 - places)) & 15) == 0) places--;
    }
    int64_t extra = spec->precision > 13 ? spec->precision - 13 : 0;
    const char *alphabet = capital ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[32], power[8];
    size_t used = 0;
    text[used++] = (char)('0' + lead);
    if (places > 0 || spec->sharp) text[used++] = '.';
    for (int64_t i = 0; i < places; i++) text[used++] = alphabet[fraction >> (48 - 4 * i) & 15];
    size_t tail = 0;
    power[tail++] = capital ? 'P' : 'p';
    power[tail++] = exponent < 0 ? '-' : '+';
    tail += rti_integer_text((uint64_t)(exponent < 0 ? -exponent : exponent), power + tail);
    Pieces pieces = sign_of(spec, negative);
    pieces.prefix[pieces.prefix_length++] = '0';
    pieces.prefix[pieces.prefix_length++] = capital ? 'X' : 'x';
    int64_t length = (int64_t)(pieces.prefix_length + used + tail) + extra;
    field_begin(sink, spec, &pieces, length, true);
    rti_sink_add(sink, text, used);
    fill(sink, '0', extra);
    rti_sink_add(sink, power, tail);
    field_end(sink, spec, length);
}

static void write_special(RtSink *sink, const Spec *spec, double number, bool negative) {
    bool capital = spec->conversion >= 'A' && spec->conversion <= 'Z';
    bool nan = number != number;
    Pieces pieces = sign_of(spec, negative && !nan);
    int64_t length = (int64_t)pieces.prefix_length + 3;
    field_begin(sink, spec, &pieces, length, false);
    rti_sink_add(sink, nan ? (capital ? "NAN" : "nan") : (capital ? "INF" : "inf"), 3);
    field_end(sink, spec, length);
}

static void write_double(RtSink *sink, const Spec *spec, double number) {
    bool negative = rti_number_word(number) >> 63 != 0;
    if (number - number != 0) { // infinite or NaN
        write_special(sink, spec, number, negative);
        return;
    }
    int64_t places = spec->precision < 0 ? 6 : spec->precision;
    RtiDigits digits;
    switch (spec->conversion) {
    case 'f':
    case 'F':
        rti_digits_fixed(&digits, number, places);
        write_fixed(sink, spec, &digits, places, negative);
        break;
    case 'e':
    case 'E':
        rti_digits_significant(&digits, number, places + 1);
        write_exponent(sink, spec, &digits, places, negative, spec->conversion);
        break;
    case 'g': write_general(sink, spec, number, negative, 'e'); break;
    case 'G': write_general(sink, spec, number, negative, 'E'); break;
    case 'a':
    case 'A': write_hexadecimal(sink, spec, number, negative); break;
    }
}

// %v of a number: the rule of language.md 10; with flags of numbers obeyed; a precision makes it
// %g.
static void write_number(RtSink *sink, const Spec *spec, double number) {
    if (spec->precision >= 0) {
        Spec general = *spec;
        general.conversion = 'g';
        write_double(sink, &general, number);
        return;
    }
    char text[RTI_NUMBER_TEXT];
    size_t size = rti_number_text(number, text);
    const char *from = text;
    bool negative = *from == '-';
    if (negative) {
        from++;
        size--;
    }
    Pieces pieces = sign_of(spec, negative);
    int64_t length = (int64_t)(pieces.prefix_length + size);
    field_begin(sink, spec, &pieces, length, number - number == 0);
    rti_sink_add(sink, from, size);
    field_end(sink, spec, length);
}

// --- formats -------------------------------------------------------------------------------------

static double number_for(const Spec *spec, uint64_t word, const RtPlace *place) {
    if (rti_is_number(word)) return rti_number(word);
    char what[3] = {'%', spec->conversion, 0};
    rti_stop_kind(what, "a number", word, place);
}

static void convert(RtSink *sink, const Spec *spec, uint64_t word, const RtPlace *place) {
    switch (spec->conversion) {
    case 'v':
        if (rti_is_number(word))
            write_number(sink, spec, rti_number(word));
        else
            write_value_text(sink, spec, word);
        break;
    case 's': write_value_text(sink, spec, word); break;
    case 'b':
        if (rt_truth(word, place))
            write_text(sink, spec, "yes", 3);
        else
            write_text(sink, spec, "no", 2);
        break;
    case 'c': write_point(sink, spec, number_for(spec, word, place)); break;
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
    case 'p': write_integer(sink, spec, number_for(spec, word, place)); break;
    default: write_double(sink, spec, number_for(spec, word, place)); break;
    }
}

static const char *read_size(const char *at, const char *end, int64_t *size, const RtPlace *place) {
    *size = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        *size = *size * 10 + (*at - '0');
        if (*size > SIZE_MOST)
            rti_stop(place, "a width or precision in a format is above %d", SIZE_MOST);
    }
    return at;
}

static bool in_set(char c, const char *set) {
    for (; *set != 0; set++) {
        if (c == *set) return true;
    }
    return false;
}

// Reads a conversion after its '%'; gives where it ends.
static const char *read_spec(const char *at, const char *end, Spec *spec, const RtPlace *place) {
    *spec = (Spec){.precision = -1};
    for (; at < end && in_set(*at, "-+ #0"); at++) {
        spec->minus |= *at == '-';
        spec->plus |= *at == '+';
        spec->blank |= *at == ' ';
        spec->sharp |= *at == '#';
        spec->zero |= *at == '0';
    }
    at = read_size(at, end, &spec->width, place);
    if (at < end && *at == '.') at = read_size(at + 1, end, &spec->precision, place);
    const char *letters = at;
    while (at < end && *at == 'l' && at - letters < 2) at++;
    if (at == end) rti_stop(place, "a format ends within a conversion");
    const char *known = at > letters ? "diuxXofFeEgGaA" : "vsbcdiuxXopfFeEgGaA%";
    if (!in_set(*at, known)) {
        char shown[5] = {0}; // the whole code point
        for (int i = 0; i < 4 && at + i < end && (i == 0 || ((unsigned char)at[i] & 0xC0) == 0x80);
             i++)
            shown[i] = at[i];
        rti_stop(place, "unknown conversion '%%%s' in a format", shown);
    }
    spec->conversion = *at;
    return at + 1;
}

void rti_format(RtSink *sink, const RtStr *format, const uint64_t *words, int64_t count,
                const RtPlace *place) {
    const char *at = format->bytes, *end = at + format->length;
    int64_t used = 0;
    while (at < end) {
        const char *text = at;
        while (at < end && *at != '%') at++;
        rti_sink_add(sink, text, (size_t)(at - text));
        if (at == end) break;
        Spec spec;
        at = read_spec(at + 1, end, &spec, place);
        if (spec.conversion == '%') {
            add_char(sink, '%');
            continue;
        }
        if (used == count)
            rti_stop(place, "a format has more conversions than arguments (%lld)",
                     (long long)count);
        convert(sink, &spec, words[used++], place);
    }
    if (used < count) {
        rti_stop(place, "a format has fewer conversions (%lld) than arguments (%lld)",
                 (long long)used, (long long)count);
    }
}

RtStr *rt_str_format(RtStr *format, const void *words, int64_t count, const RtPlace *place) {
    RtiDraft text;
    rti_draft_begin(&text);
    rti_format(&text.sink, format, words, count, place);
    return rti_draft_end(&text);
}
