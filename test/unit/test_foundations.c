// test_foundations.c: arenas, growable arrays, pointer maps, interned names.
#include "../../frontend/intern.h"
#include "../../frontend/map.h"
#include "../../frontend/vec.h"
#include "frontend_check.h"
#include <string.h>

static void test_arena(void) {
    Arena arena = {0};
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        size_t size = check_random(&state) % (i % 100 == 0 ? 100000 : 200);
        unsigned char *block = arena_alloc(&arena, size);
        EXPECT((uintptr_t)block % 16 == 0);
        for (size_t b = 0; b < size; b++) EXPECT(block[b] == 0);
        memset(block, 0xAA, size);
    }
    EXPECT(arena.total > 0);
    EXPECT(strcmp(arena_printf(&arena, "%s-%d", "a", 42), "a-42") == 0);
    EXPECT(memcmp(arena_copy(&arena, "a\0b", 3), "a\0b", 4) == 0);
    arena_free(&arena);
    EXPECT(arena.chunks == NULL && arena.total == 0);
    EXPECT(arena_alloc(&arena, 0) != NULL); // usable again
    arena_free(&arena);
}

static void test_vec(void) {
    Arena arena = {0};
    VEC(int) numbers = {0};
    for (int i = 0; i < 100000; i++) vec_push(&arena, &numbers, i);
    int next = 0;
    VEC_EACH(int, number, &numbers) EXPECT(number == next++);
    EXPECT(next == 100000);
    next = 0;
    VEC_EACH(int, number, &numbers) {
        if (number == 10) break;
        next++;
    }
    EXPECT(next == 10);
    arena_free(&arena);
}

static void test_map(void) {
    Arena arena = {0};
    PtrMap map = {.arena = &arena};
    static int keys[50000];
    EXPECT(map_get(&map, &keys[0]) == NULL);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 50000; i += 2) {
            void *before = map_put(&map, &keys[i], &keys[i + 1 - round]);
            EXPECT(before == (round == 0 ? NULL : &keys[i + 1]));
        }
    for (int i = 0; i < 50000; i++)
        EXPECT(map_get(&map, &keys[i]) == (i % 2 == 0 ? &keys[i] : NULL));
    arena_free(&arena);
}

static void test_intern(void) {
    Arena arena = {0};
    Interner names = {.arena = &arena};
    Name *kept[5000];
    char text[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "name_%d", i);
        kept[i] = intern_c(&names, text);
        EXPECT(strcmp(kept[i]->text, text) == 0 && kept[i]->len == strlen(text));
    }
    for (int i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "name_%dxx", i);
        EXPECT(intern(&names, text, strlen(text) - 2) == kept[i]);
    }
    EXPECT(intern(&names, "", 0) == intern_c(&names, ""));
    arena_free(&arena);
}

int main(void) {
    test_arena();
    test_vec();
    test_map();
    test_intern();
    return check_failures != 0;
}
