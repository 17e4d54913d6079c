// Episodes: what a reset promises, replay, limits, and what unusual input gets.
#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

#include <cmath>
#include <limits>
#include <set>

#include "libra/core/error.h"
#include "libra/sim/engine/layout.h"
#include "libra/sim/sim.h"

namespace libra::sim {
namespace {

task::TaskSpec object_task(size_t index) { return load_suite("object").tasks.at(index); }

std::vector<double> state_of(const task::TaskSpec& spec, const EpisodeKey& key) {
  SimEnv env(spec);
  env.reset(key);
  return env.state();
}

TEST(Reset, StateIsAPureFunctionOfTheKey) {
  const task::TaskSpec spec = object_task(3);
  const EpisodeKey key{"shuffled", 4, 9, ""};
  const auto state = state_of(spec, key);
  EXPECT_EQ(state.size(), 110u);
  SimEnv used(spec);  // an environment with a past gives the same bytes
  used.reset({"libero", 1, 1, ""});
  for (int i = 0; i < 5; ++i) used.step({1, 0, -1, 0, 0, 0, 1});
  used.reset(key);
  EXPECT_EQ(used.state(), state);
  EXPECT_NE(state_of(spec, {"shuffled", 4, 10, ""}), state);
  EXPECT_NE(state_of(spec, {"shuffled", 5, 9, ""}), state);
}

TEST(Reset, IsSettled) {
  SimEnv env(object_task(0));
  for (uint64_t episode = 0; episode < 3; ++episode) {
    env.reset({"shuffled", 0, episode, ""});
    std::vector<std::array<double, 3>> before;
    for (const auto& item : env.items()) before.push_back(env.item_position(item));
    for (int i = 0; i < 10; ++i) env.step({0, 0, 0, 0, 0, 0, -1});
    for (size_t i = 0; i < before.size(); ++i) {
      const auto after = env.item_position(env.items()[i]);
      for (size_t k = 0; k < 3; ++k) EXPECT_NEAR(after[k], before[i][k], 5e-4) << env.items()[i];
    }
    EXPECT_NEAR(env.finger_positions()[0], 0.04, 2e-3);
  }
}

TEST(Reset, AnotherTargetKeepsTheState) {
  SimEnv env(object_task(7));
  env.reset({"shuffled", 2, 3, ""});
  const auto state = env.state();
  EXPECT_EQ(env.target(), "milk");
  EXPECT_EQ(env.instruction(), "pick up the milk and place it in the basket");
  for (const std::string& item : env.items()) {
    env.reset({"shuffled", 2, 3, item});
    EXPECT_EQ(env.state(), state);
    EXPECT_EQ(env.target(), item);
    EXPECT_EQ(env.instruction(),
              "pick up the " + task::item_phrase(item) + " and place it in the basket");
    EXPECT_EQ(env.goal().at(0).args.at(0), item + "_1");
  }
  EXPECT_THROW(env.reset({"shuffled", 2, 3, "wine_bottle"}), Error);
  EXPECT_THROW(env.reset({"upside_down", 2, 3, ""}), Error);
}

TEST(Layout, LiberoKeepsItemsInTheirRegions) {
  const task::TaskSpec spec = object_task(5);
  Rng rng(1);
  for (int draw = 0; draw < 100; ++draw) {
    const auto points = engine::place_objects(spec.problem, rng);
    ASSERT_EQ(points.size(), 7u);
    for (size_t i = 0; i < points.size(); ++i) {
      const task::Predicate& atom = spec.problem.init.at(i);
      ASSERT_EQ(atom.args.at(0), spec.problem.objects[i].name);
      const task::Rectangle& r = spec.problem.find_region(atom.args.at(1))->ranges.at(0);
      EXPECT_TRUE(points[i][0] >= r.x0 && points[i][0] <= r.x1 && points[i][1] >= r.y0 &&
                  points[i][1] <= r.y1);
    }
  }
}

TEST(Layout, ShuffledSpreadsTheTargetOverAllRegions) {
  const task::TaskSpec spec = object_task(1);
  std::map<std::string, int> region_of_target, present;
  constexpr int kDraws = 600;
  for (uint64_t seed = 0; seed < kDraws; ++seed) {
    Rng rng(seed);
    const task::Problem problem = engine::shuffle_problem(spec.problem, rng);
    std::set<std::string> names, regions;
    for (const task::Predicate& atom : problem.init) {
      regions.insert(atom.args.at(1));
      if (atom.args[0] == "cream_cheese_1") ++region_of_target[atom.args[1]];
    }
    for (const task::Instance& object : problem.objects) {
      names.insert(object.name);
      ++present[object.category];
    }
    EXPECT_EQ(names.size(), 7u);
    EXPECT_EQ(regions.size(), 7u);
  }
  EXPECT_EQ(region_of_target.size(), 6u);
  for (const auto& [region, count] : region_of_target) EXPECT_NEAR(count, kDraws / 6, 40) << region;
  EXPECT_EQ(present["cream_cheese"], kDraws);
  EXPECT_EQ(present["basket"], kDraws);
  EXPECT_NEAR(present["milk"], kDraws * 5 / 9, 60);  // five of the nine others
}

TEST(Replay, GivesTheSameStatesBitForBit) {
  SimEnv env(object_task(2)), other(object_task(2));
  env.reset({"shuffled", 3, 0, ""});
  other.reset({"shuffled", 3, 0, ""});
  const auto start = env.state();
  Rng rng(8);
  std::vector<Action> actions(40, Action(7));
  for (Action& action : actions)
    for (float& entry : action) entry = static_cast<float>(rng.uniform(-1, 1));
  std::vector<std::vector<double>> states;
  for (const Action& action : actions) {
    env.step(action);
    states.push_back(env.state());
  }
  for (int i = 0; i < 7; ++i) other.step(actions[0]);  // then back by the stored state
  other.set_state(start);
  for (size_t i = 0; i < actions.size(); ++i) {
    other.step(actions[i]);
    ASSERT_EQ(other.state(), states[i]) << "step " << i;
  }
}

TEST(Step, LimitEndsTheEpisodeWithoutSuccess) {
  task::TaskSpec spec = object_task(0);
  spec.task.max_steps = 4;
  SimEnv env(spec);
  env.reset({});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(env.step(Action(7)).done);
  const StepResult last = env.step(Action(7));
  EXPECT_TRUE(last.done);
  EXPECT_FALSE(last.success);
}

TEST(Step, SuccessNeedsTheTargetInTheBasket) {
  SimEnv env(object_task(6));
  env.reset({});
  const auto drop_into_basket = [&](const std::string& item) {
    std::vector<double> state = env.state();
    const auto from = env.item_position(item), basket = env.basket_position();
    for (size_t i = 1; i + 2 < state.size(); ++i) {
      if (state[i] == from[0] && state[i + 1] == from[1] && state[i + 2] == from[2]) {
        state[i] = basket[0], state[i + 1] = basket[1], state[i + 2] = 0.08;
      }
    }
    env.set_state(state);
  };
  const std::string other = env.items().back();
  ASSERT_NE(other, "butter");
  drop_into_basket(other);
  EXPECT_FALSE(env.step(Action(7)).success);
  env.reset({});
  drop_into_basket("butter");
  EXPECT_TRUE(env.step(Action(7)).success);
  EXPECT_TRUE(env.goal_holds());
}

TEST(Step, ExplodingPhysicsIsAFailedEpisode) {
  SimEnv env(object_task(0));
  env.reset({});
  std::vector<double> state = env.state();
  state.back() = 1e15;
  env.set_state(state);
  StepResult result;
  for (int i = 0; i < 3; ++i) result = env.step(Action(7));
  EXPECT_TRUE(result.done);
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(env.failed());
  env.reset({});
  EXPECT_FALSE(env.failed());
  Action nan(7);
  nan[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(env.step(nan).done);  // counts as no motion
}

TEST(State, WrongSizeAndUnknownNamesAreErrors) {
  SimEnv env(object_task(0));
  env.reset({});
  EXPECT_THROW(env.set_state(std::vector<double>(109)), Error);
  EXPECT_THROW(env.item_position("teapot"), Error);
  double u = 0, v = 0;
  EXPECT_THROW(env.project("nowhere", {0, 0, 0}, u, v), Error);
}

TEST(Proprio, IsPositionAxisAngleAndFingers) {
  SimEnv env(object_task(0), SimConfig{.arm_noise = 0});
  env.reset({});
  const Proprio p = env.proprio();
  EXPECT_NEAR(p[0], -0.1485, 0.004);
  EXPECT_NEAR(p[2], 0.2613, 0.004);
  EXPECT_NEAR(std::abs(p[3]), 3.140, 0.01);  // published: (3.140, .001, -.089)
  EXPECT_NEAR(p[5] / p[3], -0.089 / 3.140, 0.005);
  EXPECT_NEAR(p[6], 0.04, 0.002);
  EXPECT_NEAR(p[7], -0.04, 0.002);
}

TEST(RandomScene, IsAPureFunctionOfItsSeedAndApart) {
  SimEnv env(object_task(0)), other(object_task(4));
  env.reset_random_scene(12);
  const auto state = env.state();
  other.reset_random_scene(12);
  EXPECT_EQ(other.state(), state);
  EXPECT_EQ(env.target(), env.items().front());
  std::set<std::string> seen;
  double low = 1, high = 0;
  for (uint64_t seed = 0; seed < 25; ++seed) {
    env.reset_random_scene(seed);
    for (const auto& item : env.items()) seen.insert(item);
    low = std::min(low, env.eef_position()[2]), high = std::max(high, env.eef_position()[2]);
    EXPECT_LT(env.eef_rotation()[8], -0.99) << "the gripper points down";
  }
  EXPECT_EQ(seen.size(), 10u);
  EXPECT_GT(low, 0.15);
  EXPECT_GT(high, low + 0.08);
}

}  // namespace
}  // namespace libra::sim
