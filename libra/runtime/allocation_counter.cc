#include "libra/runtime/allocation_counter.h"

#include <dlfcn.h>
#include <pthread.h>

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIBRA_COUNTS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIBRA_COUNTS 0
#endif
#endif
#ifndef LIBRA_COUNTS
#define LIBRA_COUNTS 1
#endif

namespace {

// initial-exec: the first access of a thread must not itself allocate.
thread_local int64_t allocations __attribute__((tls_model("initial-exec"))) = 0;
thread_local int64_t locks __attribute__((tls_model("initial-exec"))) = 0;

}  // namespace

#if LIBRA_COUNTS
// glibc's own entry points under these names.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void __libc_free(void* memory);
// NOLINTEND(bugprone-reserved-identifier)

void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  ++allocations;
  return __libc_realloc(old, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) {
  ++allocations;
  *memory = __libc_memalign(alignment, size);
  return *memory != nullptr || size == 0 ? 0 : 12;  // ENOMEM
}
void free(void* memory) {
  if (memory != nullptr) ++allocations;  // giving back is as forbidden as taking
  __libc_free(memory);
}

int pthread_mutex_lock(pthread_mutex_t* mutex) {
  using Lock = int (*)(pthread_mutex_t*);
  static const auto real = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  ++locks;
  return real(mutex);
}
}
#endif

namespace libra {

int64_t allocations_of_this_thread() { return allocations; }
int64_t locks_of_this_thread() { return locks; }
bool allocations_are_counted() { return LIBRA_COUNTS != 0; }

}  // namespace libra
