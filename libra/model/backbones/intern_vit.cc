#include "libra/model/backbones/intern_vit.h"

#include <cmath>

#include "libra/core/error.h"
#include "libra/nn/attention.h"
#include "libra/nn/layers.h"
#include "libra/nn/recompute.h"

namespace libra::model {
namespace {

// layer_norm or rms_norm under one name.
class NormImpl : public torch::nn::Module {
 public:
  NormImpl(const std::string& type, int64_t width, double eps)
      : rms_(type == "rms_norm"), eps_(eps) {
    weight = register_parameter("weight", torch::ones({width}));
    if (!rms_) bias = register_parameter("bias", torch::zeros({width}));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    return rms_ ? nn::rms_norm(x, weight, eps_)
                : torch::layer_norm(x, {x.size(-1)}, weight, bias, eps_);
  }

 private:
  bool rms_;
  double eps_;
  torch::Tensor weight, bias;
};
TORCH_MODULE(Norm);

// qkv rows are [q | k | v], each head-major. The optional q/k norm runs over all heads together.
class VitAttentionImpl : public torch::nn::Module {
 public:
  explicit VitAttentionImpl(const InternVitConfig& c) : heads_(c.num_attention_heads) {
    const int64_t width = c.hidden_size;
    qkv = register_module("qkv", nn::Linear(width, 3 * width, c.qkv_bias));
    proj = register_module("proj", nn::Linear(width, width));
    if (c.qk_normalization) {
      q_norm = register_module("q_norm", nn::RmsNorm(width, c.layer_norm_eps));
      k_norm = register_module("k_norm", nn::RmsNorm(width, c.layer_norm_eps));
    }
  }
  torch::Tensor forward(const torch::Tensor& x) {
    auto parts = qkv->forward(x).chunk(3, -1);
    if (!q_norm.is_empty()) {
      parts[0] = q_norm->forward(parts[0]);
      parts[1] = k_norm->forward(parts[1]);
    }
    const double scale = 1.0 / std::sqrt(double(x.size(-1)) / double(heads_));
    const torch::Tensor seen =
        nn::attention(nn::split_heads(parts[0], heads_), nn::split_heads(parts[1], heads_),
                      nn::split_heads(parts[2], heads_), {}, scale);
    return proj->forward(nn::merge_heads(seen));
  }

 private:
  int64_t heads_;
  nn::Linear qkv{nullptr}, proj{nullptr};
  nn::RmsNorm q_norm{nullptr}, k_norm{nullptr};
};
TORCH_MODULE(VitAttention);

class VitLayerImpl : public torch::nn::Module {
 public:
  explicit VitLayerImpl(const InternVitConfig& c) {
    const int64_t width = c.hidden_size;
    attn = register_module("attn", VitAttention(c));
    mlp = register_module("mlp", nn::Mlp(width, c.intermediate_size, nn::Gelu::kErf));
    norm1 = register_module("norm1", Norm(c.norm_type, width, c.layer_norm_eps));
    norm2 = register_module("norm2", Norm(c.norm_type, width, c.layer_norm_eps));
    ls1 = register_parameter("ls1", torch::full({width}, c.initializer_factor));
    ls2 = register_parameter("ls2", torch::full({width}, c.initializer_factor));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y =
        torch::addcmul(x, attn->forward(norm1->forward(x)).to(x.scalar_type()), ls1);
    return torch::addcmul(y, mlp->forward(norm2->forward(y)).to(y.scalar_type()), ls2);
  }

 private:
  VitAttention attn{nullptr};
  nn::Mlp mlp{nullptr};
  Norm norm1{nullptr}, norm2{nullptr};
  torch::Tensor ls1, ls2;
};
TORCH_MODULE(VitLayer);

}  // namespace

class InternVitImpl::Embeddings : public torch::nn::Module {
 public:
  explicit Embeddings(const InternVitConfig& c) {
    const int64_t width = c.hidden_size, side = c.grid_side();
    class_embedding = register_parameter("class_embedding", torch::randn({1, 1, width}) * 0.02);
    if (c.stem.enabled()) {
      stem = register_module("stem", ConvStem(c.stem));
    } else {
      patch_embedding = register_module(
          "patch_embedding",
          torch::nn::Conv2d(
              torch::nn::Conv2dOptions(c.num_channels, width, c.patch_size).stride(c.patch_size)));
    }
    position_embedding =
        register_parameter("position_embedding", torch::randn({1, 1 + side * side, width}) * 0.02);
  }

  ConvStemOutput maps(const torch::Tensor& pixel_values) {
    if (!stem.is_empty()) return stem->forward(pixel_values);
    return {nn::convolve(*patch_embedding, pixel_values), {}};
  }

  torch::Tensor positions(int64_t h, int64_t w) const {
    const int64_t count = position_embedding.size(1) - 1, width = position_embedding.size(2);
    const int64_t side = std::llround(std::sqrt(double(count)));
    if (h == side && w == side) return position_embedding;
    const torch::Tensor grid = position_embedding.slice(1, 1)
                                   .to(torch::kFloat32)
                                   .reshape({1, side, side, width})
                                   .permute({0, 3, 1, 2});
    namespace F = torch::nn::functional;
    const torch::Tensor resized = F::interpolate(grid, F::InterpolateFuncOptions()
                                                           .size(std::vector<int64_t>{h, w})
                                                           .mode(torch::kBicubic)
                                                           .align_corners(false));
    return torch::cat({position_embedding.slice(1, 0, 1),
                       resized.flatten(2).transpose(1, 2).to(position_embedding.scalar_type())},
                      1);
  }

  torch::Tensor class_embedding, position_embedding;
  torch::nn::Conv2d patch_embedding{nullptr};
  ConvStem stem{nullptr};
};

InternVitImpl::InternVitImpl(const InternVitConfig& config) : config_(config) {
  config.stem.validate("vision.stem", config.hidden_size);
  if (config.hidden_size % config.num_attention_heads != 0) {
    throw Error(ErrorCode::kBadInput, {.where = "vision.hidden_size",
                                       .problem = "not a multiple of num_attention_heads",
                                       .found = std::to_string(config.hidden_size)});
  }
  embeddings = register_module("embeddings", std::make_shared<Embeddings>(config));
  auto encoder = register_module("encoder", std::make_shared<torch::nn::Module>("encoder"));
  layers = encoder->register_module("layers", torch::nn::ModuleList());
  for (int i = 0; i < config.num_hidden_layers; ++i) layers->push_back(VitLayer(config));
}

VisionOutput InternVitImpl::forward(const torch::Tensor& pixel_values, bool output_hidden_states) {
  VisionOutput out;
  const ConvStemOutput maps = embeddings->maps(pixel_values);
  out.features = maps.features;
  const int64_t h = maps.tokens.size(2), w = maps.tokens.size(3);
  const torch::Tensor patches = maps.tokens.flatten(2).transpose(1, 2);
  const torch::Tensor first = embeddings->class_embedding.expand({patches.size(0), 1, -1});
  torch::Tensor x = torch::cat({first.to(patches.scalar_type()), patches}, 1);
  x = x + embeddings->positions(h, w);
  if (output_hidden_states) out.hidden_states.push_back(x);
  for (const auto& layer : *layers) {
    x = nn::recomputed(
        *layer, [layer](const auto& in) { return layer->template as<VitLayer>()->forward(in[0]); },
        {x});
    if (output_hidden_states) out.hidden_states.push_back(x);
  }
  out.last_hidden_state = x;
  out.pooler_output = x.select(1, 0);
  return out;
}

torch::Tensor InternVitImpl::stem_features(const torch::Tensor& pixel_values) {
  return embeddings->stem->features(pixel_values);
}

torch::Tensor InternVitImpl::position_embedding(int64_t h, int64_t w) const {
  return embeddings->positions(h, w);
}

}  // namespace libra::model
