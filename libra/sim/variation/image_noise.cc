#include "libra/sim/variation/image_noise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace libra::sim::variation {
namespace {

// An image in real numbers, 0 to 255.
struct Canvas {
  int height, width;
  std::vector<double> value;

  Canvas(int h, int w) : height(h), width(w), value(static_cast<size_t>(h) * w * 3) {}
  explicit Canvas(const Image& image)
      : height(image.height), width(image.width), value(image.rgb.begin(), image.rgb.end()) {}

  // Clamped to the edge.
  const double* at(int y, int x) const {
    y = std::clamp(y, 0, height - 1), x = std::clamp(x, 0, width - 1);
    return value.data() + 3 * (static_cast<size_t>(y) * width + x);
  }
  double* at(int y, int x) { return const_cast<double*>(std::as_const(*this).at(y, x)); }

  // Adds weight times the bilinear value at (y, x).
  void sample(double y, double x, double weight, double* sum) const {
    const double top = std::floor(y), left = std::floor(x), fy = y - top, fx = x - left;
    const std::array<double, 4> share{(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx};
    for (int corner = 0; corner < 4; ++corner) {
      const double w = weight * share[static_cast<size_t>(corner)];
      if (w == 0) continue;
      const double* p = at(static_cast<int>(top) + corner / 2, static_cast<int>(left) + corner % 2);
      for (int c = 0; c < 3; ++c) sum[c] += w * p[c];
    }
  }

  Image image() const {
    Image out(height, width);
    for (size_t i = 0; i < value.size(); ++i)
      out.rgb[i] = static_cast<uint8_t>(std::lround(std::clamp(value[i], 0.0, 255.0)));
    return out;
  }
};

Canvas blurred_along(const Canvas& in, const std::vector<double>& kernel, bool down) {
  const int reach = static_cast<int>(kernel.size() / 2);
  Canvas out(in.height, in.width);
  for (int y = 0; y < in.height; ++y) {
    for (int x = 0; x < in.width; ++x) {
      double* sum = out.at(y, x);
      for (int k = -reach; k <= reach; ++k) {
        const double* p = down ? in.at(y + k, x) : in.at(y, x + k);
        for (int c = 0; c < 3; ++c) sum[c] += kernel[static_cast<size_t>(k + reach)] * p[c];
      }
    }
  }
  return out;
}

Canvas blurred(const Canvas& in, double sigma) {
  const std::vector<double> kernel = gaussian_kernel(sigma);
  return blurred_along(blurred_along(in, kernel, false), kernel, true);
}

void normalise(std::span<double> weights) {
  double sum = 0;
  for (const double w : weights) sum += w;
  for (double& w : weights) w /= sum;
}

}  // namespace

std::vector<double> gaussian_kernel(double sigma) {
  const int reach = static_cast<int>(std::ceil(4 * sigma));
  std::vector<double> weights;
  for (int k = -reach; k <= reach; ++k)
    weights.push_back(k == 0 ? 1 : std::exp(-k * k / (2 * sigma * sigma)));
  normalise(weights);
  return weights;
}

Image gaussian_blur(const Image& image, double sigma) {
  return blurred(Canvas(image), sigma).image();
}

Image motion_blur(const Image& image, double radius, double sigma, double angle) {
  std::vector<double> weights;
  for (int k = 0; k <= 2 * radius; ++k) weights.push_back(std::exp(-k * k / (2 * sigma * sigma)));
  normalise(weights);
  const Canvas in(image);
  Canvas out(image.height, image.width);
  const double dx = std::cos(angle), dy = std::sin(angle);
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x)
      for (size_t k = 0; k < weights.size(); ++k)
        in.sample(y + dy * static_cast<double>(k), x + dx * static_cast<double>(k), weights[k],
                  out.at(y, x));
  return out.image();
}

Image zoom_blur(const Image& image, double largest, double step) {
  std::vector<double> zooms{1};  // the image itself
  for (int i = 0; 1 + i * step < largest; ++i) zooms.push_back(1 + i * step);
  const Canvas in(image);
  Canvas out(image.height, image.width);
  const double middle_y = (in.height - 1) / 2.0, middle_x = (in.width - 1) / 2.0;
  for (const double zoom : zooms)
    for (int y = 0; y < in.height; ++y)
      for (int x = 0; x < in.width; ++x)
        in.sample(middle_y + (y - middle_y) / zoom, middle_x + (x - middle_x) / zoom,
                  1.0 / static_cast<double>(zooms.size()), out.at(y, x));
  return out.image();
}

// Diamond-square: the middles of squares, then of diamonds, are the mean of their corners and a
// random part that shrinks with the scale.
std::vector<double> plasma(double decay, Rng& rng) {
  std::vector<double> map(static_cast<size_t>(kPlasma) * kPlasma);
  const auto at = [&](int y, int x) -> double& {
    return map[static_cast<size_t>(y & (kPlasma - 1)) * kPlasma + (x & (kPlasma - 1))];
  };
  double wobble = 1;
  for (int step = kPlasma; step >= 2; step /= 2, wobble /= decay) {
    const int half = step / 2;
    for (int y = half; y < kPlasma; y += step)
      for (int x = half; x < kPlasma; x += step)
        at(y, x) = (at(y - half, x - half) + at(y - half, x + half) + at(y + half, x - half) +
                    at(y + half, x + half)) /
                       4 +
                   wobble * rng.uniform(-1, 1);
    for (int y = 0; y < kPlasma; y += half)
      for (int x = (y / half % 2 == 0 ? half : 0); x < kPlasma; x += step)
        at(y, x) = (at(y - half, x) + at(y + half, x) + at(y, x - half) + at(y, x + half)) / 4 +
                   wobble * rng.uniform(-1, 1);
  }
  const auto [low, high] = std::minmax_element(map.begin(), map.end());
  const double least = *low, range = *high - *low;
  for (double& value : map) value = (value - least) / range;
  return map;
}

Image fog(const Image& image, double strength, double decay, Rng& rng) {
  const std::vector<double> clouds = plasma(decay, rng);
  Canvas out(image);
  const double brightest = *std::max_element(out.value.begin(), out.value.end());
  const double scale = brightest / (brightest + 255 * strength);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const int cy = y * kPlasma / out.height, cx = x * kPlasma / out.width;
      const double cloud = clouds[static_cast<size_t>(cy) * kPlasma + cx];
      for (int c = 0; c < 3; ++c) {
        double& v = out.at(y, x)[c];
        v = (v + 255 * strength * cloud) * scale;
      }
    }
  }
  return out.image();
}

Image glass_blur(const Image& image, double sigma, double reach, int rounds, Rng& rng) {
  Canvas canvas = blurred(Canvas(image), sigma);
  const auto offset = [&] { return static_cast<int>(std::floor(rng.uniform(-reach, reach) + .5)); };
  const int shift = static_cast<int>(std::floor(reach + .5));  // at most
  for (int round = 0; round < rounds; ++round) {
    for (int y = canvas.height - 1 - shift; y >= shift; --y) {
      for (int x = canvas.width - 1 - shift; x >= shift; --x) {
        const int dy = offset(), dx = offset();
        std::swap_ranges(canvas.at(y, x), canvas.at(y, x) + 3, canvas.at(y + dy, x + dx));
      }
    }
  }
  return blurred(canvas, sigma).image();
}

}  // namespace libra::sim::variation
