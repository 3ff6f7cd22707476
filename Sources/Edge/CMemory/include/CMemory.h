#ifndef CMEMORY_H
#define CMEMORY_H

/// Lets the allocator keep no more than this many arenas, instead of eight for each core. To be called before there are threads.
void cmemory_limit_arenas(int count);

/// Gives memory that was freed back to the system, and lets go of the pages of programs and libraries that are mapped and cannot
/// have been changed. Those that are needed are mapped again when they are touched, from the page cache as a rule.
void cmemory_release(void);

#endif
