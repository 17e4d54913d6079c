// What a varied reset promises: a pure function of the key, nothing left behind in the model, and
// what each kind changes, no more.
#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

#include <cmath>
#include <numbers>

#include "libra/core/rng.h"
#include "libra/sim/sim.h"

namespace libra::sim {
namespace {

TaskSpec task_of(const std::string& suite, size_t index) {
  return load_suite(suite).tasks.at(index);
}

EpisodeKey varied(const std::string& variation, uint64_t episode = 1) {
  return {.seed = 4, .episode = episode, .variation = variation};
}

std::vector<uint8_t> model_bytes(const SimEnv& env) {
  std::vector<uint8_t> bytes(static_cast<size_t>(mj_sizeModel(env.model())));
  mj_saveModel(env.model(), nullptr, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

struct Start {
  std::vector<double> state;
  std::vector<uint8_t> model;
  std::vector<Image> images;
};
Start start_of(SimEnv& env, const EpisodeKey& key) {
  env.reset(key);
  Observation seen;
  env.observe(seen);
  return {env.state(), model_bytes(env), seen.images};
}

bool same(const std::vector<Image>& a, const std::vector<Image>& b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].rgb != b[i].rgb) return false;
  return a.size() == b.size();
}

std::vector<std::string> all_subkinds() {
  std::vector<std::string> names;
  for (const VariationKind& kind : variation_kinds()) {
    for (const VariationSubkind& subkind : kind.subkinds)
      names.push_back(std::string(kind.name) + "." + std::string(subkind.name));
    if (kind.subkinds.empty()) names.emplace_back(kind.name);
  }
  return names;
}

TEST(Effect, APlainEpisodeAfterAVariedOneIsAsBefore) {
  for (const auto& [suite, index] : {std::pair{"object", 3}, std::pair{"goal", 3}}) {
    SimEnv env(task_of(suite, static_cast<size_t>(index)), SimConfig{.image_size = 64});
    const Start plain = start_of(env, varied(""));
    for (const std::string& name : all_subkinds()) {
      const Start changed = start_of(env, varied(name));
      const Start again = start_of(env, varied(""));
      EXPECT_EQ(again.state, plain.state) << suite << " " << name;
      EXPECT_EQ(again.model, plain.model) << suite << " " << name;
      EXPECT_TRUE(same(again.images, plain.images)) << suite << " " << name;
      const Start repeated = start_of(env, varied(name));
      EXPECT_EQ(repeated.state, changed.state) << suite << " " << name;
      EXPECT_TRUE(same(repeated.images, changed.images)) << suite << " " << name;
    }
  }
}

TEST(Effect, AnEnvironmentOfItsOwnGivesTheSame) {
  SimEnv used(task_of("goal", 1), SimConfig{.image_size = 64});
  for (const std::string& name : all_subkinds()) {
    SimEnv fresh(task_of("goal", 1), SimConfig{.image_size = 64});
    const Start a = start_of(used, varied(name)), b = start_of(fresh, varied(name));
    EXPECT_EQ(a.state, b.state) << name;
    EXPECT_TRUE(same(a.images, b.images)) << name;
  }
}

// LIBERO-Plus: about the pivot, which is 10 cm below the table.
TEST(Effect, CameraOrbitKeepsDistanceAndDistanceKeepsDirection) {
  SimEnv env(task_of("goal", 0), SimConfig{.settle_steps = 0});
  env.reset(varied(""));
  const int camera = mj_name2id(env.model(), mjOBJ_CAMERA, "agentview");
  const auto from_pivot = [&] {
    const double* p = env.model()->cam_pos + 3 * camera;
    return std::array{p[0], p[1], p[2] - 0.8};
  };
  const auto length = [](const std::array<double, 3>& v) { return std::hypot(v[0], v[1], v[2]); };
  const auto plain = from_pivot();
  const auto state = env.state();
  for (int level = 1; level <= 5; ++level) {
    for (uint64_t episode = 0; episode < 3; ++episode) {
      env.reset(varied("camera.orbit:" + std::to_string(level), episode));
      const auto orbit = from_pivot();
      EXPECT_NEAR(length(orbit), length(plain), 1e-12);
      const double side = std::abs(std::atan2(orbit[1], orbit[0])) * 180 / std::numbers::pi;
      EXPECT_GE(side, 15 * (level - 1) - 1e-9);
      EXPECT_LE(side, 15 * level + 1e-9);
      env.reset(varied("camera.distance:" + std::to_string(level), episode));
      const auto far = from_pivot();
      const double scale = length(far) / length(plain);
      EXPECT_GE(scale, 1.15 + .17 * (level - 1) - 1e-9);
      EXPECT_LE(scale, 1.15 + .17 * level + 1e-9);
      for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(far[i], scale * plain[i], 1e-12);
      env.reset(varied("camera.orientation:" + std::to_string(level), episode));
      EXPECT_EQ(from_pivot(), plain);
    }
  }
  env.reset(varied("camera.orbit:5"));
  EXPECT_EQ(env.state(), state) << "only the camera moves";
}

TEST(Effect, RobotStartsItsMagnitudeAway) {
  SimEnv env(task_of("spatial", 4), SimConfig{.settle_steps = 0});
  for (uint64_t episode = 0; episode < 4; ++episode) {
    env.reset(varied("", episode));
    const auto plain = env.joint_positions();
    for (int level = 1; level <= 5; ++level) {
      env.reset(varied("robot:" + std::to_string(level), episode));
      double square = 0;
      for (size_t k = 0; k < 7; ++k) square += std::pow(env.joint_positions()[k] - plain[k], 2);
      EXPECT_NEAR(std::sqrt(square), 0.1 * level, 1e-12);
    }
  }
}

TEST(Effect, RobotStaysWhereItStartsAndTouchesNothing) {
  SimEnv env(task_of("object", 0));
  for (uint64_t episode = 0; episode < 3; ++episode) {
    env.reset(varied("", episode));
    const auto before = env.item_position(env.items().front());
    env.reset(varied("robot:5", episode));
    const auto start = env.eef_position();
    for (int i = 0; i < 20; ++i) env.step({0, 0, 0, 0, 0, 0, -1});
    for (size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(env.eef_position()[k], start[k], 0.02);
      EXPECT_NEAR(env.item_position(env.items().front())[k], before[k], 1e-3);
    }
  }
}

}  // namespace
}  // namespace libra::sim
