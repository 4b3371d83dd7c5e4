// test_map.c: maps against a naive model under random operations (numbers, names and other strings as
// keys; copies, removals, packing), equality, text, paths, misses, names by number, deep nesting, and
// the builtins that take maps; nothing may be left over at the end.
#include "rt_check.h"
#include "rt/builtin_words.h"
#include "rt/map.h"
#include <math.h>

static uint64_t number(double value) {
    return rti_number_word(value);
}

static uint64_t string(const char *text) {
    return rti_string_word(text_of(text));
}

static void expect_text(uint64_t word, const char *expected) { // takes the word
    RtStr *text = rt_str_of(word);
    CHECK(strcmp(text->bytes, expected) == 0, "%s, not %s", text->bytes, expected);
    rti_release(text);
    rti_release_word(word);
}

// --- against a model -----------------------------------------------------------------------------

enum { KEYS = 3000 };

// What a map should be: for each possible key its value, and when it came in.
typedef struct Model {
    double value[KEYS];
    int64_t since[KEYS]; // 0: not there
    int64_t clock, count;
} Model;

static uint64_t keys[KEYS]; // owned

static void make_keys(void) {
    for (int i = 0; i < KEYS; i++) {
        char text[40];
        switch (i % 6) {
        case 0: keys[i] = number(i - 600); break;
        case 1: keys[i] = number((double)i * 0x1p20); break;
        case 2: keys[i] = number(i + 0.25); break;
        case 3:
            snprintf(text, sizeof text, "name_%d", i);
            keys[i] = string(text);
            break;
        case 4:
            snprintf(text, sizeof text, "%d is no name, but long enough é", i);
            keys[i] = string(text);
            break;
        case 5: keys[i] = number(ldexp(1, i % 1000 - 500) * (1 + i * 1e-6)); break;
        }
    }
}

// An equal key that is another object.
static uint64_t same_key(uint64_t key) {
    if (rti_is_number(key)) return key == 0 && check_random() % 2 ? number(-0.0) : key;
    const RtStr *text = rti_str(key);
    return rti_string_word(rt_str_new(text->bytes, text->length));
}

static const Model *comparing;
static int by_age(const void *a, const void *b) {
    int64_t x = comparing->since[*(const int *)a], y = comparing->since[*(const int *)b];
    return x < y ? -1 : x > y;
}

static void check_order(RtMap *map, const Model *model, int most) {
    int order[KEYS], count = 0;
    for (int i = 0; i < most; i++) {
        if (model->since[i] != 0) order[count++] = i;
    }
    comparing = model;
    qsort(order, (size_t)count, sizeof *order, by_age);
    CHECK(map->length == count, "%lld keys, not %d", (long long)map->length, count);
    int64_t at = 0;
    int seen = 0;
    for (; seen < count && (at = rt_map_next(map, at)) >= 0; at++, seen++) {
        uint64_t key = rt_map_key_at(map, at), value = rt_map_value_at(map, at);
        CHECK(rt_equal(key, keys[order[seen]]) && rti_number(value) == model->value[order[seen]],
              "entry %d", seen);
        rti_release_word(key);
    }
    CHECK(seen == count && (count == 0 || rt_map_next(map, at) < 0), "%d entries seen", seen);
}

static RtMap *step(RtMap *map, Model *model, int most, uint64_t chance_of_removal) {
    int i = (int)(check_random() % (uint64_t)most);
    uint64_t key = same_key(keys[i]);
    if (check_random() % 100 < chance_of_removal) {
        map = rt_map_remove(map, key, &check_place);
        model->count -= model->since[i] != 0;
        model->since[i] = 0;
    } else {
        double value = (double)(check_random() % 1000);
        map = rt_map_put(map, key, number(value), &check_place);
        if (model->since[i] == 0) {
            model->since[i] = ++model->clock;
            model->count++;
        }
        model->value[i] = value;
    }
    CHECK(rt_map_has(map, key, &check_place) == (model->since[i] != 0), "key %d", i);
    int j = (int)(check_random() % (uint64_t)most);
    double expected = model->since[j] != 0 ? model->value[j] : 0;
    CHECK(rti_number(rt_map_get(map, keys[j], &check_place)) == expected, "key %d", j);
    CHECK(map->length == model->count, "length %lld", (long long)map->length);
    rti_release_word(key);
    return map;
}

static void check_equality(RtMap *map, const Model *model, int most) {
    RtMap *other = rt_map_new(0);
    for (int i = most - 1; i >= 0; i--) { // in another order
        if (model->since[i] == 0) continue;
        other = rt_map_put(other, keys[i], number(model->value[i]), &check_place);
    }
    uint64_t a = rti_map_word(map), b = rti_map_word(other);
    CHECK(rt_equal(a, b) && rt_equal(b, a), "equal whatever the order");
    if (map->length > 0) {
        uint64_t key = map->entries[map->first].key;
        other = rt_map_put(other, key, number(-1), &check_place);
        CHECK(!rt_equal(a, rti_map_word(other)), "another value");
        other = rt_map_remove(other, key, &check_place);
        CHECK(!rt_equal(a, rti_map_word(other)), "a key less");
        other = rt_map_put(other, number(-77.5), number(1), &check_place);
        CHECK(!rt_equal(a, rti_map_word(other)), "another key");
    }
    rti_release(other);
}

static void check_random_operations(long rounds) {
    static const int mosts[] = {3, 9, 20, 300, KEYS};
    for (long round = 0; round < rounds; round++) {
        int most = mosts[round % 5];
        static Model model, kept;
        memset(&model, 0, sizeof model);
        RtMap *map = rt_map_new((int64_t)(check_random() % 20)), *copy = NULL;
        for (int i = 0; i < 12 * most; i++) {
            uint64_t removals = i / (4 * most) == 1 ? 90 : 30; // full, nearly empty, full again
            map = step(map, &model, most, removals);
            if (i == 5 * most || i == 3) { // from here on two holders
                if (copy != NULL) rti_release(copy);
                rti_retain(map);
                copy = map;
                kept = model;
            }
        }
        check_order(map, &model, most);
        check_order(copy, &kept, most);
        check_equality(map, &model, most);
        RtMap *merged = rt_map_merge(rt_map_copy(copy), map);
        for (int i = 0; i < most; i++) {
            double expected = model.since[i] ? model.value[i] : kept.since[i] ? kept.value[i] : 0;
            CHECK(rti_number(rt_map_get(merged, keys[i], &check_place)) == expected, "merged");
        }
        rti_release(merged);
        rti_release(copy);
        rti_release(map);
    }
}

// --- single cases --------------------------------------------------------------------------------

static uint64_t map_of(int64_t pairs, const uint64_t *words) { // takes the words
    return rti_map_word(rt_map_of(words, pairs, &check_place));
}
#define MAP(...)                                                                                   \
    map_of((int64_t)(sizeof((uint64_t[]){__VA_ARGS__}) / 16), (const uint64_t[]){__VA_ARGS__})

static void check_texts(void) {
    expect_text(MAP(number(1), number(10), string("name"), string("x")), "{1: 10, name: \"x\"}");
    expect_text(rti_map_word(rt_map_new(0)), "{}");
    expect_text(MAP(string("a b"), number(1), string("_k9"), number(2), string(""), number(3),
                    string("9"), number(4), number(-0.0), number(5)),
                "{\"a b\": 1, _k9: 2, \"\": 3, \"9\": 4, 0: 5}");
    uint64_t inner = MAP(string("x"), number(1));
    uint64_t list = rti_list_word(rt_list_of(&inner, 1));
    expect_text(MAP(string("ps"), list, string("e"), MAP(number(2.5), number(NAN))),
                "{ps: [{x: 1}], e: {2.5: nan}}");
    expect_text(MAP(string("a"), number(1), string("b"), number(2), string("a"), number(3)),
                "{a: 3, b: 2}");
}

static void check_elements(void) {
    uint64_t name = string("name"), pos = string("pos"), x = string("x");
    uint64_t map = MAP(rti_retained(name), string("Ann"), rti_retained(pos),
                       MAP(rti_retained(x), number(1)), number(3), number(33));
    expect_text(rti_retained(rt_index(map, name, &check_place)), "Ann");
    expect_text(rt_index(map, number(3), &check_place), "33");
    expect_text(rt_index(map, number(4), &check_place), "0");
    expect_text(rt_index(map, number(NAN), &check_place), "0");
    expect_text(rt_index_result(map, x, &check_place), "key not found: x");
    expect_text(rt_index_result(map, number(4.5), &check_place), "key not found: 4.5");
    CHECK(rt_in(name, map, &check_place) && !rt_in(x, map, &check_place), "in");
    CHECK(rt_length(map, &check_place) == 3, "length");
    expect_text(rt_cast(map, RT_CAST_LIST, &check_place), "[\"Ann\", {x: 1}, 33]");
    uint64_t copy = rti_retained(map), path[2] = {pos, x};
    map = rt_index_set_path(map, path, 2, number(7), &check_place);
    map = rt_index_set(map, number(-0.0), string("zero"), &check_place);
    expect_text(rti_retained(map), "{name: \"Ann\", pos: {x: 7}, 3: 33, 0: \"zero\"}");
    expect_text(copy, "{name: \"Ann\", pos: {x: 1}, 3: 33}");
    const void *inner = rti_pointer(rti_map_find(rti_map(map), pos)->value);
    map = rt_index_set_path(map, path, 2, number(8), &check_place);
    CHECK(rti_pointer(rti_map_find(rti_map(map), pos)->value) == inner, "updated in place");
    uint64_t list = rti_list_word(rt_list_of(&map, 1)), longer[3] = {number(0), pos, string("y")};
    list = rt_index_set_path(list, longer, 3, rti_retained(list), &check_place);
    expect_text(list, "[{name: \"Ann\", pos: {x: 8, y: [{name: \"Ann\", pos: {x: 8}, 3: 33, 0: "
                      "\"zero\"}]}, 3: 33, 0: \"zero\"}]");
    rti_release_word(longer[2]);
    rti_release_word(name);
    rti_release_word(pos);
    rti_release_word(x);
}

static void check_names_by_number(void) {
    double value = 1113510858; // the number of "value" in old programs
    for (int fill = 0; fill < 40; fill += 39) {
        uint64_t map = MAP(string("value"), number(5), string("not a name"), number(6));
        for (int i = 0; i < fill; i++) map = rt_index_set(map, number(i), number(1), &check_place);
        expect_text(rt_index(map, number(value), &check_place), "5");
        CHECK(!rt_in(number(value), map, &check_place), "a name's number is no key");
        map = rt_index_set(map, number(value), number(9), &check_place);
        expect_text(rt_index(map, number(value), &check_place), "9");
        uint64_t key = string("value");
        expect_text(rt_index(map, key, &check_place), "5");
        rti_release_word(key);
        rti_release_word(map);
    }
}

static void check_builtins(void) {
    uint64_t a[2] = {MAP(string("b"), number(1), number(2), string("c")), string("b")};
    expect_text(rt_b_keys(a, 1, &check_place), "[\"b\", 2]");
    expect_text(rt_b_values(a, 1, &check_place), "[1, \"c\"]");
    expect_text(rt_b_has(a, 2, &check_place), "1");
    expect_text(rt_b_contains(a, 2, &check_place), "1");
    expect_text(rt_b_remove(a, 2, &check_place), "{2: \"c\"}");
    expect_text(rti_retained(a[0]), "{b: 1, 2: \"c\"}");
    uint64_t sum = rt_arithmetic(RT_BINARY_ADD, a[0], a[0], &check_place);
    CHECK(rt_equal(sum, a[0]), "a map and itself");
    rti_release_word(sum);
    rti_release_word(a[0]);
    rti_release_word(a[1]);
}

// The first key taken out again and again, as a queue does: linear, and no larger than it must be.
static void check_queue(void) {
    RtMap *map = rt_map_new(0);
    for (int i = 0; i < 1000; i++) map = rt_map_put(map, number(i), number(i), &check_place);
    for (int i = 0; i < 2000000; i++) {
        int64_t at = rt_map_next(map, 0);
        uint64_t key = rt_map_key_at(map, at);
        CHECK(rti_number(key) == i, "key %d", i);
        map = rt_map_remove(map, key, &check_place);
        map = rt_map_put(map, number(i + 1000), number(i), &check_place);
    }
    CHECK(map->length == 1000 && map->capacity < 5000, "room for %lld", (long long)map->capacity);
    rti_release(map);
}

static void check_deep(void) {
    enum { DEPTH = 1000000 };
    uint64_t a = number(1), b = number(1);
    for (int i = 0; i < DEPTH; i++) {
        a = MAP(number(1), a);
        b = MAP(number(1), b);
    }
    CHECK(rt_equal(a, b), "deep maps are equal");
    RtStr *text = rt_str_of(a);
    CHECK(text->length == 5 * DEPTH + 1, "text of %lld bytes", (long long)text->length);
    rti_release(text);
    rti_release_word(a);
    rti_release_word(b);
}

int main(int argc, char **argv) {
    int64_t before = rti_live_blocks();
    make_keys();
    check_random_operations(100 * (argc > 1 ? atol(argv[1]) : 1));
    for (int i = 0; i < KEYS; i++) rti_release_word(keys[i]);
    check_texts();
    check_elements();
    check_names_by_number();
    check_builtins();
    check_queue();
    check_deep();
    CHECK(rti_live_blocks() == before, "%lld blocks alive",
          (long long)(rti_live_blocks() - before));
    return check_done("map");
}
