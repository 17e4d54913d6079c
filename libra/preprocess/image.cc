#include "libra/preprocess/image.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "libra/core/error.h"

namespace libra::preprocess {
namespace {

constexpr int kMaxSide = 16384;
constexpr int kFractionBits = 22;  // of Pillow's fixed-point weights for bytes

// Of Pillow: how far it reaches at full size, and its weight at a distance.
struct Filter {
  double support;
  double (*weight)(double);
};

double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

constexpr Filter kBicubic = {2.0, cubic}, kBilinear = {1.0, triangle};

// For each output position: the first input position and the weights from there on.
struct Kernel {
  int stride = 0;  // weights kept per position
  std::vector<int> first, count;
  std::vector<int32_t> weights;
};

Kernel make_kernel(int in, int out, const Filter& filter) {
  const double scale = static_cast<double>(in) / out;
  const double stretch = std::max(scale, 1.0);  // shrinking widens the kernel: antialias
  const double support = filter.support * stretch;
  Kernel kernel;
  kernel.stride = static_cast<int>(std::ceil(support)) * 2 + 1;
  kernel.weights.assign(static_cast<size_t>(kernel.stride) * out, 0);
  std::vector<double> raw(kernel.stride);
  for (int i = 0; i < out; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - support + 0.5));
    const int last = std::min(in, static_cast<int>(centre + support + 0.5));
    double sum = 0;
    for (int j = first; j < last; ++j) {
      sum += raw[j - first] = filter.weight((j - centre + 0.5) * (1.0 / stretch));
    }
    for (int j = 0; j < last - first; ++j) {
      const double fixed = raw[j] * (sum != 0 ? 1.0 / sum : 1.0) * (1 << kFractionBits);
      kernel.weights[static_cast<size_t>(i) * kernel.stride + j] =
          static_cast<int32_t>(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
    kernel.first.push_back(first);
    kernel.count.push_back(last - first);
  }
  return kernel;
}

uint8_t to_byte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

Image resize_rows(const Image& image, int width, const Filter& filter) {
  const Kernel kernel = make_kernel(image.width, width, filter);
  Image out(image.height, width);
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* source = image.row(y);
    uint8_t* target = out.row(y);
    for (int x = 0; x < width; ++x, target += 3) {
      const int32_t* weight = &kernel.weights[static_cast<size_t>(x) * kernel.stride];
      const uint8_t* pixel = source + static_cast<size_t>(kernel.first[x]) * 3;
      int32_t sum[3] = {1 << (kFractionBits - 1), 1 << (kFractionBits - 1),
                        1 << (kFractionBits - 1)};
      for (int k = 0; k < kernel.count[x]; ++k, pixel += 3) {
        for (int c = 0; c < 3; ++c) sum[c] += weight[k] * pixel[c];
      }
      for (int c = 0; c < 3; ++c) target[c] = to_byte(sum[c]);
    }
  }
  return out;
}

Image resize_columns(const Image& image, int height, const Filter& filter) {
  const Kernel kernel = make_kernel(image.height, height, filter);
  Image out(height, image.width);
  const int row_bytes = image.width * 3;
  std::vector<int32_t> sum(row_bytes);
  for (int y = 0; y < height; ++y) {
    std::fill(sum.begin(), sum.end(), 1 << (kFractionBits - 1));
    for (int k = 0; k < kernel.count[y]; ++k) {
      const int32_t weight = kernel.weights[static_cast<size_t>(y) * kernel.stride + k];
      const uint8_t* source = image.row(kernel.first[y] + k);
      for (int i = 0; i < row_bytes; ++i) sum[i] += weight * source[i];
    }
    uint8_t* target = out.row(y);
    for (int i = 0; i < row_bytes; ++i) target[i] = to_byte(sum[i]);
  }
  return out;
}

void check_size(const char* what, int height, int width) {
  if (height > 0 && width > 0 && height <= kMaxSide && width <= kMaxSide) return;
  throw Error(ErrorCode::kBadInput,
              {.where = what,
               .problem = "image size is out of range",
               .expected = "sides of 1 to 16384 px",
               .found = std::to_string(width) + " x " + std::to_string(height)});
}

}  // namespace

namespace {

Image resize(const Image& image, int height, int width, const Filter& filter) {
  check_size("resize source", image.height, image.width);
  check_size("resize target", height, width);
  if (width == image.width) {
    return height == image.height ? image : resize_columns(image, height, filter);
  }
  Image rows = resize_rows(image, width, filter);
  return height == image.height ? rows : resize_columns(rows, height, filter);
}

}  // namespace

Image resize_bicubic(const Image& image, int height, int width) {
  return resize(image, height, width, kBicubic);
}

Image resize_with_pad(const Image& image, int height, int width) {
  check_size("resize source", image.height, image.width);
  check_size("resize target", height, width);
  if (image.height == height && image.width == width) return image;
  const double ratio =
      std::max(double(image.width) / double(width), double(image.height) / double(height));
  const int inner_height = std::max(1, static_cast<int>(image.height / ratio)),
            inner_width = std::max(1, static_cast<int>(image.width / ratio));
  const Image inner = resize(image, inner_height, inner_width, kBilinear);
  Image out(height, width);
  const int top = (height - inner_height) / 2, left = (width - inner_width) / 2;
  for (int y = 0; y < inner_height; ++y) {
    std::memcpy(out.row(top + y) + static_cast<size_t>(left) * 3, inner.row(y),
                static_cast<size_t>(inner_width) * 3);
  }
  return out;
}

Image halve(const Image& image) {
  Image out(image.height / 2, image.width / 2);
  for (int y = 0; y < out.height; ++y) {
    const uint8_t *upper = image.row(2 * y), *lower = image.row(2 * y + 1);
    uint8_t* target = out.row(y);
    for (int x = 0; x < out.width; ++x, upper += 6, lower += 6, target += 3) {
      for (int c = 0; c < 3; ++c) {
        target[c] =
            static_cast<uint8_t>((upper[c] + upper[c + 3] + lower[c] + lower[c + 3] + 2) / 4);
      }
    }
  }
  return out;
}

Image crop(const Image& image, int y, int x, int height, int width) {
  if (y < 0 || x < 0 || height < 0 || width < 0 || y > image.height - height ||
      x > image.width - width) {
    throw Error(ErrorCode::kBadInput, "crop: the box does not lie inside the image");
  }
  Image out(height, width);
  for (int i = 0; i < height; ++i) {
    std::memcpy(out.row(i), image.row(y + i) + static_cast<size_t>(x) * 3,
                static_cast<size_t>(width) * 3);
  }
  return out;
}

Tiling choose_tiling(int height, int width, int max_tiles, int tile_size, bool use_thumbnail) {
  check_size("tiling", height, width);
  const double aspect = static_cast<double>(width) / height;
  const double area = static_cast<double>(width) * height;
  double best = std::numeric_limits<double>::infinity();
  Tiling tiling;
  for (int count = 1; count <= max_tiles; ++count) {
    for (int cols = 1; cols <= count; ++cols) {
      if (count % cols != 0) continue;
      const int rows = count / cols;
      const double difference = std::abs(aspect - static_cast<double>(cols) / rows);
      const bool fills = area > 0.5 * tile_size * tile_size * count;
      if (difference < best || (difference == best && fills)) {
        best = difference;
        tiling.cols = cols;
        tiling.rows = rows;
      }
    }
  }
  tiling.thumbnail = use_thumbnail && tiling.cols * tiling.rows > 1;
  return tiling;
}

std::vector<Image> make_tiles(const Image& image, const Tiling& tiling, int tile_size) {
  const Image whole = resize_bicubic(image, tile_size * tiling.rows, tile_size * tiling.cols);
  std::vector<Image> tiles;
  for (int row = 0; row < tiling.rows; ++row) {
    for (int col = 0; col < tiling.cols; ++col) {
      tiles.push_back(crop(whole, row * tile_size, col * tile_size, tile_size, tile_size));
    }
  }
  if (tiling.thumbnail) tiles.push_back(resize_bicubic(image, tile_size, tile_size));
  return tiles;
}

void normalise(const Image& image, const Normalisation& stats, std::span<float> out) {
  const size_t plane = static_cast<size_t>(image.height) * image.width;
  if (out.size() != 3 * plane || image.rgb.size() != 3 * plane) {
    throw Error(ErrorCode::kBadInput, "normalise: image and output differ in size");
  }
  float table[3][256];  // a byte has few values: look them up
  for (int c = 0; c < 3; ++c) {
    for (int v = 0; v < 256; ++v) {
      table[c][v] = (static_cast<float>(v) / 255.0f - stats.mean[c]) / stats.std[c];
    }
  }
  const uint8_t* pixel = image.rgb.data();
  float *red = out.data(), *green = red + plane, *blue = green + plane;
  for (size_t i = 0; i < plane; ++i, pixel += 3) {
    red[i] = table[0][pixel[0]];
    green[i] = table[1][pixel[1]];
    blue[i] = table[2][pixel[2]];
  }
}

std::vector<float> normalise(const Image& image, const Normalisation& stats) {
  std::vector<float> out(image.rgb.size());
  normalise(image, stats, out);
  return out;
}

}  // namespace libra::preprocess
