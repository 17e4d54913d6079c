#include "libra/nn/rope.h"

#include <algorithm>
#include <cmath>

namespace libra::nn {

double rope_base(const RopeOptions& options, int64_t length) {
  if (options.scaling != "dynamic" || length <= options.max_positions) return options.theta;
  const double stretch = options.factor * double(length) / double(options.max_positions);
  const double dim = double(options.dim);
  return options.theta * std::pow(stretch - (options.factor - 1.0), dim / (dim - 2.0));
}

RopeTable rope_table(const RopeOptions& options, int64_t length, double base,
                     torch::Device device) {
  const auto f32 = torch::TensorOptions().dtype(torch::kFloat32).device(device);
  const torch::Tensor even = torch::arange(0, options.dim, 2, f32);
  const torch::Tensor frequency =
      1.0 / torch::pow(torch::tensor(base, f32), even / double(options.dim));
  torch::Tensor position = torch::arange(length, f32);
  if (options.scaling == "linear") position = position / options.factor;
  const torch::Tensor half = torch::outer(position, frequency);
  const torch::Tensor angle = torch::cat({half, half}, -1);
  return {angle.cos(), angle.sin()};
}

torch::Tensor rotate(const torch::Tensor& x, const torch::Tensor& cos, const torch::Tensor& sin) {
  const auto halves = x.chunk(2, -1);
  const torch::Tensor turned = torch::cat({-halves[1], halves[0]}, -1);
  return x * cos.to(x.scalar_type()) + turned * sin.to(x.scalar_type());
}

const RopeTable& Rope::table(int64_t length, torch::Device device) {
  longest_ = std::max(longest_, length);
  const double base = rope_base(options_, longest_);
  const bool usable = table_.cos.defined() && table_.cos.device() == device && base == base_ &&
                      table_.cos.size(0) >= length;
  if (!usable) {
    // A table that was made while nothing was to be learnt serves training afterwards, too.
    const c10::InferenceMode off(false);
    // Room to grow while the base stays, so that decoding does not rebuild the table at every
    // token.
    const int64_t rows = longest_ < options_.max_positions
                             ? std::min(options_.max_positions, longest_ + 256)
                             : longest_;
    table_ = rope_table(options_, rows, base, device);
    base_ = base;
  }
  return table_;
}

}  // namespace libra::nn
