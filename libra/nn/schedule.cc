#include "libra/nn/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace libra::nn {

double cosine_with_warmup(int64_t step, int64_t warmup_steps, int64_t total_steps, double cycles) {
  if (step < warmup_steps) return double(step) / double(std::max<int64_t>(1, warmup_steps));
  const double progress =
      double(step - warmup_steps) / double(std::max<int64_t>(1, total_steps - warmup_steps));
  return std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * cycles * 2.0 * progress)));
}

double ema_decay(int64_t update, const EmaDecayOptions& options) {
  const double step = double(std::max<int64_t>(0, update - 1));
  if (step <= 0) return 0.0;
  const double value = options.warmup
                           ? 1.0 - std::pow(1.0 + step / options.inv_gamma, -options.power)
                           : (1.0 + step) / (10.0 + step);
  return std::clamp(value, 0.0, options.decay);
}

}  // namespace libra::nn
