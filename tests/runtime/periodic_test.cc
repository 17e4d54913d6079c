#include "libra/runtime/periodic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/runtime/clock.h"

namespace libra {
namespace {

TEST(PeriodicLoop, KeepsItsRateWhateverTheWorkTakes) {
  PeriodicLoop loop(1000);
  const int64_t begin = steady_clock().now_ns();
  loop.start();
  int64_t missed = 0;
  for (int i = 0; i < 50; ++i) {
    const int64_t until = steady_clock().now_ns() + (i == 20 ? 3'500'000 : 200'000);
    while (steady_clock().now_ns() < until) {
    }
    missed += loop.wait();
  }
  // Deadlines do not drift: fifty waits and what was missed are so many periods, at least.
  const int64_t took = steady_clock().now_ns() - begin;
  EXPECT_GE(took, (50 + missed) * loop.period_ns());
  EXPECT_GE(missed, 3);  // the long one runs over three deadlines
  EXPECT_EQ(loop.overruns(), missed);
  EXPECT_EQ(loop.periods(), 50);
  EXPECT_EQ(loop.wake_up().count(), 50u);
  EXPECT_GE(loop.work().max_ns(), 3'500'000);
  EXPECT_GE(loop.work().percentile_ns(0.1), 200'000 * 31 / 32);
}

TEST(PeriodicLoop, RefusesRatesThatAreNone) {
  for (double hz : {0.0, -1.0, 10001.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(PeriodicLoop loop(hz), Error);
  }
}

TEST(ApplyRealtime, SaysWhatWasGranted) {
  std::vector<std::string> lines;
  std::thread([&] { lines = apply_realtime({}); }).join();
  EXPECT_EQ(lines, std::vector<std::string>{"nothing asked for: an ordinary thread"});
  std::thread([&] { lines = apply_realtime({0, 100000, false}); }).join();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("core 100000 alone: denied ("), std::string::npos) << lines[0];
  std::thread([&] { lines = apply_realtime({1, -1, false}); }).join();
  EXPECT_TRUE(lines[0].find("granted") != std::string::npos ||
              lines[0].find("limits.conf") != std::string::npos);
}

TEST(LatencyHistogram, IsWithinThreePercentOfTheExactPercentiles) {
  Rng rng(5);
  LatencyHistogram histogram;
  std::vector<int64_t> values;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(static_cast<int64_t>(std::exp(rng.uniform(0, 20))));
    histogram.add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (double q : {0.01, 0.5, 0.99, 0.999, 1.0}) {
    const int64_t exact = values[size_t(std::ceil(q * 20000)) - 1];
    EXPECT_GE(histogram.percentile_ns(q), exact) << q;
    EXPECT_LE(double(histogram.percentile_ns(q)), double(exact) * 1.033 + 1) << q;
  }
  EXPECT_EQ(histogram.max_ns(), values.back());
  LatencyHistogram extremes;
  extremes.add(-5);
  extremes.add(std::numeric_limits<int64_t>::max());
  EXPECT_EQ(extremes.percentile_ns(0.5), 0);
  EXPECT_EQ(extremes.max_ns(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(LatencyHistogram().percentile_ns(0.99), 0);
}

}  // namespace
}  // namespace libra
