// A hash table that keeps the order of insertion: dense entries, an index of 32-bit positions probed
// linearly. Removed entries and slots keep their place until the table is rebuilt.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Entry {
    int64_t key;
    double value;
} Entry;

typedef struct Table {
    Entry *entries;
    uint8_t *gone;
    uint32_t *index; // 0: free; else position + 1
    size_t used, live, capacity, mask;
} Table;

static inline size_t hash(int64_t key) {
    return (uint64_t)key * UINT64_C(0x9E3779B97F4A7C15) >> 32;
}

static Table table_new(void) {
    Table t = {.capacity = 8, .mask = 15};
    t.entries = malloc(t.capacity * sizeof(Entry));
    t.gone = malloc(t.capacity);
    t.index = calloc(t.mask + 1, sizeof(uint32_t));
    return t;
}

static void table_grow(Table *t) {
    size_t kept = 0;
    for (size_t i = 0; i < t->used; i++)
        if (!t->gone[i]) t->entries[kept++] = t->entries[i];
    if (kept > t->capacity / 2) t->capacity *= 2;
    t->entries = realloc(t->entries, t->capacity * sizeof(Entry));
    t->gone = realloc(t->gone, t->capacity);
    memset(t->gone, 0, kept);
    t->used = kept;
    free(t->index);
    t->mask = t->capacity * 2 - 1;
    t->index = calloc(t->mask + 1, sizeof(uint32_t));
    for (size_t i = 0; i < kept; i++) {
        size_t at = hash(t->entries[i].key) & t->mask;
        while (t->index[at]) at = (at + 1) & t->mask;
        t->index[at] = (uint32_t)i + 1;
    }
}

static Entry *table_find(const Table *t, int64_t key) {
    for (size_t at = hash(key) & t->mask; t->index[at]; at = (at + 1) & t->mask) {
        size_t i = t->index[at] - 1;
        if (t->entries[i].key == key && !t->gone[i]) return &t->entries[i];
    }
    return NULL;
}

static double *table_slot(Table *t, int64_t key) {
    size_t at = hash(key) & t->mask;
    for (; t->index[at]; at = (at + 1) & t->mask) {
        size_t i = t->index[at] - 1;
        if (t->entries[i].key == key && !t->gone[i]) return &t->entries[i].value;
    }
    if (t->used == t->capacity) {
        table_grow(t);
        return table_slot(t, key);
    }
    t->index[at] = (uint32_t)++t->used;
    t->live++;
    t->gone[t->used - 1] = 0;
    t->entries[t->used - 1] = (Entry){key, 0};
    return &t->entries[t->used - 1].value;
}

static void table_remove(Table *t, int64_t key) {
    Entry *entry = table_find(t, key);
    if (!entry) return;
    t->gone[entry - t->entries] = 1;
    t->live--;
}

static double get(const Table *t, int64_t key) {
    const Entry *entry = table_find(t, key);
    return entry ? entry->value : 0;
}

enum { N = 1000000, PRIME = 1000003 };

static void run(int64_t step) {
    Table t = table_new();
    double sum = 0;
    for (int64_t i = 0; i < N; i++) *table_slot(&t, i * step % PRIME) = (double)i;
    for (int64_t i = 0; i < N; i++) sum += get(&t, i * step % PRIME);
    for (int64_t i = 0; i < N; i++)
        if (i % 2 == 0) table_remove(&t, i * step % PRIME);
    for (int64_t i = 0; i < N; i++) sum += get(&t, i * step % PRIME);
    for (int64_t i = 0; i < N; i++) *table_slot(&t, i * step % PRIME) += 1;
    for (size_t i = 0; i < t.used; i++)
        if (!t.gone[i]) sum += (double)t.entries[i].key + t.entries[i].value;
    printf("%zu %.0f\n", t.live, sum);
    free(t.entries);
    free(t.gone);
    free(t.index);
}

int main(void) {
    run(1);
    run(514229);
}
