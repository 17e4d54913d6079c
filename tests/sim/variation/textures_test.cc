// Textures made by code.
#include "libra/sim/variation/textures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace libra::sim::variation {
namespace {

TEST(Textures, EveryFamilyShowsTwoColoursAndRepeatsWithoutASeam) {
  constexpr int kSide = 256;
  for (int family = 0; family < kPatternFamilies; ++family) {
    for (uint64_t seed = 0; seed < 5; ++seed) {
      Rng rng(seed), same(seed);
      const auto pixels = draw_pattern(family, rng);
      ASSERT_EQ(pixels.size(), size_t{kSide} * kSide * 3);
      EXPECT_EQ(draw_pattern(family, same), pixels);
      const auto [low, high] = std::minmax_element(pixels.begin(), pixels.end());
      EXPECT_GT(*high - *low, 30) << family << " " << seed;
      // Across the border things change as much as they do between neighbouring columns.
      const auto change = [&](int a, int b) {
        double sum = 0;
        for (int y = 0; y < kSide; ++y)
          for (int c = 0; c < 3; ++c)
            sum += std::abs(pixels[3 * (y * kSide + a) + c] - pixels[3 * (y * kSide + b) + c]);
        return sum;
      };
      double most = 0;
      for (int x = 1; x < kSide; ++x) most = std::max(most, change(x - 1, x));
      EXPECT_LE(change(kSide - 1, 0), 1.1 * most + 1) << family << " " << seed;
    }
  }
}

TEST(Textures, BlendGoesFromOneToTheOther) {
  const std::vector<uint8_t> a{0, 100, 200}, b{100, 100, 0};
  EXPECT_EQ(blend(a, b, 0), a);
  EXPECT_EQ(blend(a, b, 1), b);
  EXPECT_EQ(blend(a, b, 0.25), (std::vector<uint8_t>{25, 100, 150}));
}

}  // namespace
}  // namespace libra::sim::variation
