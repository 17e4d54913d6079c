// Formulas of training schedules as pure functions of the step (0, 1, 2, ...).
#pragma once

#include <cstdint>

namespace libra::nn {

// Factor on the learning rate: linear warm-up from 0, then 0.5 * (1 + cos(2 pi * cycles *
// progress)), not below 0 (transformers' get_cosine_schedule_with_warmup).
double cosine_with_warmup(int64_t step, int64_t warmup_steps, int64_t total_steps,
                          double cycles = 0.5);

struct EmaDecayOptions {
  double decay = 0.9999;  // upper limit
  bool warmup = false;    // 1 - (1 + step / inv_gamma)^-power instead of (1 + step) / (10 + step)
  double inv_gamma = 1.0;
  double power = 2.0 / 3.0;
};
// Decay of the average after the `update`-th update (1, 2, ...); the first is 0 (diffusers'
// EMAModel).
double ema_decay(int64_t update, const EmaDecayOptions& options);

}  // namespace libra::nn
