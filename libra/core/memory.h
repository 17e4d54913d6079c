// How the process treats memory that was given back.
#pragma once

#include <malloc.h>

namespace libra {

// Every step or chunk of a network frees and takes the same megabytes: keep them instead of giving
// the pages back to the system and clearing them anew. That costs time, and on kernels that do not
// preempt themselves it keeps real-time threads waiting.
inline void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // as much as glibc allows
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

}  // namespace libra
