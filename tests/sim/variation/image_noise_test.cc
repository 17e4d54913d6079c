// Corruptions of images against closed forms.
#include "libra/sim/variation/image_noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace libra::sim::variation {
namespace {

Image constant(int size, uint8_t value) {
  Image image(size, size);
  std::fill(image.rgb.begin(), image.rgb.end(), value);
  return image;
}
Image point(int size) {
  Image image(size, size);
  std::fill_n(image.row(size / 2) + 3 * (size / 2), 3, uint8_t{255});
  return image;
}
Image random_image(int size, uint64_t seed) {
  Image image(size, size);
  Rng rng(seed);
  for (uint8_t& v : image.rgb) v = static_cast<uint8_t>(rng.below(256));
  return image;
}
// Mean and spread of the light's place along x (px).
struct Spread {
  double light = 0, x = 0, y = 0, deviation_x = 0;
};
Spread spread_of(const Image& image) {
  Spread s;
  double square = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const double v = image.row(y)[3 * x];
      s.light += v, s.x += v * x, s.y += v * y, square += v * x * x;
    }
  }
  s.x /= s.light, s.y /= s.light;
  s.deviation_x = std::sqrt(square / s.light - s.x * s.x);
  return s;
}
double detail(const Image& image) {  // mean absolute difference of neighbours
  double sum = 0;
  for (int y = 0; y < image.height; ++y)
    for (int x = 3; x < 3 * image.width; ++x)
      sum += std::abs(image.row(y)[x] - image.row(y)[x - 3]);
  return sum / image.height / image.width;
}

TEST(ImageNoise, KernelIsANormalisedGaussian) {
  for (const double sigma : {0.0, 0.3, 1.0, 5.0}) {
    const auto k = gaussian_kernel(sigma);
    EXPECT_NEAR(std::accumulate(k.begin(), k.end(), 0.0), 1, 1e-12);
    EXPECT_EQ(k.size() % 2, 1u);
    for (size_t i = 0; i < k.size(); ++i) EXPECT_DOUBLE_EQ(k[i], k[k.size() - 1 - i]);
  }
  const auto k = gaussian_kernel(2);
  EXPECT_NEAR(k[8 + 2] / k[8], std::exp(-0.5), 1e-12);  // one sigma from the middle
}

TEST(ImageNoise, ConstantImagesStayConstant) {
  const Image grey = constant(24, 90);
  Rng rng(1);
  EXPECT_EQ(gaussian_blur(grey, 3).rgb, grey.rgb);
  EXPECT_EQ(motion_blur(grey, 6, 4, 0.7).rgb, grey.rgb);
  EXPECT_EQ(zoom_blur(grey, 1.3, 0.02).rgb, grey.rgb);
  EXPECT_EQ(glass_blur(grey, 1.2, 3.5, 2, rng).rgb, grey.rgb);
}

TEST(ImageNoise, NothingIsDoneByBlursOfNoSize) {
  const Image image = random_image(17, 3);
  Rng rng(1);
  EXPECT_EQ(gaussian_blur(image, 0).rgb, image.rgb);
  EXPECT_EQ(motion_blur(image, 0, 1, 0.3).rgb, image.rgb);
  EXPECT_EQ(zoom_blur(image, 1, 0.01).rgb, image.rgb);
  EXPECT_EQ(fog(image, 0, 2, rng).rgb, image.rgb);
  EXPECT_EQ(glass_blur(image, 0, .4, 2, rng).rgb, image.rgb);
}

TEST(ImageNoise, GaussianSpreadsAPointByItsSigma) {
  // Rounding to bytes cuts the tails off, so a stack of equal points is too dim; a bar keeps light.
  Image bar(64, 64);
  for (int y = 0; y < 64; ++y) std::fill_n(bar.row(y) + 3 * 32, 3, uint8_t{255});
  const Spread s = spread_of(gaussian_blur(bar, 2.5));
  EXPECT_NEAR(s.x, 32, 0.02);
  EXPECT_NEAR(s.deviation_x, 2.5, 0.06);
  EXPECT_NEAR(s.light, 64 * 255, 64 * 3);
}

TEST(ImageNoise, MotionTrailsInOneDirection) {
  const Spread right = spread_of(motion_blur(point(65), 5, 4, 0));
  // The trail of a pixel reaches to the right, so the point appears in the pixels left of it.
  EXPECT_LT(right.x, 32 - 2);
  EXPECT_NEAR(right.y, 32, 1e-9);
  const Spread down = spread_of(motion_blur(point(65), 5, 4, std::numbers::pi / 2));
  EXPECT_NEAR(down.x, 32, 1e-9);
  EXPECT_NEAR(down.y - 32, right.x - 32, 1e-9);
  double mean = 0, sum = 0;  // of the half Gaussian
  for (int k = 0; k <= 10; ++k) {
    const double w = std::exp(-k * k / 32.0);
    mean += k * w, sum += w;
  }
  EXPECT_NEAR(32 - right.x, mean / sum, 0.05);
}

TEST(ImageNoise, ZoomLeavesTheMiddleAndSmearsTheRim) {
  Image image = random_image(65, 5);
  std::fill_n(image.row(32) + 3 * 32, 3, uint8_t{255});
  const Image zoomed = zoom_blur(image, 1.56, 0.03);
  EXPECT_EQ(zoomed.row(32)[3 * 32], 255);
  EXPECT_LT(detail(zoomed), 0.5 * detail(image));
}

TEST(ImageNoise, PlasmaReachesBothEndsAndGetsRougherAsItDecaysLess) {
  Rng rng(4), same(4);
  const auto smooth = plasma(3, rng);
  EXPECT_EQ(smooth, plasma(3, same));
  EXPECT_EQ(*std::min_element(smooth.begin(), smooth.end()), 0);
  EXPECT_EQ(*std::max_element(smooth.begin(), smooth.end()), 1);
  Rng again(4);
  const auto rough = plasma(1.3, again);
  const auto steps = [](const std::vector<double>& map) {
    double sum = 0;
    for (size_t i = 1; i < map.size(); ++i) sum += std::abs(map[i] - map[i - 1]);
    return sum;
  };
  EXPECT_GT(steps(rough), 3 * steps(smooth));
}

TEST(ImageNoise, FogFollowsItsFormula) {
  const Image image = random_image(kPlasma, 6);
  Rng rng(9), same(9);
  const Image foggy = fog(image, 2, 2.2, rng);
  const auto clouds = plasma(2.2, same);
  const double top = *std::max_element(image.rgb.begin(), image.rgb.end());
  for (size_t i = 0; i < clouds.size(); i += 37) {
    const double expected = (image.rgb[3 * i] + 510 * clouds[i]) * top / (top + 510);
    EXPECT_NEAR(foggy.rgb[3 * i], expected, 0.51);
  }
}

TEST(ImageNoise, GlassMovesPixelsNoFartherThanItsReach) {
  Rng rng(2);
  const Image shuffled = glass_blur(point(33), 0, 2.5, 1, rng);
  // One round may carry a pixel on while the scan follows it, but it loses none.
  EXPECT_EQ(std::count(shuffled.rgb.begin(), shuffled.rgb.end(), 255), 3);
  std::vector<uint8_t> before = random_image(33, 8).rgb;
  Rng again(5);
  std::vector<uint8_t> after = glass_blur(random_image(33, 8), 0, 3.5, 2, again).rgb;
  EXPECT_NE(before, after);
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  EXPECT_EQ(before, after);
}

TEST(ImageNoise, TheSameSeedGivesTheSameBytes) {
  const Image image = random_image(40, 1);
  Rng a(3), b(3), c(4);
  const auto first = fog(image, 3, 1.8, a).rgb;
  EXPECT_EQ(fog(image, 3, 1.8, b).rgb, first);
  EXPECT_NE(fog(image, 3, 1.8, c).rgb, first);
  const auto glass = glass_blur(image, 1, 2.5, 2, a).rgb;
  EXPECT_EQ(glass_blur(image, 1, 2.5, 2, b).rgb, glass);
  EXPECT_NE(glass_blur(image, 1, 2.5, 2, c).rgb, glass);
}

}  // namespace
}  // namespace libra::sim::variation
