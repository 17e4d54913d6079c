#include "libra/nn/diffusion.h"

#include <gtest/gtest.h>

#include "libra/core/error.h"

namespace libra::nn {
namespace {

// A network that knows the true noise leads every sampler back to the clean sample.
TEST(Diffusion, PerfectPredictionRecoversTheSample) {
  torch::manual_seed(8);
  const torch::Tensor clean = torch::rand({3, 5, 7}) * 1.8 - 0.9, noise = torch::randn({3, 5, 7});
  for (const std::string prediction : {"epsilon", "sample", "v_prediction"}) {
    DiffusionConfig config;
    config.prediction_type = prediction;
    const DiffusionScheduler scheduler(config);
    for (const int steps : {1, 5, 10, 100}) {
      const auto times = scheduler.timesteps(steps);
      const auto at = [&](int64_t t) { return torch::full({3}, t, torch::kInt64); };
      torch::Tensor x = scheduler.add_noise(clean, noise, at(times[0]));
      for (const int64_t t : times) {
        const torch::Tensor out = prediction == "epsilon" ? noise
                                  : prediction == "sample"
                                      ? clean
                                      : scheduler.velocity(clean, noise, at(t));
        x = scheduler.ddim_step(out, t, x, steps).prev_sample;
      }
      EXPECT_LT((x - clean).abs().max().item<double>(), 2e-3) << prediction << " " << steps;
    }
  }
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
