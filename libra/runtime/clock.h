// Where the runtime reads the time, so that tests can make it jump.
#pragma once

#include <chrono>
#include <cstdint>

namespace libra {

// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t now_ns() const = 0;
};

// The monotonic clock.
class SteadyClock final : public Clock {
 public:
  int64_t now_ns() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

inline const Clock& steady_clock() {
  static const SteadyClock clock;
  return clock;
}

}  // namespace libra
