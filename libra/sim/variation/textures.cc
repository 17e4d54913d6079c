#include "libra/sim/engine/textures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include "libra/sim/engine/scene.h"
#include "libra/sim/engine/textures.h"
#include "libra/sim/variation/image_noise.h"
#include "libra/sim/variation/textures.h"

namespace libra::sim::variation {
namespace {

static_assert(kPlasma == engine::kTexturePixels, "clouds lie over textures pixel by pixel");
constexpr double kTurn = 2 * std::numbers::pi;

// How much of the second colour there is at (x, y), 0 to 1.
using Pattern = std::function<double(int x, int y)>;
using PatternMaker = Pattern (*)(Rng& rng);

int whole(Rng& rng, int low, int high) {
  return low + static_cast<int>(rng.below(static_cast<uint64_t>(high - low + 1)));
}
double clouds_at(const std::vector<double>& clouds, int x, int y) {
  return clouds[static_cast<size_t>(y) * engine::kTexturePixels + static_cast<size_t>(x)];
}
double unit(int pixel) { return static_cast<double>(pixel) / engine::kTexturePixels; }
// The cell of `count` across that a pixel is in.
int cell(int pixel, int count) { return pixel * count / engine::kTexturePixels; }
double within(int pixel, int count) { return unit(pixel) * count - cell(pixel, count); }
double tone(int a, int b, uint64_t salt) {
  return static_cast<double>(mix_seed({static_cast<uint64_t>(a), static_cast<uint64_t>(b), salt}) >>
                             11) *
         0x1.0p-53;
}

Pattern planks(Rng& rng) {
  const int count = 4 << rng.below(2);
  return [count, salt = rng.next(), grain = plasma(1.6, rng)](int x, int y) {
    if (within(y, count) < .04) return 1.0;
    const double streak = clouds_at(grain, std::min(x, engine::kTexturePixels - x) / 8, y);
    return .6 * tone(cell(y, count), 0, salt) + .3 * streak;
  };
}
Pattern checks(Rng& rng) {
  const int count = 2 * whole(rng, 1, 4);
  return [count](int x, int y) { return (cell(x, count) + cell(y, count)) % 2 ? 1.0 : 0.0; };
}
Pattern stripes(Rng& rng) {
  const int count = whole(rng, 2, 8), slope = whole(rng, -1, 1);
  return [=](int x, int y) { return std::sin(kTurn * count * (unit(y) + slope * unit(x))) > 0; };
}
Pattern bricks(Rng& rng) {
  const int rows = 4 << rng.below(2);
  return [rows, salt = rng.next()](int x, int y) {
    const int row = cell(y, rows), shift = row % 2 * engine::kTexturePixels / rows;
    const int along = (x + shift) % engine::kTexturePixels;
    if (within(y, rows) < .1 || within(along, rows / 2) < .05) return 1.0;
    return .45 * tone(row, cell(along, rows / 2), salt);
  };
}
Pattern marble(Rng& rng) {
  const int count = whole(rng, 1, 4);
  return [count, clouds = plasma(2, rng)](int x, int y) {
    return .5 + .5 * std::sin(kTurn * (count * unit(x) + 2 * clouds_at(clouds, x, y)));
  };
}
Pattern speckles(Rng& rng) {
  return [salt = rng.next(), clouds = plasma(1.4, rng)](int x, int y) {
    const double speck = tone(x / 3, y / 3, salt);
    return speck > .75 ? 1.0 : .5 * clouds_at(clouds, x, y);
  };
}
Pattern weave(Rng& rng) {
  const int count = 8 * whole(rng, 1, 2);
  return [count](int x, int y) {
    const double over = std::sin(kTurn * count * unit(x)),
                 under = std::sin(kTurn * count * unit(y));
    return .5 + .5 * over * under;
  };
}
Pattern dots(Rng& rng) {
  const int count = whole(rng, 3, 8);
  const double radius = rng.uniform(.2, .4);
  return [=](int x, int y) {
    return std::hypot(within(x, count) - .5, within(y, count) - .5) < radius;
  };
}

constexpr std::array<PatternMaker, kPatternFamilies> kFamilies{planks, checks,   stripes, bricks,
                                                               marble, speckles, weave,   dots};

using Colour = std::array<double, 3>;  // 0 to 255

// Hue in turns; saturation and value in [0, 1].
Colour from_hsv(double hue, double saturation, double value) {
  Colour rgb;
  for (size_t i = 0; i < 3; ++i) {
    const double k = std::fmod(hue * 6 + (i == 0 ? 5.0 : i == 1 ? 3.0 : 1.0), 6.0);
    rgb[i] = 255 * value * (1 - saturation * std::max(0.0, std::min({k, 4 - k, 1.0})));
  }
  return rgb;
}

}  // namespace

std::vector<uint8_t> draw_pattern(Rng& rng) {
  return draw_pattern(static_cast<int>(rng.below(kPatternFamilies)), rng);
}

std::vector<uint8_t> draw_pattern(int family, Rng& rng) {
  const double hue = rng.uniform(), value = rng.uniform(.45, .95);
  const Colour first = from_hsv(hue, rng.uniform(.15, .75), value);
  const Colour second = from_hsv(std::fmod(hue + rng.uniform(-.12, .12) + 1, 1.0),
                                 rng.uniform(.1, .6), value > .7 ? value - .35 : value + .3);
  const Pattern pattern = kFamilies.at(static_cast<size_t>(family))(rng);
  std::vector<uint8_t> pixels;
  pixels.reserve(static_cast<size_t>(engine::kTexturePixels) * engine::kTexturePixels * 3);
  for (int y = 0; y < engine::kTexturePixels; ++y) {
    for (int x = 0; x < engine::kTexturePixels; ++x) {
      const double share = pattern(x, y);
      for (size_t i = 0; i < 3; ++i)
        pixels.push_back(static_cast<uint8_t>(
            std::clamp(std::lround(first[i] + share * (second[i] - first[i])), 0l, 255l)));
    }
  }
  return pixels;
}

std::vector<uint8_t> blend(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b,
                           double share) {
  std::vector<uint8_t> out(a.size());
  for (size_t i = 0; i < a.size(); ++i)
    out[i] = static_cast<uint8_t>(std::lround(a[i] + share * (b.at(i) - a[i])));
  return out;
}

}  // namespace libra::sim::variation
