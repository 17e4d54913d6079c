#include "libra/core/intent.h"

#include <algorithm>
#include <cmath>

namespace libra {

void Intent::resize(int horizon_, size_t dims, int bins_) {
  horizon = horizon_;
  bins = bins_;
  const auto rows = static_cast<size_t>(horizon);
  bin.resize(rows, dims);
  probability.resize(rows, dims);
  entropy.assign(rows, 0.0f);
}

int IntentPlan::window(int64_t step, Intent& out) const {
  const int64_t length = horizon(), tokens = expansion * length, first = step - first_step;
  if (first < 0 || first >= tokens) return 0;
  const Intent& begin = intents[static_cast<size_t>(first / length)];
  out = begin;
  if (first % length == 0) return static_cast<int>(length);
  for (int64_t i = 0; i < length; ++i) {
    const int64_t token = std::min(first + i, tokens - 1);
    const Intent& from = intents[static_cast<size_t>(token / length)];
    const auto at = static_cast<size_t>(token % length), to = static_cast<size_t>(i);
    out.bin.set(to, from.bin[at]);
    out.probability.set(to, from.probability[at]);
    out.entropy[to] = from.entropy[at];
  }
  return static_cast<int>(std::min(length, tokens - first));
}

double IntentPlan::entropy(int64_t step) const {
  const int64_t length = horizon(), tokens = expansion * length, first = step - first_step;
  if (first < 0 || first >= tokens) return 0.0;
  const int64_t covered = std::min(length, tokens - first);
  double sum = 0.0;
  for (int64_t token = first; token < first + covered; ++token) {
    sum +=
        intents[static_cast<size_t>(token / length)].entropy[static_cast<size_t>(token % length)];
  }
  return sum / double(covered);
}

bool finite(const ActionChunk& chunk) {
  const size_t count =
      std::min(static_cast<size_t>(std::max(0, chunk.horizon)), chunk.actions.size());
  for (size_t i = 0; i < count; ++i) {
    for (const float x : chunk.actions[i]) {
      if (!std::isfinite(x)) return false;
    }
  }
  return true;
}

}  // namespace libra
