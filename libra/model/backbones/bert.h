// BERT's encoder, which sentence encoders such as all-MiniLM-L6-v2 are (reference: transformers'
// BertModel), without dropout: it is used frozen.
#pragma once

#include "libra/model/backbones/tower_configs.h"
#include "libra/nn/torch.h"

namespace libra::model {

// Parameter names are the published ones (embeddings.*, encoder.layer.N.*).
class BertImpl : public torch::nn::Module {
 public:
  // Throws Error(kBadInput) for sizes that do not go together.
  explicit BertImpl(const BertConfig& config);
  // input_ids [B, T] int64, T at most max_position_embeddings; attention_mask [B, T], 1 where a
  // token stands; undefined: everywhere. -> [B, T, hidden], the last layer's states.
  torch::Tensor forward(const torch::Tensor& input_ids, const torch::Tensor& attention_mask = {});

 private:
  class Embeddings;
  std::shared_ptr<Embeddings> embeddings;
  torch::nn::ModuleList layers{nullptr};
};
TORCH_MODULE(Bert);

// What sentence encoders make of a text: the mean of its tokens' states, of length 1.
// states [B, T, hidden], mask [B, T] bool or numbers, 1 where a token stands -> [B, hidden].
torch::Tensor sentence_embedding(const torch::Tensor& states, const torch::Tensor& mask);

}  // namespace libra::model
