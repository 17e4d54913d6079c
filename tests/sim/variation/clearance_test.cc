// How far the fingers open under the variation clearance, measured on the pads themselves.
#include "libra/sim/variation/clearance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

#include "libra/core/error.h"
#include "libra/sim/sim.h"
#include "libra/sim/variation/variation.h"

namespace libra::sim::variation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

EpisodeKey narrowed(int level, uint64_t episode = 0) {
  return {.episode = episode, .variation = "clearance:" + std::to_string(level)};
}

const task::TaskSpec& task(const task::SuiteSpec& suite, const std::string& instruction) {
  for (const task::TaskSpec& spec : suite.tasks)
    if (spec.task.instruction == instruction) return spec;
  throw Error(ErrorCode::kNotFound, instruction);
}

// From one pad's face to the other's (m).
double between_pads(const SimEnv& env) {
  const mjModel* m = env.model();
  const int one = mj_name2id(m, mjOBJ_GEOM, "pad1"), other = mj_name2id(m, mjOBJ_GEOM, "pad2");
  const mjtNum* a = env.data()->geom_xpos + 3 * one;
  const mjtNum* b = env.data()->geom_xpos + 3 * other;
  mjtNum apart[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
  const double distance = mju_normalize3(apart);
  // Half of a box's size along the way to the other.
  const auto half = [&](int geom) {
    double size = 0;
    for (int axis = 0; axis < 3; ++axis) {
      double along = 0;
      for (int i = 0; i < 3; ++i)
        along += env.data()->geom_xmat[9 * geom + 3 * i + axis] * apart[i];
      size += std::abs(along) * m->geom_size[3 * geom + axis];
    }
    return size;
  };
  return distance - half(one) - half(other);
}

void open_fingers(SimEnv& env) {
  for (int i = 0; i < 20; ++i) env.step({0, 0, 0, 0, 0, 0, -1});
}

TEST(Clearance, FingersOpenByTheLevelWiderThanTheThing) {
  const task::SuiteSpec suite = load_suite("object");
  SimEnv env(task(suite, "pick up the milk and place it in the basket"));
  const double milk = 2 * .02705;  // across, as docs/benchmark.md's LIBERO has it
  const double beside[kVariationLevels] = {.004, .003, .002, .001, .0005};
  for (int level = 1; level <= kVariationLevels; ++level) {
    env.reset(narrowed(level));
    open_fingers(env);
    EXPECT_NEAR(between_pads(env), milk + 2 * beside[level - 1], 2e-4) << level;
  }
  env.reset({});
  open_fingers(env);
  EXPECT_NEAR(between_pads(env), .078, 1e-3);
}

TEST(Clearance, NothingElseOfTheStartChanges) {
  const task::SuiteSpec suite = load_suite("goal");
  SimEnv env(task(suite, "put the bowl on the plate"));
  env.reset({});
  const std::vector<double> plain = env.state();
  env.reset(narrowed(5));
  std::vector<double> narrow = env.state();
  ASSERT_EQ(narrow.size(), plain.size());
  // Time, seven joints of the arm, two fingers, things. The arm, whose fingers weigh elsewhere, is
  // where it was to within a hair.
  for (size_t i = 1; i < 1 + size_t(env.model()->nq); ++i) {
    if (i == 8 || i == 9) continue;
    EXPECT_NEAR(narrow[i], plain[i], 1e-4) << i;
  }
}

TEST(Clearance, WhatIsTakenFollowsFromTheGoal) {
  const task::SuiteSpec goal = load_suite("goal");
  const auto widest = [&](const char* words) { return widest_grip(task(goal, words).problem); };
  // A rim; a rim and the handle of a drawer that is shut; the neck of a bottle, its body.
  const double rim = widest("put the bowl on the plate");
  EXPECT_LT(rim, .008);
  EXPECT_DOUBLE_EQ(widest("open the top drawer and put the bowl inside"),
                   widest("open the middle drawer of the cabinet"));
  EXPECT_GT(widest("open the middle drawer of the cabinet"), .0164);
  EXPECT_LT(widest("put the wine bottle on top of the cabinet"), .016);
  EXPECT_GT(widest("put the wine bottle on the rack"), .039);
  const task::SuiteSpec both = load_suite("long");
  EXPECT_DOUBLE_EQ(
      widest_grip(
          task(both, "put both the alphabet soup and the tomato sauce in the basket").problem),
      .0665);
  // This one is open from the start; over its edge the gripper leans.
  const double leaning = widest_grip(
      task(both, "put the black bowl in the bottom drawer of the cabinet and close it").problem);
  EXPECT_GE(leaning, rim);
  EXPECT_LT(leaning, .010);
}

TEST(Clearance, TasksWithoutItAreKnownAndRefused) {
  std::vector<std::string> without;
  for (const char* name : {"spatial", "object", "goal", "long"}) {
    const task::SuiteSpec suite = load_suite(name);
    for (const task::TaskSpec& spec : suite.tasks) {
      if (why_without(spec, "clearance:3").empty()) continue;
      without.push_back(spec.task.instruction);
      try {
        require_variation(spec, "clearance");
        ADD_FAILURE() << spec.task.name;
      } catch (const Error& e) {
        EXPECT_THAT(e.what(), HasSubstr("they push"));
      }
    }
  }
  EXPECT_THAT(without, ElementsAre("push the plate to the front of the stove"));
}

// The tightest that there is can be done, by who knows where things are.
class TightestClearance : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};
TEST_P(TightestClearance, IsSolvedByTheExpert) {
  const auto [name, words] = GetParam();
  const task::SuiteSpec suite = load_suite(name);
  SimEnv env(task(suite, words));
  EXPECT_TRUE(expert::run_expert(env, narrowed(5)).success);
}
INSTANTIATE_TEST_SUITE_P(
    OneOfEachSuite, TightestClearance,
    ::testing::Values(
        std::pair{"spatial", "pick up the black bowl on the ramekin and place it on the plate"},
        std::pair{"object", "pick up the milk and place it in the basket"},
        std::pair{"goal", "put the bowl on the stove"},
        std::pair{"long", "pick up the book and place it in the back compartment of the caddy"}),
    [](const auto& test) { return test.param.first; });

}  // namespace
}  // namespace libra::sim::variation
