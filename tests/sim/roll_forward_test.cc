// Proprio rolled forward (libra/runtime) against what the simulated arm then really does.
#include "libra/runtime/roll_forward.h"

#include <gtest/gtest.h>

#include <cmath>

#include "libra/core/rng.h"
#include "libra/sim/sim.h"

namespace libra::sim {
namespace {

TEST(RollForward, ForeseesWhereTheArmWillBe) {
  SimEnv env(load_suite("object").tasks.at(0));
  env.reset({"libero", 0, 0, ""});
  Rng rng(11);
  std::vector<Action> actions;
  std::vector<Proprio> proprio;
  Observation observation;
  Action action(7);
  constexpr size_t kSteps = 90, kAhead = 3, kPast = 10;
  for (size_t t = 0; t < kSteps; ++t) {
    if (t % 6 == 0) {  // motions as a policy makes them: steady for a while, then others
      for (size_t d = 0; d < 3; ++d) action[d] = float(rng.uniform(-0.6, 0.6));
      action[5] = float(rng.uniform(-0.2, 0.2));
      action[6] = t / 30 % 2 == 0 ? -1.0f : 1.0f;
    }
    env.observe(observation);
    proprio.push_back(observation.proprio);
    actions.push_back(action);
    env.step(action);
  }
  double moved = 0, missed = 0, turned = 0, missed_turn = 0;
  double finger_moved = 0, finger_missed = 0;
  int count = 0;
  const RollForward roll(env.embodiment(), 20.0);
  for (size_t t = kPast; t + kAhead < kSteps; ++t, ++count) {
    RecentActions past(7);
    for (size_t i = t - kPast; i < t; ++i) past.push(actions[i]);
    Rows<float> committed;
    for (size_t i = t; i < t + kAhead; ++i) committed.push_back(actions[i]);
    Proprio there;
    roll(proprio[t], past, committed, kAhead, there);
    const Proprio& here = proprio[t];
    const Proprio& real = proprio[t + kAhead];
    const auto distance = [](const Proprio& a, const Proprio& b, size_t first) {
      return std::hypot(a[first] - b[first], a[first + 1] - b[first + 1],
                        a[first + 2] - b[first + 2]);
    };
    moved += distance(real, here, 0);
    missed += distance(real, there, 0);
    turned += distance(real, here, 3);
    missed_turn += distance(real, there, 3);
    finger_moved += std::abs(real[6] - here[6]);
    finger_missed += std::abs(real[6] - there[6]);
  }
  EXPECT_GT(moved / count, 0.015);  // m in three steps
  EXPECT_LT(missed, 0.2 * moved);   // than to believe the arm stays where it is
  EXPECT_LT(missed_turn / count, 0.5 * turned / count);
  EXPECT_LT(finger_missed, 0.5 * finger_moved);
}

}  // namespace
}  // namespace libra::sim
