#include "libra/eval/statistics.h"

#include <gtest/gtest.h>

namespace libra::eval {
namespace {

// The bounds are the roots of (p - x/n)^2 = z^2 p (1 - p) / n, found by bisection outside this
// program; for x = 0 the upper one is z^2 / (n + z^2).
TEST(Wilson95, BoundsSolveTheScoreEquation) {
  struct Case {
    int successes, episodes;
    double low, high;
  };
  for (const Case& c : {Case{8, 10, 0.490162, 0.943318}, Case{81, 263, 0.255289, 0.366210},
                        Case{0, 10, 0.0, 0.277533}, Case{10, 10, 0.722467, 1.0},
                        Case{47, 50, 0.837829, 0.979385}}) {
    const Interval i = wilson95(c.successes, c.episodes);
    EXPECT_NEAR(i.low, c.low, 1e-6) << c.successes << "/" << c.episodes;
    EXPECT_NEAR(i.high, c.high, 1e-6) << c.successes << "/" << c.episodes;
  }
}

TEST(Wilson95, KnowsNothingWithoutEpisodes) {
  EXPECT_EQ(wilson95(0, 0).low, 0.0);
  EXPECT_EQ(wilson95(0, 0).high, 1.0);
}

TEST(Summarise, TakesNearestRanks) {
  Histogram h;
  double sum = 0;
  for (int i = 1; i <= 200; ++i) {
    h.add(i);
    sum += i;
  }
  const Latency l = summarise(h, sum);
  EXPECT_EQ(l.p50, 100.0);
  EXPECT_EQ(l.p99, 198.0);
  EXPECT_EQ(l.mean, 100.5);
  EXPECT_EQ(l.count, 200);
}

}  // namespace
}  // namespace libra::eval
