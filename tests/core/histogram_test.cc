#include "libra/core/histogram.h"

#include <gtest/gtest.h>

namespace libra {
namespace {

TEST(Histogram, NearestRankPercentiles) {
  Histogram h;
  for (int i = 100; i >= 1; --i) h.add(i);
  EXPECT_EQ(h.percentile(0.5), 50);
  EXPECT_EQ(h.percentile(0.99), 99);
  EXPECT_EQ(h.percentile(1.0), 100);
  EXPECT_EQ(h.percentile(0.0), 1);
  Histogram other;
  other.add(1000);
  h.merge(other);
  EXPECT_EQ(h.count(), 101u);
  EXPECT_EQ(h.percentile(1.0), 1000);
  EXPECT_EQ(Histogram().percentile(0.5), 0);
}

}  // namespace
}  // namespace libra
