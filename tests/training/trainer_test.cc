// The whole loop on made-up demonstrations of a few random frames.
#include "libra/training/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "libra/core/error.h"

namespace libra::training {
namespace {

namespace fs = std::filesystem;

constexpr int kToySide = 32;

data::Demo random_demo(uint64_t seed) {
  Rng rng(seed);
  data::Demo demo;
  demo.frames = 14;
  demo.image_size = kToySide;
  demo.items = {"milk", "butter", "ketchup"};
  demo.target = demo.items[seed % 3];
  demo.instruction = "pick up the " + demo.target + " and place it in the basket";
  for (int c = 0; c < 2; ++c) {
    demo.images.emplace_back(size_t(demo.frames) * kToySide * kToySide * 3);
    for (auto& byte : demo.images.back()) byte = uint8_t(rng.below(256));
  }
  for (int t = 0; t < demo.frames; ++t) {
    Proprio proprio;
    for (auto& x : proprio) x = rng.normal();
    demo.proprio.push_back(proprio);
    Action action;
    for (auto& x : action) x = float(rng.uniform(-1, 1));
    demo.expert_actions.push_back(action);
    demo.perturbed.push_back(rng.uniform() < 0.1);
    for (size_t i = 0; i < demo.items.size() * 2 * 2; ++i)
      demo.item_uv.push_back(float(rng.uniform()));
    for (size_t i = 0; i < demo.items.size() * 3; ++i)
      demo.item_position.push_back(float(rng.normal()));
  }
  return demo;
}

// Still scenes made of the demonstrations' first frames.
data::SceneSet random_scenes() {
  std::vector<data::Scene> scenes;
  for (uint64_t s = 0; s < 6; ++s) {
    const data::Demo demo = random_demo(100 + s);
    data::Scene scene;
    for (const auto& frames : demo.images) {
      scene.images.emplace_back(kToySide, kToySide);
      std::copy_n(frames.begin(), scene.images.back().rgb.size(), scene.images.back().rgb.begin());
    }
    scene.proprio = demo.proprio[0];
    scene.items = demo.items;
    for (const auto& item : demo.items) scene.instructions.push_back("where is the " + item);
    scene.item_uv.assign(demo.item_uv.begin(), demo.item_uv.begin() + 3 * 2 * 2);
    scenes.push_back(std::move(scene));
  }
  return data::SceneSet(std::move(scenes));
}

model::LibraVlaConfig small_model(const std::string& variant) {
  model::LibraVlaConfig config;
  list_fields(config).read_toml_file(LIBRA_SOURCE_DIR "/tests/training/small_model.toml");
  config.variant = variant;
  return config;
}

TrainConfig short_run(const std::string& variant = "full") {
  TrainConfig config;
  config.steps = 6;
  config.batch = 4;
  config.precision = "f32";
  config.threads = variant == "full" ? 2 : 1;  // small graphs on two OpenMP threads crawl
  config.checkpoint_every = 3;
  config.validate_every = 6;
  config.log_every = 1;
  config.sampling.held_out = 0.3;
  return config;
}

struct ToyRun {
  explicit ToyRun(const std::string& name, const std::string& variant = "full",
                  TrainConfig config = short_run())
      : dir((fs::temp_directory_path() / ("libra_trainer_test_" + name)).string()),
        train(config),
        demos([] {
          std::vector<data::Demo> list;
          for (uint64_t s = 0; s < 8; ++s) list.push_back(random_demo(s));
          return list;
        }()),
        scenes(random_scenes()) {
    torch::manual_seed(3);
    bundle = policy::make_bundle(small_model(variant), norm_stats(demos, "q01_q99"),
                                 LIBRA_SOURCE_DIR "/assets/tokenizer");
    batcher = std::make_unique<Batcher>(demos, &scenes, bundle, train);
    trainer = std::make_unique<Trainer>(train, bundle, *batcher, dir);
  }
  std::string weights() const {
    std::ifstream file(dir + "/checkpoint/model.safetensors", std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
  }

  std::string dir;
  TrainConfig train;
  data::DemoSet demos;
  data::SceneSet scenes;
  policy::ModelBundle bundle;
  std::unique_ptr<Batcher> batcher;
  std::unique_ptr<Trainer> trainer;
};

// The keyframe loss alone: its mean over rows does not depend on how the rows are grouped.
TEST(Trainer, SharingThePlannersRowsBetweenThreadsKeepsItsGradient) {
  double norm[2], loss[2];
  for (int shared = 0; shared < 2; ++shared) {
    TrainConfig config = short_run();
    config.loss.plan = config.loss.pointing = 0;
    config.offload = shared ? 0.5 : 0.0;
    ToyRun run(shared ? "shared" : "alone", "full", config);
    const StepReport report = run.trainer->advance();
    norm[shared] = report.planner_norm;
    loss[shared] = report.keyframe;
  }
  EXPECT_GT(norm[0], 0);
  EXPECT_NEAR(norm[1], norm[0], 1e-5 * norm[0]);
  EXPECT_NEAR(loss[1], loss[0], 1e-5 * loss[0]);
}

TEST(Trainer, ResumingGivesTheSameBytesAsGoingOn) {
  const std::atomic<bool> go{false};
  fs::remove_all(fs::temp_directory_path() / "libra_trainer_test_straight");
  fs::remove_all(fs::temp_directory_path() / "libra_trainer_test_resumed");
  ToyRun straight("straight");
  straight.trainer->run(go);

  TrainConfig half = short_run();
  half.steps = 6;
  {
    ToyRun first("resumed", "full", half);
    for (int i = 0; i < 3; ++i) first.trainer->advance();
    first.trainer->write_checkpoint();
  }
  ToyRun second("resumed", "full", half);
  second.trainer->resume();
  second.trainer->run(go);
  ASSERT_GT(straight.weights().size(), 1000u);
  EXPECT_EQ(straight.weights(), second.weights());
}

TEST(Trainer, EveryVariantLearnsAndItsCheckpointLoads) {
  for (const char* variant : {"full", "base", "vision", "refinement", "static_latent"}) {
    fs::remove_all(fs::temp_directory_path() / (std::string("libra_trainer_test_") + variant));
    TrainConfig config = short_run(variant);
    config.grounding.steps = 2;
    config.grounding.batch = 4;
    ToyRun run(variant, variant, config);
    const std::atomic<bool> go{false};
    run.trainer->run(go);
    const auto loaded = policy::load_bundle(run.dir + "/checkpoint");
    EXPECT_EQ(loaded.config.variant, variant);
    EXPECT_EQ(loaded.planner->parameters().size(), run.bundle.planner->parameters().size());
  }
}

TEST(Trainer, AStoppedRunKeepsWhatItDid) {
  fs::remove_all(fs::temp_directory_path() / "libra_trainer_test_stopped");
  ToyRun run("stopped");
  const std::atomic<bool> stopped{true};
  run.trainer->run(stopped);
  EXPECT_TRUE(fs::exists(run.dir + "/checkpoint/model.safetensors"));
  ToyRun again("stopped");
  again.trainer->resume();
}

TEST(Trainer, NotANumberStopsTheRunAndKeepsTheLastGoodCheckpoint) {
  fs::remove_all(fs::temp_directory_path() / "libra_trainer_test_nan");
  ToyRun run("nan");
  for (int i = 0; i < 3; ++i) run.trainer->advance();
  run.trainer->write_checkpoint();
  const std::string good = run.weights();
  {
    const torch::NoGradGuard no_grad;
    run.bundle.planner->parameters()[0].fill_(std::nan(""));
  }
  const std::atomic<bool> go{false};
  try {
    run.trainer->run(go);
    FAIL() << "expected an error";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("not finite at step 3"), std::string::npos) << e.what();
    EXPECT_EQ(e.exit_code(), 1);
  }
  EXPECT_EQ(run.weights(), good);
}

TEST(Trainer, NothingToResumeIsSaid) {
  fs::remove_all(fs::temp_directory_path() / "libra_trainer_test_fresh");
  ToyRun run("fresh");
  EXPECT_THROW(run.trainer->resume(), Error);
}

}  // namespace
}  // namespace libra::training
