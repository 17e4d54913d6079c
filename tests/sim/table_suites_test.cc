// The suites on tables: every task's start, what its predicates see of the simulator, and its
// protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

#include <cmath>

#include "libra/core/error.h"
#include "libra/sim/engine/scene.h"
#include "libra/sim/sim.h"

namespace libra::sim {
namespace {

using ::testing::HasSubstr;

class TableTask : public ::testing::TestWithParam<std::tuple<std::string, int>> {
 protected:
  static task::TaskSpec spec() {
    return load_suite(std::get<0>(GetParam()))
        .tasks.at(static_cast<size_t>(std::get<1>(GetParam())));
  }
};

TEST_P(TableTask, StartsSettledWithItsGoalOpen) {
  SimEnv env(spec());
  env.reset({"libero", 3, 1, ""});
  EXPECT_FALSE(env.goal_holds());
  EXPECT_FALSE(env.items().empty());
  std::vector<std::array<double, 3>> before;
  for (const engine::SceneObject& object : env.scene().objects())
    before.push_back(env.item_position(object.name));
  for (int i = 0; i < 10; ++i) env.step({0, 0, 0, 0, 0, 0, -1});
  for (size_t i = 0; i < before.size(); ++i) {
    const engine::SceneObject& object = env.scene().objects()[i];
    for (size_t k = 0; k < 3; ++k)
      EXPECT_NEAR(env.item_position(object.name)[k], before[i][k], 2e-3) << object.name;
  }
  EXPECT_FALSE(env.failed());
}

TEST_P(TableTask, StateAndFixturePosesAreAFunctionOfTheKey) {
  SimEnv one(spec()), two(spec());
  two.reset({"libero", 9, 4, ""});
  two.step({1, 0, 0, 0, 0, 0, 1});
  for (SimEnv* env : {&one, &two}) env->reset({"libero", 3, 2, ""});
  EXPECT_EQ(one.state(), two.state());
  EXPECT_EQ(one.model_xml(), two.model_xml());
  EXPECT_EQ(one.instruction(), two.task().instruction);
}

INSTANTIATE_TEST_SUITE_P(All, TableTask,
                         ::testing::Combine(::testing::Values(std::string("spatial"),
                                                              std::string("goal"),
                                                              std::string("long")),
                                            ::testing::Range(0, 10)));

TEST(TableSuites, HaveThePublishedStepLimitsAndStates) {
  for (const auto& [name, steps] : std::vector<std::pair<std::string, int>>{
           {"spatial", 220}, {"object", 280}, {"goal", 300}, {"long", 520}}) {
    const task::SuiteSpec suite = load_suite(name);
    EXPECT_EQ(suite.max_steps, steps);
    EXPECT_EQ(suite.initial_states, 50);
    EXPECT_EQ(suite.tasks.size(), 10u);
  }
}

TEST(TableSuites, RefuseALayoutTheyDoNotHave) {
  SimEnv env(load_suite("goal").tasks.at(0));
  try {
    env.reset({"shuffled", 0, 0, ""});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("suite 'goal': has no layout 'shuffled'"));
    EXPECT_THAT(error.what(), HasSubstr("libero"));
  }
  EXPECT_THROW(env.reset_random_scene(1), Error);
}

// The state with one joint of a fixture at another place.
bool goal_with_joint(SimEnv& env, const std::string& joint, double value) {
  const mjModel* m = env.model();
  const int id = mj_name2id(m, mjOBJ_JOINT, joint.c_str());
  std::vector<double> state = env.state();
  state[static_cast<size_t>(1 + m->jnt_qposadr[id])] = value;
  env.set_state(state);
  return env.goal_holds();
}

TEST(TablePredicates, OpenAndTurnOnFollowTheJoints) {
  SimEnv drawer(load_suite("goal").find_task("open_the_middle_drawer_of_the_cabinet"));
  drawer.reset({});
  EXPECT_FALSE(goal_with_joint(drawer, "wooden_cabinet_1_middle_level", -.1399));
  EXPECT_TRUE(goal_with_joint(drawer, "wooden_cabinet_1_middle_level", -.1401));
  EXPECT_FALSE(goal_with_joint(drawer, "wooden_cabinet_1_middle_level", 0));
  EXPECT_FALSE(goal_with_joint(drawer, "wooden_cabinet_1_top_level", -.15));  // another drawer
  SimEnv stove(load_suite("goal").find_task("turn_on_the_stove"));
  stove.reset({});
  EXPECT_FALSE(goal_with_joint(stove, "flat_stove_1_button", .4999));
  EXPECT_TRUE(goal_with_joint(stove, "flat_stove_1_button", .5001));
}

TEST(TablePredicates, InADrawerFollowsTheDrawer) {
  SimEnv env(load_suite("goal").find_task("open_the_top_drawer_and_put_the_bowl_inside"));
  env.reset({});
  const engine::SceneObject& bowl = *env.scene().find("akita_black_bowl");
  const auto with_bowl_at = [&](double offset) {
    goal_with_joint(env, "wooden_cabinet_1_top_level", -.15);
    const int site = mj_name2id(env.model(), mjOBJ_SITE, "wooden_cabinet_1_top_region");
    std::vector<double> state = env.state();
    for (int k = 0; k < 3; ++k)
      state[static_cast<size_t>(1 + bowl.qpos + k)] = env.data()->site_xpos[3 * site + k];
    state[static_cast<size_t>(1 + bowl.qpos)] += offset;  // the region is .1022 wide either way
    env.set_state(state);
    return env.goal_holds();
  };
  EXPECT_TRUE(with_bowl_at(0));
  EXPECT_TRUE(with_bowl_at(.1021));
  EXPECT_FALSE(with_bowl_at(.1024));
}

TEST(TableExpert, IsAFunctionOfTheStateAndReachesGoals) {
  SimEnv env(load_suite("goal").find_task("put_the_bowl_on_the_plate"));
  env.reset({"libero", 0, 0, ""});
  expert::Expert expert;
  expert.reset(env);
  StepResult result;
  for (int i = 0; i < 300 && !result.success; ++i) {
    const Action action = expert.act(env);
    expert::Expert fresh;
    fresh.reset(env);
    EXPECT_EQ(fresh.act(env), action);
    result = env.step(action);
  }
  EXPECT_TRUE(result.success);
  EXPECT_EQ(env.model()->neq, 0);  // nothing is welded
  EXPECT_EQ(env.first_lifted(), "akita_black_bowl");
}

// The same scene under another goal is not done by the same motion.
TEST(TableExpert, TheInstructionDecides) {
  SimEnv asked(load_suite("goal").find_task("put_the_bowl_on_the_stove"));
  SimEnv other(load_suite("goal").find_task("put_the_bowl_on_the_plate"));
  asked.reset({"libero", 0, 0, ""});
  expert::Expert expert;
  expert.reset(asked);
  while (!asked.step(expert.act(asked)).done) {
  }
  EXPECT_TRUE(asked.goal_holds());
  other.reset({"libero", 0, 0, ""});
  ASSERT_EQ(other.state().size(), asked.state().size());
  other.set_state(asked.state());
  EXPECT_FALSE(other.goal_holds());
}

}  // namespace
}  // namespace libra::sim
