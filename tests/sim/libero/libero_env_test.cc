// Environments on the tiny checkout: stored states, fixtures, predicates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

#include <cmath>

#include "libra/core/error.h"
#include "libra/sim/libero/libero_suite.h"
#include "libra/sim/sim_env.h"
#include "libra/sim/suite.h"
#include "tests/sim/libero/tiny_checkout.h"
#include "tests/support/message_of.h"

namespace libra::sim::libero {
namespace {

using testing::AllOf;
using testing::HasSubstr;

task::TaskSpec first_task(const TinyCheckout& tiny) {
  return load_suite(tiny.open(), "libero_goal").tasks.at(0);
}

EpisodeKey key(uint64_t seed, uint64_t episode) { return {"libero", seed, episode, ""}; }

task::Predicate atom(task::PredicateKind kind, std::vector<std::string> args) {
  return {kind, std::move(args), {}};
}

TEST(LiberoEnv, StartsFromTheStoredState) {
  const TinyCheckout tiny;
  SimEnv env(first_task(tiny), {.settle_steps = 0});
  const std::vector<double> first = tiny_state(-0.15), second = tiny_state(-0.145);
  env.reset(key(0, 0));
  EXPECT_EQ(env.state(), first);
  env.reset(key(0, 1));
  EXPECT_EQ(env.state(), second);
  env.reset(key(0, 2));
  EXPECT_EQ(env.state(), first) << "states repeat";
}

TEST(LiberoEnv, SettlesWithEverythingWhereTheFileSays) {
  const TinyCheckout tiny;
  const task::TaskSpec task = first_task(tiny);
  SimEnv env(task);
  env.reset({});
  EXPECT_FALSE(env.failed());
  for (const task::Predicate& init : task.problem.init) {
    if (init.args[0] == "white_cabinet_1") continue;  // fixtures are not dropped
    EXPECT_TRUE(env.atom_holds(init)) << task::predicate_name(init.kind) << " " << init.args[0];
  }
  EXPECT_FALSE(env.goal_holds());
  // On the table: a box of half height 1 cm on its top at 0.90.
  EXPECT_NEAR(env.item_position("cream_cheese_1")[2], 0.91, 1e-3);
  EXPECT_NEAR(env.item_position("cream_cheese_2")[2], 0.905 + 0.02 + 0.01, 1e-3);
}

TEST(LiberoEnv, FixturesStandWhereTheEpisodePutsThem) {
  const TinyCheckout tiny;
  SimEnv env(first_task(tiny)), other(first_task(tiny));
  const auto pose = [](const SimEnv& e) {
    const int body = mj_name2id(e.model(), mjOBJ_BODY, "white_cabinet_1");
    return std::vector<double>(e.model()->body_pos + 3 * body, e.model()->body_pos + 3 * body + 3);
  };
  env.reset(key(5, 7));
  const auto first = pose(env);
  const auto state = env.state();
  EXPECT_THAT(first[0], AllOf(testing::Ge(-0.02), testing::Le(0.02)));
  EXPECT_THAT(first[1], AllOf(testing::Ge(-0.31), testing::Le(-0.29)));
  EXPECT_NEAR(first[2], 0.905, 1e-12) << "0.90 - 0.04 + 0.045";
  const int body = mj_name2id(env.model(), mjOBJ_BODY, "white_cabinet_1");
  const double yaw =
      2 * std::atan2(env.model()->body_quat[4 * body + 3], env.model()->body_quat[4 * body]);
  EXPECT_THAT(yaw, AllOf(testing::Ge(3.0), testing::Le(3.2)));
  env.reset(key(5, 9));
  EXPECT_NE(pose(env), first);
  other.reset(key(5, 7));
  EXPECT_EQ(pose(other), first) << "a function of (task, seed, episode), not of what ran before";
  EXPECT_EQ(other.state(), state);
}

TEST(LiberoEnv, PredicatesSeeJointsSitesAndContacts) {
  const TinyCheckout tiny;
  SimEnv env(first_task(tiny), {.settle_steps = 0});
  env.reset({});
  std::vector<double> state = tiny_state(-0.141);
  env.set_state(state);
  EXPECT_TRUE(env.atom_holds(atom(task::PredicateKind::kOpen, {"white_cabinet_1"})));
  EXPECT_TRUE(env.atom_holds(atom(task::PredicateKind::kOpen, {"white_cabinet_1_top_region"})));
  env.set_state(tiny_state(-0.139));
  EXPECT_FALSE(env.atom_holds(atom(task::PredicateKind::kOpen, {"white_cabinet_1"})));
  env.set_state(tiny_state(0.001));
  EXPECT_TRUE(env.atom_holds(atom(task::PredicateKind::kClose, {"white_cabinet_1_top_region"})));
  EXPECT_FALSE(env.atom_holds(atom(task::PredicateKind::kOn, {"milk_1", "cream_cheese_1"})));
  // Milk 1 mm into the cheese, at its place.
  for (size_t k = 0; k < 2; ++k) state[10 + 14 + k] = state[10 + k];
  state[10 + 14 + 2] = state[10 + 2] + 0.01 + 0.05 - 0.001;
  env.set_state(state);
  EXPECT_TRUE(env.goal_holds());
  state[10 + 14 + 2] += 0.002;  // no longer touching
  env.set_state(state);
  EXPECT_FALSE(env.goal_holds());
  // A zone needs no contact.
  state[10 + 2] = 0.895 + 0.007 + 0.09;
  env.set_state(state);
  EXPECT_TRUE(
      env.atom_holds(atom(task::PredicateKind::kOn, {"cream_cheese_1", "main_table_cube_zone"})));
  state[10] = 0.141;  // the zone ends at 0.14
  env.set_state(state);
  EXPECT_FALSE(
      env.atom_holds(atom(task::PredicateKind::kOn, {"cream_cheese_1", "main_table_cube_zone"})));
}

TEST(LiberoEnv, StatesOfAnotherTaskAreRefused) {
  const TinyCheckout tiny;
  tiny.write("LIBERO/libero/libero/init_files/libero_goal/KITCHEN_SCENE1_do_it.pruned_init",
             init_archive(std::vector<double>(8, 0.5), 2, 4));
  EXPECT_THAT(message_of([&] { SimEnv env(first_task(tiny)); }),
              AllOf(HasSubstr("KITCHEN_SCENE1_do_it.pruned_init"), HasSubstr("60 numbers"),
                    HasSubstr("found 4")));
  tiny.remove("LIBERO/libero/libero/init_files/libero_goal/KITCHEN_SCENE1_do_it.pruned_init");
  EXPECT_THAT(message_of([&] { SimEnv env(first_task(tiny)); }), HasSubstr("pruned_init"));
}

TEST(LiberoEnv, HasOneLayout) {
  const TinyCheckout tiny;
  SimEnv env(first_task(tiny));
  EXPECT_THAT(message_of([&] {
                env.reset(EpisodeKey{"shuffled", 0, 0, ""});
              }),
              HasSubstr("shuffled"));
}

TEST(LiberoEnv, StepsUnderTheController) {
  const TinyCheckout tiny;
  SimEnv env(first_task(tiny));
  env.reset({});
  Action up(7);
  up[2] = 0.5f, up[6] = -1;
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(env.step(up).done);
  EXPECT_FALSE(env.failed());
  EXPECT_GT(env.finger_positions()[0], 0.02);
}

}  // namespace
}  // namespace libra::sim::libero
