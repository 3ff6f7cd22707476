#ifndef SLUICE_ALLOCATIONS_H
#define SLUICE_ALLOCATIONS_H

#include <stdint.h>

/// What the process has allocated so far, in all threads.
typedef struct {
    /// Blocks handed out; growing one in place or elsewhere counts as one more.
    int64_t count;
    /// Bytes of all blocks handed out, with the heap's own header of each.
    int64_t bytes;
    /// Bytes of the blocks that are not freed yet, with the heap's own header of each.
    int64_t live;
    /// The highest that `live` has been since the peak was last set back.
    int64_t peak;
} sluice_allocations;

/// The counters as they are now.
sluice_allocations sluice_count_allocations(void);

/// Sets the peak back to what is live now.
void sluice_reset_peak(void);

/// Gives free pages of the heap back to the system.
void sluice_trim_heap(void);

#endif
