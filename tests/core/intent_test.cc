#include "libra/core/intent.h"

#include <gtest/gtest.h>

namespace libra {
namespace {

// Token k of the plan has bin k in every dimension.
IntentPlan counted(int expansion, int horizon, int64_t first_step) {
  IntentPlan plan;
  plan.expansion = expansion;
  plan.first_step = first_step;
  for (int m = 0; m < expansion; ++m) {
    Intent& slice = plan.intents[static_cast<size_t>(m)];
    slice.horizon = horizon;
    slice.bins = 100;
    for (int i = 0; i < horizon; ++i)
      slice.bin[static_cast<size_t>(i)].fill(uint8_t(m * horizon + i));
  }
  return plan;
}

TEST(IntentPlan, WindowsFollowTheStepsWhateverTheSlices) {
  const IntentPlan plan = counted(3, 5, 10);
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
      EXPECT_EQ(out.bin[static_cast<size_t>(i)][6], std::min<int64_t>(step + i, 24) - 10) << step;
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
