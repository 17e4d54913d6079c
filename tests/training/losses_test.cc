#include "libra/training/step/losses.h"

#include <gtest/gtest.h>
#include <torch/optim.h>

#include <cmath>
#include <limits>

namespace libra::training {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(PlanLoss, UniformLogitsCostLogN) {
  const auto logits = torch::zeros({2, 3, 7, 10});
  const auto bins = torch::randint(10, {2, 3, 7}, torch::kInt64);
  const auto loss = plan_loss(logits, bins, torch::ones({2, 3}), torch::ones({7}));
  EXPECT_NEAR(loss.item<double>(), std::log(10.0), 1e-6);
}

TEST(PlanLoss, InvalidStepsAndWeightlessDimensionsDoNotCount) {
  auto logits = torch::zeros({1, 2, 7, 4});
  const auto bins = torch::zeros({1, 2, 7}, torch::kInt64);
  auto valid = torch::tensor({{1.0f, 0.0f}});
  auto weight = torch::ones({7});
  weight[3] = 0.0;
  const double before = plan_loss(logits, bins, valid, weight).item<double>();
  logits.index_put_({0, 1}, torch::randn({7, 4}) * 9);  // an invalid step
  logits.index_put_({0, 0, 3}, torch::randn({4}) * 9);  // a weightless dimension
  EXPECT_NEAR(plan_loss(logits, bins, valid, weight).item<double>(), before, 1e-6);
}

TEST(TokenAccuracy, LeavesRotationOut) {
  auto logits = torch::zeros({1, 1, 7, 2});
  logits.index_put_({0, 0, torch::indexing::Slice(), 1}, 5.0);  // says bin 1 everywhere
  auto bins = torch::ones({1, 1, 7}, torch::kInt64);
  bins.index_put_({0, 0, torch::indexing::Slice(3, 6)}, 0);  // rotation: all wrong
  bins.index_put_({0, 0, 0}, 0);                             // x wrong
  auto counted = torch::ones({7});
  counted.index_put_({torch::indexing::Slice(3, 6)}, 0.0);
  EXPECT_NEAR(token_accuracy(logits, bins, torch::ones({1, 1}), counted), 3.0 / 4.0, 1e-6);
}

// Minimising the loss must lead the soft-argmax to the label, between cell centres too.
TEST(PointingLoss, ItsMinimumIsTheLabel) {
  const int64_t h = 4, w = 5;
  const double u = 0.43, v = 0.61;
  auto logits = torch::zeros({1, 1, 1, h * w + 1}, torch::requires_grad());
  const auto uv = torch::tensor({u, v}).to(torch::kFloat32).reshape({1, 1, 1, 2});
  torch::optim::Adam adam({logits}, torch::optim::AdamOptions(0.2));
  for (int i = 0; i < 400; ++i) {
    adam.zero_grad();
    pointing_loss(logits, uv, torch::ones({1, 1}), h, w).backward();
    adam.step();
  }
  const auto share = torch::softmax(logits.detach().flatten().slice(0, 0, h * w), 0);
  double at_u = 0, at_v = 0;
  for (int64_t i = 0; i < h * w; ++i) {
    at_u += share[i].item<double>() * (double(i % w) + 0.5) / double(w);
    at_v += share[i].item<double>() * (double(i / w) + 0.5) / double(h);
  }
  EXPECT_NEAR(at_u, u, 5e-3);
  EXPECT_NEAR(at_v, v, 5e-3);
}

TEST(PointingLoss, OutOfViewAsksForTheLastEntryAndAbsentItemsForNothing) {
  auto logits = torch::zeros({1, 2, 1, 10});
  logits.index_put_({0, 0, 0, 9}, 20.0);  // sure that item 0 is not in the image
  const auto uv = torch::full({1, 2, 1, 2}, kNan);
  const auto present = torch::tensor({{1.0f, 0.0f}});
  EXPECT_NEAR(pointing_loss(logits, uv, present, 3, 3).item<double>(), 0.0, 1e-6);
}

TEST(DiffusionLoss, MeanSquareOverValidStepsOfEveryDraw) {
  const auto noise = torch::zeros({4, 2, 7});  // 2 samples, 2 draws
  auto prediction = torch::zeros({4, 2, 7});
  prediction.index_put_({0}, 2.0);       // sample 0, draw 0: error 4 at both steps
  prediction.index_put_({3, 1}, 100.0);  // sample 1, draw 1, step 1: invalid
  const auto valid = torch::tensor({{1.0f, 1.0f}, {1.0f, 0.0f}});
  EXPECT_NEAR(diffusion_loss(prediction, noise, valid).item<double>(), 8.0 / 6.0, 1e-6);
}

}  // namespace
}  // namespace libra::training
