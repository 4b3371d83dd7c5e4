// arith.c: operators on values whose kinds are not known at compile time.
//
// Errors pass through: the first error among the operands is the result. Other kinds that an
// operator has no meaning for stop the program. Generated code handles numbers itself where it
// knows them.
#include "map.h"

static const char *const binary_text[] = {
    "+",   "-",  "*",   "/",  "%",      "**", "*+", "+!",  "<",   "<=", ">",  ">=", "==", "!=",
    "and", "or", "xor", "in", "not in", "<b", ">b", "<<b", ">>b", "&b", "|b", "^b", "::",
};

static double boolean(bool value) {
    return value ? 1 : 0;
}

static double bits(int32_t op, double left, double right) {
    uint64_t a = (uint64_t)rt_to_int(left), b = (uint64_t)rt_to_int(right), result = 0;
    unsigned count = (unsigned)(b & 63);
    switch (op) {
    case RT_BINARY_SHL: result = a << count; break;
    case RT_BINARY_SHR: result = a >> count; break;
    case RT_BINARY_ROL: result = a << count | a >> (-count & 63); break;
    case RT_BINARY_ROR: result = a >> count | a << (-count & 63); break;
    case RT_BINARY_BAND: result = a & b; break;
    case RT_BINARY_BOR: result = a | b; break;
    case RT_BINARY_BXOR: result = a ^ b; break;
    }
    return (double)(int64_t)result;
}

static double numbers(int32_t op, double a, double b) {
    switch (op) {
    case RT_BINARY_ADD: return a + b;
    case RT_BINARY_SUB: return a - b;
    case RT_BINARY_MUL: return a * b;
    case RT_BINARY_DIV:
        if (b == 0) rt_stop_division();
        return a / b;
    case RT_BINARY_MOD:
        if (b == 0) rt_stop_modulo();
        return rt_mod(a, b);
    case RT_BINARY_POW: return rt_pow(a, b);
    case RT_BINARY_FUSED: return rt_fma(a, a, b);
    case RT_BINARY_CARRY: return (double)((uint64_t)rt_to_int(a) + (uint64_t)rt_to_int(b));
    case RT_BINARY_LT: return boolean(a < b);
    case RT_BINARY_LE: return boolean(a <= b);
    case RT_BINARY_GT: return boolean(a > b);
    case RT_BINARY_GE: return boolean(a >= b);
    case RT_BINARY_EQ: return boolean(a == b);
    case RT_BINARY_NE: return boolean(a != b);
    }
    return bits(op, a, b);
}

_Noreturn void rti_stop_operands(int32_t op, uint64_t left, uint64_t right, const RtPlace *place) {
    int kinds = rti_kind_bit(left) | rti_kind_bit(right);
    if (op == RT_BINARY_ADD && kinds == (RT_IS_NUMBER | RT_IS_STRING)) {
        rti_stop(place, "cannot add %s and %s; use an f-string: f\"{a}{b}\"", rti_kind_text(left),
                 rti_kind_text(right));
    }
    rti_stop(place, "'%s' cannot be applied to %s and %s", binary_text[op], rti_kind_text(left),
             rti_kind_text(right));
}

// + and * of strings, lists and maps; stops when they do not fit.
static uint64_t sequences(int32_t op, uint64_t left, uint64_t right, const RtPlace *place) {
    bool string = rti_is(left, RT_TAG_STRING), list = rti_is(left, RT_TAG_LIST);
    if (op == RT_BINARY_ADD && string && rti_is(right, RT_TAG_STRING))
        return rti_string_word(rt_str_concat(rti_str(left), rti_str(right)));
    if (op == RT_BINARY_ADD && list && rti_is(right, RT_TAG_LIST))
        return rti_list_word(rt_list_concat(rti_list(left), rti_list(right)));
    if (op == RT_BINARY_ADD && rti_is(left, RT_TAG_MAP) && rti_is(right, RT_TAG_MAP)) {
        RtMap *copy = rt_map_copy(rti_map(left));
        return rti_map_word(rt_map_merge(copy, rti_map(right)));
    }
    if (op == RT_BINARY_MUL && string && rti_is_number(right))
        return rti_string_word(rt_str_repeat(rti_str(left), rti_number(right)));
    if (op == RT_BINARY_MUL && list && rti_is_number(right))
        return rti_list_word(rt_list_repeat(rti_list(left), rti_number(right)));
    rti_stop_operands(op, left, right, place);
}

uint64_t rt_arithmetic(int32_t op, uint64_t left, uint64_t right, const RtPlace *place) {
    switch (op) { // those that ask for no kind
    case RT_BINARY_EQ: return rti_number_word(boolean(rt_equal(left, right)));
    case RT_BINARY_NE: return rti_number_word(boolean(!rt_equal(left, right)));
    case RT_BINARY_AND:
        return rti_number_word(boolean(rt_truth(left, place) && rt_truth(right, place)));
    case RT_BINARY_OR:
        return rti_number_word(boolean(rt_truth(left, place) || rt_truth(right, place)));
    case RT_BINARY_XOR:
        return rti_number_word(boolean(rt_truth(left, place) != rt_truth(right, place)));
    case RT_BINARY_IN: return rti_number_word(boolean(rt_in(left, right, place)));
    case RT_BINARY_NOT_IN: return rti_number_word(boolean(!rt_in(left, right, place)));
    }
    if (rti_is_number(left) && rti_is_number(right))
        return rti_number_word(numbers(op, rti_number(left), rti_number(right)));
    if (op == RT_BINARY_CONS && rti_is(right, RT_TAG_LIST))
        return rti_list_word(rt_list_cons(left, rti_list(rti_retained(right))));
    if (rti_is(left, RT_TAG_ERROR)) return rti_retained(left);
    if (rti_is(right, RT_TAG_ERROR)) return rti_retained(right);
    switch (op) {
    case RT_BINARY_LT:
    case RT_BINARY_LE:
    case RT_BINARY_GT:
    case RT_BINARY_GE: return rti_number_word(boolean(rt_compare(op, left, right, place)));
    }
    return sequences(op, left, right, place);
}

static uint64_t head(uint64_t word, const RtPlace *place) {
    if (rti_is(word, RT_TAG_LIST)) {
        const RtList *list = rti_list(word);
        return list->length == 0 ? 0 : rti_retained(list->words[0]);
    }
    if (rti_is(word, RT_TAG_STRING)) return rti_number_word((double)rt_str_at(rti_str(word), 0));
    rti_stop_kind("'^'", "a list", word, place);
}

uint64_t rt_tail(uint64_t word, const RtPlace *place) {
    if (rti_is(word, RT_TAG_ERROR)) return word;
    if (rti_is(word, RT_TAG_LIST)) return rti_list_word(rt_list_tail(rti_list(word)));
    if (!rti_is(word, RT_TAG_STRING)) rti_stop_kind("'&'", "a list", word, place);
    const RtStr *string = rti_str(word);
    int64_t from = string->points == 0 ? 0 : rti_str_offset(string, 1);
    RtStr *part = rti_str_part(string, from, string->length - from);
    rti_release_word(word);
    return rti_string_word(part);
}

uint64_t rt_unary(int32_t op, uint64_t word, const RtPlace *place) {
    if (op == RT_UNARY_NOT) return rti_number_word(boolean(!rt_truth(word, place)));
    if (rti_is(word, RT_TAG_ERROR)) return rti_retained(word);
    switch (op) {
    case RT_UNARY_NEG: return rti_number_word(-rt_expect_number(word, "'-'", place));
    case RT_UNARY_BNOT: return rti_word_of(~rt_to_int(rt_expect_number(word, "'~b'", place)));
    case RT_UNARY_LEN: return rti_word_of(rt_length(word, place));
    case RT_UNARY_HEAD: return head(word, place);
    case RT_UNARY_TAIL: return rt_tail(rti_retained(word), place);
    }
    return 0;
}

uint64_t rt_add_into(uint64_t taken, uint64_t more, const RtPlace *place) {
    uint32_t tag = rti_tag(taken);
    if (tag == rti_tag(more)) {
        if (tag == RT_TAG_STRING)
            return rti_box(tag, rt_str_append(rti_pointer(taken), rti_pointer(more)));
        if (tag == RT_TAG_LIST)
            return rti_box(tag, rt_list_append(rti_pointer(taken), rti_pointer(more)));
        if (tag == RT_TAG_MAP)
            return rti_box(tag, rt_map_merge(rti_pointer(taken), rti_pointer(more)));
    }
    uint64_t result = rt_arithmetic(RT_BINARY_ADD, taken, more, place);
    rti_release_word(taken);
    return result;
}
