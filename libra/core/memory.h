// How the process treats memory that was given back.
#pragma once

#include <malloc.h>

#include <fstream>
#include <limits>
#include <string>

namespace libra {

// Every step or chunk of a network frees and takes the same megabytes: keep them instead of giving
// the pages back to the system and clearing them anew. That costs time, and on kernels that do not
// preempt themselves it keeps real-time threads waiting.
inline void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // as much as glibc allows
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

// Bytes that new work could take without anything being written to disk; infinite where the system
// does not say.
inline double available_memory() {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  double kilobytes = 0;
  while (file >> key >> kilobytes) {
    if (key == "MemAvailable:") return kilobytes * 1024.0;
    std::getline(file, unit);
  }
  return std::numeric_limits<double>::infinity();
}

}  // namespace libra
