// InternLM2, the language model of InternVL2.5 (reference: InternLM2ForCausalLM, eager attention).
#pragma once

#include <string>
#include <vector>

#include "libra/model/backbones/tower_configs.h"
#include "libra/nn/linear.h"
#include "libra/nn/rope.h"
#include "libra/nn/torch.h"

namespace libra::model {

// Keys (already rotated) and values of the tokens seen so far, one pair per layer. Empty at first;
// forward() appends. [B, kv_heads, N, d]
struct KvCache {
  std::vector<torch::Tensor> keys, values;
  int64_t length() const { return keys.empty() ? 0 : keys[0].size(2); }
};

struct InternLm2Input {
  torch::Tensor input_ids = {};      // [B, T] int64; or
  torch::Tensor inputs_embeds = {};  // [B, T, hidden]
  torch::Tensor attention_mask =
      {};                           // [B, past + T], 1 where a token stands; undefined: everywhere
  torch::Tensor position_ids = {};  // [B, T] int64; undefined: past, past + 1, ...
  KvCache* cache = nullptr;
  bool output_hidden_states = false;
  bool output_logits = false;  // needs with_lm_head
};

struct InternLm2Output {
  torch::Tensor last_hidden_state;           // [B, T, hidden], after the final norm
  std::vector<torch::Tensor> hidden_states;  // inputs of each layer, then last_hidden_state
  torch::Tensor logits;                      // [B, T, vocab] f32
};

class InternLm2Impl : public torch::nn::Module {
 public:
  explicit InternLm2Impl(const InternLm2Config& config);
  InternLm2Output forward(const InternLm2Input& input);
  torch::Tensor embed(const torch::Tensor& input_ids);  // [B, T] -> [B, T, hidden]

 private:
  class Model;
  InternLm2Config config_;
  nn::Rope rope_;
  std::shared_ptr<Model> model;
  nn::Linear output{nullptr};
};
TORCH_MODULE(InternLm2);

}  // namespace libra::model
