// intern.c: the table of names. A name's bytes are copied once, its hash is kept.
#include "intern.h"

#include <string.h>

enum { FIRST_CAPACITY = 512 };

static void grow(Interner *interner) {
    uint32_t capacity = interner->capacity ? interner->capacity * 2 : FIRST_CAPACITY;
    CHECK(capacity != 0, "more than 2^31 names");
    Name **slots = ARENA_ARRAY(interner->arena, Name *, capacity);
    for (uint32_t i = 0; i < interner->capacity; i++) {
        Name *name = interner->slots[i];
        if (!name) continue;
        uint32_t at = name->hash & (capacity - 1);
        while (slots[at]) at = (at + 1) & (capacity - 1);
        slots[at] = name;
    }
    interner->slots = slots;
    interner->capacity = capacity;
}

Name *intern_hashed(Interner *interner, const char *text, size_t len, uint32_t hash) {
    CHECK(len < (size_t)1 << 31, "a name of 2 GiB");
    if (interner->used >= interner->capacity / 4 * 3) grow(interner);
    hash ^= hash >> 15;
    uint32_t at = hash & (interner->capacity - 1);
    for (Name *name; (name = interner->slots[at]) != NULL;
         at = (at + 1) & (interner->capacity - 1)) {
        if (name->hash == hash && name->len == len && memcmp(name->text, text, len) == 0)
            return name;
    }
    Name *name = arena_alloc_words(interner->arena, sizeof(Name));
    name->text = arena_copy(interner->arena, text, len);
    name->len = (uint32_t)len;
    name->hash = hash;
    interner->slots[at] = name;
    interner->used++;
    return name;
}

Name *intern(Interner *interner, const char *text, size_t len) {
    uint32_t hash = INTERN_SEED;
    for (size_t i = 0; i < len; i++) hash = INTERN_STEP(hash, text[i]);
    return intern_hashed(interner, text, len, hash);
}

Name *intern_c(Interner *interner, const char *text) {
    return intern(interner, text, strlen(text));
}
