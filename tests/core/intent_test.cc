#include "libra/core/intent.h"

#include <gtest/gtest.h>

namespace libra {
namespace {

TEST(IntentPlan, SlicesByTime) {
  IntentPlan plan;
  EXPECT_EQ(plan.at(0), nullptr);
  plan.expansion = 2;
  plan.obs_step = 10;
  for (auto& intent : plan.intents) intent.horizon = 5;
  EXPECT_EQ(plan.at(9), nullptr);
  EXPECT_EQ(plan.at(10), &plan.intents[0]);
  EXPECT_EQ(plan.at(14), &plan.intents[0]);
  EXPECT_EQ(plan.at(15), &plan.intents[1]);
  EXPECT_EQ(plan.at(19), &plan.intents[1]);
  EXPECT_EQ(plan.at(20), nullptr);
}

}  // namespace
}  // namespace libra
