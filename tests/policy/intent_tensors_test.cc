#include "libra/policy/intent_tensors.h"

#include <gtest/gtest.h>

#include "libra/action/bins.h"

namespace libra::policy {
namespace {

TEST(IntentTensors, BinsAgreeWithTheTorchFreeOnes) {
  torch::manual_seed(1);
  const torch::Tensor values = torch::rand({500}) * 2.2 - 1.1;
  for (const int bins : {2, 7, 10, 100}) {
    const torch::Tensor got = to_bins(values, bins);
    const torch::Tensor centre = bin_centres(got, bins);
    for (int64_t i = 0; i < values.size(0); ++i) {
      const int expected = action::uniform_bin(values[i].item<float>(), bins);
      ASSERT_EQ(got[i].item<int64_t>(), expected) << values[i].item<float>();
      ASSERT_NEAR(centre[i].item<double>(), action::uniform_centre(expected, bins), 1e-6);
    }
  }
}

TEST(IntentTensors, ResidualIsWithinHalfAWidthAndComesBack) {
  const torch::Tensor actions = torch::rand({64, 5, 7}) * 2 - 1;
  const torch::Tensor bin = to_bins(actions, 10);
  const torch::Tensor residual = to_residual(actions, bin, 10);
  EXPECT_LE(residual.abs().max().item<double>(), 0.5 + 1e-5);
  EXPECT_TRUE(torch::allclose(from_residual(residual, bin, 10), actions, 1e-5, 1e-6));
}

TEST(IntentTensors, SamplesFollowTheSoftmaxAndTheSeed) {
  const torch::Tensor logits = torch::tensor({0.0f, 1.0f, 2.0f}).expand({20000, 3});
  const auto draw = [&](std::vector<uint64_t> seeds) {
    return sample_bins(logits.unsqueeze(0).expand({int64_t(seeds.size()), -1, -1}), seeds);
  };
  const torch::Tensor drawn = draw({9})[0];
  EXPECT_TRUE(torch::equal(drawn, draw({10, 9})[1])) << "a row's draws are its own";
  EXPECT_FALSE(torch::equal(drawn, draw({10})[0]));
  const torch::Tensor share = torch::softmax(logits[0], 0);
  for (int64_t b = 0; b < 3; ++b) {
    EXPECT_NEAR((drawn == b).to(torch::kFloat32).mean().item<double>(), share[b].item<double>(),
                0.015);
  }
}

TEST(IntentTensors, ExpectedValueOfACertainBinIsItsCentre) {
  torch::Tensor logits = torch::zeros({10});
  logits[3] = 50.0;
  EXPECT_NEAR(expected_value(logits).item<double>(), -0.3, 1e-5);
  EXPECT_NEAR(expected_value(torch::zeros({10})).item<double>(), 0.0, 1e-6);
}

}  // namespace
}  // namespace libra::policy
