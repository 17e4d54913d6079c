#include "libra/training/granularity.h"

#include <gtest/gtest.h>

#include <cmath>

namespace libra::training {
namespace {

// Difficulties that are straight lines over log N and cross at N = 10 by construction.
Granularity lines(const std::vector<int>& bins) {
  Granularity found;
  found.untold = 0.5;
  for (const int n : bins) {
    const double x = std::log(double(n) / 10.0);
    found.probes.push_back({.bins = n,
                            .plan = (0.4 + 0.1 * x) * std::log(double(n)),
                            .diffusion = 0.5 * (0.4 - 0.05 * x)});
  }
  return found;
}

TEST(Granularity, FindsTheCrossingBetweenProbes) {
  Granularity found = lines({2, 5, 8, 30, 100});
  balance(found);
  EXPECT_NEAR(found.balance, 10.0, 1e-9);
  EXPECT_EQ(found.bins, 8);
  EXPECT_NEAR(found.probes[0].planner, 0.4 + 0.1 * std::log(0.2), 1e-12);
  EXPECT_NEAR(found.probes[0].refiner, 0.4 - 0.05 * std::log(0.2), 1e-12);
}

TEST(Granularity, TakesTheNearestEndWhereTheyNeverCross) {
  Granularity high = lines({20, 50, 100});
  balance(high);
  EXPECT_EQ(high.bins, 20);
  Granularity low = lines({2, 4});
  balance(low);
  EXPECT_EQ(low.bins, 4);
  Granularity one = lines({7});
  balance(one);
  EXPECT_EQ(one.bins, 7);
}

}  // namespace
}  // namespace libra::training
