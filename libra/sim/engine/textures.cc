#include "libra/sim/engine/textures.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "libra/core/rng.h"

namespace libra::sim::engine {
namespace {

uint8_t shade(double value) { return static_cast<uint8_t>(std::clamp(value, 0.0, 255.0)); }

// Stone tiles: a thin grout line, every tile a little different, fine grain.
void paint_floor(uint8_t* rgb) {
  constexpr int kTile = kTexturePixels / 2;
  Rng grain(hash_name("floor"));
  for (int y = 0; y < kTexturePixels; ++y) {
    for (int x = 0; x < kTexturePixels; ++x) {
      const bool grout = x % kTile < 2 || y % kTile < 2;
      const uint64_t tile = splitmix64(static_cast<uint64_t>(y / kTile * 7 + x / kTile));
      const double value =
          grout ? 150 : 186 + static_cast<double>(tile % 11) + grain.uniform(-5, 5);
      uint8_t* p = rgb + 3 * (y * kTexturePixels + x);
      p[0] = shade(value + 1), p[1] = shade(value), p[2] = shade(value - 4);
    }
  }
}

// Plaster: soft blotches that repeat without a seam.
void paint_wall(uint8_t* rgb) {
  constexpr double kTurn = 2 * std::numbers::pi / kTexturePixels;
  for (int y = 0; y < kTexturePixels; ++y) {
    for (int x = 0; x < kTexturePixels; ++x) {
      const double blotch = std::sin(3 * kTurn * x + 2 * std::sin(2 * kTurn * y)) +
                            std::sin(5 * kTurn * y + 2 * std::sin(3 * kTurn * x));
      uint8_t* p = rgb + 3 * (y * kTexturePixels + x);
      p[0] = shade(208 + 4 * blotch), p[1] = shade(206 + 4 * blotch),
      p[2] = shade(200 + 4 * blotch);
    }
  }
}

std::vector<uint8_t> painted(void (*paint)(uint8_t*)) {
  std::vector<uint8_t> pixels(static_cast<size_t>(kTexturePixels) * kTexturePixels * 3);
  paint(pixels.data());
  return pixels;
}

// Boards along x with a grain that runs along them.
void paint_wood(uint8_t* rgb) {
  constexpr int kBoard = kTexturePixels / 4;
  constexpr double kTurn = 2 * std::numbers::pi / kTexturePixels;
  Rng grain(hash_name("wood"));
  std::vector<double> streak(kTexturePixels);
  for (double& value : streak) value = grain.uniform(-6, 6);
  for (int y = 0; y < kTexturePixels; ++y) {
    const double board = static_cast<double>(splitmix64(static_cast<uint64_t>(y / kBoard)) % 17);
    for (int x = 0; x < kTexturePixels; ++x) {
      const double wave = 4 * std::sin(2 * kTurn * x + 9 * kTurn * y);
      const double value = y % kBoard < 1 ? 176 : 216 + board + streak[y] + wave;
      uint8_t* p = rgb + 3 * (y * kTexturePixels + x);
      p[0] = shade(value + 6), p[1] = shade(value), p[2] = shade(value - 10);
    }
  }
}

}  // namespace

void paint_textures(mjModel* m) {
  static const std::vector<uint8_t> floor = painted(paint_floor), wall = painted(paint_wall),
                                    wood = painted(paint_wood);
  const auto place = [&](const char* name) {
    return m->tex_data + m->tex_adr[mj_name2id(m, mjOBJ_TEXTURE, name)];
  };
  std::copy(floor.begin(), floor.end(), place("floor"));
  std::copy(wall.begin(), wall.end(), place("wall"));
  std::copy(wood.begin(), wood.end(), place("wood"));
}

}  // namespace libra::sim::engine
