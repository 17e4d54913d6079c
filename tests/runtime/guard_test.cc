#include "libra/runtime/guard.h"

#include <gtest/gtest.h>

#include <limits>

#include "libra/core/error.h"

namespace libra {
namespace {

const Proprio kMiddle = {0.1, 0.0, 0.5, 0, 0, 0, 0.02, -0.02};

Action applied(Guard& guard, Action action, const Proprio& at, int64_t step) {
  guard.apply(action, at, step);
  return action;
}

TEST(Guard, ClampsAndTurnsNoNumbersIntoNoMotion) {
  Guard guard({}, libero_panda());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  const Action wanted = {0.5f, -1.5f, nan, inf, -inf, 1.0f, -1.0f};
  EXPECT_EQ(applied(guard, wanted, kMiddle, 3), (Action{0.5f, -1, 0, 1, -1, 1, -1}));
  EXPECT_EQ(guard.count(GuardKind::kClamped), 4);
  EXPECT_EQ(applied(guard, {1, 1, 1, 1, 1, 1, 1}, kMiddle, 4), (Action{1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(guard.total(), 4);
  EXPECT_EQ(guard.explain(), "action clamped 4 times, first at step 3: dy -1.500 became -1.000\n");
}

TEST(Guard, LimitsChangesOfMotionButNotTheGripper) {
  GuardConfig config;
  config.rate_limit = 0.3;
  Guard guard(config, libero_panda());
  EXPECT_EQ(applied(guard, {1, 0, 0, 0, 0, 0, -1}, kMiddle, 0)[0],
            1.0f);  // nothing to compare with
  const Action next = applied(guard, {-1, 0.2f, 0, 0, 0, 0, 1}, kMiddle, 1);
  EXPECT_FLOAT_EQ(next[0], 0.7f);
  EXPECT_FLOAT_EQ(next[1], 0.2f);
  EXPECT_EQ(next[6], 1.0f);
  EXPECT_FLOAT_EQ(applied(guard, {-1, 0, 0, 0, 0, 0, 1}, kMiddle, 2)[0], 0.4f);  // of what it did
  EXPECT_EQ(guard.count(GuardKind::kRateLimited), 2);
  guard.reset();
  EXPECT_EQ(applied(guard, {-1, 0, 0, 0, 0, 0, 1}, kMiddle, 0)[0], -1.0f);
}

TEST(Guard, KeepsTheArmInTheBoxAndLetsItBackIn) {
  GuardConfig config;
  config.workspace = true;
  config.x_max = 0.3;
  config.z_min = 0.05;
  Guard guard(config, libero_panda());
  Proprio at = kMiddle;
  at[0] = 0.2999;
  EXPECT_EQ(applied(guard, {1, 0, 0, 0, 0, 0, 0}, at, 0)[0], 1.0f);
  at[0] = 0.3001;
  EXPECT_EQ(applied(guard, {1, 0.5f, 0, 0, 0, 0, 0}, at, 1), (Action{0, 0.5f, 0, 0, 0, 0, 0}));
  EXPECT_EQ(applied(guard, {-1, 0, 0, 0, 0, 0, 0}, at, 2)[0], -1.0f);
  at[2] = 0.01;
  EXPECT_EQ(applied(guard, {-1, 0, -1, 0, 0, 0, 0}, at, 3)[2], 0.0f);
  EXPECT_EQ(guard.count(GuardKind::kWorkspace), 2);
}

TEST(Guard, StopsOnFaultsOnlyWhenToldTo) {
  GuardConfig config;
  config.on_fault = "hold";
  Guard holds(config, libero_panda());
  config.on_fault = "stop";
  Guard stops(config, libero_panda());
  EXPECT_FALSE(holds.fault(GuardKind::kPlannerSilent, 7, 2100));
  EXPECT_TRUE(stops.fault(GuardKind::kNotFinite, 9));
  EXPECT_EQ(holds.explain(), "planner silent 1 times, first at step 7, for 2100 ms; then hold\n");
  EXPECT_EQ(stops.explain(), "not a number 1 times, first at step 9; then stop\n");
}

TEST(Guard, RefusesWhatIsNotPossible) {
  GuardConfig word, box;
  word.on_fault = "panic";
  EXPECT_THROW(Guard(word, libero_panda()), Error);
  box.x_min = box.x_max;
  EXPECT_THROW(Guard(box, libero_panda()), Error);
}

}  // namespace
}  // namespace libra
