// InternVL: InternViT -> pixel shuffle -> mlp1 -> the embeddings of the image placeholders ->
// InternLM2 (reference: InternVLChatModel).
#pragma once

#include <string>
#include <vector>

#include "libra/model/backbones/intern_vit.h"
#include "libra/model/backbones/internlm2.h"
#include "libra/nn/torch.h"

namespace libra::model {

// x [B, h, w, c] -> [B, h*ratio, w*ratio, c/ratio^2]; h and w must divide by 1/ratio.
torch::Tensor pixel_shuffle(const torch::Tensor& x, double ratio, const std::string& version);

struct InternVlOptions {
  torch::Tensor image_flags = {};  // [tiles] or [tiles, 1]; tiles with 0 are dropped
  torch::Tensor appended = {};     // [B, A, llm hidden]: embeddings that follow those of input_ids
  torch::Tensor position_ids = {};
  bool output_hidden_states = false;
  bool output_logits = false;
};

struct InternVlOutput {
  torch::Tensor last_hidden_state;  // [B, T + A, llm hidden]
  torch::Tensor features;           // stem's stage map [tiles, C, h, w]; undefined without a stem
  torch::Tensor vit_embeds;         // [tiles, tokens per tile, llm hidden]
  torch::Tensor inputs_embeds;      // [B, T + A, llm hidden]
  std::vector<torch::Tensor> hidden_states;  // of the language model, when asked for
  torch::Tensor logits;
};

class InternVlImpl : public torch::nn::Module {
 public:
  explicit InternVlImpl(const InternVlConfig& config);

  // pixel_values [tiles, 3, H, W] fill the placeholders of input_ids [B, T] in reading order.
  // attention_mask [B, T + A] or undefined. Throws Error(kBadInput) when the number of placeholders
  // is not the number of image tokens.
  InternVlOutput forward(const torch::Tensor& pixel_values, const torch::Tensor& input_ids,
                         const torch::Tensor& attention_mask, int64_t img_context_token_id,
                         const InternVlOptions& options = {});

  struct Features {
    torch::Tensor vit_embeds, features;
  };
  Features extract(const torch::Tensor& pixel_values);
  torch::Tensor stem_features(const torch::Tensor& pixel_values);
  // Image tokens of one tile of height x width pixels.
  int64_t tokens_per_image(int64_t height, int64_t width) const;

 private:
  InternVlConfig config_;
  InternVit vision_model{nullptr};
  torch::nn::Sequential mlp1{nullptr};
  InternLm2 language_model{nullptr};
};
TORCH_MODULE(InternVl);

}  // namespace libra::model
