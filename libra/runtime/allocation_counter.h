// Counts what a thread must not do: allocate and lock. Linked as libra_allocation_counter into a
// test or benchmark, it takes the place of malloc, free and pthread_mutex_lock in that program.
#pragma once

#include <cstdint>

namespace libra {

// Since the thread began. Both stay 0 in builds with a sanitizer, which has its own malloc.
int64_t allocations_of_this_thread();
int64_t locks_of_this_thread();
bool allocations_are_counted();

}  // namespace libra
