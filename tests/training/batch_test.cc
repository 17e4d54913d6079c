// What a batch is made of: every frame once before any comes again, windows and slices of the right
// frames, images as old as the runtime will serve them, labels of the moment of execution.
#include "libra/training/batch.h"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "tests/support/message_of.h"

namespace libra::training {
namespace {

constexpr int kSide = 32, kFrames = 40;

// Grey level 5 t, proprio t / 100 and actions t / 100 at frame t.
std::vector<data::Demo> telling_demos(int every = 1) {
  data::Demo demo;
  demo.every = every;
  demo.frames = kFrames;
  demo.height = demo.width = kSide;
  demo.items = {"milk"};
  demo.target = "milk";
  demo.instruction = "pick up the milk and place it in the basket";
  demo.images.assign(2, {});
  for (int t = 0; t < kFrames; ++t) {
    for (auto& frames : demo.images) {
      if (demo.pictured(t)) frames.insert(frames.end(), kSide * kSide * 3, uint8_t(5 * t));
    }
    Proprio proprio(8);
    proprio[0] = t / 100.0;
    demo.proprio.push_back(proprio);
    Action action(7);
    action[0] = float(t) / 100.0f;
    demo.expert_actions.push_back(action);
    demo.perturbed.push_back(0);
    demo.item_uv.insert(demo.item_uv.end(), {float(t) / 100.0f, 0.5f, 0.5f, 0.5f});
    demo.item_position.insert(demo.item_position.end(), 3, 0.0f);
  }
  return {demo};
}

int frame_of(const torch::Tensor& proprio) {
  return int(std::lround(100 * proprio[0].item<double>()));
}

model::LibraVlaConfig small_model() {
  model::LibraVlaConfig model;
  list_fields(model).read_toml_file(LIBRA_SOURCE_DIR "/tests/training/small_model.toml");
  return model;
}

policy::ModelBundle small_bundle(const model::LibraVlaConfig& model) {
  return policy::make_bundle(model, action::NormStats::identity(model.embodiment),
                             LIBRA_SOURCE_DIR "/assets/tokenizer");
}

TEST(Batcher, TakesEachFrameOnceAnEpoch) {
  TrainConfig config;
  config.batch = 8;
  config.augment = {0, 0.0, 0.0};
  config.sampling = {0, 0, 0.0};
  const data::EpisodeSet demos(telling_demos(), libero_panda());
  const policy::ModelBundle bundle = small_bundle(small_model());
  const Batcher batcher(demos, nullptr, bundle, config);
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::multiset<int> frames;
    for (int step = 0; step < kFrames / 8; ++step) {
      const Batch batch = batcher.train(epoch * (kFrames / 8) + step);
      for (int64_t b = 0; b < 8; ++b) frames.insert(frame_of(batch.planner.proprio[b]));
    }
    EXPECT_EQ(std::set<int>(frames.begin(), frames.end()).size(), size_t(kFrames));
  }
}

// Everything of a sample follows from its frame: the plan's bins and the refiner's chunk are those
// of the actions from there on, the last one repeated and masked behind the end.
TEST(Batcher, LabelsAreTheActionsFromTheFrameOn) {
  const model::LibraVlaConfig model = small_model();
  TrainConfig config;
  config.batch = 16;
  config.augment = {0, 0.0, 0.0};
  config.sampling = {0, 0, 0.0};
  const data::EpisodeSet demos(telling_demos(), libero_panda());
  const policy::ModelBundle bundle = small_bundle(model);
  const Batcher batcher(demos, nullptr, bundle, config);
  const int horizon = model.action.horizon, expansion = model.action.expansion;
  std::set<int64_t> slices;
  for (int64_t step = 0; step < 5; ++step) {
    const Batch batch = batcher.train(step);
    for (int64_t b = 0; b < config.batch; ++b) {
      const int first = frame_of(batch.planner.proprio[b]);
      const int64_t slice = batch.slice[b].item<int64_t>();
      slices.insert(slice);
      EXPECT_EQ(frame_of(batch.refiner.proprio[b]), first + horizon * slice);
      for (int k = 0; k < horizon * expansion; ++k) {
        const int frame = std::min(first + k, kFrames - 1);
        const float value = float(frame) / 100.0f;
        EXPECT_EQ(batch.bins[b][k][0].item<int64_t>(),
                  int64_t(std::floor((value + 1.0f) / 2.0f * float(model.action.bins))));
        EXPECT_EQ(batch.plan_valid[b][k].item<float>(), first + k < kFrames ? 1.0f : 0.0f);
      }
      for (int i = 0; i < horizon; ++i) {
        const int at = first + horizon * int(slice) + i;
        EXPECT_NEAR(batch.actions[b][i][0].item<double>(), std::min(at, kFrames - 1) / 100.0, 1e-6);
        EXPECT_EQ(batch.action_valid[b][i].item<float>(), at < kFrames ? 1.0f : 0.0f);
      }
    }
  }
  EXPECT_EQ(int(slices.size()), expansion);
}

struct Ages {
  std::set<int> planner, refiner;
  std::set<int> frames;  // planned at
  int fresh = 0, samples = 0;
};

Ages ages(const DelayConfig& delay, int every = 1) {
  TrainConfig config;
  config.batch = 16;
  config.augment = {0, 0.0, 0.0};
  config.sampling = {0, 0, 0.0};
  config.delay = delay;
  const data::EpisodeSet demos(telling_demos(every), libero_panda());
  const policy::ModelBundle bundle = small_bundle(small_model());
  const Batcher batcher(demos, nullptr, bundle, config);
  Ages seen;
  for (int64_t step = 0; step < 12; ++step) {
    const Batch batch = batcher.train(step);
    for (int64_t b = 0; b < config.batch; ++b) {
      // SigLIP's pixels are 2 x / 255 - 1; ImageNet's red ones (x / 255 - .485) / .229.
      const double red = batch.planner.pixel_values[b][0][0][0][0].item<double>();
      const double grey = batch.refiner.pixel_values[b][0][0][0][0].item<double>();
      const int planner_image = int(std::lround((red * 0.229 + 0.485) * 255 / 5));
      const int refiner_image = int(std::lround((grey + 1) / 2 * 255 / 5));
      const int planned = frame_of(batch.planner.proprio[b]),
                refined = frame_of(batch.refiner.proprio[b]);
      seen.frames.insert(planned);
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

// Where some steps alone have pictures, those are learned from, and every picture is of its step.
TEST(Batcher, LearnsFromTheStepsThatHavePictures) {
  const int horizon = small_model().action.horizon;
  const Ages some = ages({}, horizon);
  EXPECT_EQ(some.planner, std::set<int>{0});
  EXPECT_EQ(some.refiner, std::set<int>{0});
  std::set<int> expected;
  for (int t = 0; t < kFrames; t += horizon) expected.insert(t);
  EXPECT_EQ(some.frames, expected);
  EXPECT_THAT(message_of([&] { ages({}, horizon + 1); }),
              testing::HasSubstr("the refiner looks again after"));
  EXPECT_THAT(message_of([&] { ages({.planner_steps = 1}, horizon); }),
              testing::HasSubstr("train.delay needs those of every one"));
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
