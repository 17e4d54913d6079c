#include "libra/core/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace libra {
namespace {

TEST(Rng, MomentsOfItsDistributions) {
  Rng rng(7);
  const int n = 200000;
  double mean = 0, square = 0, uniform = 0;
  for (int i = 0; i < n; ++i) {
    const double x = rng.normal();
    mean += x;
    square += x * x;
    uniform += rng.uniform();
  }
  EXPECT_NEAR(mean / n, 0.0, 0.01);
  EXPECT_NEAR(square / n, 1.0, 0.02);
  EXPECT_NEAR(uniform / n, 0.5, 0.005);
}

TEST(Rng, SameSeedSameStreamAndStateRestores) {
  Rng a(3), b(3), c(4);
  EXPECT_EQ(a.next(), b.next());
  EXPECT_NE(a.next(), c.next());
  const auto state = a.state();
  const uint64_t expected = a.next();
  b.set_state(state);
  EXPECT_EQ(b.next(), expected);
}

TEST(Rng, ShuffleKeepsEveryItemAndIsFair) {
  std::vector<int> first(6, 0);
  for (uint64_t seed = 0; seed < 6000; ++seed) {
    std::vector<int> items(6);
    std::iota(items.begin(), items.end(), 0);
    Rng rng(mix_seed({seed}));
    rng.shuffle(items);
    ++first[static_cast<size_t>(items[0])];
    std::sort(items.begin(), items.end());
    ASSERT_EQ(items, (std::vector<int>{0, 1, 2, 3, 4, 5}));
  }
  for (int count : first) EXPECT_NEAR(count, 1000, 150);
}

TEST(MixSeed, EveryPartMatters) {
  EXPECT_NE(mix_seed({1, 2}), mix_seed({2, 1}));
  EXPECT_NE(mix_seed({1, 2}), mix_seed({1, 2, 0}));
  EXPECT_EQ(mix_seed({5, 6}), mix_seed({5, 6}));
}

}  // namespace
}  // namespace libra
