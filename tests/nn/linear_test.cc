#include "libra/nn/linear.h"

#include <gtest/gtest.h>

namespace libra::nn {
namespace {

TEST(Linear, StartsAndComputesAsLibTorchsOwn) {
  torch::manual_seed(3);
  Linear ours(37, 19);
  torch::manual_seed(3);
  torch::nn::Linear theirs(37, 19);
  EXPECT_TRUE(torch::equal(ours->weight, theirs->weight));
  EXPECT_TRUE(torch::equal(ours->bias, theirs->bias));
  const torch::Tensor x = torch::randn({4, 5, 37});
  EXPECT_TRUE(torch::equal(ours->forward(x), theirs->forward(x)));
  EXPECT_EQ(Linear(2, 3, /*with_bias=*/false)->parameters().size(), 1u);
}

// bf16 weights are the f32 ones rounded, and nothing else is.
TEST(Linear, Bf16IsF32OnRoundedWeights) {
  torch::manual_seed(4);
  const torch::Tensor bias = torch::randn({1500});
  for (const int64_t rows : {1, 3, 70}) {
    const torch::Tensor x = torch::randn({2, rows, 700});
    const torch::Tensor weight = torch::randn({1500, 700}).to(torch::kBFloat16);
    const torch::Tensor expected =
        torch::matmul(x.to(torch::kFloat64), weight.to(torch::kFloat64).t()) + bias;
    const torch::NoGradGuard no_grad;
    const torch::Tensor found = nn::linear(x, weight, bias);
    EXPECT_EQ(found.scalar_type(), torch::kFloat32);
    EXPECT_LT((found - expected).abs().max().item<double>(), 2e-4) << rows;
  }
}

TEST(Linear, Bf16HasGradients) {
  torch::manual_seed(5);
  const torch::Tensor weight = torch::randn({6, 4}).to(torch::kBFloat16);
  torch::Tensor x = torch::randn({3, 4}).set_requires_grad(true);
  nn::linear(x, weight, torch::Tensor()).sum().backward();
  EXPECT_TRUE(torch::allclose(x.grad()[0], weight.to(torch::kFloat32).sum(0), 1e-5, 1e-5));
}

TEST(Precision, MatricesAreReducedVectorsAreNot) {
  Linear layer(4, 6);
  set_precision(*layer, torch::kBFloat16);
  EXPECT_EQ(layer->weight.scalar_type(), torch::kBFloat16);
  EXPECT_EQ(layer->bias.scalar_type(), torch::kFloat32);
}

TEST(Precision, ConvolutionKeepsItsInputsType) {
  torch::manual_seed(6);
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(3, 8, 4).stride(4));
  const torch::Tensor x = torch::randn({2, 3, 16, 16});
  const torch::Tensor exact = conv->forward(x);
  set_precision(*conv, torch::kBFloat16);
  const torch::Tensor found = convolve(*conv, x);
  EXPECT_EQ(found.scalar_type(), torch::kFloat32);
  EXPECT_LT((found - exact).abs().max().item<double>(), 2e-2);
}

TEST(NoInit, LeavesTheGeneratorAloneAndNests) {
  torch::manual_seed(7);
  {
    const NoInit outer;
    const NoInit inner(false);
    Linear(50, 50);
    Embedding(50, 50);
  }
  Linear after(5, 5);
  torch::manual_seed(7);
  EXPECT_TRUE(torch::equal(after->weight, Linear(5, 5)->weight));
}

TEST(Embedding, ThePaddingRowIsZeroAndStaysSo) {
  Embedding words(7, 3, /*padding_id=*/2);
  EXPECT_EQ(words->weight[2].abs().sum().item<double>(), 0.0);
  words->forward(torch::tensor({{1, 2}})).sum().backward();
  EXPECT_EQ(words->weight.grad()[2].abs().sum().item<double>(), 0.0);
  EXPECT_GT(words->weight.grad()[1].abs().sum().item<double>(), 0.0);
}

}  // namespace
}  // namespace libra::nn
