#include "libra/training/step/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "libra/core/error.h"

namespace libra::training {
namespace {

struct Toy : torch::nn::Module {
  Toy() {
    torch::manual_seed(5);
    linear = register_module("linear", torch::nn::Linear(3, 2));
  }
  torch::nn::Linear linear{nullptr};
};

void set_gradients(Toy& toy, double scale) {
  toy.linear->weight.mutable_grad() = torch::full_like(toy.linear->weight, scale);
  toy.linear->bias.mutable_grad() = torch::full_like(toy.linear->bias, scale);
}

TEST(LearningRate, WarmsUpThenFollowsACosineToItsFloor) {
  OptimConfig config;
  config.lr = 1.0;
  config.final_lr_share = 0.1;
  config.warmup_steps = 10;
  EXPECT_NEAR(learning_rate(config, 0, 110), 0.1, 1e-12);
  EXPECT_NEAR(learning_rate(config, 5, 110), 0.55, 1e-12);
  EXPECT_NEAR(learning_rate(config, 10, 110), 1.0, 1e-12);
  EXPECT_NEAR(learning_rate(config, 60, 110), 0.55, 1e-12);
  EXPECT_NEAR(learning_rate(config, 110, 110), 0.1, 1e-12);
  config.schedule_steps = 110;  // a run that ends before its schedule
  EXPECT_NEAR(learning_rate(config, 60, 70), 0.55, 1e-12);
}

TEST(LearningRate, ConstantAndWarmUpStableDecay) {
  OptimConfig config;
  config.lr = 1.0;
  config.final_lr_share = 0.1;
  config.warmup_steps = 10;
  config.schedule = LrSchedule::kConstant;
  EXPECT_NEAR(learning_rate(config, 5, 100), 0.55, 1e-12);
  EXPECT_NEAR(learning_rate(config, 10, 100), 1.0, 1e-12);
  EXPECT_NEAR(learning_rate(config, 99, 100), 1.0, 1e-12);
  config.schedule = LrSchedule::kWsd;  // the last fifth falls
  EXPECT_NEAR(learning_rate(config, 5, 100), 0.55, 1e-12);
  EXPECT_NEAR(learning_rate(config, 80, 100), 1.0, 1e-12);
  EXPECT_NEAR(learning_rate(config, 90, 100), 0.55, 1e-12);
  EXPECT_NEAR(learning_rate(config, 100, 100), 0.1, 1e-12);
  config.warmup_steps = 0;
  EXPECT_NEAR(learning_rate(config, 0, 100), 1.0, 1e-12);
}

TEST(Optimizer, GroupsHaveTheirOwnPaceAndFrozenWeightsStay) {
  Toy toy;
  OptimConfig config;
  config.lr = 0.01;
  config.warmup_steps = 0;
  config.weight_decay = 0;
  config.clip_norm = 0;
  config.ema_decay = 0;
  config.groups = {{.pattern = "toy.linear.w*", .lr_scale = 0.1}, {.pattern = "*", .lr_scale = 2}};
  const auto weight = toy.linear->weight.detach().clone(), bias = toy.linear->bias.detach().clone();
  {
    Optimizer optimizer(toy, "toy.", config, 1000000);
    set_gradients(toy, 3.0);
    optimizer.step(0);
  }
  EXPECT_TRUE(torch::allclose(weight - toy.linear->weight.detach(), torch::full({2, 3}, 0.001),
                              1e-3, 1e-6));
  EXPECT_TRUE(
      torch::allclose(bias - toy.linear->bias.detach(), torch::full({2}, 0.02), 1e-3, 1e-6));
  toy.linear->weight.set_requires_grad(false);
  Optimizer rest(toy, "toy.", config, 1000000);
  EXPECT_EQ(rest.parameters().size(), 1u);
  const auto still = toy.linear->weight.detach().clone();
  toy.linear->bias.mutable_grad() = torch::ones_like(toy.linear->bias);
  rest.step(0);
  EXPECT_TRUE(torch::equal(toy.linear->weight.detach(), still));
}

TEST(Optimizer, FirstStepOfAdamWMovesEveryWeightByTheLearningRate) {
  Toy toy;
  OptimConfig config;
  config.lr = 0.01;
  config.warmup_steps = 0;
  config.weight_decay = 0;
  config.clip_norm = 0;
  const auto before = toy.linear->weight.detach().clone();
  Optimizer optimizer(toy, "toy.", config, 1000000);
  set_gradients(toy, 3.0);
  EXPECT_NEAR(optimizer.step(0), 3.0 * std::sqrt(8.0), 1e-5);  // 6 weights and 2 biases
  EXPECT_TRUE(
      torch::allclose(before - toy.linear->weight.detach(), torch::full({2, 3}, 0.01), 1e-3, 1e-6));
}

TEST(Optimizer, NotFiniteGradientsChangeNothing) {
  Toy toy;
  Optimizer optimizer(toy, "toy.", OptimConfig{}, 100);
  const auto before = toy.linear->weight.detach().clone();
  set_gradients(toy, std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(std::isfinite(optimizer.step(0)));
  EXPECT_TRUE(torch::equal(before, toy.linear->weight.detach()));
}

TEST(Optimizer, ResumingGivesTheSameWeightsAsGoingOn) {
  const auto path = (std::filesystem::temp_directory_path() / "libra_optimizer_test.pt").string();
  Toy straight, resumed;
  Optimizer a(straight, "toy.", OptimConfig{}, 50);
  for (int step = 0; step < 6; ++step) {
    if (step == 3) a.save(path);
    set_gradients(straight, 0.1 * (step + 1));
    a.step(step);
  }
  Optimizer b(resumed, "toy.", OptimConfig{}, 50);
  b.load(path);
  for (int step = 3; step < 6; ++step) {
    set_gradients(resumed, 0.1 * (step + 1));
    b.step(step);
  }
  EXPECT_TRUE(torch::equal(straight.linear->weight, resumed.linear->weight));
  a.swap_average();
  b.swap_average();
  EXPECT_TRUE(torch::equal(straight.linear->weight, resumed.linear->weight));
  std::filesystem::remove(path);
}

TEST(Optimizer, ForeignFilesAreRefused) {
  Toy toy;
  Optimizer optimizer(toy, "toy.", OptimConfig{}, 50);
  EXPECT_THROW(optimizer.load(LIBRA_SOURCE_DIR "/CMakeLists.txt"), Error);
}

}  // namespace
}  // namespace libra::training
