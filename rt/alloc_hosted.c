// alloc_hosted.c: memory in builds under sanitizers. AddressSanitizer must see every block: with
// RT_PLAIN_MALLOC the allocator's functions go over libc's malloc. ThreadSanitizer must see every
// mapping: with RT_TSAN those come from libc's mmap. Without either, this file is empty.
#if defined(RT_PLAIN_MALLOC)
#include "rt_internal.h"
#include <malloc.h>
#include <stdlib.h>

#define MOST ((size_t)1 << 39) // the system refuses more; the sanitizer would end the process

static _Atomic int64_t live;

void *rti_alloc(size_t size) {
    void *block = size < MOST ? malloc(size) : NULL;
    if (block == NULL) rti_stop_memory();
    live++;
    return block;
}

size_t rti_usable(const void *block) {
    return malloc_usable_size((void *)(uintptr_t)block);
}

void *rti_realloc(void *block, size_t size) {
    if (block == NULL) live++;
    if (size == 0) size = 1; // of 0 bytes it would free the block
    block = size < MOST ? realloc(block, size) : NULL;
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
#elif defined(RT_TSAN)
#include "sys.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

long rti_sys_mmap(void *address, size_t size, int protection, int flags) {
    void *result = mmap(address, size, protection, flags, -1, 0);
    return result == MAP_FAILED ? -errno : (long)result;
}

long rti_sys_munmap(void *address, size_t size) {
    return munmap(address, size) == 0 ? 0 : -errno;
}

// By copying: the sanitizer does not follow a mapping that moves.
static long move(void *address, size_t old_size, size_t new_size, void *target) {
    memcpy(target, address, old_size < new_size ? old_size : new_size);
    (void)rti_sys_munmap(address, old_size);
    return (long)target;
}

long rti_sys_mremap(void *address, size_t old_size, size_t new_size, int flags) {
    if (!(flags & RTI_MREMAP_MAYMOVE)) return -RTI_ENOMEM;
    long target = rti_sys_mmap(NULL, new_size, RTI_PROT_READ | RTI_PROT_WRITE,
                               RTI_MAP_PRIVATE | RTI_MAP_ANONYMOUS);
    if (rti_sys_failed(target)) return target;
    return move(address, old_size, new_size, (void *)target);
}

long rti_sys_mremap_to(void *address, size_t old_size, size_t new_size, void *target) {
    long usable = rti_sys_mprotect(target, new_size, RTI_PROT_READ | RTI_PROT_WRITE);
    return usable < 0 ? usable : move(address, old_size, new_size, target);
}
#else
typedef int rti_alloc_hosted_is_empty;
#endif
