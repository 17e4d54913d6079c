// What the two readers of number_array.h share.
#pragma once

#include <bit>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

namespace libra::sim::libero {

inline constexpr size_t kMaxNumbers = 100'000'000;

// The product of the sides; more than kMaxNumbers where it is larger than that.
inline size_t count_of(const std::vector<size_t>& shape) {
  size_t count = 1;
  for (const size_t side : shape) {
    if (side > 0 && count > kMaxNumbers / side) return std::numeric_limits<size_t>::max() / 8;
    count *= side;
  }
  return count;
}

// Little-endian f64 (wide) or f32 as f64.
inline std::vector<double> numbers_of(std::string_view data, bool wide) {
  static_assert(std::endian::native == std::endian::little);
  std::vector<double> values(data.size() / (wide ? sizeof(double) : sizeof(float)));
  if (wide) {
    if (!data.empty()) std::memcpy(values.data(), data.data(), data.size());
    return values;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    float value = 0;
    std::memcpy(&value, data.data() + i * sizeof(float), sizeof(float));
    values[i] = double(value);
  }
  return values;
}

}  // namespace libra::sim::libero
