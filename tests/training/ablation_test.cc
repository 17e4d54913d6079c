// Every row of the ablation table learns: its file is read as `libra train` reads it, its networks
// are made small, and they are trained on made-up demonstrations.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "libra/core/error.h"
#include "tests/training/toy_run.h"

namespace libra::training {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRows = LIBRA_SOURCE_DIR "/configs/ablation";

// A row with networks that take a moment.
RunConfig small_row(const fs::path& file) {
  RunConfig run;
  list_fields(run).read_toml_file(file.string());
  run.model.validate(file.string());
  const std::string row = file.stem().string();
  const model::LibraVlaConfig as_written = run.model;
  list_fields(run.model).read_toml_file(LIBRA_SOURCE_DIR "/tests/training/small_model.toml");
  EXPECT_EQ(run.model.variant, as_written.variant);
  EXPECT_EQ(run.model.action.bins, as_written.action.bins);
  return run;
}

TEST(Ablation, EveryRowLearns) {
  std::set<std::string> rows;
  for (const auto& entry : fs::directory_iterator(kRows)) {
    if (entry.path().extension() != ".toml") continue;
    const std::string name = entry.path().stem().string();
    SCOPED_TRACE(name);
    rows.insert(name);
    RunConfig run = small_row(entry.path());
    TrainConfig train = short_run(Variant::kBase);
    train.injection = run.train.injection;
    train.steps = 18;
    train.batch = 4;
    train.optim.lr = 1e-2;
    train.optim.warmup_steps = 0;
    train.loss.noise_draws = 1;
    ToyRun toy((fs::temp_directory_path() / ("libra_ablation_" + name)).string(), train, {},
               run.model);
    // What the row is judged by: the parts that it has. Noise of single steps is averaged out.
    double first = 0, last = 0;
    for (int i = 0; i < train.steps; ++i) {
      const StepReport report = toy.trainer->advance();
      ASSERT_TRUE(report.finite);
      EXPECT_EQ(report.plan > 0, run.model.planner_has_bins());
      EXPECT_EQ(report.diffusion > 0, run.model.has_refiner());
      if (run.model.has_intents()) {
        EXPECT_EQ(report.sampled, run.train.injection.mode == InjectionMode::kFree);
      }
      if (i < 5) first += report.plan + report.diffusion;
      if (i >= train.steps - 5) last += report.plan + report.diffusion;
    }
    EXPECT_LT(last, 0.97 * first);
  }
  for (const char* row : {"full",
                          "refinement",
                          "vision",
                          "base",
                          "static_latent",
                          "autoregressive",
                          "two_branch",
                          "n2",
                          "n10",
                          "n100",
                          "n256",
                          "bins_quantile",
                          "bins_fsq",
                          "injection_adaptive",
                          "injection_teacher",
                          "injection_free",
                          "target_residual",
                          "target_sample",
                          "target_v",
                          "target_flow"}) {
    EXPECT_TRUE(rows.contains(row)) << row;
  }
}

// As many values in each bin, counted by hand.
TEST(Ablation, QuantileBinsFollowTheTrainingData) {
  model::LibraVlaConfig model = small_model(Variant::kFull);
  model.action.binning = model::Binning::kQuantile;
  model.action.bins = 5;
  ToyRun toy((fs::temp_directory_path() / "libra_ablation_quantile").string(), short_run(), {},
             model);
  const action::NormStats& stats = toy.bundle.transforms->stats();
  ASSERT_EQ(stats.bin_edges.size(), 7u);
  std::vector<int> count(5);
  for (const data::Demo& demo : toy.demos.demos()) {
    const Rows<float> encoded =
        toy.bundle.transforms->codec().encode(demo.expert_actions, demo.proprio[0]);
    for (size_t t = 0; t < encoded.size(); ++t) {
      size_t bin = 0;
      while (bin < 4 && encoded[t][1] >= stats.bin_edges[1][bin + 1]) ++bin;
      ++count[bin];
    }
  }
  for (const int n : count) EXPECT_NEAR(n, 8 * 14 / 5.0, 2.0);
  toy.trainer->write_checkpoint();
  const auto loaded = policy::load_bundle(toy.dir + "/checkpoint");
  EXPECT_EQ(loaded.transforms->stats(), stats);
  // A checkpoint whose edges are of another N than its planner says so.
  model.action.bins = 6;
  EXPECT_THROW(policy::make_bundle(model, stats, LIBRA_SOURCE_DIR "/assets/tokenizer"), Error);
}

// Joints that move together: as many digits of as many bins come nearer to the actions as code of
// their axes, and checkpoints keep it.
TEST(Ablation, CodesFollowNumbersThatMoveTogether) {
  std::vector<data::Demo> list;
  for (uint64_t s = 0; s < 8; ++s) {
    list.push_back(random_demo(s));
    for (int t = 0; t < list.back().frames; ++t) {
      auto action = list.back().expert_actions[size_t(t)];
      for (size_t d = 1; d < 3; ++d) action[d] = 0.9f * action[0] + 0.1f * action[d];
    }
  }
  const data::EpisodeSet demos(list, libero_panda());
  double error[2];
  for (const bool codes : {false, true}) {
    model::ActionConfig config;
    config.binning = codes ? model::Binning::kFsq : model::Binning::kUniform;
    const action::NormStats stats = norm_stats(demos, libero_panda(), config);
    EXPECT_EQ(stats.code_book.empty(), !codes);
    EXPECT_EQ(action::norm_stats_from_json(action::to_json(stats), "test"), stats);
    const action::Codec codec(libero_panda(), stats);
    const action::Binner binner = codec.binner(config.bins);
    const policy::BinEdges bins(binner, 7);
    error[codes] = 0;
    for (const data::Demo& demo : demos.demos()) {
      const Rows<float> actions = codec.encode(demo.expert_actions, demo.proprio[0]);
      const Rows<float> centres = binner.centres(binner.intent(actions));
      for (size_t t = 0; t < actions.size(); ++t) {
        const auto row = actions[t];
        const torch::Tensor one = torch::tensor(std::vector<float>(row.begin(), row.end()));
        const torch::Tensor bin = policy::to_bins(one, bins);
        const torch::Tensor centre = policy::bin_centres(bin, bins);
        const torch::Tensor back =
            policy::from_residual(policy::to_residual(one, bin, bins), bin, bins);
        EXPECT_TRUE(torch::allclose(back, one, 1e-4, 1e-4));
        for (size_t d = 0; d < 7; ++d) {
          EXPECT_NEAR(centre[int64_t(d)].item<float>(), centres[t][d], 1e-4)
              << "with and without torch";
          if (d < 3) error[codes] += std::abs(centres[t][d] - row[d]);
        }
      }
    }
  }
  EXPECT_LT(error[1], 0.7 * error[0]);
}

}  // namespace
}  // namespace libra::training
