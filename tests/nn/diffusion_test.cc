#include "libra/nn/diffusion.h"

#include <gtest/gtest.h>

#include "libra/core/error.h"

namespace libra::nn {
namespace {

// A network that knows the true noise leads every sampler back to the clean sample.
TEST(Diffusion, PerfectPredictionRecoversTheSample) {
  torch::manual_seed(8);
  const torch::Tensor clean = torch::rand({3, 5, 7}) * 1.8 - 0.9, noise = torch::randn({3, 5, 7});
  for (const std::string prediction : {"epsilon", "sample", "v_prediction", "flow"}) {
    DiffusionConfig config;
    config.prediction_type = prediction;
    const DiffusionScheduler scheduler(config);
    for (const int steps : {1, 5, 10, 100}) {
      const auto times = scheduler.timesteps(steps);
      const auto at = [&](int64_t t) { return torch::full({3}, t, torch::kInt64); };
      torch::Tensor x = scheduler.add_noise(clean, noise, at(times[0]));
      for (const int64_t t : times) {
        x = scheduler.ddim_step(scheduler.target(clean, noise, at(t)), t, x, steps).prev_sample;
      }
      EXPECT_LT((x - clean).abs().max().item<double>(), 2e-3) << prediction << " " << steps;
    }
  }
}

// Flow matching by its definition: levels 1 - i / steps of a straight line, walked by Euler.
TEST(Diffusion, FlowIsAStraightLine) {
  DiffusionConfig config;
  config.prediction_type = "flow";
  const DiffusionScheduler scheduler(config);
  EXPECT_EQ(scheduler.timesteps(4), (std::vector<int64_t>{99, 74, 49, 24}));
  const torch::Tensor clean = torch::full({1, 2}, 0.5), noise = torch::full({1, 2}, -0.7);
  const auto at = [](int64_t t) { return torch::full({1}, t, torch::kInt64); };
  EXPECT_TRUE(torch::allclose(scheduler.add_noise(clean, noise, at(99)), noise));
  EXPECT_TRUE(torch::allclose(scheduler.add_noise(clean, noise, at(49)), (clean + noise) / 2));
  const torch::Tensor velocity = scheduler.target(clean, noise, at(49));
  EXPECT_TRUE(torch::allclose(velocity, noise - clean));
  const torch::Tensor x = (clean + noise) / 2;
  EXPECT_TRUE(
      torch::allclose(scheduler.ddim_step(velocity, 49, x, 4).prev_sample, x - 0.25 * velocity));
}

TEST(Diffusion, RefusesWhatItDoesNotKnow) {
  DiffusionConfig config;
  config.beta_schedule = "cosine";
  EXPECT_THROW(DiffusionScheduler{config}, Error);
  const DiffusionScheduler scheduler;
  EXPECT_THROW(scheduler.timesteps(0), Error);
  EXPECT_THROW(scheduler.timesteps(101), Error);
  EXPECT_EQ(scheduler.timesteps(10).front(), 90);
}

}  // namespace
}  // namespace libra::nn
