#include "libra/nn/autocast.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "libra/nn/torch.h"

namespace libra::nn {
namespace {

// The gradient of a weight that is used twice, while another thread enters and leaves scopes of its
// own with the same weight: the same bits every time.
TEST(Autocast, GradientsDoNotDependOnOtherThreads) {
  at::set_num_threads(1);
  torch::manual_seed(3);
  const torch::Tensor weight = torch::randn({32, 32}).set_requires_grad(true);
  const torch::Tensor x = torch::randn({8, 32});
  const auto gradient = [&] {
    torch::Tensor loss;
    {
      const Bf16Scope bf16(true);
      const torch::Tensor once = torch::linear(x, weight);
      loss = torch::linear(torch::gelu(once), weight).to(torch::kFloat32).square().mean();
    }
    return torch::autograd::grad({loss}, {weight})[0];
  };
  const torch::Tensor alone = gradient();
  std::atomic<bool> done{false};
  std::thread other([&] {
    at::set_num_threads(1);
    while (!done) gradient();
  });
  int differ = 0;
  for (int i = 0; i < 3000; ++i) differ += !torch::equal(gradient(), alone);
  done = true;
  other.join();
  EXPECT_EQ(differ, 0);
}

}  // namespace
}  // namespace libra::nn
