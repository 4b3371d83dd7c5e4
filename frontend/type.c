// type.c: the lattice of types. Every Type is kept normal: `integer` only when a number is possible,
// `element` only for lists and maps, `function` only when nothing but that function is possible.
#include "type.h"

#include "cheader.h"

#define EXACT     TYPE_MAX_INTEGER
#define MAX_DEPTH 4

Type type_number(void) {
    return (Type){.kinds = KIND_NUMBER};
}

Type type_integer(double low, double high) {
    if (!(low >= -EXACT && high <= EXACT)) return type_number();
    return (Type){.kinds = KIND_NUMBER, .integer = true, .low = low, .high = high};
}

Type type_boolean(void) {
    return type_integer(0, 1);
}

// Any value, of any elements: the top of the lattice has this one form.
static const Type any_element = {.kinds = KIND_ANY, .element = &any_element};

Type type_of_kind(uint8_t kinds) {
    Type type = {.kinds = kinds};
    if ((kinds & (KIND_LIST | KIND_MAP)) != 0) type.element = &any_element;
    return type;
}

Type type_any(void) {
    return type_of_kind(KIND_ANY);
}

static int depth_of(const Type *type) {
    int depth = 0;
    while (type != NULL && type->kinds != KIND_ANY && depth < MAX_DEPTH) {
        type = type->element;
        depth++;
    }
    return depth;
}

// Without what no element has: a range of its own, one function.
static Type plain_element(Type element) {
    element = type_without_range(element);
    element.store = STORE_WORD;
    element.function = NULL;
    return element;
}

static bool is_small(Type t) {
    return t.kinds == KIND_NUMBER && t.integer && t.low >= -0x1p31 && t.high <= 0x1p31 - 1;
}

Type type_list_ranged(Arena *arena, Type element) {
    if (depth_of(&element) >= MAX_DEPTH) return type_of_kind(KIND_LIST);
    Type list = {.kinds = KIND_LIST};
    if (element.kinds == 0) return list;
    Type *kept = ARENA_NEW(arena, Type);
    *kept = is_small(element) ? element : plain_element(element);
    list.element = kept;
    return list;
}

Type type_list(Arena *arena, Type element) {
    return type_list_ranged(arena, plain_element(element));
}

static bool has_ranges(const Type *element, bool outer) {
    if (element == NULL || element == &any_element) return false;
    return (element->integer && !outer) || has_ranges(element->element, false);
}

Type type_plain(Arena *arena, Type type, bool outer) {
    if (!has_ranges(type.element, outer)) return type;
    Type *element = ARENA_NEW(arena, Type);
    Type inner = type_plain(arena, *type.element, false);
    *element = outer && is_small(inner) ? inner : plain_element(inner);
    type.element = element;
    return type;
}

Type type_function(Function *function) {
    return (Type){.kinds = KIND_FUNCTION, .function = function};
}

// --- addresses -----------------------------------------------------------------------------------

// Stands for what is only known to be 0, which can be an address of any type.
static const CType no_pointee = {.kind = C_VOID};

Type type_address(const CType *pointee) {
    return (Type){.kinds = KIND_NUMBER, .pointee = pointee};
}

const CType *type_pointee(Type t) {
    return t.pointee == &no_pointee ? NULL : t.pointee;
}

static const CType *pointee_of(Type t) {
    return t.integer && t.low == 0 && t.high == 0 ? &no_pointee : t.pointee;
}

static bool same_pointee(const CType *a, const CType *b) {
    if (a == b) return true;
    return a != NULL && b != NULL && a != &no_pointee && b != &no_pointee && ctype_same(a, b);
}

static const CType *join_pointees(Type a, Type b) {
    const CType *x = pointee_of(a), *y = pointee_of(b);
    if (x == &no_pointee) return y;
    return y == &no_pointee || same_pointee(x, y) ? x : NULL;
}

Type type_without_range(Type t) {
    t.pointee = pointee_of(t);
    t.integer = false;
    t.low = t.high = 0;
    return t;
}

// --- the lattice ---------------------------------------------------------------------------------

bool type_equal(Type a, Type b) {
    if (a.kinds != b.kinds || a.integer != b.integer || a.function != b.function) return false;
    if (a.store != b.store) return false;
    if (!same_pointee(a.pointee, b.pointee)) return false;
    if (a.integer && (a.low != b.low || a.high != b.high)) return false;
    if (a.element == b.element) return true;
    if (a.element == NULL || b.element == NULL) return false;
    return type_equal(*a.element, *b.element);
}

static const Type *join_elements(Arena *arena, const Type *a, const Type *b) {
    if (a == NULL || a == b) return b;
    if (b == NULL || type_equal(*a, *b)) return a;
    Type *joined = ARENA_NEW(arena, Type);
    *joined = type_join(arena, *a, *b);
    if (joined->integer && !is_small(*joined)) *joined = plain_element(*joined);
    if (depth_of(joined) >= MAX_DEPTH) *joined = type_any();
    return joined;
}

Type type_join(Arena *arena, Type a, Type b) {
    if (a.kinds == 0 && b.kinds == 0) return TYPE_NEVER;
    if (a.kinds == 0) return b;
    if (b.kinds == 0) return a;
    Type joined = {.kinds = a.kinds | b.kinds};
    if (joined.kinds == KIND_ANY) return type_any();
    bool a_number = type_may(a, KIND_NUMBER), b_number = type_may(b, KIND_NUMBER);
    if (a_number && b_number) {
        joined.integer = a.integer && b.integer;
        joined.low = a.low < b.low ? a.low : b.low;
        joined.high = a.high > b.high ? a.high : b.high;
        joined.pointee = joined.integer ? NULL : join_pointees(a, b);
    } else if (a_number || b_number) {
        Type number = a_number ? a : b;
        joined.integer = number.integer;
        joined.low = number.low;
        joined.high = number.high;
        joined.pointee = number.pointee;
    }
    if (!joined.integer) joined.low = joined.high = 0;
    joined.element = join_elements(arena, a.element, b.element);
    if (a.function == b.function) joined.function = a.function;
    return joined;
}

// The nearest bound at or above `value` at which widening rests.
static double widen_up(double value) {
    static const double rests[] = {0,          1,          0x1p7,  0x1p8,  0x1p15, 0x1p16,
                                   0x1p31 - 1, 0x1p31,     0x1p32, 0x1p40, 0x1p47, 0x1p50,
                                   0x1p52,     EXACT};
    for (size_t i = 0; i < COUNT_OF(rests); i++)
        if (value <= rests[i]) return rests[i];
    return value;
}

// Elements' bounds rest where they can be stored in fewer bits.
static const Type *widen_elements(Arena *arena, const Type *old, const Type *joined) {
    if (old == NULL || joined == NULL || !old->integer || !joined->integer) return joined;
    if (joined->low >= old->low && joined->high <= old->high) return joined;
    Type *wide = ARENA_NEW(arena, Type);
    *wide = *joined;
    if (wide->low < old->low) wide->low = wide->low < 0 ? -0x1p31 : 0;
    if (wide->high > old->high) wide->high = wide->high <= 255 ? 255 : 0x1p31 - 1;
    return wide;
}

Type type_widen(Arena *arena, Type old, Type new_type) {
    Type joined = type_join(arena, old, new_type);
    joined.element = widen_elements(arena, old.element, joined.element);
    if (!old.integer || !joined.integer) return joined;
    if (joined.low < old.low) joined.low = joined.low >= 0 ? 0 : -widen_up(-joined.low);
    if (joined.high > old.high) joined.high = joined.high < 0 ? 0 : widen_up(joined.high);
    return joined;
}

Type type_element_ranged(Type list) {
    return list.element == NULL ? TYPE_NEVER : *list.element;
}

Type type_element(Type list) {
    Type element = type_element_ranged(list);
    return element.integer && element.store == STORE_WORD ? plain_element(element) : element;
}

Rep type_rep(Type t) {
    switch (t.kinds) {
    case 0: return REP_NONE;
    case KIND_NUMBER: return t.integer ? REP_I64 : REP_F64;
    case KIND_STRING: return REP_STRING;
    case KIND_LIST: return t.element != NULL && t.element->store ? REP_PACKED : REP_LIST;
    case KIND_MAP: return REP_MAP;
    case KIND_FUNCTION: return REP_FUNCTION;
    }
    return REP_ANY;
}

static const struct {
    uint8_t kind;
    const char *plain, *with_article;
} kind_words[] = {
    {KIND_NUMBER, "number", "a number"}, {KIND_STRING, "string", "a string"},
    {KIND_LIST, "list", "a list"},       {KIND_MAP, "map", "a map"},
    {KIND_FUNCTION, "function", "a function"}, {KIND_ERROR, "error", "an error"},
};

const char *type_kind_text(uint8_t kinds) {
    for (size_t i = 0; i < COUNT_OF(kind_words); i++)
        if (kinds == kind_words[i].kind) return kind_words[i].with_article;
    return "a value";
}

static const char *one_kind_text(Arena *arena, Type t, size_t word) {
    uint8_t kind = kind_words[word].kind;
    if (kind == KIND_NUMBER && t.store != STORE_WORD)
        return t.store == STORE_U8 ? "bytes" : "32-bit integers";
    if (kind == KIND_NUMBER && t.integer)
        return arena_printf(arena, "integer %.0f..%.0f", t.low, t.high);
    if ((kind == KIND_LIST || kind == KIND_MAP) && t.element != NULL && t.element->kinds != KIND_ANY)
        return arena_printf(arena, "%s of %s", kind_words[word].plain,
                            type_text(arena, type_element(t)));
    return kind_words[word].plain;
}

const char *type_text(Arena *arena, Type t) {
    if (t.kinds == 0) return "nothing";
    if (t.kinds == KIND_ANY) return "any value";
    const char *text = NULL;
    for (size_t i = 0; i < COUNT_OF(kind_words); i++) {
        if (!type_may(t, kind_words[i].kind)) continue;
        const char *one = one_kind_text(arena, t, i);
        text = text == NULL ? one : arena_printf(arena, "%s or %s", text, one);
    }
    return text;
}
