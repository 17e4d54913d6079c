#include "libra/preprocess/augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace libra::preprocess {
namespace {

int draw_shift(int limit, Rng& rng) {
  return static_cast<int>(rng.below(static_cast<uint64_t>(2 * limit + 1))) - limit;
}

using Table = std::array<uint8_t, 256>;

Table byte_table(double gain, double offset) {
  Table table;
  for (int v = 0; v < 256; ++v) {
    table[v] = static_cast<uint8_t>(std::clamp(std::lround(v * gain + offset * 255.0), 0l, 255l));
  }
  return table;
}

}  // namespace

ImageShift augment(const Image& in, const AugmentConfig& config, Rng& rng, Image& out) {
  const int dx = draw_shift(config.shift, rng);
  const int dy = draw_shift(config.shift, rng);
  const double gain = 1.0 + rng.uniform(-config.brightness, config.brightness);
  std::array<Table, 3> tables;
  for (auto& table : tables) {
    table = byte_table(gain, rng.uniform(-config.channel, config.channel));
  }
  out.height = in.height;
  out.width = in.width;
  out.rgb.resize(in.rgb.size());
  if (in.rgb.empty()) return {dx, dy};
  for (int y = 0; y < in.height; ++y) {
    const uint8_t* source = in.row(std::clamp(y - dy, 0, in.height - 1));
    uint8_t* target = out.row(y);
    // [begin, end) of the row comes from inside the image, the rest repeats its edge.
    const int begin = std::clamp(dx, 0, in.width), end = std::clamp(in.width + dx, 0, in.width);
    const auto put = [&](int x, int from) {
      for (int c = 0; c < 3; ++c) target[x * 3 + c] = tables[c][source[from * 3 + c]];
    };
    for (int x = 0; x < begin; ++x) put(x, 0);
    for (int x = begin; x < end; ++x) put(x, x - dx);
    for (int x = std::max(begin, end); x < in.width; ++x) put(x, in.width - 1);
  }
  return {dx, dy};
}

Image augment(const Image& in, const AugmentConfig& config, Rng& rng) {
  Image out;
  augment(in, config, rng, out);
  return out;
}

}  // namespace libra::preprocess
