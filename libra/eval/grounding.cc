#include "libra/eval/grounding.h"

#include <algorithm>
#include <cmath>

namespace libra::eval {

Grounding grounding_of(std::span<const TestCount> tests) {
  const auto empty = [](const TestCount& t) { return t.episodes == 0; };
  if (tests.empty() || std::any_of(tests.begin(), tests.end(), empty)) return {};
  const double share = 1.0 / static_cast<double>(tests.size());
  double log_score = 0.0, log_top = 0.0, below = 0.0, above = 0.0;
  bool never = false;
  for (const TestCount& test : tests) {
    const Interval i = wilson95(test.right, test.episodes);
    log_top += share * std::log(i.high);
    if (test.right == 0) {
      never = true;
      continue;
    }
    const double rate = std::log(static_cast<double>(test.right) / test.episodes);
    log_score += share * rate;
    below += std::pow(share * (rate - std::log(i.low)), 2);
    above += std::pow(share * (std::log(i.high) - rate), 2);
  }
  if (never) return {0.0, {0.0, std::exp(log_top)}};
  return {std::exp(log_score),
          {std::exp(log_score - std::sqrt(below)),
           std::min(1.0, std::exp(log_score + std::sqrt(above)))}};
}

}  // namespace libra::eval
