// Norms and MLPs. LayerNorm is torch's own; parameter names are those of the reference checkpoints
// (weight; fc1, fc2; w1, w2, w3).
#pragma once

#include <string>

#include "libra/nn/linear.h"
#include "libra/nn/torch.h"

namespace libra::nn {

// weight * (x / rms(x)) over the last dimension; the norm in f32, the result in x's dtype
// (InternLM2RMSNorm, InternRMSNorm). Gradients are computed by hand: half the memory traffic.
torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double eps);

class RmsNormImpl : public torch::nn::Module {
 public:
  RmsNormImpl(int64_t width, double eps);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  double eps_;
  torch::Tensor weight;
};
TORCH_MODULE(RmsNorm);

// Normalisation without learned scale: (x - mean) / std over the last dimension.
torch::Tensor plain_layer_norm(const torch::Tensor& x, double eps);

enum class Gelu { kErf, kTanh };
torch::Tensor gelu(const torch::Tensor& x, Gelu kind);

// fc2(gelu(fc1(x)))
class MlpImpl : public torch::nn::Module {
 public:
  MlpImpl(int64_t width, int64_t hidden, Gelu kind);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  Gelu kind_;
  Linear fc1{nullptr}, fc2{nullptr};
};
TORCH_MODULE(Mlp);

// w2(silu(w1(x)) * w3(x)), without biases
class SwiGluImpl : public torch::nn::Module {
 public:
  SwiGluImpl(int64_t width, int64_t hidden);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  Linear w1{nullptr}, w2{nullptr}, w3{nullptr};
};
TORCH_MODULE(SwiGlu);

}  // namespace libra::nn
