// alloc_hosted.c: the allocator's functions over libc's malloc, for builds under AddressSanitizer,
// which must see every block. Compiled to nothing unless RT_PLAIN_MALLOC is defined.
#if defined(RT_PLAIN_MALLOC)
#include "rt_internal.h"
#include <malloc.h>
#include <stdlib.h>

static _Atomic int64_t live;

void *rti_alloc(size_t size) {
    void *block = malloc(size);
    if (block == NULL) rti_stop_memory();
    live++;
    return block;
}

size_t rti_usable(const void *block) {
    return malloc_usable_size((void *)(uintptr_t)block);
}

void *rti_realloc(void *block, size_t size) {
    if (block == NULL) live++;
    block = realloc(block, size == 0 ? 1 : size); // of 0 bytes it would free the block
    if (block == NULL) rti_stop_memory();
    return block;
}

void rti_free(void *block) {
    if (block != NULL) live--;
    free(block);
}

void rti_thread_heap_end(RtThread *thread) {
    (void)thread;
}

int64_t rti_live_blocks(void) {
    return live;
}
#else
typedef int rti_alloc_hosted_is_empty;
#endif
