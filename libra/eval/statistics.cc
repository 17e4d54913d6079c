#include "libra/eval/statistics.h"

#include <algorithm>
#include <cmath>

namespace libra::eval {

Interval wilson95(int successes, int episodes) {
  if (episodes <= 0) return {};
  constexpr double z = 1.959963984540054;  // 97.5th percentile of the normal distribution
  const double n = episodes, p = successes / n;
  const double centre = p + z * z / (2 * n);
  const double spread = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  return {std::max(0.0, (centre - spread) / scale), std::min(1.0, (centre + spread) / scale)};
}

Latency summarise(const Histogram& milliseconds, double sum) {
  const int count = static_cast<int>(milliseconds.count());
  return {milliseconds.percentile(0.5), milliseconds.percentile(0.99),
          count > 0 ? sum / count : 0.0, count};
}

}  // namespace libra::eval
