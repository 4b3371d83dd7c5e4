// str.c: strings: UTF-8 bytes with a count of code points; UTF-8 itself.
//
// Text is kept as it came: bytes that are no UTF-8 stay, count as one code point each and read as
// U+FFFD. ASCII strings (flag) are indexed by byte. Other strings on the heap carry an index behind
// their bytes, the byte offset of every 128th code point, so that a position costs at most 128
// steps; immortal ones (literals, which generated code lays out without it) use a cursor in the
// thread record instead. Invariant: bytes[length] is NUL; of a heap string that is not ASCII,
// `capacity` leaves room for the index.
#include "value.h"

enum { STRIDE = 64 };

// --- UTF-8 ---------------------------------------------------------------------------------------

static bool is_continuation(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

uint32_t rti_utf8_decode(const unsigned char *at, const unsigned char *end, int *size) {
    uint32_t first = at[0];
    int64_t left = end - at;
    *size = 1;
    if (first < 0x80) return first;
    if (first < 0xC2 || left < 2 || !is_continuation(at[1])) return RTI_BAD_POINT;
    if (first < 0xE0) {
        *size = 2;
        return (first & 0x1F) << 6 | (at[1] & 0x3Fu);
    }
    if (left < 3 || !is_continuation(at[2])) return RTI_BAD_POINT;
    if (first < 0xF0) {
        uint32_t point = (first & 0x0F) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
        if (point < 0x800 || (point >= 0xD800 && point < 0xE000)) return RTI_BAD_POINT;
        *size = 3;
        return point;
    }
    if (first > 0xF4 || left < 4 || !is_continuation(at[3])) return RTI_BAD_POINT;
    uint32_t point =
        (first & 0x07) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 | (at[3] & 0x3Fu);
    if (point < 0x10000 || point > 0x10FFFF) return RTI_BAD_POINT;
    *size = 4;
    return point;
}

int rti_utf8_encode(uint32_t point, char *to) {
    if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) point = RTI_BAD_POINT;
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xC0 | point >> 6);
        to[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xE0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 0x3F));
        to[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | point >> 18);
    to[1] = (char)(0x80 | (point >> 12 & 0x3F));
    to[2] = (char)(0x80 | (point >> 6 & 0x3F));
    to[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

// Length of the run of ASCII bytes at the start.
static int64_t ascii_run(const unsigned char *bytes, int64_t length) {
    int64_t at = 0;
    uint64_t eight;
    for (; at + 8 <= length; at += 8) {
        __builtin_memcpy(&eight, bytes + at, 8);
        if ((eight & UINT64_C(0x8080808080808080)) != 0) break;
    }
    while (at < length && bytes[at] < 0x80) at++;
    return at;
}

int64_t rti_utf8_count(const unsigned char *bytes, int64_t length, bool *ascii) {
    int64_t points = 0, at = 0;
    while (at < length) {
        int64_t run = ascii_run(bytes + at, length - at);
        points += run;
        at += run;
        if (at < length) {
            *ascii = false;
            int size;
            (void)rti_utf8_decode(bytes + at, bytes + length, &size);
            at += size;
            points++;
        }
    }
    return points;
}

// --- layout --------------------------------------------------------------------------------------

static bool is_ascii(const RtStr *string) {
    return (string->header.flags & RT_FLAG_ASCII) != 0;
}

static const unsigned char *bytes_of(const RtStr *string) {
    return (const unsigned char *)string->bytes;
}

// Entry k is the byte offset of code point (k + 1) × STRIDE; entries up to `points` itself.
static int64_t *index_of(const RtStr *string) {
    uintptr_t end = (uintptr_t)string->bytes + (uintptr_t)string->capacity + 1;
    return (int64_t *)((end + 7) & ~(uintptr_t)7);
}

// The bytes that fit into the string's block beside their index: for n × 8 bytes it takes up to n.
static int64_t capacity_with_index(const RtStr *string) {
    return (int64_t)((rti_usable(string) - sizeof(RtStr)) / 9 * 8) - 1;
}

// Counts the code points from byte `at`, which is the start of point `point`, and enters them.
static void index_from(RtStr *string, int64_t point, int64_t at) {
    const unsigned char *bytes = bytes_of(string), *end = bytes + string->length;
    int64_t *index = index_of(string);
    bool valid = at == 0 || (string->header.flags & RT_FLAG_UTF8) != 0;
    for (;;) {
        if (point % STRIDE == 0 && point > 0) index[point / STRIDE - 1] = at;
        if (at >= string->length) break;
        int size;
        (void)rti_utf8_decode(bytes + at, end, &size);
        valid = valid && (size > 1 || bytes[at] < 0x80);
        at += size;
        point++;
    }
    string->points = point;
    string->header.flags &= (uint8_t)~RT_FLAG_UTF8;
    if (valid) string->header.flags |= RT_FLAG_UTF8;
}

RtStr *rti_str_make(int64_t capacity) {
    RtStr *string = rti_alloc(sizeof(RtStr) + (size_t)capacity + 1);
    string->header = rti_header(RT_KIND_STRING, RT_FLAG_ASCII);
    string->length = 0;
    string->points = 0;
    string->capacity = (int64_t)(rti_usable(string) - sizeof(RtStr)) - 1;
    return string;
}

// Makes the string, all of whose bytes are in place, one that is not ASCII.
static RtStr *to_indexed(RtStr *string) {
    int64_t length = string->length, capacity = capacity_with_index(string);
    if (capacity < length) {
        string = rti_realloc(string, sizeof(RtStr) + (size_t)(length + length / 6) + 64);
        capacity = capacity_with_index(string);
    }
    string->capacity = capacity;
    string->header.flags &= (uint8_t)~RT_FLAG_ASCII;
    string->bytes[length] = 0;
    index_from(string, 0, 0);
    return string;
}

// The same of a string that nobody else knows.
static RtStr *new_indexed(RtStr *string) {
    RtiRooted rooted;
    rti_root(&rooted, rti_string_word(string), 0, NULL);
    string = to_indexed(string);
    rti_unroot(&rooted);
    return string;
}

RtStr *rti_str_finish(RtStr *string, int64_t length) {
    string->length = length;
    string->bytes[length] = 0;
    if (ascii_run(bytes_of(string), length) == length) {
        string->points = length;
        return string;
    }
    return new_indexed(string);
}

RtStr *rti_str_empty(void) {
    return rti_str_finish(rti_str_make(0), 0);
}

RtStr *rt_str_new(const void *bytes, int64_t length) {
    RtStr *string = rti_str_make(length);
    rti_copy(string->bytes, bytes, (size_t)length);
    return rti_str_finish(string, length);
}

RtStr *rt_wide_chr(int64_t point) {
    char bytes[4];
    int size =
        rti_utf8_encode(point < 0 || point > 0x10FFFF ? RTI_BAD_POINT : (uint32_t)point, bytes);
    return rt_str_new(bytes, size);
}

void rti_draft_begin(RtiDraft *text) {
    text->sink = (RtSink){0};
    rti_root(&text->rooted, 0, 0, &text->sink);
}

void rti_draft_drop(RtiDraft *text) {
    rti_unroot(&text->rooted);
    rti_sink_free(&text->sink);
}

RtStr *rti_draft_end(RtiDraft *text) {
    RtStr *string = rt_str_new(text->sink.data, (int64_t)text->sink.length);
    rti_draft_drop(text);
    return string;
}

// --- positions -----------------------------------------------------------------------------------

// How many of eight bytes begin a code point.
static int64_t starts_in(const unsigned char *bytes) {
    uint64_t eight;
    __builtin_memcpy(&eight, bytes, 8);
    uint64_t within = eight >> 7 & ~(eight >> 6) & UINT64_C(0x0101010101010101);
    return 8 - (int64_t)(within * UINT64_C(0x0101010101010101) >> 56);
}

// The byte offset `points` after the one that starts at byte `at`.
static int64_t walk(const RtStr *string, int64_t at, int64_t points) {
    const unsigned char *bytes = bytes_of(string), *end = bytes + string->length;
    if ((string->header.flags & RT_FLAG_UTF8) != 0) {
        while (points > 8 && at + 8 <= string->length) {
            points -= starts_in(bytes + at);
            at += 8;
        }
        while (at < string->length && is_continuation(bytes[at])) at++;
    }
    for (; points > 0; points--) {
        int size;
        (void)rti_utf8_decode(bytes + at, end, &size);
        at += size;
    }
    return at;
}

// Of an immortal string: from the thread's cursor, which it moves.
static int64_t offset_by_cursor(const RtStr *string, int64_t position) {
    RtThread *thread = rti_self();
    int64_t point = 0, at = 0;
    if (thread->cursor_text == string && thread->cursor_point <= position &&
        thread->cursor_byte <= string->length) {
        point = thread->cursor_point;
        at = thread->cursor_byte;
    }
    at = walk(string, at, position - point);
    thread->cursor_text = string;
    thread->cursor_point = position;
    thread->cursor_byte = at;
    return at;
}

int64_t rti_str_offset(const RtStr *string, int64_t position) {
    if (is_ascii(string)) return position;
    if (string->header.count < 0) return offset_by_cursor(string, position);
    int64_t entry = position / STRIDE;
    int64_t at = entry == 0 ? 0 : index_of(string)[entry - 1];
    return walk(string, at, position % STRIDE);
}

int64_t rt_str_far_at(RtStr *string, int64_t at) {
    if (at < 0 || at >= string->points) return 0;
    at = rti_str_offset(string, at);
    int size;
    return rti_utf8_decode(bytes_of(string) + at, bytes_of(string) + string->length, &size);
}

int64_t rt_str_wide_next(RtStr *string, const void *offset) {
    int64_t *at = (int64_t *)(uintptr_t)offset;
    int size;
    const unsigned char *bytes = bytes_of(string);
    uint32_t point = rti_utf8_decode(bytes + *at, bytes + string->length, &size);
    *at += size;
    return point;
}

RtStr *rti_str_part(const RtStr *string, int64_t from, int64_t length) {
    return rt_str_new(string->bytes + from, length);
}

// --- joining -------------------------------------------------------------------------------------

RtStr *rt_str_concat(RtStr *left, RtStr *right) {
    int64_t length = left->length + right->length;
    RtStr *string = rti_str_make(length);
    rti_copy(string->bytes, left->bytes, (size_t)left->length);
    rti_copy(string->bytes + left->length, right->bytes, (size_t)right->length);
    if (is_ascii(left) && is_ascii(right)) {
        string->length = string->points = length;
        string->bytes[length] = 0;
        return string;
    }
    string->length = length;
    return to_indexed(string);
}

// An unshared string with room for `more` bytes: takes the string.
static RtStr *with_room(RtStr *string, int64_t more) {
    int64_t needed = string->length + more;
    bool ascii = is_ascii(string);
    if (!rti_unshared(string)) {
        RtStr *copy = rti_str_make(needed + needed / 2 + (ascii ? 0 : needed / 4 + 32));
        rti_copy(copy->bytes, string->bytes, (size_t)string->length);
        copy->length = string->length;
        copy->points = string->points;
        if (!ascii) copy = new_indexed(copy);
        rti_release(string);
        return copy;
    }
    if (needed <= string->capacity) return string;
    int64_t capacity = string->capacity * 2 > needed ? string->capacity * 2 : needed;
    if (!ascii) capacity += capacity / 7 + 32;
    int64_t entries = ascii ? 0 : string->points / STRIDE, old = string->capacity;
    string = rti_realloc(string, sizeof(RtStr) + (size_t)capacity + 1);
    if (ascii) {
        string->capacity = (int64_t)(rti_usable(string) - sizeof(RtStr)) - 1;
        return string;
    }
    string->capacity = old;
    int64_t *from = index_of(string);
    string->capacity = capacity_with_index(string);
    rti_move(index_of(string), from, (size_t)entries * sizeof(int64_t));
    return string;
}

// How many bytes before the end (1 … 3) belong to a sequence that what follows might complete.
static int64_t open_end(const RtStr *string) {
    const unsigned char *end = bytes_of(string) + string->length;
    for (int64_t back = 1; back <= 3 && back <= string->length; back++) {
        if (is_continuation(end[-back])) continue;
        int size;
        if (end[-back] < 0xC2) return 0;
        (void)rti_utf8_decode(end - back, end, &size);
        return size == 1 ? back : 0;
    }
    return 0;
}

RtStr *rt_str_append(RtStr *string, RtStr *tail) {
    int64_t more = tail->length;
    if (more == 0) return string;
    if (RTI_LIKELY((string->header.flags & tail->header.flags & RT_FLAG_ASCII) != 0 &&
                   more <= string->capacity - string->length && rti_unshared(string))) {
        char *end = string->bytes + string->length;
        if (more == 1)
            *end = tail->bytes[0];
        else
            rti_copy(end, tail->bytes, (size_t)more);
        end[more] = 0;
        string->length = string->points = string->length + more;
        return string;
    }
    bool same = string == tail;
    string = with_room(string, more);
    if (same) tail = string; // it has moved, or is shared no more; its bytes are the same
    bool ascii = is_ascii(string) && is_ascii(tail);
    int64_t old = string->length, points = string->points;
    bool joins = !is_ascii(string) && is_continuation(bytes_of(tail)[0]);
    int64_t open =
        joins ? open_end(string) : 0; // each of these bytes counted as a point of its own
    rti_copy(string->bytes + old, tail->bytes, (size_t)more);
    string->length = old + more;
    if (ascii) {
        string->points = points + more;
        string->bytes[string->length] = 0;
        return string;
    }
    if (is_ascii(string)) return to_indexed(string);
    string->bytes[string->length] = 0;
    index_from(string, points - open, old - open);
    return string;
}

RtStr *rt_str_repeat(RtStr *string, double count) {
    int64_t times = rt_to_int(count);
    if (times < 0) times = 0;
    int64_t length;
    if (__builtin_mul_overflow(string->length, times, &length)) rti_stop_memory();
    RtStr *result = rti_str_make(length);
    if (string->length == 1) {
        rti_set(result->bytes, string->bytes[0], (size_t)length);
    } else {
        int64_t done = length == 0 ? 0 : string->length;
        rti_copy(result->bytes, string->bytes, (size_t)done);
        while (done < length) { // doubles what is there
            int64_t part = done < length - done ? done : length - done;
            rti_copy(result->bytes + done, result->bytes, (size_t)part);
            done += part;
        }
    }
    return rti_str_finish(result, length);
}

// --- comparing, searching ------------------------------------------------------------------------

int32_t rt_str_compare(RtStr *left, RtStr *right) {
    int64_t least = left->length < right->length ? left->length : right->length;
    int order = rti_bytes_compare(left->bytes, right->bytes, (size_t)least);
    if (order != 0) return order < 0 ? -1 : 1;
    return left->length < right->length ? -1 : left->length > right->length;
}

int32_t rt_str_equal(RtStr *left, RtStr *right) {
    return left->length == right->length &&
           rti_bytes_equal(left->bytes, right->bytes, (size_t)left->length);
}

int64_t rt_str_find_among(RtStr *string, const void *table, int64_t count) {
    RtStr *const *sorted = table;
    int64_t low = 0, high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        const RtStr *at = sorted[middle];
        int64_t order = string->length - at->length;
        if (order == 0) order = rti_bytes_compare(string->bytes, at->bytes, (size_t)at->length);
        if (order == 0) return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

// By a rolling sum of the bytes' powers: linear also where the simple search would be quadratic.
static int64_t find_by_hash(const unsigned char *text, int64_t length, const unsigned char *part,
                            int64_t size) {
    const uint64_t base = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t wanted = 0, sum = 0, top = 1;
    for (int64_t i = 0; i < size; i++) {
        wanted = wanted * base + part[i];
        sum = sum * base + text[i];
        if (i > 0) top *= base;
    }
    for (int64_t at = 0;; at++) {
        if (sum == wanted && rti_bytes_equal(text + at, part, (size_t)size)) return at;
        if (at + size >= length) return -1;
        sum = (sum - text[at] * top) * base + text[at + size];
    }
}

int64_t rti_str_find(const RtStr *string, const RtStr *part, int64_t from) {
    const unsigned char *text = bytes_of(string), *wanted = bytes_of(part);
    int64_t size = part->length, last = string->length - size, tries = 0;
    if (size == 0) return from <= string->length ? from : -1;
    for (int64_t at = from; at <= last; at++) {
        if (text[at] != wanted[0] || text[at + size - 1] != wanted[size - 1]) continue;
        if (rti_bytes_equal(text + at, wanted, (size_t)size)) return at;
        if (++tries > 64 && size > 16 && tries > (at - from) / 8) { // many near misses
            int64_t found = find_by_hash(text + at, string->length - at, wanted, size);
            return found < 0 ? -1 : found + at;
        }
    }
    return -1;
}

int32_t rt_str_contains(RtStr *string, RtStr *part) {
    return rti_str_find(string, part, 0) >= 0;
}

RtStr *rt_str_of(uint64_t word) {
    if (rti_is(word, RT_TAG_STRING)) {
        rti_retain(rti_str(word));
        return rti_str(word);
    }
    if (rti_is_number(word)) {
        char text[RTI_NUMBER_TEXT];
        return rt_str_new(text, (int64_t)rti_number_text(rti_number(word), text));
    }
    RtiDraft text;
    rti_draft_begin(&text);
    rti_write_value(&text.sink, word);
    return rti_draft_end(&text);
}
