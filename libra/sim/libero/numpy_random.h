// numpy.random.RandomState, as far as tasks of others were drawn with it: the same numbers from the
// same seed.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <random>

namespace libra::sim::libero {

class NumpyRandom {
 public:
  explicit NumpyRandom(uint32_t seed) : engine_(seed) {}

  // random_sample(): [0, 1) in steps of 2^-53.
  double uniform() {
    const auto high = static_cast<double>(draw() >> 5), low = static_cast<double>(draw() >> 6);
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }
  // randn(): the polar method, whose second number is kept for the next call.
  double normal() {
    if (kept_) {
      const double value = *kept_;
      kept_.reset();
      return value;
    }
    double x = 0, y = 0, square = 0;
    do {
      x = 2.0 * uniform() - 1.0;
      y = 2.0 * uniform() - 1.0;
      square = x * x + y * y;
    } while (square >= 1.0 || square == 0.0);
    const double scale = std::sqrt(-2.0 * std::log(square) / square);
    kept_ = scale * x;
    return scale * y;
  }

 private:
  uint32_t draw() { return static_cast<uint32_t>(engine_()); }

  std::mt19937 engine_;  // the standard fixes its numbers, only those of distributions are free
  std::optional<double> kept_;
};

}  // namespace libra::sim::libero
