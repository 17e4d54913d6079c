#include "libra/core/intent.h"

#include <gtest/gtest.h>

#include "tests/support/plans.h"

namespace libra {
namespace {

TEST(IntentPlan, WindowsFollowTheStepsWhateverTheSlices) {
  const IntentPlan plan = numbered_plan(/*serial=*/0, /*step=*/10, 0, 0, 3, 5);
  Intent out;
  for (int64_t step = 0; step < 40; ++step) {
    const int covered = plan.window(step, out);
    if (step < 10 || step >= 25) {
      EXPECT_EQ(covered, 0) << step;
      continue;
    }
    EXPECT_EQ(covered, std::min<int64_t>(5, 25 - step)) << step;
    EXPECT_EQ(out.horizon, 5);
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(out.bin[static_cast<size_t>(i)][0], std::min<int64_t>(step + i, 24) - 10) << step;
    }
  }
}

TEST(IntentPlan, NoPlanHasNoWindow) {
  Intent out;
  out.horizon = 7;
  EXPECT_EQ(IntentPlan{}.window(0, out), 0);
  EXPECT_EQ(out.horizon, 7);
}

}  // namespace
}  // namespace libra
