// Images: where a thing is seen agrees with where the camera model says it is, and every thread
// sees the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "libra/sim/sim.h"

namespace libra::sim {
namespace {

task::TaskSpec object_task(size_t index) { return load_suite("object").tasks.at(index); }

// Where the image changes when `item` is taken away, in [0, 1]; the number of such pixels is
// returned.
int seen_at(SimEnv& env, const std::string& camera, const std::string& item, double& u, double& v) {
  constexpr int kSize = 128;
  Image with, without;
  env.render(camera, kSize, kSize, with);
  const auto state = env.state();
  const auto from = env.item_position(item);
  std::vector<double> moved = state;
  for (size_t i = 1; i + 2 < moved.size(); ++i) {
    if (moved[i] == from[0] && moved[i + 1] == from[1] && moved[i + 2] == from[2]) moved[i] = 50;
  }
  env.set_state(moved);
  env.render(camera, kSize, kSize, without);
  env.set_state(state);
  int count = 0;
  u = v = 0;
  for (int y = 0; y < kSize; ++y) {
    for (int x = 0; x < kSize; ++x) {
      int change = 0;
      for (int c = 0; c < 3; ++c)
        change += std::abs(with.row(y)[3 * x + c] - without.row(y)[3 * x + c]);
      if (change > 24) ++count, u += (x + 0.5) / kSize, v += (y + 0.5) / kSize;
    }
  }
  if (count > 0) u /= count, v /= count;
  return count;
}

TEST(Render, ItemsAreSeenWhereProjectSaysTheyAre) {
  SimEnv env(object_task(8));
  int compared = 0;
  for (const auto& camera : libero_panda().camera_names()) {
    for (uint64_t seed = 0; seed < 3; ++seed) {
      env.reset_random_scene(seed);
      for (const auto& item : env.items()) {
        double u = 0, v = 0, seen_u = 0, seen_v = 0;
        if (!env.project(camera, env.item_position(item), u, v)) continue;
        // The hand camera cuts off or magnifies what is at its rim.
        if (u < 0.2 || u > 0.8 || v < 0.2 || v > 0.8) continue;
        if (seen_at(env, camera, item, seen_u, seen_v) < 20) continue;  // hidden behind another
        ++compared;
        EXPECT_NEAR(seen_u, u, 0.09) << camera << " " << item;
        EXPECT_NEAR(seen_v, v, 0.09) << camera << " " << item;
      }
    }
  }
  EXPECT_GE(compared, 10);
}

TEST(Render, PointsBehindTheCameraAreNotSeen) {
  SimEnv env(object_task(0));
  double u = 0, v = 0;
  EXPECT_FALSE(env.project("agentview", {2.0, 0, 0.7}, u, v));
  EXPECT_TRUE(env.project("agentview", {0, 0, 0.2}, u, v));
  EXPECT_NEAR(u, 0.5, 0.02);  // the camera looks along the middle of the arena
  double right = 0;
  env.project("agentview", {0, 0.3, 0.2}, right, v);
  EXPECT_GT(right, u);  // the robot's left is the picture's right: the camera looks at the robot
}

TEST(Render, ObservationIsComplete) {
  SimEnv env(object_task(0), SimConfig{.image_size = 64});
  env.reset({});
  env.step(Action(7));
  Observation observation;
  env.observe(observation);
  ASSERT_EQ(observation.images.size(), 2u);
  for (const Image& image : observation.images) {
    EXPECT_EQ(image.height, 64);
    EXPECT_EQ(image.width, 64);
    const auto [low, high] = std::minmax_element(image.rgb.begin(), image.rgb.end());
    EXPECT_GT(*high - *low, 60);
  }
  EXPECT_EQ(observation.step, 1);
  EXPECT_NEAR(observation.time, 0.05, 1e-12);
  EXPECT_EQ(observation.proprio, env.proprio());
}

TEST(Render, EveryThreadAndSizeGivesTheSamePicture) {
  const auto picture = [](int warm_up_size) {
    SimEnv env(object_task(4));
    env.reset({"shuffled", 1, 2, ""});
    Image image;
    env.render("agentview", warm_up_size, warm_up_size, image);
    env.render("agentview", 96, 96, image);
    return image.rgb;
  };
  const auto here = picture(32);
  std::vector<uint8_t> there;
  std::thread worker([&] { there = picture(300); });  // the buffer grows and is used in part
  worker.join();
  EXPECT_EQ(there, here);
}

}  // namespace
}  // namespace libra::sim
