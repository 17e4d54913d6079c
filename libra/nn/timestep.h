// Sinusoidal embeddings of diffusion timesteps and positions.
#pragma once

#include "libra/nn/torch.h"

namespace libra::nn {

struct SinusoidOptions {
  bool cos_first = true;       // [cos | sin]; diffusers' default is [sin | cos]
  double frequency_shift = 0;  // the exponent's divisor is half - shift; diffusers' default is 1
  double max_period = 10000.0;
};

// t [B] any dtype -> [B, dim] f32: cos and sin of t * max_period^(-i / (dim/2 - shift)); an odd dim
// ends in a zero column. Defaults are those of DiT's TimestepEmbedder.
torch::Tensor timestep_embedding(const torch::Tensor& t, int64_t dim,
                                 const SinusoidOptions& options = {});

// [length, dim] f32: the fixed table [sin | cos] of positions 0 .. length - 1 (DiT's 1-D table).
torch::Tensor position_table(int64_t length, int64_t dim);

// Linear(SiLU(Linear(embedding))): t [B] -> [B, width]. Names mlp.0, mlp.2.
class TimestepEmbedderImpl : public torch::nn::Module {
 public:
  explicit TimestepEmbedderImpl(int64_t width, int64_t frequencies = 256);
  torch::Tensor forward(const torch::Tensor& t);

 private:
  int64_t frequencies_;
  torch::nn::Sequential mlp{nullptr};
};
TORCH_MODULE(TimestepEmbedder);

}  // namespace libra::nn
