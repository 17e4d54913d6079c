#include "libra/nn/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "libra/nn/layers.h"

namespace libra::nn {
namespace {

struct Shape {
  int64_t heads, kv_heads, queries, keys, dim;
};

// softmax(scale q k^T + mask) v in f64, straight from the definition.
torch::Tensor definition(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                         const torch::Tensor& mask, double scale) {
  const int64_t group = q.size(1) / k.size(1);
  const torch::Tensor keys = k.repeat_interleave(group, 1), values = v.repeat_interleave(group, 1);
  torch::Tensor scores = torch::einsum("bhqd,bhkd->bhqk", {q, keys}) * scale;
  if (mask.defined()) scores = scores + mask;
  return torch::einsum("bhqk,bhkd->bhqd", {torch::softmax(scores, -1), values});
}

double relative(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a.to(torch::kFloat64) - b).abs().max() / b.abs().max()).item<double>();
}

void expect_agreement(const Shape& s, bool masked, torch::ScalarType type, double limit) {
  torch::manual_seed(3);
  const auto make = [&](int64_t heads, int64_t length) {
    // Strided like the slices of a fused projection.
    return torch::randn({2, length, 2 * heads * s.dim}, torch::kFloat64)
        .to(type)
        .to(torch::kFloat64)
        .slice(2, 0, heads * s.dim);
  };
  const torch::Tensor packed[3] = {make(s.heads, s.queries), make(s.kv_heads, s.keys),
                                   make(s.kv_heads, s.keys)};
  const int64_t heads[3] = {s.heads, s.kv_heads, s.kv_heads};
  torch::Tensor mask;
  if (masked) {
    mask = torch::zeros({2, 1, s.queries, s.keys}, torch::kFloat64);
    mask.masked_fill_(torch::rand_like(mask) < 0.4, -1e9);
    mask.select(3, 0).zero_();
  }
  const auto run = [&](torch::ScalarType t, auto&& f) {
    std::vector<torch::Tensor> leaves, views;
    for (int i = 0; i < 3; ++i) {
      leaves.push_back(packed[i].to(t).detach().set_requires_grad(true));
      views.push_back(split_heads(leaves[size_t(i)], heads[i]));
    }
    const torch::Tensor out =
        f(views[0], views[1], views[2], mask.defined() ? mask.to(t) : mask, 0.3);
    torch::Tensor weight = torch::arange(out.numel(), torch::kFloat64).cos().view(out.sizes());
    (out * weight.to(t)).sum().backward();
    return std::vector<torch::Tensor>{out, leaves[0].grad(), leaves[1].grad(), leaves[2].grad()};
  };
  const auto expected = run(torch::kFloat64, definition);
  const auto actual = run(type, attention);
  for (size_t i = 0; i < 4; ++i)
    EXPECT_LT(relative(actual[i], expected[i].detach()), limit) << "tensor " << i;
  const torch::NoGradGuard no_grad;
  const torch::Tensor inference = attention(split_heads(packed[0].to(type), s.heads),
                                            split_heads(packed[1].to(type), s.kv_heads),
                                            split_heads(packed[2].to(type), s.kv_heads), mask, 0.3);
  EXPECT_LT(relative(inference, expected[0].detach()), limit);
}

TEST(Attention, ForwardAndGradientsFollowTheDefinition) {
  for (const bool masked : {false, true}) {
    expect_agreement({4, 4, 37, 37, 8}, masked, torch::kFloat32, 5e-6);
    expect_agreement({4, 4, 5, 70, 8}, masked, torch::kFloat32, 5e-6);
    expect_agreement({6, 2, 19, 23, 16}, masked, torch::kFloat32, 5e-6);
    expect_agreement({6, 2, 19, 23, 16}, masked, torch::kFloat64, 1e-12);
    expect_agreement({4, 2, 37, 37, 8}, masked, torch::kBFloat16, 2e-2);
  }
}

TEST(Attention, MaskedKeysContributeExactlyNothing) {
  torch::manual_seed(4);
  const torch::Tensor q = torch::randn({1, 2, 3, 8}), k = torch::randn({1, 2, 9, 8});
  torch::Tensor v = torch::randn({1, 2, 9, 8});
  torch::Tensor mask = torch::zeros({1, 1, 1, 9});
  mask.slice(3, 5).fill_(mask_value(torch::kFloat32));
  const torch::Tensor before = attention(q, k, v, mask, 1.0);
  v.slice(2, 5).fill_(1e20);
  EXPECT_TRUE(torch::equal(before, attention(q, k, v, mask, 1.0)));
  mask.slice(3, 5).fill_(-std::numeric_limits<float>::infinity());
  EXPECT_TRUE(torch::equal(before, attention(q, k, v, mask, 1.0)));
  EXPECT_TRUE(
      torch::isfinite(attention(q, k, torch::ones_like(v),
                                torch::full({1, 1, 1, 9}, mask_value(torch::kFloat32)), 1.0))
          .all()
          .item<bool>());
}

TEST(CausalMask, OnlyWhatIsNeeded) {
  const auto options = torch::TensorOptions().dtype(torch::kFloat32);
  EXPECT_FALSE(causal_mask(1, 7, {}, options).defined());
  EXPECT_FALSE(causal_mask(1, 1, torch::ones({3, 2}, torch::kInt64), options).defined());
  const torch::Tensor seen =
      causal_mask(2, 1, torch::tensor({{0, 1, 1}}, torch::kInt64), options)[0][0] == 0;
  EXPECT_TRUE(torch::equal(seen, torch::tensor({{false, true, false}, {false, true, true}})));
}

TEST(RmsNorm, GradientsAreThoseOfTheFormula) {
  torch::manual_seed(5);
  const auto run = [](const auto& f) {
    torch::manual_seed(6);
    const torch::Tensor x = torch::randn({2, 5, 16}, torch::kFloat64).set_requires_grad(true);
    const torch::Tensor w = torch::rand({16}, torch::kFloat64).set_requires_grad(true);
    const torch::Tensor y = f(x, w);
    (y * torch::arange(16, torch::kFloat64).sin()).sum().backward();
    return std::vector<torch::Tensor>{y.detach(), x.grad(), w.grad()};
  };
  const auto actual = run([](const auto& x, const auto& w) { return rms_norm(x, w, 1e-3); });
  const auto expected = run([](const auto& x, const auto& w) {
    return w * x / torch::sqrt((x * x).sum(-1, true) / 16.0 + 1e-3);
  });
  for (size_t i = 0; i < 3; ++i) EXPECT_LT(relative(actual[i], expected[i]), 1e-12);
}

}  // namespace
}  // namespace libra::nn
