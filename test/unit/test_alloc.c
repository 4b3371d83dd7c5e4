// test_alloc.c: the allocator: blocks never overlap, keep their bytes when they grow, are reused,
// and may be freed by any thread.
#include "rt_check.h"
#include <pthread.h>

typedef struct Held {
    unsigned char *block;
    size_t size;
    unsigned char fill;
} Held;

enum { HELD = 2000 };

static size_t random_size(void) {
    uint64_t choice = check_random() % 100;
    if (choice < 70) return check_random() % 300;
    if (choice < 95) return check_random() % 20000;
    if (choice < 99) return check_random() % 600000;
    return check_random() % 6000000;
}

static bool filled(const Held *held) {
    size_t step = held->size / 64 + 1;
    for (size_t i = 0; i < held->size; i += step) {
        if (held->block[i] != held->fill) return false;
    }
    return held->size == 0 || held->block[held->size - 1] == held->fill;
}

static void check_random_use(long count) {
    static Held held[HELD];
    for (long i = 0; i < count; i++) {
        Held *it = &held[check_random() % HELD];
        size_t size = random_size();
        if (it->block == NULL) {
            it->block = rti_alloc(size);
        } else {
            CHECK(filled(it), "a block of %zu bytes has changed", it->size);
            if (check_random() % 3 == 0) {
                rti_free(it->block);
                it->block = NULL;
                continue;
            }
            size_t kept = it->size < size ? it->size : size;
            it->block = rti_realloc(it->block, size);
            it->size = kept;
            CHECK(filled(it), "growing changed %zu bytes", kept);
        }
        CHECK(((uintptr_t)it->block & 15) == 0, "alignment");
        CHECK(rti_usable(it->block) >= size, "%zu usable of %zu", rti_usable(it->block), size);
        it->size = size;
        it->fill = (unsigned char)check_random();
        memset(it->block, it->fill, size);
    }
    for (int i = 0; i < HELD; i++) {
        if (held[i].block == NULL) continue;
        CHECK(filled(&held[i]), "a block of %zu bytes has changed", held[i].size);
        rti_free(held[i].block);
        held[i].block = NULL;
    }
}

// --- threads ------------------------------------------------------------------------------------

enum { BATCH = 1000, THREADS = 4, ROUNDS = 200 };
static void *_Atomic mailbox[THREADS][BATCH];

static void *exchange_blocks(void *argument) {
    int me = (int)(intptr_t)argument;
    rti_self()->id = me + 1;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < BATCH; i++) {
            size_t size = (size_t)(i % 50) * 40 + 16;
            unsigned char *block = rti_alloc(size);
            memset(block, me, size);
            int to = (me + 1 + i % (THREADS - 1)) % THREADS;
            rti_free(atomic_exchange(&mailbox[to][i], block)); // mostly another thread's
        }
    }
    rti_thread_heap_end(rti_self());
    return NULL;
}

static void check_threads(void) {
    for (int time = 0; time < 3; time++) {
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            pthread_create(&threads[i], NULL, exchange_blocks, (void *)(intptr_t)i);
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        for (int k = 0; k < BATCH; k++) rti_free(atomic_exchange(&mailbox[i][k], NULL));
    }
}

static long resident_pages(void) {
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        if (fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
        fclose(file);
    }
    return resident;
}

static void check_constant(void) {
    long before = 0;
    for (int round = 0; round < 400; round++) {
        if (round == 100) before = resident_pages();
        for (size_t size = 1; size < 3000000; size = size * 5 / 4 + 1) {
            char *a = rti_alloc(size), *b = rti_alloc(size / 2 + 8);
            a[0] = b[0] = a[size - 1] = 1;
            rti_free(a);
            rti_free(b);
        }
    }
    long grown = resident_pages() - before;
    CHECK(grown < 300, "memory in use grew by %ld pages", grown);
}

int main(int argc, char **argv) {
    long scale = argc > 1 ? atol(argv[1]) : 1;
    int64_t before = rti_live_blocks();
    check_random_use(60000 * scale);
    check_threads();
    check_constant();
    CHECK(rti_live_blocks() == before, "%lld blocks alive",
          (long long)(rti_live_blocks() - before));
    return check_done("alloc");
}
