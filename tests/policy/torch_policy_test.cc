#include "libra/policy/torch_policy.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "libra/core/error.h"
#include "tests/policy/random_observation.h"

namespace libra::policy {
namespace {

std::string saved_checkpoint(const std::string& variant) {
  model::LibraVlaConfig config;
  list_fields(config).read_toml_file(LIBRA_SOURCE_DIR "/tests/training/small_model.toml");
  config.variant = variant;
  torch::manual_seed(2);
  const auto bundle =
      make_bundle(config, action::NormStats::identity(), LIBRA_SOURCE_DIR "/assets/tokenizer");
  const auto dir =
      (std::filesystem::temp_directory_path() / ("libra_policy_test_" + variant)).string();
  save_bundle(bundle, dir);
  return dir;
}

// Prompts of different length in one batch, so that padding is met too.
const std::vector<std::string> kInstructions = {
    "pick up the milk and place it in the basket",
    "pick up the chocolate pudding and place it in the basket", "pick up the butter"};

TEST(TorchPolicy, ABatchGivesWhatOneByOneGives) {
  const auto policy = load_policy(saved_checkpoint("full"));
  std::vector<Observation> observations;
  for (uint64_t s = 0; s < 3; ++s) observations.push_back(random_observation(s));
  std::vector<PlanRequest> requests;
  for (size_t i = 0; i < 3; ++i) requests.push_back({&observations[i], kInstructions[i], 7});
  std::vector<IntentPlan> plans(3);
  policy->planner()->plan(requests, plans);
  std::vector<RefineRequest> refines;
  for (size_t i = 0; i < 3; ++i) {
    refines.push_back({&observations[i], &plans[i].intents[1], kInstructions[i], 100 + i});
  }
  std::vector<ActionChunk> chunks(3);
  policy->refiner().refine(refines, chunks);
  for (size_t i = 0; i < 3; ++i) {
    IntentPlan plan;
    policy->planner()->plan({&requests[i], 1}, {&plan, 1});
    EXPECT_EQ(plan.obs_step, int64_t(i));
    EXPECT_EQ(plan.epoch, 7u);
    for (int m = 0; m < plan.expansion; ++m) {
      for (int t = 0; t < plan.intents[0].horizon; ++t) {
        for (int d = 0; d < kActionDim; ++d) {
          EXPECT_NEAR(plan.intents[size_t(m)].probability[size_t(t)][size_t(d)],
                      plans[i].intents[size_t(m)].probability[size_t(t)][size_t(d)], 1e-4);
        }
      }
    }
    ActionChunk chunk;
    policy->refiner().refine({&refines[i], 1}, {&chunk, 1});
    for (int t = 0; t < chunk.horizon; ++t) {
      for (int d = 0; d < kActionDim; ++d) {
        EXPECT_NEAR(chunk.actions[size_t(t)][size_t(d)], chunks[i].actions[size_t(t)][size_t(d)],
                    1e-4);
        EXPECT_LE(std::abs(chunk.actions[size_t(t)][size_t(d)]), 1.0f);
      }
    }
  }
}

TEST(TorchPolicy, TheSeedDecidesTheNoise) {
  const auto policy = load_policy(saved_checkpoint("base"));
  EXPECT_EQ(policy->planner(), nullptr);
  const Observation observation = random_observation(4);
  std::array<ActionChunk, 3> chunk;
  const std::array<uint64_t, 3> seed = {5, 5, 6};
  for (size_t i = 0; i < 3; ++i) {
    const RefineRequest request{&observation, nullptr, kInstructions[0], seed[i]};
    policy->refiner().refine({&request, 1}, {&chunk[i], 1});
  }
  EXPECT_EQ(chunk[0].actions, chunk[1].actions);
  EXPECT_NE(chunk[0].actions, chunk[2].actions);
}

TEST(TorchPolicy, WrongNumberOfImagesAndForeignFoldersAreSaid) {
  const auto policy = load_policy(saved_checkpoint("full"));
  Observation observation = random_observation(1);
  observation.images.pop_back();
  IntentPlan plan;
  const PlanRequest request{&observation, kInstructions[0], 0};
  EXPECT_THROW(policy->planner()->plan({&request, 1}, {&plan, 1}), Error);
  EXPECT_THROW(load_policy(LIBRA_SOURCE_DIR), Error);
}

}  // namespace
}  // namespace libra::policy
