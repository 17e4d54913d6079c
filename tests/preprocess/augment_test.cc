#include "libra/preprocess/augment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace libra::preprocess {
namespace {

Image random_image(int height, int width, uint64_t seed) {
  Image image(height, width);
  Rng rng(seed);
  for (auto& byte : image.rgb) byte = static_cast<uint8_t>(rng.below(256));
  return image;
}

uint8_t at(const Image& image, int y, int x, int c) { return image.row(y)[x * 3 + c]; }

TEST(Augment, NothingToDoChangesNothing) {
  const Image image = random_image(9, 7, 1);
  Rng rng(4);
  EXPECT_EQ(augment(image, {0, 0.0, 0.0}, rng).rgb, image.rgb);
}

TEST(Augment, ShiftMovesPixelsAndRepeatsEdges) {
  const Image image = random_image(12, 10, 2);
  std::set<std::pair<int, int>> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    const Image out = augment(image, {2, 0.0, 0.0}, rng);
    int matches = 0;
    for (int dy = -2; dy <= 2; ++dy) {
      for (int dx = -2; dx <= 2; ++dx) {
        bool same = true;
        for (int y = 0; y < 12 && same; ++y) {
          for (int x = 0; x < 10 && same; ++x) {
            const int sy = std::min(std::max(y - dy, 0), 11), sx = std::min(std::max(x - dx, 0), 9);
            for (int c = 0; c < 3; ++c) same &= at(out, y, x, c) == at(image, sy, sx, c);
          }
        }
        if (same) {
          ++matches;
          seen.insert({dy, dx});
        }
      }
    }
    ASSERT_EQ(matches, 1) << seed;
  }
  EXPECT_EQ(seen.size(), 25u);  // every shift occurs
}

TEST(Augment, ShiftLargerThanTheImage) {
  const Image image = random_image(2, 3, 3);
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    const Image out = augment(image, {20, 0.0, 0.0}, rng);
    ASSERT_EQ(out.rgb.size(), image.rgb.size());
  }
  Rng rng(1);
  EXPECT_TRUE(augment(Image(), {4, 0.1, 0.1}, rng).rgb.empty());
}

TEST(Augment, BrightnessAndChannelsStayInTheirBounds) {
  Image image(4, 4);
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = 100;
  double low = 1e9, high = -1e9;
  bool channels_differ = false;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    Rng rng(seed);
    const Image out = augment(image, {4, 0.15, 0.05}, rng);
    for (int c = 0; c < 3; ++c) {
      const double v = at(out, 1, 2, c);
      low = std::min(low, v);
      high = std::max(high, v);
      for (int y = 0; y < 4; ++y) ASSERT_EQ(at(out, y, 0, c), v);  // the same everywhere
    }
    channels_differ |= at(out, 0, 0, 0) != at(out, 0, 0, 2);
  }
  // 100 * 1.15 + 12.75 = 127.75 and 100 * 0.85 - 12.75 = 72.25
  EXPECT_GE(low, 72);
  EXPECT_LE(high, 128);
  EXPECT_LT(low, 78);
  EXPECT_GT(high, 122);
  EXPECT_TRUE(channels_differ);
}

TEST(Augment, BytesSaturate) {
  Image image(1, 2);
  image.rgb = {255, 255, 255, 0, 0, 0};
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    const Image out = augment(image, {0, 0.5, 0.5}, rng);
    for (int c = 0; c < 3; ++c) EXPECT_GE(out.rgb[c], out.rgb[3 + c]);  // no wrapping round
  }
}

TEST(Augment, IsAFunctionOfTheSeedAndDrawsTheSameNumber) {
  const Image image = random_image(8, 8, 5);
  Rng a(9), b(9), c(9);
  EXPECT_EQ(augment(image, {}, a).rgb, augment(image, {}, b).rgb);
  augment(image, {0, 0.0, 0.0}, c);
  EXPECT_EQ(a.state(), c.state());
}

}  // namespace
}  // namespace libra::preprocess
