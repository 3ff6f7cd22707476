// Counts what is allocated: the executable's own malloc and free come before those of the C library, and hand on to them.

#include "allocations.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static _Atomic int64_t blocks;
static _Atomic int64_t bytes;
static _Atomic int64_t live;
static _Atomic int64_t peak;

// Before each block of glibc stands its size.
static const int64_t header = sizeof(size_t);

static void *taken(void *block) {
    if (block) {
        int64_t size = (int64_t)malloc_usable_size(block) + header;
        atomic_fetch_add_explicit(&blocks, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&bytes, size, memory_order_relaxed);
        int64_t now = atomic_fetch_add_explicit(&live, size, memory_order_relaxed) + size;
        // Threads that race here may miss each other's peak; what is measured runs in one.
        if (now > atomic_load_explicit(&peak, memory_order_relaxed)) atomic_store_explicit(&peak, now, memory_order_relaxed);
    }
    return block;
}

static void given_back(void *block) {
    if (block) atomic_fetch_sub_explicit(&live, (int64_t)malloc_usable_size(block) + header, memory_order_relaxed);
}

void *malloc(size_t size) { return taken(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return taken(__libc_calloc(count, size)); }

void *realloc(void *block, size_t size) {
    int64_t before = block ? (int64_t)malloc_usable_size(block) + header : 0;
    void *grown = __libc_realloc(block, size);
    // A failed realloc leaves the old block as it was; one to nothing frees it.
    if (grown || size == 0) atomic_fetch_sub_explicit(&live, before, memory_order_relaxed);
    return taken(grown);
}

void *memalign(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }

void *aligned_alloc(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    void *fresh = taken(__libc_memalign(alignment, size));
    if (!fresh) return ENOMEM;
    *block = fresh;
    return 0;
}

void free(void *block) {
    given_back(block);
    __libc_free(block);
}

sluice_allocations sluice_count_allocations(void) {
    sluice_allocations now = {
        atomic_load_explicit(&blocks, memory_order_relaxed),
        atomic_load_explicit(&bytes, memory_order_relaxed),
        atomic_load_explicit(&live, memory_order_relaxed),
        atomic_load_explicit(&peak, memory_order_relaxed),
    };
    return now;
}

void sluice_reset_peak(void) {
    atomic_store_explicit(&peak, atomic_load_explicit(&live, memory_order_relaxed), memory_order_relaxed);
}

void sluice_trim_heap(void) { malloc_trim(0); }
