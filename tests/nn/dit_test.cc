#include "libra/nn/dit.h"

#include <gtest/gtest.h>

#include "libra/nn/rope.h"

namespace libra::nn {
namespace {

// A block with cross-attention whose gates are open.
DitBlock open_block() {
  torch::manual_seed(7);
  DitBlock block(DitBlockOptions{.width = 32, .heads = 4, .mlp_ratio = 2, .context_width = 24});
  const torch::NoGradGuard no_grad;
  for (const auto& p : block->parameters()) p.normal_(0.0, 0.2);
  return block;
}

TEST(DitBlock, FreshBlockIsTheIdentity) {
  DitBlock block(DitBlockOptions{.width = 32, .heads = 4, .context_width = 24});
  const torch::Tensor x = torch::randn({2, 5, 32}), c = torch::randn({2, 32});
  const CrossKv kv = block->precompute_kv(torch::randn({2, 7, 24}));
  EXPECT_TRUE(torch::equal(block->forward(x, c, &kv), x));
}

TEST(DitBlock, ReusedKeysEqualRecomputedOnes) {
  DitBlock block = open_block();
  const torch::NoGradGuard no_grad;
  const torch::Tensor context = torch::randn({2, 7, 24}), c = torch::randn({2, 32});
  const CrossKv once = block->precompute_kv(context);
  for (int step = 0; step < 3; ++step) {
    const torch::Tensor x = torch::randn({2, 5, 32});
    const CrossKv again = block->precompute_kv(context);
    EXPECT_TRUE(torch::equal(block->forward(x, c, &once), block->forward(x, c, &again)));
  }
  const CrossKv other = block->precompute_kv(torch::randn({2, 7, 24}));
  const torch::Tensor x = torch::randn({2, 5, 32});
  EXPECT_GT((block->forward(x, c, &once) - block->forward(x, c, &other)).abs().max().item<double>(),
            1e-3);
}

// One sample's context serves several noise draws as if it had been repeated for each.
TEST(DitBlock, ContextServesSeveralDraws) {
  DitBlock block = open_block();
  const int64_t draws = 3;
  const torch::Tensor context = torch::randn({2, 7, 24}), c = torch::randn({2 * draws, 32});
  const torch::Tensor x = torch::randn({2 * draws, 5, 32});
  const auto run = [&](const torch::Tensor& rows) {
    block->zero_grad();
    const CrossKv kv = block->precompute_kv(rows);
    const torch::Tensor out = block->forward(x, c, &kv);
    out.square().sum().backward();
    std::vector<torch::Tensor> results = {out.detach()};
    for (const auto& p : block->parameters()) results.push_back(p.grad().clone());
    return results;
  };
  const auto shared = run(context), repeated = run(context.repeat_interleave(draws, 0));
  for (size_t i = 0; i < shared.size(); ++i) {
    EXPECT_TRUE(torch::allclose(shared[i], repeated[i], 1e-4, 1e-4)) << i;
  }
}

TEST(Rope, ScoresDependOnDistanceOnly) {
  const RopeOptions options{.dim = 16, .max_positions = 64, .theta = 1e4};
  const RopeTable table = rope_table(options, 64, options.theta, torch::kCPU);
  const torch::Tensor q = torch::randn({1, 1, 1, 16}), k = torch::randn({1, 1, 1, 16});
  const auto score = [&](int64_t i, int64_t j) {
    const auto at = [&](const torch::Tensor& x, int64_t p) {
      return rotate(x, table.cos.slice(0, p, p + 1), table.sin.slice(0, p, p + 1));
    };
    return (at(q, i) * at(k, j)).sum().item<double>();
  };
  EXPECT_NEAR(score(10, 3), score(50, 43), 1e-4);
  EXPECT_NEAR(score(5, 5), (q * k).sum().item<double>(), 1e-4);
}

TEST(Rope, LongCallsKeepTheirBase) {
  Rope rope({.dim = 8, .max_positions = 16, .theta = 1e4, .scaling = "dynamic", .factor = 2.0});
  const torch::Tensor fresh = rope.table(8, torch::kCPU).cos.slice(0, 0, 8).clone();
  rope.table(24, torch::kCPU);
  EXPECT_FALSE(torch::equal(fresh, rope.table(8, torch::kCPU).cos.slice(0, 0, 8)));
  EXPECT_NEAR(
      rope_base({.dim = 8, .max_positions = 16, .theta = 1e4, .scaling = "dynamic", .factor = 2.0},
                24),
      1e4 * std::pow(2.0, 8.0 / 6.0), 1e-6);
}

}  // namespace
}  // namespace libra::nn
