// The demonstrator solves every task by friction alone, and depends on nothing but the present
// state.
#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

#include "libra/core/rng.h"
#include "libra/sim/sim.h"

namespace libra::sim {
namespace {

task::TaskSpec object_task(size_t index) { return load_suite("object").tasks.at(index); }

int run_episode(SimEnv& env, double noise, uint64_t seed, bool& success) {
  expert::Expert expert;
  expert.reset(env);
  Rng rng(seed);
  StepResult result;
  int steps = 0;
  while (!result.done) {
    Action action = expert.act(env);
    for (size_t i = 0; i < 3; ++i) action[i] += static_cast<float>(noise * rng.normal());
    result = env.step(action);
    ++steps;
  }
  success = result.success;
  return steps;
}

class ExpertTask : public ::testing::TestWithParam<int> {};

TEST_P(ExpertTask, PutsTheNamedItemIntoTheBasket) {
  SimEnv env(object_task(static_cast<size_t>(GetParam())));
  for (const char* layout : {"libero", "shuffled"}) {
    env.reset({layout, 11, 0, ""});
    bool success = false;
    const int steps = run_episode(env, layout == std::string("libero") ? 0.0 : 0.15, 3, success);
    EXPECT_TRUE(success) << env.target() << " " << layout;
    EXPECT_EQ(env.first_lifted(), env.target());
    EXPECT_LT(steps, 260);
  }
}
INSTANTIATE_TEST_SUITE_P(All, ExpertTask, ::testing::Range(0, 10));

TEST(Expert, IsAFunctionOfTheState) {
  SimEnv env(object_task(3)), copy(object_task(3));
  env.reset({"shuffled", 5, 1, ""});
  copy.reset({"shuffled", 5, 1, ""});
  expert::Expert expert;
  expert.reset(env);
  for (int step = 0; step < 90; ++step) {
    const Action action = expert.act(env);
    EXPECT_EQ(expert.act(env), action);
    if (step % 10 == 0) {
      copy.set_state(env.state());
      expert::Expert fresh;
      fresh.reset(copy);
      EXPECT_EQ(fresh.act(copy), action) << "step " << step;
    }
    for (size_t i = 3; i < 6; ++i) EXPECT_EQ(action[i], 0.0f);
    if (env.step(action).done) break;
  }
}

TEST(Expert, HoldsByFrictionAlone) {
  SimEnv env(object_task(9));
  env.reset({});
  auto* model = const_cast<mjModel*>(env.model());
  EXPECT_EQ(model->neq, 0);
  expert::Expert expert;
  expert.reset(env);
  double held = 0;
  for (int i = 0; i < 80 && held < 0.15; ++i) {
    env.step(expert.act(env));
    held = env.item_position("orange_juice")[2];
  }
  ASSERT_GT(held, 0.15);
  EXPECT_TRUE(env.touches_gripper("orange_juice"));
  // The same grasp without friction lets the item slip.
  std::fill_n(model->geom_friction, 3 * model->ngeom, 1e-5);
  for (int i = 0; i < 40; ++i) env.step({0, 0, 0, 0, 0, 0, 1});
  EXPECT_LT(env.item_position("orange_juice")[2], 0.1);
}

}  // namespace
}  // namespace libra::sim
