#include "libra/model/backbones/bert.h"

#include <cmath>

#include "libra/core/error.h"
#include "libra/nn/attention.h"
#include "libra/nn/layers.h"

namespace libra::model {
namespace {

torch::nn::LayerNorm norm(const BertConfig& c) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({c.hidden_size}).eps(c.layer_norm_eps));
}

// A linear layer whose answer is added to what came before, and the norm after it.
class BertOutputImpl : public torch::nn::Module {
 public:
  BertOutputImpl(int64_t in, const BertConfig& c) {
    dense = register_module("dense", nn::Linear(in, c.hidden_size));
    layer_norm = register_module("LayerNorm", norm(c));
  }
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& before) {
    return layer_norm->forward(dense->forward(x) + before);
  }

 private:
  nn::Linear dense{nullptr};
  torch::nn::LayerNorm layer_norm{nullptr};
};
TORCH_MODULE(BertOutput);

class BertAttentionImpl : public torch::nn::Module {
 public:
  explicit BertAttentionImpl(const BertConfig& c) : heads_(c.num_attention_heads) {
    auto self = register_module("self", std::make_shared<torch::nn::Module>("self"));
    const auto square = [&](const char* name) {
      return self->register_module(name, nn::Linear(c.hidden_size, c.hidden_size));
    };
    query = square("query");
    key = square("key");
    value = square("value");
    output = register_module("output", BertOutput(c.hidden_size, c));
  }
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& mask) {
    const auto heads = [&](nn::Linear& part) { return nn::split_heads(part->forward(x), heads_); };
    const double scale = 1.0 / std::sqrt(double(x.size(-1)) / double(heads_));
    const torch::Tensor seen = nn::attention(heads(query), heads(key), heads(value), mask, scale);
    return output->forward(nn::merge_heads(seen), x);
  }

 private:
  int64_t heads_;
  nn::Linear query{nullptr}, key{nullptr}, value{nullptr};
  BertOutput output{nullptr};
};
TORCH_MODULE(BertAttention);

class BertLayerImpl : public torch::nn::Module {
 public:
  explicit BertLayerImpl(const BertConfig& c) {
    attention = register_module("attention", BertAttention(c));
    auto intermediate =
        register_module("intermediate", std::make_shared<torch::nn::Module>("intermediate"));
    dense = intermediate->register_module("dense", nn::Linear(c.hidden_size, c.intermediate_size));
    output = register_module("output", BertOutput(c.intermediate_size, c));
  }
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& mask) {
    const torch::Tensor y = attention->forward(x, mask);
    return output->forward(nn::gelu(dense->forward(y), nn::Gelu::kErf), y);
  }

 private:
  BertAttention attention{nullptr};
  nn::Linear dense{nullptr};
  BertOutput output{nullptr};
};
TORCH_MODULE(BertLayer);

}  // namespace

class BertImpl::Embeddings : public torch::nn::Module {
 public:
  explicit Embeddings(const BertConfig& c) {
    const auto table = [&](const char* name, int64_t rows) {
      return register_module(name, nn::Embedding(rows, c.hidden_size));
    };
    words = table("word_embeddings", c.vocab_size);
    positions = table("position_embeddings", c.max_position_embeddings);
    kinds = table("token_type_embeddings", c.type_vocab_size);
    layer_norm = register_module("LayerNorm", norm(c));
  }
  torch::Tensor forward(const torch::Tensor& ids) {
    if (ids.size(1) > positions->weight.size(0)) {
      throw Error(ErrorCode::kBadInput, {.where = "text",
                                         .problem = "is longer than its encoder reads",
                                         .expected = std::to_string(positions->weight.size(0)),
                                         .found = std::to_string(ids.size(1))});
    }
    // One text, not a pair: all of it is of the first kind.
    return layer_norm->forward(words->forward(ids) + positions->weight.slice(0, 0, ids.size(1)) +
                               kinds->weight[0]);
  }

 private:
  nn::Embedding words{nullptr}, positions{nullptr}, kinds{nullptr};
  torch::nn::LayerNorm layer_norm{nullptr};
};

BertImpl::BertImpl(const BertConfig& config) {
  if (config.hidden_size % config.num_attention_heads != 0) {
    throw Error(ErrorCode::kBadInput, {.where = "text encoder",
                                       .problem = "hidden_size is no multiple of "
                                                  "num_attention_heads",
                                       .found = std::to_string(config.hidden_size)});
  }
  embeddings = register_module("embeddings", std::make_shared<Embeddings>(config));
  auto encoder = register_module("encoder", std::make_shared<torch::nn::Module>("encoder"));
  layers = encoder->register_module("layer", torch::nn::ModuleList());
  for (int i = 0; i < config.num_hidden_layers; ++i) layers->push_back(BertLayer(config));
}

torch::Tensor BertImpl::forward(const torch::Tensor& input_ids,
                                const torch::Tensor& attention_mask) {
  torch::Tensor x = embeddings->forward(input_ids), mask;
  if (attention_mask.defined()) {
    mask = torch::zeros({input_ids.size(0), 1, 1, input_ids.size(1)}, x.options())
               .masked_fill_(attention_mask.unsqueeze(1).unsqueeze(1) == 0,
                             nn::mask_value(x.scalar_type()));
  }
  for (const auto& layer : *layers) x = layer->as<BertLayer>()->forward(x, mask);
  return x;
}

torch::Tensor sentence_embedding(const torch::Tensor& states, const torch::Tensor& mask) {
  const torch::Tensor weight = mask.to(states.scalar_type()).unsqueeze(-1);
  const torch::Tensor mean = (states * weight).sum(1) / weight.sum(1).clamp_min(1);
  return mean / mean.norm(2, -1, /*keepdim=*/true).clamp_min(1e-12);
}

}  // namespace libra::model
