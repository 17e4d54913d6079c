// The whole loop on several ranks against one process.
#include "tests/training/distributed/ranks.h"

#include <gmock/gmock.h>

#include "tests/training/distributed/toy_training.h"
#include "tests/training/toy_run.h"

namespace libra::training {
namespace {

using testing::HasSubstr;

struct Way {
  int ranks;
  bool zero = false;
  int micro_batch = 0;
  int threads = 1;  // 2: planner and refiner side by side, each with a line of its own
  Variant variant = Variant::kFull;
};

TrainConfig config_of(const Way& way) {
  TrainConfig config = short_run(way.variant);
  config.threads = way.threads;
  config.micro_batch = way.micro_batch;
  config.grounding.steps = way.variant == Variant::kFull ? 2 : 0;
  config.grounding.batch = 4;
  config.offload = 0.25;
  config.augment.shift = 2;
  config.injection.mode = InjectionMode::kFree;
  return config;
}

// Losses and norms of each step, then the weights, of the first rank.
std::string trained(const Way& way, int steps, const std::string& folder = "", bool resume = false,
                    int checkpoint_at = -1) {
  const TempFolder own;
  const std::string dir = folder.empty() ? own.path() : folder;
  const auto ends = run_ranks(way.ranks, [&](Communicator& line) {
    ToyRun run(
        dir, config_of(way),
        {.line = line.open("trainer"), .exchange = {.zero = way.zero, .bucket_bytes = 100000}},
        way.variant);
    if (resume) run.trainer->resume();
    std::vector<double> told;
    for (int s = 0; s < steps; ++s) {
      const StepReport report = run.trainer->advance();
      for (const double x : {report.plan, report.pointing, report.keyframe, report.diffusion,
                             report.accuracy, report.planner_norm, report.refiner_norm}) {
        told.push_back(x);
      }
      if (s + 1 == checkpoint_at) run.trainer->write_checkpoint();
    }
    std::vector<torch::Tensor> all = {torch::tensor(told, torch::kFloat64)};
    for (const auto& p : run.bundle.planner->parameters()) all.push_back(p);
    for (const auto& p : run.bundle.refiner->parameters()) all.push_back(p);
    line.barrier();
    return packed(all);
  });
  const auto out = outputs_of(ends);
  for (const auto& other : out) EXPECT_EQ(other.size(), out[0].size());
  return out[0];
}

// Largest difference of the first n numbers of what is told, over each.
double told_difference(const std::string& a, const std::string& b, int64_t count) {
  const torch::Tensor x = unpacked(a)[0].narrow(0, 0, count),
                      y = unpacked(b)[0].narrow(0, 0, count);
  return ((x - y).abs() / y.abs().clamp_min(1e-3)).max().item<double>();
}

class Ranks : public testing::TestWithParam<Way> {};

TEST_P(Ranks, LearnWhatOneProcessLearns) {
  const Way way = GetParam();
  const std::string one = trained({.ranks = 1, .variant = way.variant}, 4);
  const std::string several = trained(way, 4);
  EXPECT_LT(told_difference(several, one, 7), 1e-6);
  EXPECT_LT(told_difference(several, one, 28), 1e-3);
  EXPECT_LT(distance(several, one), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Ways, Ranks,
                         testing::Values(Way{.ranks = 2}, Way{.ranks = 2, .zero = true},
                                         Way{.ranks = 2, .threads = 2},
                                         Way{.ranks = 2, .zero = true, .threads = 2},
                                         Way{.ranks = 2, .zero = true, .micro_batch = 1},
                                         Way{.ranks = 4, .micro_batch = 1},
                                         Way{.ranks = 1, .zero = true},
                                         Way{.ranks = 2, .variant = Variant::kRefinement}));

TEST(RanksOfARun, GoOnAtAnotherNumberOfRanks) {
  const std::string straight = trained({.ranks = 1}, 6);
  for (const bool zero : {false, true}) {
    const TempFolder folder;
    trained({.ranks = 2, .zero = zero}, 3, folder.path(), false, 3);
    const std::string three = trained({.ranks = zero ? 1 : 4}, 3, folder.path(), true);
    const auto a = unpacked(three), b = unpacked(straight);
    for (size_t i = 1; i < a.size(); ++i) {
      EXPECT_LT((a[i] - b[i]).abs().max().item<double>(), 2e-3) << i;
    }
    EXPECT_NEAR(a[0][14].item<double>(), b[0][35].item<double>(), 1e-2);  // plan loss, sixth step
  }
}

TEST(RanksOfARun, StepsThatCannotBeSharedEvenlyAreRefused) {
  const auto ends = run_ranks(3, [&](Communicator& line) {
    const TempFolder folder;
    ToyRun run(folder.path(), config_of({.ranks = 3}), {.line = line.open("t")});
    return std::string();
  });
  for (const auto& end : ends) {
    EXPECT_EQ(end.exit_code, 2);
    EXPECT_THAT(end.output, HasSubstr("train.batch: cannot be shared evenly by 3 ranks"));
  }
}

}  // namespace
}  // namespace libra::training
