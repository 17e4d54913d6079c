// One number for what the memorisation tests find out (docs/benchmark.md).
#pragma once

#include <span>
#include <string_view>

#include "libra/eval/statistics.h"

namespace libra::eval {

// The variations that count: all rows of this group, as many as there are tests.
inline constexpr std::string_view kMemorisation = "memorisation";
inline constexpr size_t kMemorisationTests = 4;

// Episodes of one test, and those with the right outcome: the asked goal reached, or, where the
// words ask for nothing, the old goal not reached.
struct TestCount {
  int right = 0, episodes = 0;
};

struct Grounding {
  double score = 0.0;  // 0 .. 1
  Interval interval;   // 95 %
};

// The geometric mean of the tests' rates. Each test by itself is passed by some policy that is
// blind to what the others ask: one that never moves does not do the old task on meaningless words,
// one that goes by looks alone copes with things that changed places, one that goes by places alone
// takes whatever stands where the target stood. The geometric mean lets none of them through: a
// test that is never passed makes the score 0. The interval combines the tests' Wilson intervals on
// the log scale, where errors of independent rates add in squares (MOVER, Zou and Donner 2008);
// where a test was never passed its upper end is the score with every test at its upper end.
// Without tests, or with one that has no episodes, the score is 0 in [0, 1].
Grounding grounding_of(std::span<const TestCount> tests);

}  // namespace libra::eval
