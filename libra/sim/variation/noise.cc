// Sensor noise on agentview's image: the ten published strengths, two a level. They are of images
// 256 px wide; lengths scale with the image, so that a smaller one looks as bad.
#include <cmath>
#include <numbers>

#include "libra/sim/variation/effect.h"
#include "libra/sim/variation/image_noise.h"

namespace libra::sim::variation {
namespace {

constexpr double kPublishedPixels = 256;
constexpr size_t kStrengths = 10;

struct Motion {
  double radius, sigma;
};
constexpr std::array<Motion, kStrengths> kMotion{
    {{5, 2}, {8, 3}, {10, 4}, {12, 5}, {15, 6}, {18, 8}, {20, 10}, {25, 12}, {30, 15}, {35, 20}}};
struct Zoom {
  double largest, step;
};
constexpr std::array<Zoom, kStrengths> kZoom{{{1.11, .01},
                                              {1.16, .01},
                                              {1.21, .02},
                                              {1.26, .02},
                                              {1.31, .03},
                                              {1.36, .01},
                                              {1.41, .01},
                                              {1.46, .02},
                                              {1.51, .02},
                                              {1.56, .03}}};
struct Fog {
  double strength, decay;
};
constexpr std::array<Fog, kStrengths> kFog{{{.5, 3},
                                            {1, 2.8},
                                            {1.5, 2.5},
                                            {2, 2.2},
                                            {2.5, 2},
                                            {3, 1.8},
                                            {3.5, 1.6},
                                            {4, 1.5},
                                            {4.5, 1.4},
                                            {5, 1.3}}};
struct Glass {
  double sigma;
  int shift, rounds;
};
constexpr std::array<Glass, kStrengths> kGlass{{{.5, 1, 3},
                                                {.7, 1, 3},
                                                {.9, 2, 3},
                                                {1, 2, 2},
                                                {1.1, 3, 2},
                                                {1.3, 3, 2},
                                                {1.5, 4, 2},
                                                {1.8, 4, 2},
                                                {2.2, 5, 1},
                                                {2.5, 5, 1}}};

// In the order in which LIBERO-Plus numbers them.
constexpr std::array<std::string_view, 5> kFamilies{"motion_blur", "gaussian_blur", "zoom_blur",
                                                    "fog", "glass_blur"};

class NoiseEffect final : public Effect {
 public:
  // strength: into the tables.
  NoiseEffect(std::string_view family, size_t strength, uint64_t seed)
      : family_(family), seed_(seed), strength_(strength) {}

  // Drawn anew at every step, as noise is.
  void change_image(std::string_view camera, int64_t step, Image& image) const override {
    if (camera != "agentview") return;
    Rng rng(mix_seed({seed_, static_cast<uint64_t>(step)}));
    image = changed(image, rng);
  }

 private:
  Image changed(const Image& image, Rng& rng) const {
    const double scale = image.width / kPublishedPixels;
    if (family_ == "motion_blur") {
      const Motion& m = kMotion[strength_];
      return motion_blur(image, m.radius * scale, m.sigma * scale,
                         rng.uniform(-1, 1) * std::numbers::pi / 4);
    }
    if (family_ == "gaussian_blur")
      return gaussian_blur(image, static_cast<double>(strength_ + 1) * scale);
    if (family_ == "zoom_blur")
      return zoom_blur(image, kZoom[strength_].largest, kZoom[strength_].step);
    if (family_ == "fog") return fog(image, kFog[strength_].strength, kFog[strength_].decay, rng);
    const Glass& g = kGlass[strength_];
    return glass_blur(image, g.sigma * scale, (g.shift + .5) * scale, g.rounds, rng);
  }

  std::string family_;
  uint64_t seed_;
  size_t strength_;
};

}  // namespace

std::unique_ptr<Effect> make_noise_effect(const EffectRequest& request) {
  Rng rng(request.seed);
  const size_t strength = static_cast<size_t>(2 * (request.variation.level - 1)) + rng.below(2);
  return std::make_unique<NoiseEffect>(request.variation.subkind, strength, request.seed);
}
std::unique_ptr<Effect> make_noise_effect(int number, uint64_t seed) {
  const auto index = static_cast<size_t>(number - 1);
  return std::make_unique<NoiseEffect>(kFamilies.at(index / kStrengths), index % kStrengths, seed);
}

}  // namespace libra::sim::variation
