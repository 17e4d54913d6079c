#include "libra/nn/recompute.h"

#include <gtest/gtest.h>

#include "libra/nn/autocast.h"
#include "libra/nn/linear.h"

namespace libra::nn {
namespace {

struct Gradients {
  torch::Tensor out, x, side, weight, a;
};

// Three layers with a dropout, a second input and parameters, with or without forgetting.
Gradients run(bool forget, bool autocast, bool input_learns) {
  torch::manual_seed(3);
  std::vector<Linear> layers;
  for (int i = 0; i < 3; ++i) layers.emplace_back(16, 16);
  layers[1]->add_lora({.rank = 2, .alpha = 4.0, .dropout = 0.3});
  {
    const torch::NoGradGuard no_grad;
    layers[1]->lora_b.normal_();
  }
  torch::Tensor x = torch::randn({4, 16}).set_requires_grad(input_learns);
  torch::Tensor side = torch::randn({16}).set_requires_grad(true);
  int passes = 0;
  torch::Tensor y = x;
  {
    const Bf16Scope bf16(autocast);
    const DropoutStream dropout(7);
    const Recompute scope(forget);
    for (auto& layer : layers) {
      y = recomputed(*layer,
                     [layer, &passes](const std::vector<torch::Tensor>& in) mutable {
                       ++passes;
                       return torch::tanh(layer->forward(in[0]).to(torch::kFloat32)) * in[1] +
                              in[0];
                     },
                     {y, side});
    }
  }
  y.square().sum().backward();
  EXPECT_EQ(passes, forget ? 6 : 3);
  return {y.detach(), x.grad(), side.grad(), layers[0]->weight.grad(), layers[1]->lora_a.grad()};
}

TEST(Recompute, GradientsAreTheSameToTheLastBit) {
  for (const bool autocast : {false, true}) {
    for (const bool input_learns : {true, false}) {
      const Gradients kept = run(false, autocast, input_learns);
      const Gradients forgotten = run(true, autocast, input_learns);
      EXPECT_TRUE(torch::equal(kept.out, forgotten.out));
      EXPECT_EQ(kept.x.defined(), input_learns);
      if (input_learns) {
        EXPECT_TRUE(torch::equal(kept.x, forgotten.x));
      }
      EXPECT_TRUE(torch::equal(kept.side, forgotten.side));
      ASSERT_TRUE(forgotten.weight.defined()) << "a first layer whose input needs no gradient";
      EXPECT_TRUE(torch::equal(kept.weight, forgotten.weight));
      EXPECT_TRUE(torch::equal(kept.a, forgotten.a));
    }
  }
}

// A frozen layer on what needs no gradient takes no part in backward().
TEST(Recompute, WhatDoesNotLearnIsLeftAlone) {
  const Recompute scope;
  Linear frozen(3, 3), learning(3, 3);
  for (auto& p : frozen->parameters()) p.set_requires_grad(false);
  const auto layer = [](Linear& module, const torch::Tensor& x) {
    return recomputed(*module, [module](const auto& in) mutable { return module->forward(in[0]); },
                      {x});
  };
  const torch::Tensor y = layer(frozen, torch::ones({2, 3}));
  EXPECT_FALSE(y.requires_grad());
  layer(learning, y).sum().backward();
  EXPECT_TRUE(learning->weight.grad().defined());
}

TEST(Recompute, NothingIsRecomputedWithoutGradients) {
  const torch::NoGradGuard no_grad;
  const Recompute scope;
  const torch::Tensor x = torch::ones({2});
  EXPECT_TRUE(torch::equal(recomputed(*Linear(1, 1), [](const auto& in) { return in[0] * 2; }, {x}),
                           x * 2));
}

}  // namespace
}  // namespace libra::nn
