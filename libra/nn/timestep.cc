#include "libra/nn/timestep.h"

#include <cmath>

#include "libra/nn/linear.h"

namespace libra::nn {

torch::Tensor timestep_embedding(const torch::Tensor& t, int64_t dim,
                                 const SinusoidOptions& options) {
  const int64_t half = dim / 2;
  const auto f32 = torch::TensorOptions().dtype(torch::kFloat32).device(t.device());
  const torch::Tensor frequency =
      torch::exp(torch::arange(half, f32) * -std::log(options.max_period) /
                 (double(half) - options.frequency_shift));
  const torch::Tensor angle = t.to(torch::kFloat32).unsqueeze(-1) * frequency;
  torch::Tensor out = options.cos_first ? torch::cat({angle.cos(), angle.sin()}, -1)
                                        : torch::cat({angle.sin(), angle.cos()}, -1);
  if (dim % 2 == 1) out = torch::constant_pad_nd(out, {0, 1});
  return out;
}

torch::Tensor position_table(int64_t length, int64_t dim) {
  // In f64 and rounded once: positions times frequencies lose digits in f32.
  const auto f64 = torch::TensorOptions().dtype(torch::kFloat64);
  const torch::Tensor exponent = torch::arange(dim / 2, f64) / (double(dim) / 2.0);
  const torch::Tensor frequency = torch::pow(10000.0, -exponent);
  const torch::Tensor angle = torch::outer(torch::arange(length, f64), frequency);
  return torch::cat({angle.sin(), angle.cos()}, -1).to(torch::kFloat32);
}

TimestepEmbedderImpl::TimestepEmbedderImpl(int64_t width, int64_t frequencies)
    : frequencies_(frequencies) {
  const Linear first(frequencies, width), second(width, width);
  for (const auto& linear : {first, second}) {
    init_normal(linear->weight, 0.02);
    init_zeros(linear->bias);
  }
  mlp = register_module("mlp", torch::nn::Sequential(first, torch::nn::SiLU(), second));
}

torch::Tensor TimestepEmbedderImpl::forward(const torch::Tensor& t) {
  const torch::Tensor embedding = timestep_embedding(t, frequencies_);
  return mlp->forward(embedding.to(activation_type(mlp->parameters().front().scalar_type())));
}

}  // namespace libra::nn
