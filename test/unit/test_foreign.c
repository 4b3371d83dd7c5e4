// Foreign calls: arguments and results of every C type, callbacks, symbols.
#include "threads_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const RtPlace place = {.file = "test", .line = 1, .column = 1, .function = "main"};

static uint64_t text(const char *bytes) {
    return rti_box(RT_TAG_STRING, rt_str_new(bytes, (int64_t)strlen(bytes)));
}

static void drop(uint64_t word) {
    if (!rti_is_number(word)) rt_release(word);
}

// What C functions see of their arguments.
static int8_t low8(int8_t a, uint8_t b, int16_t c, uint16_t d) {
    return (int8_t)(a + b + c + d);
}
static uint32_t low32(int32_t a, uint32_t b, float f, double g) {
    return (uint32_t)a + b + (uint32_t)(f * 2) + (uint32_t)(g * 4);
}
static int64_t many(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g,
                    int64_t h, double i, int64_t j) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + (int64_t)(9 * i) + 10 * j;
}
static uint64_t wide(uint64_t a) {
    return a;
}
static float half(float a) {
    return a / 2;
}

typedef struct Argument {
    uint8_t kind;
    double number;
} Argument;

static double call_numbers(void (*function)(void), int32_t result, const Argument *arguments,
                           int64_t count) {
    uint8_t kinds[16];
    uint64_t words[16];
    for (int64_t i = 0; i < count; ++i) {
        kinds[i] = arguments[i].kind;
        words[i] = rti_number_word(arguments[i].number);
    }
    double address = (double)(uintptr_t)function;
    return rti_number(
        rt_foreign_call(rti_number_word(address), kinds, words, count, result, &place));
}
#define CALL(function, result, ...)                                                                \
    call_numbers((void (*)(void)) & (function), result, (const Argument[]){__VA_ARGS__},           \
                 sizeof((const Argument[]){__VA_ARGS__}) / sizeof(Argument))

static void test_types(void) {
    CHECK_EQUAL(CALL(low8, RT_C_I8, {RT_C_I8, -3}, {RT_C_U8, 250}, {RT_C_I16, -300}, {RT_C_U16, 3}),
                -50);
    CHECK_EQUAL(
        CALL(low32, RT_C_U32, {RT_C_I32, -5}, {RT_C_U32, 1}, {RT_C_F32, 0.5}, {RT_C_F64, 0.25}),
        4294967294);
    CHECK_EQUAL(CALL(many, RT_C_I64, {RT_C_I64, 1}, {RT_C_I64, 2}, {RT_C_I64, 3}, {RT_C_I64, 4},
                     {RT_C_I64, 5}, {RT_C_I64, 6}, {RT_C_I64, 7}, {RT_C_I64, 8}, {RT_C_F64, 9},
                     {RT_C_I64, 10}),
                385);
    CHECK(CALL(wide, RT_C_U64, {RT_C_U64, 0x1p63}) == 0x1p63);
    CHECK_EQUAL(CALL(wide, RT_C_I64, {RT_C_I64, -1}), -1);
    CHECK_EQUAL(CALL(wide, RT_C_VOID, {RT_C_I64, 7}), 0);
    CHECK(CALL(half, RT_C_F32, {RT_C_F32, 3}) == 1.5);
    CHECK(isnan(CALL(half, RT_C_F32, {RT_C_F32, (double)NAN})));
    CHECK(CALL(pow, RT_C_F64, {RT_C_F64, 2}, {RT_C_F64, 10}) == 1024);
}

static double call_named(const char *name, int32_t result, const char *argument) {
    uint64_t function = text(name), word = text(argument);
    uint8_t kind = RT_C_TEXT;
    double number = rti_number(rt_foreign_call(function, &kind, &word, 1, result, &place));
    drop(function);
    drop(word);
    return number;
}

static void test_names(void) {
    CHECK_EQUAL(call_named("strlen", RT_C_U64, "hello"), 5);
    CHECK_EQUAL(call_named("atoi", RT_C_I32, "-42"), -42);
    CHECK_EQUAL(call_named("getenv", RT_C_TEXT, "NO_SUCH_VARIABLE_AT_ALL"), 0);
    uint64_t library = text("libm.so.6"), name = text("cos"), none = text("no_such_thing");
    double handle = rt_foreign_open(library, 0, &place);
    CHECK(handle != 0);
    double address = rt_foreign_symbol(handle, name, &place);
    CHECK(address != 0);
    CHECK(rt_foreign_symbol(handle, none, &place) == 0);
    CHECK(rt_foreign_open(none, 0, &place) == 0);
    uint8_t kind = RT_C_F64;
    uint64_t zero = rti_number_word(0);
    CHECK(rti_number(
              rt_foreign_call(rti_number_word(address), &kind, &zero, 1, RT_C_F64, &place)) == 1);
    CHECK(rt_foreign_close(handle) == 0);
    CHECK(rt_foreign_close(0) != 0);
    drop(library);
    drop(name);
    drop(none);
}

// --- callbacks -----------------------------------------------------------------------------------

static uint64_t compare_code(RtClosure *self, const uint64_t *args, int64_t count,
                             const RtPlace *from) {
    CHECK(from == NULL); // C has no places
    CHECK_EQUAL(count, 2);
    const double *a = (const double *)(uintptr_t)rti_number(args[0]);
    const double *b = (const double *)(uintptr_t)rti_number(args[1]);
    double sign = self->captured ? rti_number(self->words[0]) : 1;
    return rti_number_word(*a < *b ? -sign : *a > *b ? sign : 0);
}
static const RtFunctionInfo compare_info = {.name = "compare", .least = 2, .most = 2};
static RtClosure compare_plain = {
    .header = {.count = RT_IMMORTAL, .kind = RT_KIND_FUNCTION},
    .code = &compare_code,
    .info = &compare_info,
};

static void sort_by(uint64_t compare, double sign) {
    double numbers[100];
    for (int i = 0; i < 100; ++i) numbers[i] = (i * 37) % 100;
    uint64_t words[4] = {rti_number_word((double)(uintptr_t)numbers), rti_number_word(100),
                         rti_number_word(8), compare};
    uint8_t kinds[4] = {RT_C_POINTER, RT_C_U64, RT_C_U64, RT_C_CALLBACK};
    uint64_t name = text("qsort");
    CHECK_EQUAL(rti_number(rt_foreign_call(name, kinds, words, 4, RT_C_VOID, &place)), 0);
    drop(name);
    for (int i = 0; i < 100; ++i) CHECK_EQUAL(numbers[i], sign > 0 ? i : 99 - i);
}

static void test_callbacks(void) {
    for (int i = 0; i < 10; ++i) sort_by(rti_box(RT_TAG_FUNCTION, &compare_plain), 1);
    int64_t before = 0;
    for (int i = 0; i < 3000; ++i) { // closures without end: those kept are bounded
        uint64_t sign = rti_number_word(i % 2 ? 1 : -1);
        RtClosure *closure =
            rt_closure_new((const void *)(uintptr_t)&compare_code, &compare_info, &sign, 1);
        sort_by(rti_box(RT_TAG_FUNCTION, closure), i % 2 ? 1 : -1);
        drop(rti_box(RT_TAG_FUNCTION, closure));
        if (i == 1000) before = rti_live_blocks();
    }
    CHECK_EQUAL(rti_live_blocks(), before);
}

// --- in loops ------------------------------------------------------------------------------------

static void call_in_body(void *captures, int64_t begin, int64_t end, int64_t block) {
    (void)block;
    double *to = captures;
    for (int64_t i = begin; i < end; ++i)
        to[i] = CALL(labs, RT_C_I64, {RT_C_I64, (double)-i}) +
                call_named("strlen", RT_C_U64, i % 2 ? "odd" : "even");
}

static void test_in_loops(void) {
    static double to[5000];
    check_loop(&call_in_body, to, 5000, 4, 0);
    for (int64_t i = 0; i < 5000; ++i) CHECK_EQUAL(to[i], i + (i % 2 ? 3 : 4));
}

static void call_unknown(void) {
    (void)call_named("no_such_function", RT_C_I64, "");
}

int32_t flap_program(void) {
    test_types();
    test_names();
    test_callbacks();
    test_in_loops();
    if (!CHECK_TSAN) {
        char got[256];
        CHECK_EQUAL(check_child(&call_unknown, 2, got, sizeof got), CHECK_EXITED(1));
        CHECK(strstr(got, "there is no C function 'no_such_function'"));
    }
    return 0;
}
