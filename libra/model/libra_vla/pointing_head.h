// Grounding: where in each camera's image is the thing that a text names? The text's embedding is
// laid over the feature map of the convolutional stem by a dot product, so text and image meet at a
// place that a loss with simulator positions can reach. The map's soft-argmax becomes one planner
// token per camera. Why a model without pretraining needs it: docs/model.md.
#pragma once

#include "libra/model/libra_vla/config.h"
#include "libra/nn/linear.h"
#include "libra/nn/torch.h"

namespace libra::model {

// A batch of text queries as bags of tokens.
struct TextQueries {
  torch::Tensor words;  // [B, P, L] int64: ids, or [B, P, L, E]: states of a text encoder
  torch::Tensor mask;   // [B, P, L] bool, true where a token stands
};

struct Pointing {
  torch::Tensor logits;  // [B, P, C, h*w + 1] f32: cells row by row, then "not in this image"
  torch::Tensor uv;      // [B, P, C, 2] soft-argmax over the cells; u right, v down, in [0, 1]
  torch::Tensor token;   // [B, C, W]: the first query of each sample as planner tokens
};

class PointingHeadImpl : public torch::nn::Module {
 public:
  // features come with `channels` channels; tokens leave with `token_width`. Words are one of
  // `vocab_size` ids, or states of text.width where there is a text encoder.
  PointingHeadImpl(const PointingConfig& config, const TextConfig& text, int64_t channels,
                   int64_t vocab_size, int64_t token_width);
  // The map that queries are laid over: features [B*C, F, h, w] -> [B*C, width, h, w].
  torch::Tensor map(const torch::Tensor& features);
  // map from map(), queries [B, P, L]; C = B*C / B cameras.
  Pointing forward(const torch::Tensor& map, const TextQueries& queries);

 private:
  torch::Tensor embed(const TextQueries& queries);  // [B, P, width]

  torch::nn::Conv2d conv{nullptr};
  nn::Embedding words{nullptr};
  nn::Linear word_states{nullptr};
  nn::Linear salience{nullptr}, query1{nullptr}, query2{nullptr}, nowhere{nullptr};
  nn::Linear token1{nullptr}, token2{nullptr};
  torch::Tensor log_scale;
};
TORCH_MODULE(PointingHead);

}  // namespace libra::model
