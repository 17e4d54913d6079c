// Delays in training: images as old as the runtime will serve them, proprio of the moment of
// execution, labels unchanged.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "libra/training/batch.h"

namespace libra::training {
namespace {

constexpr int kSide = 32, kFrames = 40;

// Grey level 5 t, proprio t / 100 and actions t / 100 at frame t.
data::DemoSet telling_demos() {
  data::Demo demo;
  demo.frames = kFrames;
  demo.image_size = kSide;
  demo.items = {"milk"};
  demo.target = "milk";
  demo.instruction = "pick up the milk and place it in the basket";
  demo.images.assign(2, {});
  for (int t = 0; t < kFrames; ++t) {
    for (auto& frames : demo.images) frames.insert(frames.end(), kSide * kSide * 3, uint8_t(5 * t));
    Proprio proprio{};
    proprio[0] = t / 100.0;
    demo.proprio.push_back(proprio);
    Action action{};
    action[0] = float(t) / 100.0f;
    demo.expert_actions.push_back(action);
    demo.perturbed.push_back(0);
    demo.item_uv.insert(demo.item_uv.end(), {float(t) / 100.0f, 0.5f, 0.5f, 0.5f});
    demo.item_position.insert(demo.item_position.end(), 3, 0.0f);
  }
  return data::DemoSet(std::vector<data::Demo>{demo});
}

struct Ages {
  std::set<int> planner, refiner;
  int fresh = 0, samples = 0;
};

Ages ages(const DelayConfig& delay) {
  model::LibraVlaConfig model;
  list_fields(model).read_toml_file(LIBRA_SOURCE_DIR "/tests/training/small_model.toml");
  TrainConfig config;
  config.batch = 16;
  config.augment = {0, 0.0, 0.0};
  config.sampling = {0, 0, 0.0};
  config.delay = delay;
  const data::DemoSet demos = telling_demos();
  const policy::ModelBundle bundle = policy::make_bundle(model, action::NormStats::identity(),
                                                         LIBRA_SOURCE_DIR "/assets/tokenizer");
  const Batcher batcher(demos, nullptr, bundle, config);
  Ages seen;
  for (int64_t step = 0; step < 12; ++step) {
    const Batch batch = batcher.train(step);
    for (int64_t b = 0; b < config.batch; ++b) {
      const auto frame = [](const torch::Tensor& proprio) {
        return int(std::lround(100 * proprio[0].item<double>()));
      };
      // SigLIP's pixels are 2 x / 255 - 1; ImageNet's red ones (x / 255 - .485) / .229.
      const double red = batch.planner.pixel_values[b][0][0][0][0].item<double>();
      const double grey = batch.refiner.pixel_values[b][0][0][0][0].item<double>();
      const int planner_image = int(std::lround((red * 0.229 + 0.485) * 255 / 5));
      const int refiner_image = int(std::lround((grey + 1) / 2 * 255 / 5));
      const int planned = frame(batch.planner.proprio[b]),
                refined = frame(batch.refiner.proprio[b]);
      if (planner_image > 0) seen.planner.insert(planned - planner_image);
      // In the first frames an image is fresh whatever was drawn.
      if (planned >= 8) {
        ++seen.samples;
        seen.fresh += planned == planner_image;
      }
      if (refiner_image > 0) seen.refiner.insert(refined - refiner_image);
      // Labels are those of the moment of execution; the pointing target is where the image has it.
      EXPECT_NEAR(batch.actions[b][0][0].item<double>(), refined / 100.0, 1e-6);
      EXPECT_NEAR(batch.pointing.uv[b][0][0][0].item<double>(), planner_image / 100.0, 1e-6);
    }
  }
  return seen;
}

TEST(Delay, ImagesAreUpToSoManyStepsOldAndNothingElseIs) {
  const Ages none = ages({});
  EXPECT_EQ(none.planner, std::set<int>{0});
  EXPECT_EQ(none.refiner, std::set<int>{0});
  const Ages some = ages({.planner_steps = 3, .refiner_steps = 2});
  EXPECT_EQ(some.planner, (std::set<int>{0, 1, 2, 3}));
  EXPECT_EQ(some.refiner, (std::set<int>{0, 1, 2}));
}

TEST(Delay, AShareOfTheSamplesStaysFresh) {
  EXPECT_EQ(ages({.planner_steps = 3, .share = 0.0}).planner, std::set<int>{0});
  const Ages half = ages({.planner_steps = 3, .share = 0.5});
  EXPECT_EQ(half.planner, (std::set<int>{0, 1, 2, 3}));
  // A half, and a fourth of the other half.
  EXPECT_NEAR(double(half.fresh) / half.samples, 0.625, 4 * std::sqrt(0.24 / half.samples));
}

}  // namespace
}  // namespace libra::training
