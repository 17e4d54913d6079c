// A small convolutional stem that takes the place of the patch embedding when a tower is trained
// from scratch on small images, and what a vision tower returns.
#pragma once

#include <vector>

#include "libra/model/backbones/tower_configs.h"
#include "libra/nn/torch.h"

namespace libra::model {

// Result of a vision tower.
struct VisionOutput {
  torch::Tensor last_hidden_state;  // [B, T (+1 class token), hidden]
  torch::Tensor pooler_output;      // [B, hidden]; undefined when the tower has no pooling
  torch::Tensor features;           // [B, C, h, w] stage map of the stem; undefined without one
  std::vector<torch::Tensor> hidden_states;  // embeddings, then each layer's output; when asked for
};

struct ConvStemOutput {
  torch::Tensor tokens;    // [B, hidden, h, w]
  torch::Tensor features;  // [B, C, h', w']
};

// Padding is (kernel - stride + 1) / 2, so that sides divide by the strides. Names conv.0, conv.1,
// ...
class ConvStemImpl : public torch::nn::Module {
 public:
  explicit ConvStemImpl(const ConvStemConfig& config);
  ConvStemOutput forward(const torch::Tensor& pixel_values);
  // Only up to the kept stage.
  torch::Tensor features(const torch::Tensor& pixel_values);

 private:
  int feature_stage_;
  torch::nn::ModuleList conv{nullptr};
};
TORCH_MODULE(ConvStem);

}  // namespace libra::model
