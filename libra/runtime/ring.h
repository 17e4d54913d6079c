// A queue of fixed length between two threads, for what must not be lost silently: values that do
// not fit are counted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace libra {

// Thread: one writer (push), one reader (pop). Both are wait-free.
template <class T>
class Ring {
 public:
  // `slot`: what every slot holds at first. Copying into one of that size allocates nothing.
  explicit Ring(size_t capacity, const T& slot = {}) : slots_(capacity, slot) {}

  bool push(const T& value) {
    return push_by([&](T& slot) { slot = value; });
  }
  // The slot is filled in place.
  template <class Fill>
  bool push_by(Fill fill) {
    const uint64_t at = written_.load(std::memory_order_relaxed);
    if (at - read_.load(std::memory_order_acquire) >= slots_.size()) {
      lost_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    fill(slots_[at % slots_.size()]);
    written_.store(at + 1, std::memory_order_release);
    return true;
  }
  bool pop(T& value) {
    const uint64_t at = read_.load(std::memory_order_relaxed);
    if (at == written_.load(std::memory_order_acquire)) return false;
    value = slots_[at % slots_.size()];
    read_.store(at + 1, std::memory_order_release);
    return true;
  }
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  std::vector<T> slots_;
  alignas(64) std::atomic<uint64_t> written_{0};
  alignas(64) std::atomic<uint64_t> read_{0};
  std::atomic<uint64_t> lost_{0};
};

}  // namespace libra
