// Training of a small model on made-up demonstrations of a few random frames.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "libra/training/step/weights.h"
#include "libra/training/trainer.h"

namespace libra::training {

constexpr int kToySide = 32;

inline data::Demo random_demo(uint64_t seed) {
  Rng rng(seed);
  data::Demo demo;
  demo.frames = 14;
  demo.height = demo.width = kToySide;
  demo.items = {"milk", "butter", "ketchup"};
  demo.target = demo.items[seed % 3];
  demo.instruction = "pick up the " + demo.target + " and place it in the basket";
  for (int c = 0; c < 2; ++c) {
    demo.images.emplace_back(size_t(demo.frames) * kToySide * kToySide * 3);
    for (auto& byte : demo.images.back()) byte = uint8_t(rng.below(256));
  }
  for (int t = 0; t < demo.frames; ++t) {
    Proprio proprio(8);
    for (auto& x : proprio) x = rng.normal();
    demo.proprio.push_back(proprio);
    Action action(7);
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
inline data::SceneSet random_scenes() {
  std::vector<data::Scene> scenes;
  for (uint64_t s = 0; s < 6; ++s) {
    const data::Demo demo = random_demo(100 + s);
    data::Scene scene;
    for (const auto& frames : demo.images) {
      scene.images.emplace_back(kToySide, kToySide);
      std::copy_n(frames.begin(), scene.images.back().rgb.size(), scene.images.back().rgb.begin());
    }
    scene.proprio.assign(demo.proprio[0].begin(), demo.proprio[0].end());
    scene.items = demo.items;
    for (const auto& item : demo.items) scene.instructions.push_back("where is the " + item);
    scene.item_uv.assign(demo.item_uv.begin(), demo.item_uv.begin() + 3 * 2 * 2);
    scenes.push_back(std::move(scene));
  }
  return data::SceneSet(std::move(scenes));
}

using model::Variant;

inline model::LibraVlaConfig small_model(Variant variant) {
  model::LibraVlaConfig config;
  list_fields(config).read_toml_file(LIBRA_SOURCE_DIR "/tests/training/small_model.toml");
  config.variant = variant;
  return config;
}

inline TrainConfig short_run(Variant variant = Variant::kFull) {
  TrainConfig config;
  config.steps = 6;
  config.batch = 4;
  config.precision = TrainPrecision::kF32;
  config.threads = variant == Variant::kFull ? 2 : 1;  // small graphs on two OpenMP threads crawl
  config.checkpoint_every = 3;
  config.validate_every = 6;
  config.log_every = 1;
  config.sampling.held_out = 0.3;
  return config;
}

struct ToyRun {
  explicit ToyRun(const std::string& name, Variant variant = Variant::kFull,
                  TrainConfig config = short_run())
      : ToyRun((std::filesystem::temp_directory_path() / ("libra_trainer_test_" + name)).string(),
               config, {}, variant) {}
  // In a folder, as one of several ranks.
  ToyRun(std::string folder, TrainConfig config, const TrainRanks& ranks,
         Variant variant = Variant::kFull)
      : ToyRun(std::move(folder), config, ranks, small_model(variant)) {}
  ToyRun(std::string folder, TrainConfig config, const TrainRanks& ranks,
         const model::LibraVlaConfig& model, Evaluate evaluate = {})
      : dir(std::move(folder)),
        train(config),
        demos(
            [] {
              std::vector<data::Demo> list;
              for (uint64_t s = 0; s < 8; ++s) list.push_back(random_demo(s));
              return list;
            }(),
            libero_panda()),
        scenes(random_scenes()) {
    torch::manual_seed(3);
    bundle = policy::make_bundle(model, norm_stats(demos, libero_panda(), model.action),
                                 LIBRA_SOURCE_DIR "/assets/tokenizer");
    prepare_weights(bundle, train);
    batcher = std::make_unique<Batcher>(demos, &scenes, bundle, train);
    trainer = std::make_unique<Trainer>(train, bundle, *batcher, dir, ranks, std::move(evaluate));
  }
  std::string weights() const {
    std::ifstream file(dir + "/checkpoint/model.safetensors", std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
  }

  std::string dir;
  TrainConfig train;
  data::EpisodeSet demos;
  data::SceneSet scenes;
  policy::ModelBundle bundle;
  std::unique_ptr<Batcher> batcher;
  std::unique_ptr<Trainer> trainer;
};

}  // namespace libra::training
