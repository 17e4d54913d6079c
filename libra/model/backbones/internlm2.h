// InternLM2, the language model of InternVL2.5 (reference: InternLM2ForCausalLM, eager attention).
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "libra/core/config.h"
#include "libra/nn/linear.h"
#include "libra/nn/rope.h"

namespace libra::model {

// Names and defaults of the published llm_config (InternVL2_5-2B); rope_scaling's two entries are
// flat here, and with_lm_head is ours.
struct InternLm2Config {
  int vocab_size = 92553;
  int hidden_size = 2048;
  int intermediate_size = 8192;
  int num_hidden_layers = 24;
  int num_attention_heads = 16;
  int num_key_value_heads = 8;
  int max_position_embeddings = 32768;
  double rope_theta = 1000000.0;
  std::string rope_scaling_type = "dynamic";  // none, linear, dynamic
  double rope_scaling_factor = 2.0;
  double rms_norm_eps = 1e-5;
  bool bias = false;
  int pad_token_id = 2;  // its embedding gets no gradient; -1: none
  double initializer_range = 0.02;
  bool with_lm_head = false;  // the planner needs hidden states only
  void list(ConfigFields& f);
};

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
