#include "libra/data/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/support/message_of.h"

namespace libra::data {
namespace {

TEST(Permutation, MeetsEveryNumberOnce) {
  for (const uint64_t size : {1, 2, 3, 5, 16, 17, 1000, 4096, 70001}) {
    const Permutation order(size, size * 7);
    std::set<uint64_t> met;
    for (uint64_t i = 0; i < size; ++i) {
      EXPECT_LT(order(i), size);
      met.insert(order(i));
    }
    EXPECT_EQ(met.size(), size);
  }
}

// Of a random order the mean distance between neighbours is a third of the length, and no place
// keeps its number more often than by chance.
TEST(Permutation, LooksRandomAndDependsOnTheKey) {
  constexpr uint64_t kSize = 20000;
  const Permutation a(kSize, 1), b(kSize, 2);
  double distance = 0;
  int kept = 0, same = 0;
  for (uint64_t i = 0; i + 1 < kSize; ++i) {
    distance += std::abs(double(a(i)) - double(a(i + 1)));
    kept += a(i) == i;
    same += a(i) == b(i);
  }
  EXPECT_NEAR(distance / kSize / kSize, 1.0 / 3, 0.02);
  EXPECT_LT(kept, 10);
  EXPECT_LT(same, 10);
}

TEST(Sampler, DrawsEachSampleOnceAnEpochInAnotherOrderEachTime) {
  const Sampler sampler({40, 25}, {}, 9);
  std::vector<std::vector<uint64_t>> epochs(3);
  for (uint64_t p = 0; p < 65 * 3; ++p) epochs[p / 65].push_back(sampler(p));
  for (const auto& epoch : epochs) {
    EXPECT_EQ(std::set<uint64_t>(epoch.begin(), epoch.end()).size(), 65u);
  }
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_NE(Sampler({65}, {}, 10)(0) * 65 + Sampler({65}, {}, 10)(1),
            Sampler({65}, {}, 11)(0) * 65 + Sampler({65}, {}, 11)(1));
}

TEST(Sampler, MixesSetsInTheirSharesAndEachWithoutRepeats) {
  const Sampler sampler({500, 40, 3}, {6, 3, 1}, 9);
  std::map<int, int> drawn;
  std::map<uint64_t, int> times;
  for (uint64_t p = 0; p < 10000; ++p) {
    const uint64_t sample = sampler(p);
    ++drawn[sample < 500 ? 0 : sample < 540 ? 1 : 2];
    ++times[sample];
  }
  EXPECT_EQ(drawn[0], 6000);
  EXPECT_EQ(drawn[1], 3000);
  EXPECT_EQ(drawn[2], 1000);
  for (const auto& [sample, n] : times) {
    const int expected = sample < 500 ? 12 : sample < 540 ? 75 : 333;
    EXPECT_NEAR(n, expected, 1) << sample;
  }
  // The shares hold in short stretches too.
  int first = 0;
  for (uint64_t p = 0; p < 200; ++p) first += sampler(p) < 500;
  EXPECT_NEAR(first, 120, 30);
}

TEST(Sampler, RefusesWeightsThatDoNotFit) {
  EXPECT_THAT(message_of([] {
                Sampler({5, 6}, {1}, 0);
              }),
              testing::HasSubstr("a number above 0 for each of 2, found 1 numbers"));
  EXPECT_THAT(message_of([] { Sampler({5, 6}, {1, 0}, 0); }), testing::HasSubstr("do not fit"));
}

}  // namespace
}  // namespace libra::data
