// SigLIP's vision tower (reference: transformers' SiglipVisionModel).
#pragma once

#include <torch/torch.h>

#include "libra/core/config.h"
#include "libra/model/backbones/conv_stem.h"

namespace libra::model {

// Names of the published vision_config; defaults of so400m-patch14-384. `pooling_head` and `stem`
// are ours.
struct SiglipVisionConfig {
  int hidden_size = 1152;
  int intermediate_size = 4304;
  int num_hidden_layers = 27;
  int num_attention_heads = 16;
  int num_channels = 3;
  int image_size = 384;
  int patch_size = 14;
  double layer_norm_eps = 1e-6;
  bool pooling_head = false;  // attention pooling: pooler_output
  ConvStemConfig stem;
  void list(ConfigFields& f);

  int grid_side() const;  // tokens along the image side
};

// Parameter names begin with vision_model., as in the checkpoints.
class SiglipVisionImpl : public torch::nn::Module {
 public:
  explicit SiglipVisionImpl(const SiglipVisionConfig& config);
  // pixel_values [B, 3, S, S] with S = image_size (pixels beyond the last whole patch are ignored)
  // -> last_hidden_state [B, T, hidden] after the final norm; hidden_states end before it.
  VisionOutput forward(const torch::Tensor& pixel_values, bool output_hidden_states = false);

 private:
  class Transformer;
  std::shared_ptr<Transformer> vision_model;
};
TORCH_MODULE(SiglipVision);

}  // namespace libra::model
