// alloc.c: memory for values: one heap per thread, without locks, over mmap.
//
// Blocks up to 512 KiB come in 56 size classes (steps of 16 bytes to 128, then four per doubling),
// cut from chunks one after the other (in pieces of whole cache lines), the small ones from runs of a page for each class, so that
// what is made together lies together, a block of 64 bytes in one cache line; freed ones wait in a list per class. Larger blocks are
// mappings of their own: they grow by mremap, ask for huge pages, and a few freed ones are kept for
// reuse. Every block has an 8-byte word in front: the class above, and below it the heap that it
// belongs to (classes) or the bytes of its mapping (large). A thread that frees another heap's
// block pushes it onto that heap's remote list, which only the owner takes, whole: so nothing here
// waits or spins.
//
// Not here: giving chunks back to the system. A heap whose thread left is taken over by the next.
// Invariant: apart from `remote`, only the owning thread touches a heap.
#include "rt_internal.h"
#include "sys.h"
#include <stdatomic.h>

#if !defined(RT_PLAIN_MALLOC) // else alloc_hosted.c: malloc, for the sanitizers

enum {
    HEADER = 8,
    SMALL_LINEAR = 128,      // classes in steps of 16 up to here
    SMALL_MOST = 512 * 1024, // largest class, header included
    CLASS_COUNT = 8 + 12 * 4,
    RUN_CLASSES = 16, // of these, up to 512 bytes, so many bytes are set aside at a time
    RUN_BYTES = 4096,
    LINE = 64,
    FIRST = 24, // of a chunk, where its blocks begin: the elements of a list in one fall on 64 bytes
    CLASS_LARGE = 0xFFFF,
    LARGE_HEADER = 32, // in front of a mapping's payload; list elements fall on 64 bytes
    CHUNK_FIRST = 1 << 20,
    CHUNK_MOST = 32 << 20,
    HUGE = 2 << 20,
    HUGE_FROM = 4 << 20, // mappings from here on ask for huge pages
    KEPT_SLOTS = 8,
    KEPT_BYTES = 64 << 20, // freed mappings kept by the first thread's heap
    KEPT_BYTES_WORKER = 8 << 20,
};

typedef struct Block {
    struct Block *next;
} Block;

typedef struct Mapping {
    char *base;
    size_t size;
} Mapping;

struct RtHeap {
    // Written by any thread: blocks freed elsewhere.
    _Alignas(RTI_CACHE_LINE) Block *_Atomic remote;
    // Written by the owner.
    _Alignas(RTI_CACHE_LINE) Block *free[CLASS_COUNT];
    struct {
        char *at, *end;
    } runs[RUN_CLASSES];   // blocks of one class, one after the other
    char *bump, *bump_end; // the rest of the current chunk; bump is FIRST mod LINE
    size_t next_chunk;
    int64_t live; // blocks allocated less blocks freed by this heap's thread; may be negative
    Mapping kept[KEPT_SLOTS];
    int kept_count;
    size_t kept_size, kept_most;
    RtHeap *next, *next_idle; // lists in the process record
};

static unsigned class_of(size_t total) { // total: header included, a multiple of 16
    if (total <= SMALL_LINEAR) return (unsigned)(total / 16 - 1);
    unsigned bit = 63u - (unsigned)__builtin_clzll(total - 1);
    unsigned quarter = (unsigned)((total - 1 - ((size_t)1 << bit)) >> (bit - 2));
    return 8 + (bit - 7) * 4 + quarter;
}

static size_t class_size(unsigned class) {
    if (class < 8) return (class + 1) * (size_t)16;
    unsigned bit = (class - 8) / 4 + 7, quarter = (class - 8) % 4;
    return ((size_t)1 << bit) + (quarter + 1) * ((size_t)1 << (bit - 2));
}

static uint64_t *word_of(void *block) {
    return (uint64_t *)(void *)((char *)block - HEADER);
}

static size_t total_for(size_t size) {
    size_t total = (size + HEADER + 15) & ~(size_t)15;
    return total < 32 ? 32 : total;
}

static void *map(size_t size) {
    long result = rti_sys_mmap(NULL, size, RTI_PROT_READ | RTI_PROT_WRITE,
                               RTI_MAP_PRIVATE | RTI_MAP_ANONYMOUS);
    if (rti_sys_failed(result)) rti_stop_memory();
    return (void *)result;
}

// --- heaps ---------------------------------------------------------------------------------------

static void heap_push_idle(RtHeap *first, RtHeap *last) {
    RtHeap *head = atomic_load_explicit(&rti_process.idle_heaps, memory_order_relaxed);
    do {
        last->next_idle = head;
        // Release pairs with the acquire of heap_take_idle: the new owner sees the lists.
    } while (!atomic_compare_exchange_weak_explicit(&rti_process.idle_heaps, &head, first,
                                                    memory_order_release, memory_order_relaxed));
}

// Takes the whole list and gives back all but one, so no element can come back unnoticed (ABA).
static RtHeap *heap_take_idle(void) {
    if (atomic_load_explicit(&rti_process.idle_heaps, memory_order_relaxed) == NULL) return NULL;
    RtHeap *heap = atomic_exchange_explicit(&rti_process.idle_heaps, NULL, memory_order_acquire);
    if (heap == NULL) return NULL;
    RtHeap *rest = heap->next_idle;
    if (rest != NULL) {
        RtHeap *last = rest;
        while (last->next_idle != NULL) last = last->next_idle;
        heap_push_idle(rest, last);
    }
    return heap;
}

static RtHeap *heap_new(void) {
    char *chunk = map(CHUNK_FIRST);
    RtHeap *heap = (RtHeap *)(void *)chunk; // zeroed by the kernel
    heap->bump = chunk + ((sizeof(RtHeap) + LINE - 1) & ~(size_t)(LINE - 1)) + FIRST;
    heap->bump_end = chunk + CHUNK_FIRST;
    heap->next_chunk = CHUNK_FIRST;
    RtHeap *head = atomic_load_explicit(&rti_process.heaps, memory_order_relaxed);
    do {
        heap->next = head;
        // Release pairs with the acquire of rti_live_blocks.
    } while (!atomic_compare_exchange_weak_explicit(&rti_process.heaps, &head, heap,
                                                    memory_order_release, memory_order_relaxed));
    return heap;
}

static RtHeap *heap_of_thread(void) {
    RtThread *thread = rti_self();
    if (RTI_UNLIKELY(thread->heap == NULL)) {
        RtHeap *heap = heap_take_idle();
        if (heap == NULL) heap = heap_new();
        heap->kept_most = thread->id == 0 ? KEPT_BYTES : KEPT_BYTES_WORKER;
        thread->heap = heap;
    }
    return thread->heap;
}

static void heap_put(RtHeap *heap, unsigned class, void *payload) {
    Block *block = payload;
    block->next = heap->free[class];
    heap->free[class] = block;
}

static void heap_take_remote(RtHeap *heap) {
    if (atomic_load_explicit(&heap->remote, memory_order_relaxed) == NULL) return;
    // Acquire pairs with the release of block_free_remote.
    Block *block = atomic_exchange_explicit(&heap->remote, NULL, memory_order_acquire);
    while (block != NULL) {
        Block *next = block->next;
        heap_put(heap, (unsigned)(*word_of(block) >> 48), block);
        block = next;
    }
}

// Cuts [bump, bump_end) into blocks of the largest classes that fit, for later.
static void heap_use_rest(RtHeap *heap) {
    size_t rest = (size_t)(heap->bump_end - heap->bump);
    while (rest >= 32) {
        size_t total = rest & ~(size_t)15;
        if (total > SMALL_MOST) total = SMALL_MOST;
        unsigned class = class_of(total);
        if (class_size(class) > total) class --;
        void *payload = heap->bump + HEADER;
        *word_of(payload) = (uint64_t) class << 48 | (uint64_t)(uintptr_t)heap;
        heap_put(heap, class, payload);
        heap->bump += class_size(class);
        rest -= class_size(class);
    }
}

static void heap_add_chunk(RtHeap *heap) {
    heap_use_rest(heap);
    if (heap->next_chunk < CHUNK_MOST) heap->next_chunk *= 2;
    char *chunk = map(heap->next_chunk);
    if (heap->next_chunk >= HUGE_FROM)
        (void)rti_sys_madvise(chunk, heap->next_chunk, RTI_MADV_HUGEPAGE);
    heap->bump = chunk + FIRST;
    heap->bump_end = chunk + heap->next_chunk;
}

static char *heap_cut(RtHeap *heap, size_t total) {
    if ((size_t)(heap->bump_end - heap->bump) < total) heap_add_chunk(heap);
    char *start = heap->bump;
    heap->bump += total;
    return start;
}

static char *heap_cut_run(RtHeap *heap, unsigned class) {
    size_t total = class_size(class);
    if ((size_t)(heap->runs[class].end - heap->runs[class].at) < total) {
        char *start = heap_cut(heap, RUN_BYTES + LINE);
        start += -(uintptr_t)(start + HEADER) & (LINE - 1); // the first payload begins a line
        heap->runs[class].at = start;
        heap->runs[class].end = start + RUN_BYTES;
    }
    char *start = heap->runs[class].at;
    heap->runs[class].at += total;
    return start;
}

// --- large blocks --------------------------------------------------------------------------------

// The kernel promises more than there is, and ends the process when it is used.
static bool is_more_than_all(size_t size) {
    RtiSysinfo info = {0};
    if (size < (size_t)1 << 30) return false;
    if (size > (size_t)1 << 46) return true;
    if (rti_sys_failed(rti_sys_sysinfo(&info)) || info.unit == 0) return false;
    return size / info.unit > info.ram + info.swap;
}

static size_t large_total(size_t size) {
    if (is_more_than_all(size)) rti_stop_memory();
    return (size + LARGE_HEADER + 4095) & ~(size_t)4095;
}

static void *large_dress(char *base, size_t total) {
    void *payload = base + LARGE_HEADER;
    *word_of(payload) = (uint64_t)CLASS_LARGE << 48 | total;
    return payload;
}

// Address space of `total` bytes on a huge-page boundary, not usable yet; null when there is none.
static char *large_reserve(size_t total) {
    long result = rti_sys_mmap(NULL, total + HUGE, RTI_PROT_NONE,
                               RTI_MAP_PRIVATE | RTI_MAP_ANONYMOUS | RTI_MAP_NORESERVE);
    if (rti_sys_failed(result)) return NULL;
    char *base = (char *)result;
    char *aligned = (char *)(((uintptr_t)base + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
    if (aligned > base) (void)rti_sys_munmap(base, (size_t)(aligned - base));
    char *end = base + total + HUGE;
    if (end > aligned + total)
        (void)rti_sys_munmap(aligned + total, (size_t)(end - aligned) - total);
    return aligned;
}

static char *large_map(size_t total) {
    if (total < HUGE_FROM) return map(total);
    char *base = large_reserve(total);
    if (base == NULL) return map(total);
    if (rti_sys_failed(rti_sys_mprotect(base, total, RTI_PROT_READ | RTI_PROT_WRITE)))
        rti_stop_memory();
    (void)rti_sys_madvise(base, total, RTI_MADV_HUGEPAGE);
    return base;
}

static char *large_take_kept(RtHeap *heap, size_t *total) {
    for (int i = heap->kept_count - 1; i >= 0; i--) {
        Mapping found = heap->kept[i];
        if (found.size < *total || found.size - *total > *total / 4) continue;
        heap->kept[i] = heap->kept[--heap->kept_count];
        heap->kept_size -= found.size;
        *total = found.size;
        return found.base;
    }
    return NULL;
}

static void *large_alloc(RtHeap *heap, size_t size) {
    size_t total = large_total(size);
    char *base = large_take_kept(heap, &total);
    if (base == NULL) base = large_map(total);
    heap->live++;
    return large_dress(base, total);
}

static void large_free(void *block) {
    RtHeap *heap = heap_of_thread();
    Mapping gone = {(char *)block - LARGE_HEADER, (size_t)(*word_of(block) & RT_POINTER_MASK)};
    heap->live--;
    if (gone.size > heap->kept_most / 2) {
        (void)rti_sys_munmap(gone.base, gone.size);
        return;
    }
    while (heap->kept_count == KEPT_SLOTS || heap->kept_size + gone.size > heap->kept_most) {
        Mapping oldest = heap->kept[0];
        heap->kept_count--;
        for (int i = 0; i < heap->kept_count; i++) heap->kept[i] = heap->kept[i + 1];
        heap->kept_size -= oldest.size;
        (void)rti_sys_munmap(oldest.base, oldest.size);
    }
    heap->kept[heap->kept_count++] = gone;
    heap->kept_size += gone.size;
}

// Moves page tables, not bytes; to a huge-page boundary where that is worth it.
static void *large_resize(void *block, size_t size) {
    char *base = (char *)block - LARGE_HEADER;
    size_t old = (size_t)(*word_of(block) & RT_POINTER_MASK), total = large_total(size);
    long result = rti_sys_mremap(base, old, total, 0);
    if (rti_sys_failed(result) && total >= HUGE_FROM) {
        char *target = large_reserve(total);
        if (target != NULL) {
            result = rti_sys_mremap_to(base, old, total, target);
            if (rti_sys_failed(result)) (void)rti_sys_munmap(target, total);
        }
    }
    if (rti_sys_failed(result)) result = rti_sys_mremap(base, old, total, RTI_MREMAP_MAYMOVE);
    if (rti_sys_failed(result)) rti_stop_memory();
    base = (char *)result;
    if (total >= HUGE_FROM) (void)rti_sys_madvise(base, total, RTI_MADV_HUGEPAGE);
    return large_dress(base, total);
}

// --- blocks --------------------------------------------------------------------------------------

static void *alloc_slowly(size_t size) {
    RtHeap *heap = heap_of_thread();
    if (size > SMALL_MOST - HEADER) return large_alloc(heap, size);
    unsigned class = class_of(total_for(size));
    if (heap->free[class] == NULL) heap_take_remote(heap);
    Block *block = heap->free[class];
    if (block != NULL) {
        heap->free[class] = block->next;
        heap->live++;
        return block;
    }
    char *block_start =
        class < RUN_CLASSES ? heap_cut_run(heap, class) : heap_cut(heap, class_size(class));
    heap->live++;
    void *payload = block_start + HEADER;
    *word_of(payload) = (uint64_t) class << 48 | (uint64_t)(uintptr_t)heap;
    return payload;
}

void *rti_alloc(size_t size) {
    rti_stress_memory();
    RtHeap *heap = rti_self()->heap;
    if (RTI_LIKELY(heap != NULL && size <= SMALL_MOST - HEADER)) {
        unsigned class = class_of(total_for(size));
        Block *block = heap->free[class];
        if (RTI_LIKELY(block != NULL)) {
            heap->free[class] = block->next;
            __builtin_prefetch(block->next, 1); // the next one to be given out, when it is
            heap->live++;
            return block;
        }
    }
    return alloc_slowly(size);
}

size_t rti_usable(const void *block) {
    uint64_t word = *(const uint64_t *)(const void *)((const char *)block - HEADER);
    unsigned class = (unsigned)(word >> 48);
    if (class == CLASS_LARGE) return (size_t)(word & RT_POINTER_MASK) - LARGE_HEADER;
    return class_size(class) - HEADER;
}

void *rti_realloc(void *block, size_t size) {
    if (block == NULL) return rti_alloc(size);
    size_t usable = rti_usable(block);
    bool large = *word_of(block) >> 48 == CLASS_LARGE;
    if (size <= usable && (size > usable / 2 || usable < 256)) return block;
    if (large && size > SMALL_MOST - HEADER) {
        rti_stress_memory();
        return large_resize(block, size);
    }
    void *copy = rti_alloc(size);
    rti_copy(copy, block, usable < size ? usable : size);
    rti_free(block);
    return copy;
}

static void block_free_remote(RtHeap *owner, Block *block) {
    heap_of_thread()->live--;
    Block *head = atomic_load_explicit(&owner->remote, memory_order_relaxed);
    do {
        block->next = head;
        // Release pairs with the acquire of heap_take_remote.
    } while (!atomic_compare_exchange_weak_explicit(&owner->remote, &head, block,
                                                    memory_order_release, memory_order_relaxed));
}

void rti_free(void *block) {
    if (block == NULL) return;
    uint64_t word = *word_of(block);
    unsigned class = (unsigned)(word >> 48);
    if (RTI_UNLIKELY(class == CLASS_LARGE)) {
        large_free(block);
        return;
    }
    RtHeap *owner = (RtHeap *)(uintptr_t)(word & RT_POINTER_MASK);
    if (RTI_UNLIKELY(owner != rti_self()->heap)) {
        block_free_remote(owner, block);
        return;
    }
    owner->live--;
    heap_put(owner, class, block);
}

void rti_thread_heap_end(RtThread *thread) {
    RtHeap *heap = thread->heap;
    if (heap == NULL) return;
    for (int i = 0; i < heap->kept_count; i++)
        (void)rti_sys_munmap(heap->kept[i].base, heap->kept[i].size);
    heap->kept_count = 0;
    heap->kept_size = 0;
    thread->heap = NULL;
    heap_push_idle(heap, heap);
}

int64_t rti_live_blocks(void) {
    int64_t live = 0;
    // Acquire pairs with the release of heap_new.
    for (RtHeap *heap = atomic_load_explicit(&rti_process.heaps, memory_order_acquire);
         heap != NULL; heap = heap->next)
        live += heap->live;
    return live;
}

#endif
