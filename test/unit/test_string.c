// test_string.c: UTF-8, strings with their positions, appending, slices, searching, against a model
// that holds the code points in an array.
#include "rt_check.h"

// The code points of bytes, by the definition: what is no UTF-8 is one each.
static int64_t model_points(const unsigned char *bytes, int64_t length, uint32_t *points) {
    int64_t count = 0, at = 0;
    while (at < length) {
        static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
        unsigned char first = bytes[at];
        int size = first < 0x80       ? 1
                   : first >> 5 == 6  ? 2
                   : first >> 4 == 14 ? 3
                   : first >> 3 == 30 ? 4
                                      : 0;
        uint32_t point = size == 0 ? 0 : size == 1 ? first : first & (0xFFu >> (size + 1));
        bool good = size != 0 && at + size <= length;
        for (int i = 1; good && i < size; i++) {
            good = bytes[at + i] >> 6 == 2;
            point = point << 6 | (bytes[at + i] & 63u);
        }
        good = good && point <= 0x10FFFF && (point < 0xD800 || point >= 0xE000) &&
               point >= least[size];
        points[count++] = good ? point : RTI_BAD_POINT;
        at += good ? size : 1;
    }
    return count;
}

static int64_t random_text(unsigned char *to, int64_t most, int kind) {
    int64_t length = 0, wanted = (int64_t)(check_random() % (uint64_t)most);
    while (length < wanted) {
        uint64_t choice = check_random();
        if (kind == 0 || (kind == 1 && choice % 4 != 0)) {
            to[length++] = (unsigned char)('a' + choice % 26);
        } else if (kind == 3 && choice % 3 != 0) {
            to[length++] = (unsigned char)(choice >> 8);
        } else {
            static const uint32_t ranges[4] = {0x80, 0x800, 0x10000, 0x110000};
            int range = (int)(choice >> 8 & 3);
            uint32_t low = range == 0 ? 0x20 : ranges[range - 1];
            length += rti_utf8_encode(low + (uint32_t)(choice >> 16) % (ranges[range] - low),
                                      (char *)to + length);
        }
    }
    return length;
}

static void check_against(const RtStr *string, const unsigned char *bytes, int64_t length) {
    static uint32_t points[20000];
    int64_t count = model_points(bytes, length, points);
    CHECK(string->length == length && memcmp(string->bytes, bytes, (size_t)length) == 0, "bytes");
    CHECK(string->bytes[length] == 0, "NUL");
    CHECK(string->points == count, "%lld points, not %lld", (long long)string->points,
          (long long)count);
    bool ascii = true;
    for (int64_t i = 0; i < length; i++) ascii &= bytes[i] < 0x80;
    CHECK(((string->header.flags & RT_FLAG_ASCII) != 0) == ascii, "flag");
    RtStr *it = (RtStr *)(uintptr_t)string;
    for (int k = 0; k < 20 && count > 0; k++) {
        int64_t at = (int64_t)(check_random() % (uint64_t)count);
        CHECK(rt_str_at(it, at) == points[at], "point %lld", (long long)at);
    }
    CHECK(rt_str_at(it, count) == 0 && rt_str_at(it, -1) == 0, "misses");
    int64_t offset = 0, at = 0, point;
    while ((point = rt_str_next(it, &offset)) >= 0) {
        CHECK(at < count && points[at] == point, "iteration");
        at++;
    }
    CHECK(at == count && offset == length, "iteration ends at %lld", (long long)at);
}

static void check_building(int rounds) {
    static unsigned char bytes[40000], part[2000];
    for (int round = 0; round < rounds; round++) {
        int kind = round % 4;
        int64_t length = random_text(bytes, 1500, kind);
        RtStr *string = rt_str_new(bytes, length);
        check_against(string, bytes, length);
        for (int k = 0; k < 12; k++) {
            int64_t more = random_text(part, k % 3 == 0 ? 4 : 900, (int)(check_random() % 4));
            if (length + more > 30000) break;
            RtStr *tail = rt_str_new(part, more);
            RtStr *joined = rt_str_concat(string, tail);
            RtStr *shared = k % 5 == 4 ? string : NULL;
            if (shared != NULL) rti_retain(shared);
            string = rt_str_append(string, tail);
            memcpy(bytes + length, part, (size_t)more);
            if (shared != NULL) {
                check_against(shared, bytes, length);
                rti_release(shared);
            }
            length += more;
            check_against(string, bytes, length);
            check_against(joined, bytes, length);
            rti_release(joined);
            rti_release(tail);
        }
        int64_t low = (int64_t)(check_random() % 40) - 20,
                high = (int64_t)(check_random() % 4000) - 2000;
        uint64_t sliced = rt_slice(rti_string_word(string), rti_word_of(low), rti_word_of(high),
                                   RT_ABSENT, &check_place);
        uint64_t slow = rt_slice(rti_string_word(string), rti_word_of(high), rti_word_of(low),
                                 rti_word_of(-1), &check_place);
        CHECK(rti_str(sliced)->points <= string->points, "slice");
        rti_release_word(sliced);
        rti_release_word(slow);
        rti_release(string);
    }
}

static void check_itself(void) {
    RtStr *string = text_of("aé");
    for (int i = 0; i < 12; i++) string = rt_str_append(string, string);
    CHECK(string->points == 8192 && string->length == 3 * 4096, "appended to itself");
    CHECK(rt_str_at(string, 8191) == 0xE9 && rt_str_at(string, 4098) == 'a', "its points");
    rti_release(string);
    string = text_of("\xC3"); // half a code point, then its other half
    RtStr *rest = text_of("\xA9");
    string = rt_str_append(string, rest);
    CHECK(string->points == 1 && rt_str_at(string, 0) == 0xE9, "halves join");
    rti_release(string);
    rti_release(rest);
}

// An immortal literal as generated code lays it out.
static void check_literal(void) {
    static _Alignas(16) char literal[sizeof(RtStr) + 3001];
    RtStr *string = (RtStr *)(void *)literal;
    string->header = (RtHeader){.count = RT_IMMORTAL, .kind = RT_KIND_STRING};
    for (int i = 0; i < 1000; i++)
        memcpy(string->bytes + 3 * i, i % 2 ? "\xE2\x82\xAC" : "\xE2\x82\xAD", 3);
    string->length = string->capacity = 3000;
    string->points = 1000;
    for (int i = 0; i < 1000; i++) {
        int at = i % 7 == 0 ? 999 - i : i;
        CHECK(rt_str_at(string, at) == (at % 2 ? 0x20AC : 0x20AD), "literal[%d]", at);
    }
    rti_retain(string);
    rti_release(string);
    RtStr *tail = text_of("!"), *longer = rt_str_append(string, tail);
    CHECK(longer != string && longer->points == 1001 && string->header.count == RT_IMMORTAL,
          "immortal");
    rti_release(longer);
    rti_release(tail);
}

static void check_search(void) {
    static char text[60001], part[3001];
    for (int round = 0; round < 300; round++) {
        size_t length = check_random() % 2000, size = 1 + check_random() % 6;
        for (size_t i = 0; i < length; i++) text[i] = (char)('a' + check_random() % 2);
        for (size_t i = 0; i < size; i++) part[i] = (char)('a' + check_random() % 2);
        text[length] = part[size] = 0;
        RtStr *string = text_of(text), *wanted = text_of(part);
        const char *found = strstr(text, part);
        CHECK(rti_str_find(string, wanted, 0) == (found ? found - text : -1), "find");
        CHECK(rt_str_contains(string, wanted) == (found != NULL), "contains");
        rti_release(string);
        rti_release(wanted);
    }
    memset(text, 'a', sizeof text - 1); // where the simple search is quadratic
    memset(part, 'a', sizeof part - 1);
    part[1500] = 'b';
    RtStr *string = text_of(text), *wanted = text_of(part);
    CHECK(rti_str_find(string, wanted, 0) == -1, "no match");
    memcpy(string->bytes + 50000, part, sizeof part - 1);
    CHECK(rti_str_find(string, wanted, 0) == 50000, "late match");
    rti_release(string);
    rti_release(wanted);
}

int main(int argc, char **argv) {
    long scale = argc > 1 ? atol(argv[1]) : 1;
    int64_t before = rti_live_blocks();
    check_building((int)(400 * scale));
    check_itself();
    check_literal();
    check_search();
    CHECK(rti_live_blocks() == before, "%lld blocks alive",
          (long long)(rti_live_blocks() - before));
    return check_done("string");
}
