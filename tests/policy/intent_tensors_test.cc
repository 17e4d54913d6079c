#include "libra/policy/intent_tensors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "libra/action/bins.h"
#include "libra/core/rng.h"

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

// Bins that follow the data, against the ones without torch: on edges, beyond the ends and between.
TEST(IntentTensors, BinsWithEdgesAgreeWithTheTorchFreeOnes) {
  Rng rng(3);
  Rows<float> samples;
  for (int i = 0; i < 400; ++i) {
    samples.push_back(std::vector<float>{float(std::pow(rng.uniform(-1, 1), 3)),
                                         float(rng.uniform(-1, 1)),
                                         rng.uniform() < 0.5 ? -1.f : 1.f});
  }
  const action::Binner binner = action::Binner::quantile(7, samples);
  ASSERT_FALSE(binner.is_uniform());
  const BinEdges bins(binner, 3);
  torch::Tensor values = torch::rand({40, 5, 3}) * 2.2 - 1.1;
  for (int64_t d = 0; d < 3; ++d) values[0][0][d] = binner.edges(int(d))[3];
  const torch::Tensor got = to_bins(values, bins), centre = bin_centres(got, bins);
  const torch::Tensor residual = to_residual(values, got, bins);
  EXPECT_TRUE(torch::allclose(from_residual(residual, got, bins), values, 1e-5, 1e-5));
  for (int64_t i = 0; i < 40; ++i) {
    for (int64_t t = 0; t < 5; ++t) {
      for (int d = 0; d < 3; ++d) {
        const float value = values[i][t][d].item<float>();
        const int expected = binner.bin(d, value);
        ASSERT_EQ(got[i][t][d].item<int64_t>(), expected) << value;
        ASSERT_NEAR(centre[i][t][d].item<double>(), binner.centre(d, expected), 1e-6);
        ASSERT_NEAR(residual[i][t][d].item<double>(), binner.residual(d, expected, value), 1e-4);
      }
    }
  }
  torch::Tensor logits = torch::zeros({3, 7});
  logits.select(1, 2).fill_(60.0);
  for (int d = 0; d < 3; ++d) {
    EXPECT_NEAR(expected_value(logits, bins)[d].item<double>(), binner.centre(d, 2), 1e-6);
  }
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
  EXPECT_NEAR(expected_value(logits, 10).item<double>(), -0.3, 1e-5);
  EXPECT_NEAR(expected_value(torch::zeros({10}), 10).item<double>(), 0.0, 1e-6);
}

}  // namespace
}  // namespace libra::policy
