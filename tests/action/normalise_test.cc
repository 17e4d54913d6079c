#include "libra/action/normalise.h"

#include <gtest/gtest.h>

#include "libra/core/error.h"
#include "libra/core/rng.h"

namespace libra::action {
namespace {

NormStats example() {
  NormStats stats = NormStats::identity();
  stats.kind = "q01_q99";
  stats.action.q01 = {-0.5, 0.0, 0.25, -1, -1, -1, -1};
  stats.action.q99 = {0.5, 0.2, 0.25, 1, 1, 1, 0.5};
  stats.proprio.q01.assign(kProprioDim, 1.0);
  stats.proprio.q99.assign(kProprioDim, 3.0);
  stats.proprio.q01[7] = stats.proprio.q99[7] = 0.04;
  return stats;
}

TEST(Normaliser, BoundsMapToOneAndBeyondIsClipped) {
  const Normaliser n(example());
  const Action a = n.normalise(Action{0.5f, 0.05f, 0.7f, 0.3f, -2, 2, 0.5f});
  EXPECT_FLOAT_EQ(a[0], 1.0f);
  EXPECT_FLOAT_EQ(a[1], -0.5f);
  EXPECT_EQ(a[2], 0.0f);  // no range
  EXPECT_FLOAT_EQ(a[3], 0.3f);
  EXPECT_EQ(a[4], -1.0f);
  EXPECT_EQ(a[5], 1.0f);
  EXPECT_EQ(a[6], 0.5f);  // the gripper's statistics are not applied
}

TEST(Normaliser, RoundTripInsideTheBounds) {
  const Normaliser n(example());
  Rng rng(2);
  for (int i = 0; i < 200; ++i) {
    Action raw{};
    raw[0] = static_cast<float>(rng.uniform(-0.5, 0.5));
    raw[1] = static_cast<float>(rng.uniform(0, 0.2));
    raw[2] = 0.25f;  // the constant comes back
    raw[6] = rng.uniform() < 0.5 ? -1.0f : 1.0f;
    const Action back = n.denormalise(n.normalise(raw));
    for (int d = 0; d < kActionDim; ++d) EXPECT_NEAR(back[d], raw[d], 1e-6) << d;
  }
  const Action wild = n.denormalise(Action{9, -9, 9, 0, 0, 0, 9});
  EXPECT_FLOAT_EQ(wild[0], 0.5f);
  EXPECT_NEAR(wild[1], 0.0f, 1e-7);
  EXPECT_FLOAT_EQ(wild[2], 0.25f);
  EXPECT_EQ(wild[6], 1.0f);
}

TEST(Normaliser, Proprio) {
  const auto p = Normaliser(example()).normalise(Proprio{1, 2, 3, 4, 0, 2.5, 2, 0.01});
  const std::array<float, kProprioDim> expected = {-1, 0, 1, 1, -1, 0.5f, 0, 0};
  EXPECT_EQ(p, expected);
}

TEST(Normaliser, IdentityOnlyClipsActions) {
  const Normaliser n(NormStats::identity());
  EXPECT_EQ(n.normalise(Action{0.3f, -2, 0, 0, 0, 0, 1}), (Action{0.3f, -1, 0, 0, 0, 0, 1}));
  EXPECT_EQ(n.normalise(Proprio{0.3, 3.14, -2, 0, 0, 0, 0, 0})[1], 3.14f);
}

TEST(Normaliser, WrongColumnsAreRefused) {
  NormStats stats = example();
  stats.action.q01.pop_back();
  EXPECT_THROW(Normaliser{stats}, Error);
}

}  // namespace
}  // namespace libra::action
