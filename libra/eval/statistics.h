// The numbers that a share of successes deserves.
#pragma once

#include <array>

#include "libra/core/histogram.h"

namespace libra::eval {

struct Interval {
  double low = 0.0, high = 1.0;
};

// Wilson score interval at 95 % (Wilson 1927): keeps its promise for shares near 0 and 1, where
// p +- 1.96 s does not. Without episodes it is [0, 1].
Interval wilson95(int successes, int episodes);

// Median, 99th percentile and mean of a latency record (ms).
struct Latency {
  double p50 = 0.0, p99 = 0.0, mean = 0.0;
  int count = 0;
};
Latency summarise(const Histogram& milliseconds, double sum);

}  // namespace libra::eval
