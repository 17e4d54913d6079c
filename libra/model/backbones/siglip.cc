#include "libra/model/backbones/siglip.h"

#include <cmath>

#include "libra/core/error.h"
#include "libra/nn/attention.h"
#include "libra/nn/layers.h"
#include "libra/nn/recompute.h"

namespace libra::model {
namespace {

torch::nn::LayerNorm norm(const SiglipVisionConfig& c) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({c.hidden_size}).eps(c.layer_norm_eps));
}

class SiglipAttentionImpl : public torch::nn::Module {
 public:
  explicit SiglipAttentionImpl(const SiglipVisionConfig& c) : heads_(c.num_attention_heads) {
    const auto square = [&] { return nn::Linear(c.hidden_size, c.hidden_size); };
    q_proj = register_module("q_proj", square());
    k_proj = register_module("k_proj", square());
    v_proj = register_module("v_proj", square());
    out_proj = register_module("out_proj", square());
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const auto heads = [&](nn::Linear& proj) { return nn::split_heads(proj->forward(x), heads_); };
    const double scale = 1.0 / std::sqrt(double(x.size(-1)) / double(heads_));
    const torch::Tensor seen =
        nn::attention(heads(q_proj), heads(k_proj), heads(v_proj), {}, scale);
    return out_proj->forward(nn::merge_heads(seen));
  }

 private:
  int64_t heads_;
  nn::Linear q_proj{nullptr}, k_proj{nullptr}, v_proj{nullptr}, out_proj{nullptr};
};
TORCH_MODULE(SiglipAttention);

class SiglipLayerImpl : public torch::nn::Module {
 public:
  explicit SiglipLayerImpl(const SiglipVisionConfig& c) {
    self_attn = register_module("self_attn", SiglipAttention(c));
    layer_norm1 = register_module("layer_norm1", norm(c));
    mlp = register_module("mlp", nn::Mlp(c.hidden_size, c.intermediate_size, nn::Gelu::kTanh));
    layer_norm2 = register_module("layer_norm2", norm(c));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = x + self_attn->forward(layer_norm1->forward(x));
    return y + mlp->forward(layer_norm2->forward(y));
  }

 private:
  SiglipAttention self_attn{nullptr};
  nn::Mlp mlp{nullptr};
  torch::nn::LayerNorm layer_norm1{nullptr}, layer_norm2{nullptr};
};
TORCH_MODULE(SiglipLayer);

// The names of torch.nn.MultiheadAttention: packed in_proj [q | k | v], out_proj.
class PackedAttentionImpl : public torch::nn::Module {
 public:
  PackedAttentionImpl(int64_t width, int64_t heads) : heads_(heads) {
    in_proj_weight = register_parameter("in_proj_weight", torch::empty({3 * width, width}));
    nn::init_xavier_uniform(in_proj_weight);
    in_proj_bias = register_parameter("in_proj_bias", torch::zeros({3 * width}));
    out_proj = register_module("out_proj", nn::Linear(width, width));
  }
  // query [B, Tq, width], context [B, T, width] -> [B, Tq, width]
  torch::Tensor forward(const torch::Tensor& query, const torch::Tensor& context) {
    const int64_t width = query.size(-1);
    const torch::Tensor q =
        nn::linear(query, in_proj_weight.slice(0, 0, width), in_proj_bias.slice(0, 0, width));
    const auto kv =
        nn::linear(context, in_proj_weight.slice(0, width), in_proj_bias.slice(0, width))
            .chunk(2, -1);
    const torch::Tensor seen = nn::attention(
        nn::split_heads(q, heads_), nn::split_heads(kv[0], heads_), nn::split_heads(kv[1], heads_),
        {}, 1.0 / std::sqrt(double(width) / double(heads_)));
    return out_proj->forward(nn::merge_heads(seen));
  }

 private:
  int64_t heads_;
  torch::Tensor in_proj_weight, in_proj_bias;
  nn::Linear out_proj{nullptr};
};
TORCH_MODULE(PackedAttention);

// A learned probe attends over the tokens; no residual around that attention.
class PoolingHeadImpl : public torch::nn::Module {
 public:
  explicit PoolingHeadImpl(const SiglipVisionConfig& c) {
    probe = register_parameter("probe", torch::randn({1, 1, c.hidden_size}) * 0.02);
    attention = register_module("attention", PackedAttention(c.hidden_size, c.num_attention_heads));
    layernorm = register_module("layernorm", norm(c));
    mlp = register_module("mlp", nn::Mlp(c.hidden_size, c.intermediate_size, nn::Gelu::kTanh));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y =
        attention->forward(probe.expand({x.size(0), 1, -1}).to(x.scalar_type()), x);
    return (y + mlp->forward(layernorm->forward(y))).select(1, 0);
  }

 private:
  torch::Tensor probe;
  PackedAttention attention{nullptr};
  torch::nn::LayerNorm layernorm{nullptr};
  nn::Mlp mlp{nullptr};
};
TORCH_MODULE(PoolingHead);

class EmbeddingsImpl : public torch::nn::Module {
 public:
  explicit EmbeddingsImpl(const SiglipVisionConfig& c) {
    if (c.stem.enabled()) {
      stem = register_module("stem", ConvStem(c.stem));
    } else {
      const auto options = torch::nn::Conv2dOptions(c.num_channels, c.hidden_size, c.patch_size);
      patch_embedding = register_module(
          "patch_embedding",
          torch::nn::Conv2d(torch::nn::Conv2dOptions(options).stride(c.patch_size)));
    }
    position_embedding = register_module(
        "position_embedding", nn::Embedding(c.grid_side() * c.grid_side(), c.hidden_size));
    position_embedding->init(0.02);
  }
  ConvStemOutput forward(const torch::Tensor& pixel_values) {
    ConvStemOutput maps = stem.is_empty()
                              ? ConvStemOutput{nn::convolve(*patch_embedding, pixel_values), {}}
                              : stem->forward(pixel_values);
    const torch::Tensor tokens = maps.tokens.flatten(2).transpose(1, 2);
    if (tokens.size(1) != position_embedding->weight.size(0)) {
      throw Error(ErrorCode::kBadInput,
                  {.where = "pixel_values",
                   .problem = "image does not have the size the tower was made for",
                   .expected = std::to_string(position_embedding->weight.size(0)) + " tokens",
                   .found = std::to_string(tokens.size(1))});
    }
    maps.tokens = tokens + position_embedding->weight;
    return maps;
  }

 private:
  torch::nn::Conv2d patch_embedding{nullptr};
  ConvStem stem{nullptr};
  nn::Embedding position_embedding{nullptr};
};
TORCH_MODULE(Embeddings);

}  // namespace

class SiglipVisionImpl::Transformer : public torch::nn::Module {
 public:
  explicit Transformer(const SiglipVisionConfig& c) {
    embeddings = register_module("embeddings", Embeddings(c));
    auto encoder = register_module("encoder", std::make_shared<torch::nn::Module>("encoder"));
    layers = encoder->register_module("layers", torch::nn::ModuleList());
    for (int i = 0; i < c.num_hidden_layers; ++i) layers->push_back(SiglipLayer(c));
    post_layernorm = register_module("post_layernorm", norm(c));
    if (c.pooling_head) head = register_module("head", PoolingHead(c));
  }

  VisionOutput forward(const torch::Tensor& pixel_values, bool output_hidden_states) {
    VisionOutput out;
    const ConvStemOutput maps = embeddings->forward(pixel_values);
    out.features = maps.features;
    torch::Tensor x = maps.tokens;
    if (output_hidden_states) out.hidden_states.push_back(x);
    for (const auto& layer : *layers) {
      x = nn::recomputed(
          *layer,
          [layer](const auto& in) { return layer->template as<SiglipLayer>()->forward(in[0]); },
          {x});
      if (output_hidden_states) out.hidden_states.push_back(x);
    }
    out.last_hidden_state = post_layernorm->forward(x);
    if (!head.is_empty()) out.pooler_output = head->forward(out.last_hidden_state);
    return out;
  }

 private:
  Embeddings embeddings{nullptr};
  torch::nn::ModuleList layers{nullptr};
  torch::nn::LayerNorm post_layernorm{nullptr};
  PoolingHead head{nullptr};
};

SiglipVisionImpl::SiglipVisionImpl(const SiglipVisionConfig& config) {
  config.stem.validate("vision.stem", config.hidden_size);
  if (config.hidden_size % config.num_attention_heads != 0) {
    throw Error(ErrorCode::kBadInput, {.where = "vision.hidden_size",
                                       .problem = "not a multiple of num_attention_heads",
                                       .found = std::to_string(config.hidden_size)});
  }
  vision_model = register_module("vision_model", std::make_shared<Transformer>(config));
}

VisionOutput SiglipVisionImpl::forward(const torch::Tensor& pixel_values,
                                       bool output_hidden_states) {
  return vision_model->forward(pixel_values, output_hidden_states);
}

}  // namespace libra::model
