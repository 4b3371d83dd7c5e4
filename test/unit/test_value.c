// test_value.c: lists, operators on any kind, text of values, formats, sorting, deep nesting;
// nothing may be left over at the end.
#include "rt_check.h"
#include "rt/builtin_words.h"
#include <math.h>

static uint64_t number(double value) {
    return rti_number_word(value);
}

static void expect_text(uint64_t word, const char *expected) { // takes the word
    RtStr *text = rt_str_of(word);
    CHECK(strcmp(text->bytes, expected) == 0, "%s, not %s", text->bytes, expected);
    rti_release(text);
    rti_release_word(word);
}

static uint64_t list_from(const double *numbers, int64_t count) {
    uint64_t words[64];
    for (int64_t i = 0; i < count; i++) words[i] = number(numbers[i]);
    return rti_list_word(rt_list_of(words, count));
}
#define LIST(...)                                                                                  \
    list_from((const double[]){__VA_ARGS__},                                                       \
              (int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)))

static uint64_t string(const char *text) {
    return rti_string_word(text_of(text));
}

static uint64_t pair(uint64_t a, uint64_t b) { // takes both
    uint64_t words[2] = {a, b};
    return rti_list_word(rt_list_of(words, 2));
}

// Calls with owned arguments, which it releases.
static uint64_t operate(int op, uint64_t a, uint64_t b) {
    uint64_t result = rt_arithmetic(op, a, b, &check_place);
    rti_release_word(a);
    rti_release_word(b);
    return result;
}

static void check_texts(void) {
    expect_text(number(42), "42");
    expect_text(number(0.1 + 0.2), "0.3");
    expect_text(number(-0.0), "-0");
    expect_text(number(1e20), "1e+20");
    expect_text(number(9007199254740992.0), "9007199254740992");
    expect_text(LIST(1, 2.5, -3), "[1, 2.5, -3]");
    expect_text(rti_list_word(rt_list_new(0)), "[]");
    expect_text(pair(number(1), string("a\n\"\\\t\x01\xFF é")),
                "[1, \"a\\n\\\"\\\\\\t\\x01\\xFF é\"]");
    expect_text(string("bare \"text\""), "bare \"text\"");
    expect_text(pair(rti_error("broken %d", 7), pair(LIST(1), string(""))),
                "[broken 7, [[1], \"\"]]");
}

static void check_operators(void) {
    expect_text(operate(RT_BINARY_ADD, string("ab"), string("cd")), "abcd");
    expect_text(operate(RT_BINARY_ADD, LIST(1, 2), pair(number(3), string("x"))),
                "[1, 2, 3, \"x\"]");
    expect_text(operate(RT_BINARY_MUL, string("ab"), number(3.9)), "ababab");
    expect_text(operate(RT_BINARY_MUL, LIST(0), number(4)), "[0, 0, 0, 0]");
    expect_text(operate(RT_BINARY_MUL, pair(string("a"), number(1)), number(2)),
                "[\"a\", 1, \"a\", 1]");
    expect_text(operate(RT_BINARY_MUL, LIST(1, 2), number(-1)), "[]");
    expect_text(operate(RT_BINARY_CONS, string("x"), LIST(1)), "[\"x\", 1]");
    expect_text(operate(RT_BINARY_MOD, number(-7), number(3)), "-1");
    expect_text(operate(RT_BINARY_POW, number(2), number(10)), "1024");
    expect_text(operate(RT_BINARY_SHR, number(-1), number(60)), "15");
    expect_text(operate(RT_BINARY_SHL, number(1), number(65)), "2");
    expect_text(operate(RT_BINARY_ROL, number(-2), number(1)), "-3");
    expect_text(operate(RT_BINARY_ROR, number(1), number(1)), "-9.22337203685478e+18");
    expect_text(operate(RT_BINARY_ADD, rti_error("first"), rti_error("second")), "first");
    expect_text(operate(RT_BINARY_EQ, pair(string("a"), LIST(1, 2)), pair(string("a"), LIST(1, 2))),
                "1");
    expect_text(operate(RT_BINARY_EQ, pair(string("a"), LIST(1, 2)), pair(string("a"), LIST(1, 3))),
                "0");
    expect_text(operate(RT_BINARY_EQ, LIST(NAN), LIST(NAN)), "0");
    expect_text(operate(RT_BINARY_EQ, LIST(0.0), LIST(-0.0)), "1");
    expect_text(operate(RT_BINARY_NE, string("1"), number(1)), "1");
    expect_text(operate(RT_BINARY_LT, string("a"), string("é")), "1");
    expect_text(operate(RT_BINARY_GE, string("b"), string("ab")), "1");
    expect_text(operate(RT_BINARY_LE, number(NAN), number(1)), "0");
    expect_text(operate(RT_BINARY_IN, string("lo"), string("hello")), "1");
    expect_text(operate(RT_BINARY_IN, number('l'), string("hello")), "1");
    expect_text(operate(RT_BINARY_NOT_IN, LIST(1), pair(LIST(1), number(2))), "0");
    uint64_t list = LIST(1, 2, 3);
    expect_text(rt_unary(RT_UNARY_HEAD, list, &check_place), "1");
    expect_text(rt_unary(RT_UNARY_TAIL, list, &check_place), "[2, 3]");
    expect_text(rt_unary(RT_UNARY_LEN, list, &check_place), "3");
    rti_release_word(list);
    expect_text(rt_unary(RT_UNARY_BNOT, number(0), &check_place), "-1");
}

static void check_elements(void) {
    uint64_t list = LIST(10, 20, 30);
    expect_text(rt_index(list, number(1.9), &check_place), "20");
    expect_text(rt_index(list, number(3), &check_place), "0");
    expect_text(rt_index(list, number(NAN), &check_place), "0");
    expect_text(rt_index_result(list, number(9), &check_place), "index 9 out of range (length 3)");
    uint64_t copy = rti_retained(list);
    list = rt_index_set(list, number(0), string("x"), &check_place);
    expect_text(rti_retained(list), "[\"x\", 20, 30]");
    expect_text(copy, "[10, 20, 30]");
    list = rt_index_set(list, number(0), number(5), &check_place);
    expect_text(rt_slice(list, number(1), RT_ABSENT, RT_ABSENT, &check_place), "[20, 30]");
    expect_text(rt_slice(list, RT_ABSENT, RT_ABSENT, number(-1), &check_place), "[30, 20, 5]");
    expect_text(rt_slice(list, number(-2), number(100), RT_ABSENT, &check_place), "[20, 30]");
    expect_text(rt_slice(list, RT_ABSENT, RT_ABSENT, number(2), &check_place), "[5, 30]");
    expect_text(rt_slice(list, number(5), number(1), RT_ABSENT, &check_place), "[]");
    expect_text(rt_slice(list, RT_ABSENT, RT_ABSENT, number(INFINITY), &check_place), "[5]");
    expect_text(
        rt_slice(list, number(INFINITY), number(-INFINITY), number(-INFINITY), &check_place),
        "[30]");
    rti_release_word(list);
    uint64_t text = string("héllo€");
    expect_text(rt_slice(text, number(1), number(4), RT_ABSENT, &check_place), "éll");
    expect_text(rt_slice(text, RT_ABSENT, RT_ABSENT, number(-1), &check_place), "€olléh");
    expect_text(rt_cast(text, RT_CAST_LIST, &check_place), "[104, 233, 108, 108, 111, 8364]");
    expect_text(rt_cast(number(-3.7), RT_CAST_U8, &check_place), "253");
    rti_release_word(text);
}

static void expect_format(const char *format, const char *expected,
                          uint64_t word) { // takes the word
    RtStr *text = text_of(format), *result = rt_str_format(text, &word, 1, &check_place);
    CHECK(strcmp(result->bytes, expected) == 0, "%s: [%s], not [%s]", format, result->bytes,
          expected);
    rti_release(text);
    rti_release(result);
    rti_release_word(word);
}

static void check_integer_formats(long count) {
    for (long i = 0; i < count; i++) {
        char flags[8], format[40], ours[48], expected[200];
        size_t flag_count = 0;
        uint64_t choice = check_random();
        for (int k = 0; k < 5; k++) {
            if ((choice >> k & 7) == 0) flags[flag_count++] = "-+ #0"[k];
        }
        flags[flag_count] = 0;
        char c = "diuxXo"[(choice >> 8 & 0xFFFF) % 6];
        int width = choice >> 36 & 1 ? (int)(choice >> 40 & 31) : 0;
        char precision[8] = "", wide[8] = "";
        if (width) snprintf(wide, sizeof wide, "%d", width);
        if (choice >> 37 & 1)
            snprintf(precision, sizeof precision, ".%d", (int)(choice >> 50 & 31));
        int64_t value = (int64_t)check_random() >> (11 + check_random() % 53);
        snprintf(ours, sizeof ours, "%%%s%s%s%c", flags, wide, precision, c);
        snprintf(format, sizeof format, "%%%s%s%sll%c", flags, wide, precision, c);
        snprintf(expected, sizeof expected, format, (long long)value);
        expect_format(ours, expected, number((double)value));
    }
}

static void check_formats(void) {
    expect_format("[%5s]", "[   é€]", string("é€"));
    expect_format("[%-5s|%%]", "[ab   |%]", string("ab"));
    expect_format("%.2s", "é€", string("é€x"));
    expect_format("%s", "[1, 2]", LIST(1, 2));
    expect_format("%8v|", "       3|", number(3));
    expect_format("%05v", "-0003", number(-3));
    expect_format("%+v", "+1.5", number(1.5));
    expect_format("%.3v", "3.14", number(3.14159));
    expect_format("%b %%", "yes %", number(2));
    expect_format("%4b", "  no", number(0));
    expect_format("%c", "€", number(0x20AC));
    expect_format("%-3c|", "A  |", number(65));
    expect_format("%d", "9223372036854775807", number(1e300));
    expect_format("%d", "0", number(NAN));
    expect_format("%x", "ffffffffffffffff", number(-1));
    expect_format("%08.3f", "0003.142", number(3.14159));
    expect_format("%08f", "     inf", number(INFINITY));
    expect_format("%E", "NAN", number(NAN));
    expect_format("%p", "0xff", number(255));
    expect_format("%lld", "5", number(5.9));
    expect_format("%s", "oops", rti_error("oops"));
}

static uint64_t less_by_tens(RtClosure *self, const uint64_t *args, int64_t count) {
    (void)self;
    (void)count;
    return number(floor(rti_number(args[0]) / 10) < floor(rti_number(args[1]) / 10));
}
static uint64_t add(RtClosure *self, const uint64_t *args, int64_t count) {
    (void)count;
    return number(rti_number(args[0]) +
                  (self->captured ? rti_number(self->words[0]) : rti_number(args[1])));
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void check_sort(void) {
    for (int round = 0; round < 60; round++) {
        int64_t count = (int64_t)(check_random() % (round % 6 == 0 ? 5000 : 60));
        RtList *list = rt_list_new(count);
        double *model = malloc((size_t)count * sizeof(double) + 1);
        for (int64_t i = 0; i < count; i++) {
            double value = (double)(int64_t)(check_random() % 200) - 100;
            if (round % 3 == 0) value = rti_number(check_random() >> 2);
            if (value != value) value = 3;
            if (value == 0 && round % 2) value = check_random() % 2 ? 0.0 : -0.0;
            list->words[list->length++] = number(value);
            model[i] = value;
        }
        uint64_t args[1] = {rti_list_word(list)}, sorted = rt_b_sort(args, 1, &check_place);
        // A stable model: merge sort of glibc's qsort keeps equal elements in order.
        qsort(model, (size_t)count, sizeof(double), compare_doubles);
        CHECK(rti_list(sorted)->length == count &&
                  memcmp(rti_list(sorted)->words, model, (size_t)count * 8) == 0,
              "sort of %lld", (long long)count);
        free(model);
        rti_release_word(sorted);
        rti_release(list);
    }
    uint64_t args[2] = {LIST(3, NAN, -1, INFINITY, 2, NAN, -INFINITY), 0};
    expect_text(rt_b_sort(args, 1, &check_place), "[-inf, -1, 2, 3, inf, nan, nan]");
    rti_release_word(args[0]);
    args[0] = pair(string("b"), string("a"));
    expect_text(rt_b_sort(args, 1, &check_place), "[\"a\", \"b\"]");
    rti_release_word(args[0]);
    static const RtFunctionInfo info = {"less", 2, 2, 0};
    RtClosure *less = rt_closure_new((const void *)(uintptr_t)less_by_tens, &info, NULL, 0);
    args[0] = LIST(35, 31, 12, 19, 11, 1, 30);
    args[1] = rti_box(RT_TAG_FUNCTION, less);
    expect_text(rt_b_sort(args, 2, &check_place), "[1, 12, 19, 11, 35, 31, 30]");
    rti_release_word(args[0]);
    rti_release(less);
}

static void check_functions(void) {
    static const RtFunctionInfo one = {"plus", 1, 1, 0}, two = {"add", 2, 2, 0};
    uint64_t captured[1] = {number(10)};
    RtClosure *plus = rt_closure_new((const void *)(uintptr_t)add, &one, captured, 1);
    RtClosure *sum = rt_closure_new((const void *)(uintptr_t)add, &two, NULL, 0);
    uint64_t list = LIST(1, 2, 3), plus_word = rti_box(RT_TAG_FUNCTION, plus);
    expect_text(rt_pipe(list, plus_word, &check_place), "[11, 12, 13]");
    expect_text(rt_pipe(number(5), plus_word, &check_place), "15");
    expect_text(rt_reduce(list, rti_box(RT_TAG_FUNCTION, sum), &check_place), "6");
    expect_text(rti_retained(plus_word), "<function plus>");
    rti_release_word(list);
    rti_release(sum);
    rti_release(plus);
}

static void check_builtins(void) {
    uint64_t a[3] = {string("a,b,,c"), string(","), string("--")};
    uint64_t parts = rt_b_split(a, 2, &check_place);
    expect_text(rti_retained(parts), "[\"a\", \"b\", \"\", \"c\"]");
    uint64_t j[2] = {parts, a[2]};
    expect_text(rt_b_join(j, 2, &check_place), "a--b----c");
    expect_text(rt_b_replace(a, 3, &check_place), "a--b----c");
    rti_release_word(parts);
    for (int i = 0; i < 3; i++) rti_release_word(a[i]);
    uint64_t e[2] = {string("aé€"), string("")};
    expect_text(rt_b_split(e, 2, &check_place), "[\"a\", \"é\", \"€\"]");
    expect_text(rt_b_upper(e, 1, &check_place), "AÉ€");
    expect_text(rt_b_reverse(e, 1, &check_place), "€éa");
    expect_text(rt_b_starts_with(e, 2, &check_place), "1");
    rti_release_word(e[0]);
    rti_release_word(e[1]);
    uint64_t t[1] = {string(" \t x y\n")};
    expect_text(rt_b_trim(t, 1, &check_place), "x y");
    rti_release_word(t[0]);
    uint64_t r[3] = {number(0), number(1), number(0.1)};
    expect_text(rt_b_range(r, 3, &check_place), "[0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]");
    r[0] = number(5), r[1] = number(0), r[2] = number(-2);
    expect_text(rt_b_range(r, 3, &check_place), "[5, 3, 1]");
    uint64_t s[1] = {LIST(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)};
    expect_text(rt_b_sum(s, 1, &check_place), "55");
    expect_text(rt_b_product(s, 1, &check_place), "3628800");
    rti_release_word(s[0]);
    uint64_t w[1] = {string("ÀÿǅßΣσ")};
    expect_text(rt_b_lower(w, 1, &check_place), "àÿǆßσσ");
    rti_release_word(w[0]);
}

// A million lists inside each other: built, compared, written, copied, dropped.
static void check_deep(void) {
    enum { DEPTH = 1000000 };
    uint64_t a = LIST(1), b = LIST(1);
    for (int i = 0; i < DEPTH; i++) {
        a = rti_list_word(rt_list_of(&a, 1));
        b = rti_list_word(rt_list_of(&b, 1));
    }
    CHECK(rt_equal(a, b), "deep lists are equal");
    RtStr *text = rt_str_of(a);
    CHECK(text->length == 2 * (DEPTH + 1) + 1, "text of %lld bytes", (long long)text->length);
    rti_release(text);
    rti_release_word(a);
    rti_release_word(b);
    static const RtFunctionInfo info = {"f", 0, 0, 0};
    uint64_t chain = number(0);
    for (int i = 0; i < DEPTH; i++)
        chain = rti_box(RT_TAG_FUNCTION,
                        rt_closure_new((const void *)(uintptr_t)add, &info, &chain, 1));
    rti_release_word(chain);
}

static void check_growth(void) {
    RtList *list = rt_list_new(0);
    for (int i = 0; i < 3000000; i++) {
        if (list->length == list->capacity) list = rt_list_grow(list, 1);
        list->words[list->length++] = number(i);
    }
    bool right = true;
    for (int i = 0; i < 3000000; i++) right &= list->words[i] == number(i);
    CHECK(right, "three million elements");
    list = rt_list_append(list, list);
    CHECK(list->length == 6000000 && list->words[5999999] == number(2999999), "appended to itself");
    rti_release(list);
}

int main(void) {
    int64_t before = rti_live_blocks();
    check_texts();
    check_operators();
    check_elements();
    check_formats();
    check_integer_formats(200000);
    check_sort();
    check_functions();
    check_builtins();
    check_deep();
    check_growth();
    CHECK(rti_live_blocks() == before, "%lld blocks alive",
          (long long)(rti_live_blocks() - before));
    return check_done("value");
}
