#include "libra/action/bins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "tests/support/toy_spec.h"

namespace libra::action {
namespace {

TEST(UniformBins, CentresLieInTheirBins) {
  for (const int bins : {1, 2, 3, 10, 50, 100, 256}) {
    for (int y = 0; y < bins; ++y) {
      EXPECT_EQ(uniform_bin(uniform_centre(y, bins), bins), y) << bins;
    }
    EXPECT_NEAR(uniform_centre(0, bins), -1.0 + 1.0 / bins, 1e-7);
    EXPECT_NEAR(uniform_centre(bins - 1, bins), 1.0 - 1.0 / bins, 1e-7);
  }
}

TEST(UniformBins, ValuesThatAreNoNumbers) {
  EXPECT_EQ(uniform_bin(std::numeric_limits<float>::quiet_NaN(), 10), 0);
  EXPECT_EQ(uniform_bin(std::numeric_limits<float>::infinity(), 10), 9);
  EXPECT_EQ(uniform_bin(-std::numeric_limits<float>::infinity(), 10), 0);
  EXPECT_EQ(uniform_bin(std::numeric_limits<float>::max(), 128), 127);
}

TEST(Binner, ResidualIsTheOffsetInBinWidths) {
  const Binner binner = Binner::uniform(10);
  EXPECT_NEAR(binner.residual(0, 5, 0.15f), 0.25f, 1e-6);  // bin 5 is [0, 0.2), centre 0.1
  EXPECT_NEAR(binner.residual(0, 5, 0.0f), -0.5f, 1e-6);
  EXPECT_NEAR(binner.value(0, 5, 0.25f), 0.15f, 1e-6);
  EXPECT_EQ(binner.value(0, 9, 5.0f), 1.0f);
  Rng rng(3);
  for (int i = 0; i < 1000; ++i) {
    const auto value = static_cast<float>(rng.uniform(-1, 1));
    const int y = binner.bin(2, value);
    const float residual = binner.residual(2, y, value);
    EXPECT_LE(std::abs(residual), 0.5f + 1e-5f);
    EXPECT_NEAR(binner.value(2, y, residual), value, 1e-6);
  }
}

TEST(Binner, QuantileBinsHoldEquallyMany) {
  Rng rng(5);
  std::vector<Action> samples(20000, Action(7));
  for (auto& a : samples) {
    for (float& v : a) v = std::clamp(static_cast<float>(0.2 * rng.normal()), -1.0f, 1.0f);
    a[1] = 0.25f;                             // constant: no quantiles
    a[6] = rng.uniform() < 0.5 ? -1.f : 1.f;  // gripper
  }
  const Binner binner = Binner::quantile(8, rows_of(samples));
  EXPECT_FALSE(binner.is_uniform());
  std::array<int, 8> count{};
  for (const auto& a : samples) ++count[binner.bin(0, a[0])];
  for (const int n : count) EXPECT_NEAR(n, 2500, 3);
  // The quartiles of a normal distribution with sigma 0.2 are at +-0.1349.
  EXPECT_NEAR(binner.edges(0)[2], -0.1349, 0.005);
  EXPECT_NEAR(binner.edges(0)[6], 0.1349, 0.005);
  const Binner uniform = Binner::uniform(8);
  EXPECT_EQ(binner.edges(1), uniform.edges(1));
  EXPECT_EQ(binner.edges(6), uniform.edges(6));
  EXPECT_EQ(binner.bin(6, 1.0f), 7);
  EXPECT_EQ(binner.bin(0, -5.0f), 0);
  EXPECT_EQ(binner.bin(0, 5.0f), 7);
  for (int y = 0; y < 8; ++y) {
    EXPECT_EQ(binner.bin(0, binner.centre(0, y)), y);
    EXPECT_EQ(binner.bin(0, binner.edges(0)[y]), y);  // an edge belongs to the bin above
    EXPECT_NEAR(binner.value(0, y, -0.5f), binner.edges(0)[y], 1e-6);
  }
}

TEST(Binner, EdgesAreStoredAndChecked) {
  std::vector<Action> samples(100, Action(7));
  Rng rng(1);
  for (auto& a : samples) {
    for (float& v : a) v = static_cast<float>(rng.uniform(-1, 1));
  }
  const Binner binner = Binner::quantile(4, rows_of(samples));
  std::vector<std::vector<float>> edges;
  for (int dim = 0; dim < 7; ++dim) edges.push_back(binner.edges(dim));
  const Binner restored = Binner::from_edges(edges);
  for (const auto& a : samples) {
    for (int dim = 0; dim < 7; ++dim) {
      EXPECT_EQ(restored.bin(dim, a[dim]), binner.bin(dim, a[dim]));
    }
  }
  auto broken = edges;
  std::swap(broken[3][1], broken[3][2]);
  EXPECT_THROW(Binner::from_edges(broken), Error);
  broken = edges;
  broken[2].pop_back();
  EXPECT_THROW(Binner::from_edges(broken), Error);
  EXPECT_THROW(Binner::from_edges({}), Error);
  EXPECT_THROW(Binner::uniform(0), Error);
  EXPECT_THROW(Binner::uniform(kMaxBins + 1), Error);
  EXPECT_THROW(Binner::quantile(10, rows_of({samples.begin(), samples.begin() + 9})), Error);
}

TEST(Binner, IntentAndItsCentres) {
  const Binner binner = Binner::uniform(10);
  const Rows<float> actions = rows_of({{-1, -0.5f, 0, 0.5f, 1, 0.05f, -1}, Action(7)});
  const Intent intent = binner.intent(actions);
  EXPECT_EQ(intent.horizon, 2);
  EXPECT_EQ(intent.bins, 10);
  EXPECT_THAT(intent.bin[0], ::testing::ElementsAre(0, 2, 5, 7, 9, 5, 0));
  EXPECT_EQ(intent.probability[1][6], 1.0f);
  EXPECT_THAT(binner.centres(intent, 0),
              ::testing::Pointwise(::testing::FloatNear(1e-6f),
                                   {-0.9f, -0.5f, 0.1f, 0.5f, 0.9f, 0.1f, -0.9f}));
  EXPECT_THROW(binner.intent(Rows<float>(kMaxHorizon + 1, 7)), Error);
}

}  // namespace
}  // namespace libra::action
