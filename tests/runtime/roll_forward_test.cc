#include "libra/runtime/roll_forward.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/toy_spec.h"

namespace libra {
namespace {

// The spring integrated in steps of a microsecond (good to 1e-5), the goal set anew at each control
// step.
double integrated(const std::vector<double>& offsets, size_t from, double kp, double dt) {
  double x = 0, v = 0, begin = 0;
  for (size_t i = 0; i < offsets.size(); ++i) {
    if (i == from) begin = x;
    const double goal = x + offsets[i];
    const double h = 1e-6;
    for (double t = 0; t < dt - h / 2; t += h) {
      v += h * (kp * (goal - x) - 2 * std::sqrt(kp) * v);
      x += h * v;
    }
  }
  return x - begin;
}

Action moving(double x, double y, double z, double gripper = -1) {
  return {float(x), float(y), float(z), 0, 0, 0, float(gripper)};
}

const Proprio kHere = {0.1, -0.2, 0.3, 3.14, 0, 0, 0.02, -0.02};

Proprio rolled(const Proprio& now, const std::vector<Action>& past,
               const std::vector<Action>& committed) {
  const RollForward roll(libero_panda(), 20.0);
  RecentActions recent(kToyDims);
  for (const Action& action : past) recent.push(action);
  Proprio out;
  roll(now, recent, rows_of(committed), committed.size(), out);
  return out;
}

TEST(RollForward, FollowsTheControllersSpring) {
  const ArmDynamics arm;
  const std::vector<Action> past = {moving(1, 0, 0), moving(1, 0, -.5), moving(.5, 0, -.5)};
  const std::vector<Action> committed = {moving(.2, .7, -.5), moving(-.4, .7, 0)};
  const Proprio there = rolled(kHere, past, committed);
  const auto unit = arm.translation;
  EXPECT_NEAR(there[0] - kHere[0],
              integrated({unit, unit, .5 * unit, .2 * unit, -.4 * unit}, 3, 150, .05), 1e-5);
  EXPECT_NEAR(there[1] - kHere[1], integrated({0, 0, 0, .7 * unit, .7 * unit}, 3, 150, .05), 1e-5);
  EXPECT_NEAR(there[2] - kHere[2],
              integrated({0, -.5 * unit, -.5 * unit, -.5 * unit, 0}, 3, 150, .05), 1e-5);
  EXPECT_EQ(rolled(kHere, past, {}), kHere);
}

TEST(RollForward, TurnsAboutTheWorldsAxes) {
  const ArmDynamics arm;
  Action turn(kToyDims);
  turn[5] = 1.0f;  // yaw
  const Proprio level = {0, 0, 0, 0, 0, 0.4, 0.04, -0.04};
  const std::vector<Action> committed(3, turn);
  const Proprio there = rolled(level, {}, committed);
  EXPECT_NEAR(there[5] - 0.4, integrated({arm.rotation, arm.rotation, arm.rotation}, 0, 150, .05),
              1e-5);
  EXPECT_NEAR(there[3], 0, 1e-12);
  // Turned over about x first (as a gripper that looks down is), yaw shows up as a rotation vector
  // that leans: R_z(angle) R_x(pi) = rotation by pi about (cos(angle / 2), sin(angle / 2), 0).
  const Proprio down = {0, 0, 0, M_PI, 0, 0, 0.04, -0.04};
  const double angle = there[5] - 0.4;
  const Proprio leaned = rolled(down, {}, committed);
  EXPECT_NEAR(std::abs(leaned[3]), M_PI * std::cos(angle / 2), 1e-5);
  EXPECT_NEAR(std::abs(leaned[4]), M_PI * std::sin(angle / 2), 1e-5);
  EXPECT_NEAR(leaned[5], 0, 1e-5);
}

TEST(RollForward, FingersFollowATargetThatMovesAtConstantSpeed) {
  const std::vector<Action> closing(3, moving(0, 0, 0, 1)), opening(20, moving(0, 0, 0, -1));
  // From 2 cm open, with the target wide open: it moves 5 mm a step, they go e^-1/2 of the way.
  double width = 0.02;
  for (double target : {0.035, 0.03, 0.025}) width += (1 - std::exp(-0.5)) * (target - width);
  EXPECT_NEAR(rolled(kHere, opening, closing)[6], width, 1e-9);
  EXPECT_NEAR(rolled(kHere, opening, closing)[7], -width, 1e-9);
  EXPECT_NEAR(rolled(kHere, {}, opening)[6], 0.04, 1e-5);
  // Told to shut for longer than a full travel and yet 2 cm open: they hold something.
  const std::vector<Action> long_shut(9, moving(0, 0, 0, 1));
  EXPECT_EQ(rolled(kHere, long_shut, closing)[6], kHere[6]);
}

}  // namespace
}  // namespace libra
