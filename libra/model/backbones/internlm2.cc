#include "libra/model/backbones/internlm2.h"

#include <cmath>

#include "libra/core/error.h"
#include "libra/nn/attention.h"
#include "libra/nn/layers.h"
#include "libra/nn/recompute.h"

namespace libra::model {
namespace {

// What all layers of one call share.
struct Pass {
  torch::Tensor cos, sin;  // [T, d] or [B, 1, T, d], in the activations' dtype
  torch::Tensor mask;      // additive, or undefined
  KvCache* cache = nullptr;
};

nn::Linear linear(int64_t in, int64_t out, bool bias, double range) {
  nn::Linear layer(in, out, bias);
  nn::init_normal(layer->weight, range);
  if (bias) nn::init_zeros(layer->bias);
  return layer;
}

// wqkv rows per key/value head: [q_0 .. q_(g-1), k, v].
class AttentionImpl : public torch::nn::Module {
 public:
  explicit AttentionImpl(const InternLm2Config& c)
      : heads_(c.num_attention_heads),
        kv_heads_(c.num_key_value_heads),
        dim_(c.hidden_size / c.num_attention_heads) {
    wqkv = register_module("wqkv", linear(c.hidden_size, (heads_ + 2 * kv_heads_) * dim_, c.bias,
                                          c.initializer_range));
    wo = register_module("wo", linear(heads_ * dim_, c.hidden_size, c.bias, c.initializer_range));
  }

  torch::Tensor forward(const torch::Tensor& x, const Pass& pass, size_t layer) {
    const int64_t batch = x.size(0), length = x.size(1), group = heads_ / kv_heads_;
    const torch::Tensor all = wqkv->forward(x).view({batch, length, kv_heads_, group + 2, dim_});
    // Queries and keys turn by the same angles: one rotation for both.
    const torch::Tensor qk = all.slice(3, 0, group + 1)
                                 .reshape({batch, length, kv_heads_ * (group + 1), dim_})
                                 .transpose(1, 2);
    const torch::Tensor turned =
        nn::rotate(qk, pass.cos, pass.sin).view({batch, kv_heads_, group + 1, length, dim_});
    const torch::Tensor q = turned.slice(2, 0, group).reshape({batch, heads_, length, dim_});
    torch::Tensor k = turned.select(2, group), v = all.select(3, group + 1).transpose(1, 2);
    if (pass.cache) append(*pass.cache, layer, k, v);
    const torch::Tensor seen = nn::attention(q, k, v, pass.mask, 1.0 / std::sqrt(double(dim_)));
    return wo->forward(nn::merge_heads(seen));
  }

 private:
  static void append(KvCache& cache, size_t layer, torch::Tensor& k, torch::Tensor& v) {
    if (cache.keys.size() <= layer) {
      cache.keys.push_back(k);
      cache.values.push_back(v);
    } else {
      cache.keys[layer] = torch::cat({cache.keys[layer], k}, 2);
      cache.values[layer] = torch::cat({cache.values[layer], v}, 2);
    }
    k = cache.keys[layer];
    v = cache.values[layer];
  }

  int64_t heads_, kv_heads_, dim_;
  nn::Linear wqkv{nullptr}, wo{nullptr};
};
TORCH_MODULE(Attention);

class LayerImpl : public torch::nn::Module {
 public:
  explicit LayerImpl(const InternLm2Config& c) {
    attention = register_module("attention", Attention(c));
    // The reference's bias flag concerns the attention only.
    feed_forward = register_module("feed_forward", nn::SwiGlu(c.hidden_size, c.intermediate_size));
    for (const auto& p : feed_forward->parameters()) {
      nn::init_normal(p, c.initializer_range);
    }
    attention_norm = register_module("attention_norm", nn::RmsNorm(c.hidden_size, c.rms_norm_eps));
    ffn_norm = register_module("ffn_norm", nn::RmsNorm(c.hidden_size, c.rms_norm_eps));
  }
  torch::Tensor forward(const torch::Tensor& x, const Pass& pass, size_t layer) {
    const torch::Tensor y = x + attention->forward(attention_norm->forward(x), pass, layer);
    return y + feed_forward->forward(ffn_norm->forward(y));
  }

 private:
  Attention attention{nullptr};
  nn::SwiGlu feed_forward{nullptr};
  nn::RmsNorm attention_norm{nullptr}, ffn_norm{nullptr};
};
TORCH_MODULE(Layer);

nn::RopeOptions rope_options(const InternLm2Config& c) {
  return {.dim = c.hidden_size / c.num_attention_heads,
          .max_positions = c.max_position_embeddings,
          .theta = c.rope_theta,
          .scaling = c.rope_scaling_type,
          .factor = c.rope_scaling_factor};
}

void validate(const InternLm2Config& c) {
  const auto require = [](bool ok, const std::string& problem) {
    if (!ok) throw Error(ErrorCode::kBadInput, {.where = "language", .problem = problem});
  };
  require(c.hidden_size % c.num_attention_heads == 0,
          "hidden_size must be a multiple of num_attention_heads");
  require(c.num_attention_heads % c.num_key_value_heads == 0,
          "num_attention_heads must be a multiple of num_key_value_heads");
  require((c.hidden_size / c.num_attention_heads) % 2 == 0, "the width of a head must be even");
}

}  // namespace

class InternLm2Impl::Model : public torch::nn::Module {
 public:
  explicit Model(const InternLm2Config& c) {
    tok_embeddings = register_module("tok_embeddings",
                                     nn::Embedding(c.vocab_size, c.hidden_size, c.pad_token_id));
    tok_embeddings->init(c.initializer_range);
    layers = register_module("layers", torch::nn::ModuleList());
    for (int i = 0; i < c.num_hidden_layers; ++i) layers->push_back(Layer(c));
    norm = register_module("norm", nn::RmsNorm(c.hidden_size, c.rms_norm_eps));
  }
  nn::Embedding tok_embeddings{nullptr};
  torch::nn::ModuleList layers{nullptr};
  nn::RmsNorm norm{nullptr};
};

InternLm2Impl::InternLm2Impl(const InternLm2Config& config)
    : config_(config), rope_(rope_options(config)) {
  validate(config);
  model = register_module("model", std::make_shared<Model>(config));
  if (config.with_lm_head) {
    output = register_module(
        "output", linear(config.hidden_size, config.vocab_size, false, config.initializer_range));
  }
}

torch::Tensor InternLm2Impl::embed(const torch::Tensor& input_ids) {
  return model->tok_embeddings->forward(input_ids);
}

InternLm2Output InternLm2Impl::forward(const InternLm2Input& input) {
  torch::Tensor x = input.inputs_embeds.defined() ? input.inputs_embeds : embed(input.input_ids);
  const int64_t length = x.size(1), past = input.cache ? input.cache->length() : 0;
  const nn::RopeTable& table = rope_.table(past + length, x.device());
  Pass pass;
  pass.cache = input.cache;
  if (input.position_ids.defined()) {
    pass.cos = table.cos.index({input.position_ids}).unsqueeze(1);
    pass.sin = table.sin.index({input.position_ids}).unsqueeze(1);
  } else {
    pass.cos = table.cos.slice(0, past, past + length);
    pass.sin = table.sin.slice(0, past, past + length);
  }
  pass.mask = nn::causal_mask(length, past, input.attention_mask,
                              torch::TensorOptions().dtype(torch::kFloat32).device(x.device()));
  InternLm2Output out;
  size_t index = 0;
  for (const auto& layer : *model->layers) {
    if (input.output_hidden_states) out.hidden_states.push_back(x);
    x = nn::recomputed(*layer,
                       [layer, pass, index](const auto& in) {
                         return layer->template as<Layer>()->forward(in[0], pass, index);
                       },
                       {x});
    ++index;
  }
  out.last_hidden_state = model->norm->forward(x);
  if (input.output_hidden_states) out.hidden_states.push_back(out.last_hidden_state);
  if (input.output_logits) {
    if (output.is_empty()) {
      throw Error(ErrorCode::kBadInput, {.where = "language model",
                                         .problem = "has no output layer",
                                         .next = "set with_lm_head"});
    }
    out.logits = output->forward(out.last_hidden_state).to(torch::kFloat32);
  }
  return out;
}

}  // namespace libra::model
