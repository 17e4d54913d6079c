// What is left out of a picture changes no pixel of it.
#include "libra/sim/engine/seen_parts.h"

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

#include <algorithm>
#include <cmath>

#include "libra/sim/engine/renderer.h"
#include "libra/sim/engine/scene.h"
#include "libra/sim/libero/libero.h"
#include "libra/sim/sim_env.h"
#include "tests/sim/libero/real_libero.h"

namespace libra::sim::libero {
namespace {

class SeenPartsOfLibero : public RealLiberoTest {};

// Every pixel, against MuJoCo drawing everything: all forty tasks, both cameras, the arm as an
// episode begins and where it went in twenty steps.
TEST_F(SeenPartsOfLibero, EveryPixelStays) {
  constexpr int kSize = 128;
  for (const char* name : {"libero_spatial", "libero_object", "libero_goal", "libero_10"}) {
    for (const task::TaskSpec& spec : load_suite(libero(), name).tasks) {
      SimEnv env(spec);
      env.reset({"libero", 0, 3, ""});
      auto* model = const_cast<mjModel*>(env.model());
      auto* data = const_cast<mjData*>(env.data());
      const auto all = engine::Renderer::for_model(model, {.unseen = true});
      const auto seen = engine::Renderer::for_model(model);
      for (int pose = 0; pose < 2; ++pose) {
        for (const CameraSpec& camera : env.embodiment().cameras) {
          Image a, b;
          const int id = env.scene().camera(camera.name);
          all->render(model, data, {}, id, kSize, kSize, a);
          seen->render(model, data, {}, id, kSize, kSize, b);
          EXPECT_EQ(a.rgb, b.rgb) << spec.task.name << ", " << camera.name;
          EXPECT_NE(*std::max_element(a.rgb.begin(), a.rgb.end()), 0);
        }
        for (int i = 0; i < 20; ++i) env.step({.6f, i < 10 ? .8f : -.8f, -.7f, 0, .3f, 0, 1});
      }
    }
  }
}

// Merged vertices: another picture, but of the same things.
TEST_F(SeenPartsOfLibero, FewerTrianglesLookAlmostTheSame) {
  SimEnv full(load_suite(libero(), "libero_object").tasks.at(0));
  SimEnv coarse(load_suite(libero(), "libero_object").tasks.at(0), SimConfig{.mesh_cell = .003});
  Image a, b;
  for (SimEnv* env : {&full, &coarse}) env->reset({"libero", 0, 0, ""});
  full.render("agentview", 128, 128, a);
  coarse.render("agentview", 128, 128, b);
  double squares = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) squares += std::pow(int(a.rgb[i]) - int(b.rgb[i]), 2);
  EXPECT_GT(squares, 0);
  const double noise = 10 * std::log10(255 * 255 * double(a.rgb.size()) / squares);
  EXPECT_GT(noise, 28) << "dB";
}

TEST(ViewVolume, SeesWhatReachesIn) {
  engine::ViewVolume volume;
  volume.add({0, 0, 0}, {0, 0, 2});
  volume.add({1, 0, 0}, {-3, 0, 0});
  EXPECT_TRUE(volume.sees({0, 0, 1}, .1f));
  EXPECT_TRUE(volume.sees({1.05f, 0, 1}, .1f));
  EXPECT_FALSE(volume.sees({1.2f, 0, 1}, .1f));
  EXPECT_FALSE(volume.sees({0, 0, -.2f}, .1f));
}

}  // namespace
}  // namespace libra::sim::libero
