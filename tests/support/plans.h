// Plans whose bins tell where they came from: bin[i][d] of slice m is (10 * serial + m * H + i + d)
// % N.
#pragma once

#include "libra/core/intent.h"

namespace libra {

inline IntentPlan numbered_plan(int serial, int64_t step, uint32_t epoch, uint64_t instruction,
                                int expansion, int horizon) {
  IntentPlan plan(expansion, horizon, 7, 100);
  plan.obs_step = plan.first_step = step;
  plan.epoch = epoch;
  plan.instruction_id = instruction;
  for (int m = 0; m < expansion; ++m) {
    Intent& slice = plan.intents[static_cast<size_t>(m)];
    for (int i = 0; i < horizon; ++i) {
      for (int d = 0; d < 7; ++d) {
        slice.bin[size_t(i)][size_t(d)] =
            static_cast<uint8_t>((10 * serial + m * horizon + i + d) % 100);
      }
    }
  }
  return plan;
}

}  // namespace libra
