// The newest value, handed from one thread to another without waiting: three slots, one atomic word
// that says which of them lies in the middle and whether it is new. Writer and reader each own a
// slot and exchange it with the middle one, so values are written and read in place, torn values
// cannot be seen, and a value that is overwritten before it was read is simply never seen.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace libra {

// Thread: one writer (back, publish), one reader (update, front). All calls are wait-free.
template <class T>
class TripleBuffer {
 public:
  TripleBuffer() = default;
  explicit TripleBuffer(const T& value) : slots_{value, value, value} {}
  TripleBuffer(const TripleBuffer&) = delete;
  TripleBuffer& operator=(const TripleBuffer&) = delete;

  // Writer: the slot to write into. It holds some older value.
  T& back() { return slots_[back_]; }
  // True: the value before this one was never read.
  bool publish() {
    const uint8_t old = middle_.exchange(back_ | kNew, std::memory_order_acq_rel);
    back_ = old & kIndex;
    return (old & kNew) != 0;
  }

  // Reader: takes the newest value; false when there is none since the last call.
  bool update() {
    if ((middle_.load(std::memory_order_relaxed) & kNew) == 0) return false;
    front_ = middle_.exchange(front_, std::memory_order_acq_rel) & kIndex;
    return true;
  }
  // Either: there is a value that update() would take.
  bool has_news() const { return (middle_.load(std::memory_order_acquire) & kNew) != 0; }
  const T& front() const { return slots_[front_]; }

 private:
  static constexpr uint8_t kIndex = 3, kNew = 4;
  std::array<T, 3> slots_{};
  alignas(64) std::atomic<uint8_t> middle_{1};
  alignas(64) uint8_t back_ = 0;   // the writer's
  alignas(64) uint8_t front_ = 2;  // the reader's
};

}  // namespace libra
