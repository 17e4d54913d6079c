#include "libra/core/intent.h"

#include <algorithm>
#include <cmath>

namespace libra {

int IntentPlan::window(int64_t step, Intent& out) const {
  const int64_t length = horizon(), tokens = expansion * length, first = step - first_step;
  if (first < 0 || first >= tokens) return 0;
  const Intent& begin = intents[static_cast<size_t>(first / length)];
  if (first % length == 0) {
    out = begin;
    return static_cast<int>(length);
  }
  out.horizon = begin.horizon;
  out.bins = begin.bins;
  for (int64_t i = 0; i < length; ++i) {
    const int64_t token = std::min(first + i, tokens - 1);
    const Intent& from = intents[static_cast<size_t>(token / length)];
    const size_t at = static_cast<size_t>(token % length);
    out.bin[static_cast<size_t>(i)] = from.bin[at];
    out.probability[static_cast<size_t>(i)] = from.probability[at];
    out.entropy[static_cast<size_t>(i)] = from.entropy[at];
  }
  return static_cast<int>(std::min(length, tokens - first));
}

bool finite(const ActionChunk& chunk) {
  for (int i = 0; i < std::clamp(chunk.horizon, 0, kMaxHorizon); ++i) {
    for (const float x : chunk.actions[static_cast<size_t>(i)]) {
      if (!std::isfinite(x)) return false;
    }
  }
  return true;
}

}  // namespace libra
