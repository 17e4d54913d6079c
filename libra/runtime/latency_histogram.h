// Percentiles of durations without allocating: buckets whose width is about 3 % of their value.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace libra {

// Thread: one thread only.
class LatencyHistogram {
 public:
  void add(int64_t ns) {
    const uint64_t value = ns > 0 ? static_cast<uint64_t>(ns) : 0;
    ++buckets_[index(value)];
    ++count_;
    max_ = value > max_ ? value : max_;
  }
  uint64_t count() const { return count_; }
  int64_t max_ns() const { return static_cast<int64_t>(max_); }
  // Upper edge of the bucket where share `q` of the values is reached; never above the maximum. 0
  // when empty.
  int64_t percentile_ns(double q) const {
    const double wanted = q * static_cast<double>(count_);
    uint64_t seen = 0;
    for (size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > 0 && static_cast<double>(seen) >= wanted) {
        return static_cast<int64_t>(edge(i) < max_ ? edge(i) : max_);
      }
    }
    return max_ns();
  }

 private:
  static constexpr int kBits = 5;  // 32 buckets an octave
  static size_t index(uint64_t value) {
    if (value < (1u << kBits)) return value;
    const int octave = std::bit_width(value) - kBits - 1;
    return (static_cast<size_t>(octave + 1) << kBits) + ((value >> octave) & ((1u << kBits) - 1));
  }
  static uint64_t edge(size_t i) {
    if (i < (1u << kBits)) return i;
    const int octave = static_cast<int>(i >> kBits) - 1;
    return (((i & ((1u << kBits) - 1)) + (1u << kBits) + 1) << octave) - 1;
  }
  std::array<uint64_t, (64 - kBits + 1) << kBits> buckets_{};
  uint64_t count_ = 0, max_ = 0;
};

}  // namespace libra
