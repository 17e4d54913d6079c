// Against LIBERO's own environment, in Python: LIBRA_LIBERO_PYTHON names one that has it
// (docs/libero.md).
#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "libra/core/file.h"
#include "libra/core/rng.h"
#include "libra/sim/engine/scene.h"
#include "libra/sim/libero/init_states.h"
#include "libra/sim/libero/libero_suite.h"
#include "libra/sim/sim_env.h"
#include "tests/sim/libero/real_libero.h"
#include "tests/support/temp_folder.h"

namespace libra::sim::libero {
namespace {

using nlohmann::json;

constexpr int kSettling = 10, kActions = 60, kSide = 128;

class AgreementWithLibero : public RealLiberoTest {};

// Slow pushes that change every five steps, and turns; the gripper closes in the middle.
std::vector<Action> some_actions(uint64_t seed) {
  Rng rng(seed);
  std::vector<Action> actions;
  Action now(7);
  for (int i = 0; i < kActions; ++i) {
    for (int k = 0; i % 5 == 0 && k < 6; ++k)
      now[size_t(k)] = float(rng.uniform(-1, 1) * (k < 3 ? .6 : .15));
    now[6] = i < kActions / 2 ? -1.0f : 1.0f;
    actions.push_back(now);
  }
  return actions;
}

struct OurRun {
  std::vector<std::vector<double>> states;  // after settling, then after every action
  std::vector<bool> success;
  Vec3 hand{};
  Image images[2];
};

Vec3 hand_of(const SimEnv& env, std::span<const double> state) {
  const mjModel* m = env.model();
  bodies::DataDeleter drop;
  std::unique_ptr<mjData, bodies::DataDeleter> d(mj_makeData(m), drop);
  std::copy_n(state.begin() + 1, m->nq, d->qpos);
  mj_kinematics(m, d.get());
  const double* at = d->site_xpos + 3 * env.scene().grip_site();
  return {at[0], at[1], at[2]};
}

TEST_F(AgreementWithLibero, StatesSuccessAndPictures) {
  const char* python = std::getenv("LIBRA_LIBERO_PYTHON");
  if (python == nullptr) GTEST_SKIP() << "LIBRA_LIBERO_PYTHON names no Python that has LIBERO";
  const std::pair<const char*, size_t> tasks[] = {
      {"libero_spatial", 0}, {"libero_object", 3}, {"libero_goal", 9},
      {"libero_10", 4},      {"libero_10", 9},
  };
  json cases = json::array();
  std::vector<OurRun> runs;
  std::vector<std::unique_ptr<SimEnv>> envs;
  for (const auto& [suite, task] : tasks) {
    const task::TaskSpec spec = load_suite(libero(), suite).tasks.at(task);
    SimConfig config;
    config.image_size = kSide;
    config.settle_steps = kSettling;
    auto env = std::make_unique<SimEnv>(spec, config);
    const uint64_t episode = 7;
    env->reset({.layout = "libero", .episode = episode});
    json one{{"side", kSide}, {"bddl", libero().bddl_file(suite, spec.task.name)}};
    one["fixtures"] = json::object();
    for (const engine::SceneFixture& fixture : env->scene().fixtures()) {
      const double* at = env->model()->body_pos + 3 * fixture.body;
      const double* turn = env->model()->body_quat + 4 * fixture.body;
      one["fixtures"][fixture.name] = {at[0], at[1], at[2], turn[0], turn[1], turn[2], turn[3]};
    }
    const InitStates stored = read_init_states(libero().init_file(suite, spec.task.name));
    const auto row = stored.row(episode);
    one["state"] = std::vector<double>(row.begin(), row.end());
    one["actions"] = json::array();
    for (int i = 0; i < kSettling; ++i) one["actions"].push_back({0, 0, 0, 0, 0, 0, -1});
    OurRun run;
    run.states.push_back(env->state());
    for (const Action& action : some_actions(task + 1)) {
      one["actions"].push_back(std::vector<float>(action.begin(), action.end()));
      run.success.push_back(env->step(action).success);
      run.states.push_back(env->state());
    }
    one["final"] = run.states.back();
    env->render("agentview", kSide, kSide, run.images[0]);
    env->render("eye_in_hand", kSide, kSide, run.images[1]);
    cases.push_back(std::move(one));
    runs.push_back(std::move(run));
    envs.push_back(std::move(env));
  }
  const TempFolder folder;
  write_file(folder / "cases.json", cases.dump());
  const std::string command =
      std::string(python)
          .append(" " LIBRA_SOURCE_DIR "/tests/sim/libero/python_original.py ")
          .append(folder / "cases.json")
          .append(" ")
          .append(folder / "out.json");
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  const json theirs = json::parse(read_file(folder / "out.json"));
  ASSERT_EQ(theirs.size(), runs.size());
  for (size_t i = 0; i < runs.size(); ++i) {
    SCOPED_TRACE(std::string(tasks[i].first) + " " + std::to_string(tasks[i].second));
    double hand[3] = {0, 0, 0};  // mm, after settling, 20 and all actions
    const int moments[3] = {0, 20, kActions};
    for (int k = 0; k < 3; ++k) {
      const auto state =
          theirs[i]["states"].at(size_t(kSettling - 1 + moments[k])).get<std::vector<double>>();
      ASSERT_EQ(state.size(), runs[i].states[0].size());
      hand[k] = 1000 * norm(hand_of(*envs[i], state) -
                            hand_of(*envs[i], runs[i].states[size_t(moments[k])]));
    }
    size_t equal = 0, largest = 0, count = 0;
    for (size_t c = 0; c < 2; ++c) {
      const auto bytes =
          theirs[i]["images"][c == 0 ? "agentview" : "eye_in_hand"].get<std::vector<uint8_t>>();
      ASSERT_EQ(bytes.size(), runs[i].images[c].rgb.size());
      for (size_t p = 0; p < bytes.size(); ++p) {
        const size_t off = size_t(std::abs(int(bytes[p]) - int(runs[i].images[c].rgb[p])));
        largest = std::max(largest, off);
        equal += off == 0;
        ++count;
      }
    }
    std::printf(
        "%s %zu: hand %.2g, %.2g, %.2g mm after 0, 20, %d actions; %.3f %% of the values equal, "
        "at most %zu of 255\n",
        tasks[i].first, tasks[i].second, hand[0], hand[1], hand[2], kActions,
        100.0 * double(equal) / double(count), largest);
    for (const double off : hand) EXPECT_LT(off, .001);
    EXPECT_GT(double(equal), .999 * double(count));
    for (size_t step = 0; step < runs[i].success.size(); ++step) {
      EXPECT_EQ(theirs[i]["success"][kSettling + step].get<bool>(), runs[i].success[step]) << step;
    }
  }
}

}  // namespace
}  // namespace libra::sim::libero
