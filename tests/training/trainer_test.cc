// The whole loop on made-up demonstrations of a few random frames.
#include "libra/training/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "libra/core/error.h"
#include "libra/model/checkpoint.h"
#include "libra/model/safetensors.h"
#include "libra/training/step/weights.h"
#include "tests/training/toy_run.h"

namespace libra::training {
namespace {

namespace fs = std::filesystem;

// The keyframe loss alone: its mean over rows does not depend on how the rows are grouped.
TEST(Trainer, SharingThePlannersRowsBetweenThreadsKeepsItsGradient) {
  double norm[2], loss[2];
  for (int shared = 0; shared < 2; ++shared) {
    TrainConfig config = short_run();
    config.loss.plan = config.loss.pointing = 0;
    config.offload = shared ? 0.5 : 0.0;
    ToyRun run(shared ? "shared" : "alone", Variant::kFull, config);
    const StepReport report = run.trainer->advance();
    norm[shared] = report.planner_norm;
    loss[shared] = report.keyframe;
  }
  EXPECT_GT(norm[0], 0);
  EXPECT_NEAR(norm[1], norm[0], 1e-5 * norm[0]);
  EXPECT_NEAR(loss[1], loss[0], 1e-5 * loss[0]);
}

// All losses: what parts of a batch are divided by is the whole batch's.
TEST(Trainer, MicroBatchesAddUpToTheBatch) {
  for (const auto& [variant, word] : Words<Variant>::list) {
    SCOPED_TRACE(word);
    StepReport reports[3];
    const int micro[] = {0, 1, 3};
    for (int i = 0; i < 3; ++i) {
      TrainConfig config = short_run(variant);
      config.micro_batch = micro[i];
      config.loss.noise_draws = 2;
      ToyRun run(std::string("micro_") + word + std::to_string(i), variant, config);
      reports[i] = run.trainer->advance();
    }
    EXPECT_GT(reports[0].planner_norm + reports[0].refiner_norm, 0);
    for (int i = 1; i < 3; ++i) {
      EXPECT_NEAR(reports[i].plan, reports[0].plan, 1e-5);
      EXPECT_NEAR(reports[i].accuracy, reports[0].accuracy, 1e-9);
      EXPECT_NEAR(reports[i].pointing, reports[0].pointing, 1e-5);
      EXPECT_NEAR(reports[i].diffusion, reports[0].diffusion, 1e-5);
      EXPECT_NEAR(reports[i].planner_norm, reports[0].planner_norm, 1e-4 * reports[0].planner_norm);
      EXPECT_NEAR(reports[i].refiner_norm, reports[0].refiner_norm, 1e-4 * reports[0].refiner_norm);
    }
  }
}

// Activation checkpointing changes what is learnt by no more than the order of sums.
TEST(Trainer, RecomputingLearnsTheSame) {
  const auto run_dir = [](bool recompute) {
    TrainConfig config = short_run();
    config.offload = 0;
    config.recompute = recompute;
    const std::string name = recompute ? "recomputed" : "kept";
    fs::remove_all(fs::temp_directory_path() / ("libra_trainer_test_" + name));
    ToyRun run(name, Variant::kFull, config);
    const std::atomic<bool> go{false};
    run.trainer->run(go);
    return run.dir + "/checkpoint/model.safetensors";
  };
  const model::SafetensorsFile kept(run_dir(false)), recomputed(run_dir(true));
  ASSERT_GT(kept.names().size(), 50u);
  for (const std::string& name : kept.names()) {
    const auto f32 = torch::kFloat32;
    EXPECT_TRUE(
        torch::allclose(kept.tensor(name).to(f32), recomputed.tensor(name).to(f32), 0.02, 1e-5))
        << name;
  }
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
    ToyRun first("resumed", Variant::kFull, half);
    for (int i = 0; i < 3; ++i) first.trainer->advance();
    first.trainer->write_checkpoint();
  }
  ToyRun second("resumed", Variant::kFull, half);
  second.trainer->resume();
  second.trainer->run(go);
  ASSERT_GT(straight.weights().size(), 1000u);
  EXPECT_EQ(straight.weights(), second.weights());
}

TEST(Trainer, EveryVariantLearnsAndItsCheckpointLoads) {
  for (const auto& [variant, word] : Words<Variant>::list) {
    SCOPED_TRACE(word);
    fs::remove_all(fs::temp_directory_path() / (std::string("libra_trainer_test_") + word));
    TrainConfig config = short_run(variant);
    config.grounding.steps = 2;
    config.grounding.batch = 4;
    ToyRun run(word, variant, config);
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

// With adaptations: what was frozen stays, the checkpoint holds the merged weights, the adapter
// alone lies beside it as PEFT names it, and a run that was resumed ends with the same bytes.
TEST(Trainer, AdaptationsLearnAndMerge) {
  TrainConfig config = short_run();
  config.lora.rank = 2;
  config.freeze = {"planner.backbone.vision_model.*"};
  config.optim.ema_decay = 0;
  config.frozen = TrainPrecision::kBf16;
  const std::atomic<bool> go{false};
  for (const char* name : {"lora", "lora_resumed"}) {
    fs::remove_all(fs::temp_directory_path() / (std::string("libra_trainer_test_") + name));
  }
  ToyRun run("lora", Variant::kFull, config);
  const auto before = model::named_tensors(*run.bundle.planner);
  std::map<std::string, torch::Tensor> start;
  for (const auto& [name, tensor] : before) start[name] = tensor.detach().clone();
  run.trainer->run(go);
  int adapted = 0;
  const model::SafetensorsFile file(run.dir + "/checkpoint/model.safetensors");
  const model::SafetensorsFile adapter(run.dir + "/adapter/adapter_model.safetensors");
  for (const auto& [name, tensor] : model::named_tensors(*run.bundle.planner)) {
    if (name.starts_with("backbone.") && !name.ends_with(".lora_A") && !name.ends_with(".lora_B") &&
        !name.starts_with("backbone.mlp1")) {
      EXPECT_TRUE(torch::equal(tensor, start[name])) << name;
      EXPECT_FALSE(tensor.requires_grad()) << name;
    }
    if (!name.ends_with(".lora_B")) continue;
    ++adapted;
    const std::string layer = name.substr(0, name.size() - std::string(".lora_B").size());
    const std::string peft = "base_model.model.planner." + layer;
    const torch::Tensor a = adapter.tensor(peft + ".lora_A.weight"),
                        b = adapter.tensor(peft + ".lora_B.weight");
    EXPECT_GT(b.abs().max().item<double>(), 0) << "it has learnt";
    const torch::Tensor merged = start[layer + ".weight"].to(torch::kFloat64) +
                                 8.0 * b.to(torch::kFloat64).mm(a.to(torch::kFloat64));
    const torch::Tensor stored = file.tensor("planner." + layer + ".weight").to(torch::kFloat64);
    EXPECT_LT((merged - stored).abs().max().item<double>(),
              0.005 * merged.abs().max().item<double>())
        << layer;
  }
  EXPECT_GT(adapted, 0);
  EXPECT_EQ(policy::load_bundle(run.dir + "/checkpoint").unclaimed.size(), 0u);

  {
    ToyRun first("lora_resumed", Variant::kFull, config);
    for (int i = 0; i < 3; ++i) first.trainer->advance();
    first.trainer->write_checkpoint();
  }
  ToyRun second("lora_resumed", Variant::kFull, config);
  second.trainer->resume();
  second.trainer->run(go);
  EXPECT_TRUE(run.weights() == second.weights());
}

TEST(Weights, PatternsThatFitNothingAndTooMuchMemoryAreTold) {
  const auto message = [](TrainConfig config) -> std::string {
    try {
      ToyRun run("patterns", Variant::kFull, config);
    } catch (const Error& e) {
      return e.what();
    }
    return "accepted";
  };
  TrainConfig config = short_run();
  config.freeze = {"planner.backbon.*"};
  EXPECT_THAT(message(config), testing::HasSubstr("train.freeze: fits no name"));
  config = short_run();
  config.lora = {.rank = 4, .targets = {"planner.nothing"}};
  EXPECT_THAT(message(config), testing::HasSubstr("train.lora.targets: fits no name"));
  config = short_run();
  config.freeze = {"*"};
  EXPECT_THAT(message(config), testing::HasSubstr("leaves no weight"));

  ToyRun run("memory");
  const TrainingMemory memory = training_memory(run.bundle, run.train);
  // f32 weights, gradients, two moments and the average of every weight: 20 bytes each.
  EXPECT_EQ(memory.total(), 20.0 * double(memory.learning));
  EXPECT_NO_THROW(require_memory(memory, memory.total() + 1, run.train));
  EXPECT_THROW(require_memory(memory, memory.total(), run.train), Error);
}

TEST(Trainer, NothingToResumeIsSaid) {
  fs::remove_all(fs::temp_directory_path() / "libra_trainer_test_fresh");
  ToyRun run("fresh");
  EXPECT_THROW(run.trainer->resume(), Error);
}

}  // namespace
}  // namespace libra::training
