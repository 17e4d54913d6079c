// SigLIP's vision tower (reference: transformers' SiglipVisionModel).
#pragma once

#include "libra/model/backbones/conv_stem.h"
#include "libra/model/backbones/tower_configs.h"
#include "libra/nn/torch.h"

namespace libra::model {

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
