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

// A bf16 weight that does not learn: the same product and gradient as one that does, but no wide
// copy of it is kept for backward().
TEST(Linear, AFrozenBf16WeightGivesTheSameGradient) {
  torch::manual_seed(11);
  torch::Tensor weight = torch::randn({300, 70}).to(torch::kBFloat16);
  const torch::Tensor gradient = torch::randn({5, 300});
  const torch::Tensor start = torch::randn({5, 70});
  torch::Tensor x = start.clone().set_requires_grad(true);
  const torch::Tensor y = nn::linear(x, weight, torch::Tensor());
  y.backward(gradient);
  const torch::Tensor wide = weight.to(torch::kFloat64);
  EXPECT_TRUE(
      torch::allclose(y.to(torch::kFloat64), start.to(torch::kFloat64).mm(wide.t()), 1e-4, 1e-4));
  EXPECT_TRUE(torch::allclose(x.grad().to(torch::kFloat64), gradient.to(torch::kFloat64).mm(wide),
                              1e-4, 1e-4));
}

TEST(Lora, StartsAsTheLayerItselfAndMergesIntoOne) {
  torch::manual_seed(12);
  Linear layer(7, 5);
  const torch::Tensor x = torch::randn({3, 7});
  const torch::Tensor before = layer->forward(x).detach();
  layer->add_lora({.rank = 2, .alpha = 6.0});
  EXPECT_TRUE(torch::equal(layer->forward(x).detach(), before));
  EXPECT_FALSE(layer->weight.requires_grad());
  EXPECT_TRUE(layer->lora_a.requires_grad());
  {
    const torch::NoGradGuard no_grad;
    layer->lora_b.normal_();
  }
  // y = x (W + alpha / rank B A)^T + b, in f64.
  const auto f64 = torch::kFloat64;
  const torch::Tensor whole =
      layer->weight.to(f64) + 3.0 * layer->lora_b.to(f64).mm(layer->lora_a.to(f64));
  const torch::Tensor expected = x.to(f64).mm(whole.t()) + layer->bias.to(f64);
  EXPECT_TRUE(torch::allclose(layer->forward(x).to(f64), expected, 1e-5, 1e-5));
  EXPECT_TRUE(torch::allclose(layer->merged_weight().to(f64), whole, 1e-5, 1e-5));
}

TEST(Lora, DropoutFollowsItsStream) {
  Linear layer(64, 3);
  layer->add_lora({.rank = 2, .alpha = 2.0, .dropout = 0.5});
  {
    const torch::NoGradGuard no_grad;
    layer->lora_b.normal_();
  }
  const torch::Tensor x = torch::ones({2, 64});
  const auto answer = [&](uint64_t seed) {
    const DropoutStream stream(seed);
    return layer->forward(x).detach();
  };
  EXPECT_TRUE(torch::equal(answer(1), answer(1)));
  EXPECT_FALSE(torch::equal(answer(1), answer(2)));
  layer->eval();
  EXPECT_TRUE(torch::equal(answer(1), answer(2)));
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
