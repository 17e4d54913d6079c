// InternViT, the vision tower of InternVL2.5 (reference: InternVisionModel).
#pragma once

#include <string>

#include "libra/model/backbones/conv_stem.h"
#include "libra/model/backbones/tower_configs.h"
#include "libra/nn/torch.h"

namespace libra::model {

class InternVitImpl : public torch::nn::Module {
 public:
  explicit InternVitImpl(const InternVitConfig& config);
  // pixel_values [B, 3, H, W] -> last_hidden_state [B, 1 + h*w, hidden] (class token first, no
  // final norm), pooler_output the class token. Pixels beyond the last whole patch are ignored; the
  // position embedding is resized bicubically when the grid differs from the training grid.
  VisionOutput forward(const torch::Tensor& pixel_values, bool output_hidden_states = false);
  // The stem's stage map alone; requires a stem.
  torch::Tensor stem_features(const torch::Tensor& pixel_values);

  // Tokens along an image side of `pixels`.
  int64_t rows(int64_t pixels) const { return config_.grid_side(int(pixels)); }

  // The position embedding for a grid of h x w tokens, class position first: [1, 1 + h*w, hidden].
  torch::Tensor position_embedding(int64_t h, int64_t w) const;

 private:
  class Embeddings;
  InternVitConfig config_;
  std::shared_ptr<Embeddings> embeddings;
  torch::nn::ModuleList layers{nullptr};
};
TORCH_MODULE(InternVit);

}  // namespace libra::model
