// Images on their way into a network. Resizing gives the very bytes that Pillow 9.4 gives, because
// published weights were trained behind it and torch's own interpolation differs.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "libra/core/observation.h"

namespace libra::preprocess {

// Pillow's 8-bit bicubic (a = -0.5) with antialiasing: horizontal pass, then vertical, each rounded
// to bytes. Requires positive sizes of at most 16384; throws Error(kBadInput) otherwise.
Image resize_bicubic(const Image& image, int height, int width);

// The image as large as fits into height x width, by Pillow's 8-bit bilinear filter, in the middle
// of black: what robots' policies are fed (openpi's resize_with_pad). Errors as above.
Image resize_with_pad(const Image& image, int height, int width);

// Mean over 2 x 2 pixels, rounded to nearest with halves up. Odd last rows and columns are dropped.
Image halve(const Image& image);

// Rows y .. y + height - 1, columns x .. x + width - 1. Requires the box to lie inside.
Image crop(const Image& image, int y, int x, int height, int width);

// How an image is cut for InternVL2.5 (dynamic_preprocess of the reference).
struct Tiling {
  int cols = 1;
  int rows = 1;
  bool thumbnail = false;  // one more tile that shows the whole image; only if cols * rows > 1
  int count() const { return cols * rows + (thumbnail ? 1 : 0); }
};

// The grid of at most max_tiles tiles whose aspect ratio is nearest; on a tie the larger grid, if
// the image has more than half its pixels.
Tiling choose_tiling(int height, int width, int max_tiles, int tile_size,
                     bool use_thumbnail = true);
// The tiles in reading order, the thumbnail last; each tile_size x tile_size.
std::vector<Image> make_tiles(const Image& image, const Tiling& tiling, int tile_size);

// Per-channel mean and standard deviation of bytes divided by 255.
struct Normalisation {
  std::array<float, 3> mean;
  std::array<float, 3> std;
};
inline constexpr Normalisation kImageNet = {{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
inline constexpr Normalisation kSigLip = {{0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}};

// (byte / 255 - mean) / std as planar floats [3, height, width].
// Requires: out.size() == 3 * height * width.
void normalise(const Image& image, const Normalisation& stats, std::span<float> out);
std::vector<float> normalise(const Image& image, const Normalisation& stats);

}  // namespace libra::preprocess
