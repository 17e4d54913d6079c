#include "libra/eval/grounding.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "libra/core/rng.h"

namespace libra::eval {
namespace {

using Tests = std::array<TestCount, 4>;  // positions, target, instruction, meaningless

TEST(Grounding, OfThePerfectIsOne) {
  const Grounding g = grounding_of(Tests{{{50, 50}, {40, 40}, {50, 50}, {50, 50}}});
  EXPECT_DOUBLE_EQ(g.score, 1.0);
  EXPECT_DOUBLE_EQ(g.interval.high, 1.0);
  EXPECT_GT(g.interval.low, 0.9);
  EXPECT_LT(g.interval.low, 1.0);
}

TEST(Grounding, OfThoseThatDoNotListenOrLookIsZero) {
  const std::vector<Tests> blind = {
      {{{0, 50}, {0, 50}, {0, 50}, {50, 50}}},   // never moves
      {{{50, 50}, {0, 50}, {0, 50}, {0, 50}}},   // finds the old target wherever it is
      {{{0, 50}, {50, 50}, {0, 50}, {0, 50}}},   // replays: takes what stands at the old place
      {{{0, 50}, {50, 50}, {50, 50}, {50, 50}}}  // listens, but goes where things used to be
  };
  for (const Tests& tests : blind) {
    const Grounding g = grounding_of(tests);
    EXPECT_EQ(g.score, 0.0);
    EXPECT_EQ(g.interval.low, 0.0);
    EXPECT_GT(g.interval.high, 0.0);  // fifty failures do not prove that it never works
    EXPECT_LT(g.interval.high, 0.6);
  }
}

TEST(Grounding, IsTheGeometricMean) {
  EXPECT_NEAR(grounding_of(Tests{{{25, 50}, {10, 20}, {5, 10}, {50, 100}}}).score, 0.5, 1e-12);
  const Grounding g = grounding_of(Tests{{{40, 50}, {45, 50}, {20, 50}, {48, 50}}});
  EXPECT_NEAR(g.score, std::pow(0.8 * 0.9 * 0.4 * 0.96, 0.25), 1e-12);
  EXPECT_LT(g.interval.low, g.score);
  EXPECT_GT(g.interval.high, g.score);
}

TEST(Grounding, OfOneTestIsItsRateWithItsInterval) {
  const TestCount test{30, 40};
  const Grounding g = grounding_of({&test, 1});
  EXPECT_NEAR(g.score, 0.75, 1e-12);
  EXPECT_NEAR(g.interval.low, wilson95(30, 40).low, 1e-12);
  EXPECT_NEAR(g.interval.high, wilson95(30, 40).high, 1e-12);
}

// The interval keeps its promise: drawn again and again, it holds the truth in 95 % of the cases.
TEST(Grounding, IntervalCoversTheTruth) {
  constexpr std::array<double, 4> kRates{0.9, 0.6, 0.3, 0.95};
  const double truth = std::pow(0.9 * 0.6 * 0.3 * 0.95, 0.25);
  constexpr int kDraws = 4000, kEpisodes = 50;
  Rng rng(7);
  int covered = 0;
  double width = 0.0;
  for (int draw = 0; draw < kDraws; ++draw) {
    Tests tests;
    for (size_t k = 0; k < tests.size(); ++k) {
      tests[k].episodes = kEpisodes;
      for (int e = 0; e < kEpisodes; ++e) tests[k].right += rng.uniform() < kRates[k] ? 1 : 0;
    }
    const Grounding g = grounding_of(tests);
    covered += g.interval.low <= truth && truth <= g.interval.high ? 1 : 0;
    width += (g.interval.high - g.interval.low) / kDraws;
  }
  EXPECT_GT(covered, 0.935 * kDraws);
  EXPECT_LT(covered, 0.985 * kDraws);
  EXPECT_LT(width, 0.2);
}

TEST(Grounding, WithoutEpisodesSaysNothing) {
  for (const std::vector<TestCount>& tests :
       {std::vector<TestCount>{}, std::vector<TestCount>{{10, 10}, {0, 0}}}) {
    const Grounding g = grounding_of(tests);
    EXPECT_EQ(g.score, 0.0);
    EXPECT_EQ(g.interval.low, 0.0);
    EXPECT_EQ(g.interval.high, 1.0);
  }
}

}  // namespace
}  // namespace libra::eval
