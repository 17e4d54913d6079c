// A small convolutional stem that takes the place of the patch embedding when a tower is trained
// from scratch on small images, and what a vision tower returns.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "libra/core/config.h"

namespace libra::model {

// Result of a vision tower.
struct VisionOutput {
  torch::Tensor last_hidden_state;  // [B, T (+1 class token), hidden]
  torch::Tensor pooler_output;      // [B, hidden]; undefined when the tower has no pooling
  torch::Tensor features;           // [B, C, h, w] stage map of the stem; undefined without one
  std::vector<torch::Tensor> hidden_states;  // embeddings, then each layer's output; when asked for
};

// One convolution per entry, ReLU between them, the last one gives the tokens' width. Example for
// 128 px: channels [64, 64, 192], kernels [8, 3, 3], strides [4, 2, 2], feature_stage 1 gives the
// map [64, 16, 16] and 8 x 8 tokens.
struct ConvStemConfig {
  std::vector<int> channels;  // empty: no stem; the last must equal the tower's hidden_size
  std::vector<int> kernels;
  std::vector<int> strides;
  int feature_stage = 0;  // index of the stage whose output (after ReLU) is kept as `features`
  void list(ConfigFields& f);

  bool enabled() const { return !channels.empty(); }
  int feature_channels() const;  // of the kept map
  // Side of the output grid for an image side (px).
  int output_side(int image_side) const;
  // Throws Error(kBadInput) when the lists disagree or do not end in hidden_size.
  void validate(const std::string& where, int hidden_size) const;
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
