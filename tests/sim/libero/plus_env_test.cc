// What a variant of LIBERO-Plus does to an episode, on the tiny checkout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/sim/libero/init_states.h"
#include "libra/sim/libero/plus_suite.h"
#include "libra/sim/sim_env.h"
#include "tests/sim/libero/real_libero.h"
#include "tests/sim/libero/tiny_plus.h"
#include "tests/support/message_of.h"

namespace libra::sim::libero {
namespace {

using testing::HasSubstr;

task::TaskSpec only_task(const TinyPlus& plus, const std::string& name,
                         const std::string& category) {
  plus.list({{name, category}});
  return load_plus_suite(plus.open(), "libero_plus_goal").tasks.at(0);
}

task::TaskSpec view_task(const TinyPlus& plus, const std::string& end) {
  return only_task(plus, "do_it_view_" + end, "Camera Viewpoints");
}

std::vector<double> agentview(const SimEnv& env) {
  const int id = mj_name2id(env.model(), mjOBJ_CAMERA, "agentview");
  return {env.model()->cam_pos + 3 * id, env.model()->cam_pos + 3 * id + 3};
}

TEST(PlusEnv, TheCameraStandsElsewhere) {
  const TinyCheckout tiny;
  const TinyPlus plus(tiny);
  SimEnv env(view_task(plus, "90_0_150_0_0_initstate_0"));
  env.reset({});
  // The tabletop's agentview, a quarter round and half as far again from (0, 0, 0.8).
  const auto at = agentview(env);
  EXPECT_NEAR(at[0], 0, 1e-9);
  EXPECT_NEAR(at[1], 1.5 * .6586, 1e-9);
  EXPECT_NEAR(at[2], .8 + 1.5 * .8104, 1e-4);
  env.reset({.episode = 1});
  EXPECT_EQ(agentview(env), at) << "the model is put back before the next episode";
}

TEST(PlusEnv, TheArmStartsAsStoredAndIsPulledElsewhere) {
  const TinyCheckout tiny;
  const TinyPlus plus(tiny);
  const task::TaskSpec plain = view_task(plus, "0_0_100_0_0_initstate_0");
  const task::TaskSpec pulled = view_task(plus, "0_0_100_0_0_initstate_450");
  const auto arm = [](SimEnv& env, int steps) {
    const Action still = {0, 0, 0, 0, 0, 0, -1};
    for (int i = 0; i < steps; ++i) env.step(still);
    return env.joint_positions();
  };
  SimEnv a(plain, {.settle_steps = 0}), b(pulled, {.settle_steps = 0});
  a.reset({});
  b.reset({});
  EXPECT_EQ(arm(a, 0), arm(b, 0)) << "the stored state holds the arm, too";
  const auto rest = *pulled.preset->rest;
  const auto distance = [&](const std::array<double, 7>& q) {
    double sum = 0;
    for (size_t k = 0; k < q.size(); ++k) sum += (q[k] - rest[k]) * (q[k] - rest[k]);
    return std::sqrt(sum);
  };
  EXPECT_NEAR(distance(arm(a, 0)), 0.5, 1e-6);
  const double stays = distance(arm(a, 40)), goes = distance(arm(b, 40));
  EXPECT_NEAR(stays, 0.5, 0.1);
  EXPECT_LT(goes, stays - 0.01);
}

TEST(PlusEnv, ALayoutStartsFromItsOwnState) {
  const TinyCheckout tiny;
  const TinyPlus plus(tiny);
  plus.write_task("do_it_moved_level2_sample0", kTinyTask);
  std::vector<double> state = tiny_state(-0.15);
  state[10] = 0.13;
  plus.write_state("do_it_moved_level2_sample0", state);
  SimEnv env(only_task(plus, "do_it_moved_level2_sample0", "Objects Layout"), {.settle_steps = 0});
  env.reset({});
  EXPECT_EQ(env.state(), state);
}

TEST(PlusEnv, IsNotVariedOnceMore) {
  const TinyCheckout tiny;
  const TinyPlus plus(tiny);
  SimEnv env(view_task(plus, "0_0_100_0_0_initstate_0_noise_15"));
  EXPECT_THAT(message_of([&] { env.reset({.variation = "light"}); }), HasSubstr("varied already"));
}

// A checkout of LIBERO-Plus, in the environment's LIBRA_LIBERO_PLUS_ROOT, beside the real LIBERO.
class RealPlusTest : public RealLiberoTest {
 protected:
  void SetUp() override {
    RealLiberoTest::SetUp();
    if (std::getenv("LIBRA_LIBERO_PLUS_ROOT") == nullptr)
      GTEST_SKIP() << "LIBRA_LIBERO_PLUS_ROOT= a checkout of LIBERO-Plus";
  }
  Checkout plus() const { return libero().with_plus(std::getenv("LIBRA_LIBERO_PLUS_ROOT")); }
};

// 10,030 variants; lights, textures and added objects are in LIBERO-Plus's own assets.
TEST_F(RealPlusTest, RunsAllVariantsOfLiberosOwnAssets) {
  const std::map<std::string, std::pair<int, int>> expected = {{"libero_plus_spatial", {1644, 758}},
                                                               {"libero_plus_object", {1765, 753}},
                                                               {"libero_plus_goal", {1791, 800}},
                                                               {"libero_plus_10", {1783, 736}}};
  for (const auto& [name, counts] : expected) {
    const task::SuiteSpec suite = load_plus_suite(plus(), name);
    int left_out = 0;
    for (const task::LeftOut& out : suite.left_out) {
      left_out += out.tasks;
      EXPECT_EQ(out.why.find(".bddl"), std::string::npos) << out.why;
    }
    EXPECT_EQ(suite.tasks.size(), static_cast<size_t>(counts.first)) << name;
    EXPECT_EQ(left_out, counts.second) << name;
  }
}

// The states of moved things are as wide as those of the task, one each.
TEST_F(RealPlusTest, HasAStateForEveryMovedLayout) {
  for (const std::string& name : plus_suites()) {
    const std::string folder = "libero_" + name.substr(12);
    const std::string path = plus().plus_list();
    int moved = 0;
    const auto list = parse_plus_list(read_file(path), path);
    for (const PlusEntry& entry : list.at(folder)) {
      const PlusName variant = parse_plus_name(entry.name);
      if (variant.scene != PlusName::Scene::kMoved) continue;
      ++moved;
      const InitStates own = read_init_states(plus().own_init_file(folder, entry.name));
      const InitStates plain = read_init_states(plus().init_file(folder, variant.base));
      EXPECT_EQ(own.rows, 1u) << entry.name;
      EXPECT_EQ(own.columns, plain.columns) << entry.name;
    }
    EXPECT_GT(moved, 100) << name;
  }
}

// One variant of every category of every suite settles and holds no goal yet.
TEST_F(RealPlusTest, StartsEpisodes) {
  for (const std::string& name : plus_suites()) {
    std::set<std::string> seen;
    for (const task::TaskSpec& task : load_plus_suite(plus(), name).tasks) {
      if (!seen.insert(task.task.category).second) continue;
      SimEnv env(task);
      env.reset({});
      EXPECT_FALSE(env.failed()) << task.task.name;
      EXPECT_FALSE(env.goal_holds()) << task.task.name;
    }
    EXPECT_EQ(seen.size(), 5u) << name;
  }
}

}  // namespace
}  // namespace libra::sim::libero
