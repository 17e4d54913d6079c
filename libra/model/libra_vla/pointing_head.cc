#include "libra/model/libra_vla/pointing_head.h"

#include <cmath>

#include "libra/nn/autocast.h"

namespace libra::model {

using torch::indexing::Slice;

PointingHeadImpl::PointingHeadImpl(const PointingConfig& config, const TextConfig& text,
                                   int64_t channels, int64_t vocab_size, int64_t token_width) {
  const int64_t width = config.width;
  conv = register_module(
      "conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, width, 3).padding(1)));
  if (text.enabled()) {
    word_states = register_module("word_states", nn::Linear(text.width, width));
  } else {
    words = register_module("words", nn::Embedding(vocab_size, width));
  }
  salience = register_module("salience", nn::Linear(width, 1));
  query1 = register_module("query1", nn::Linear(width, width));
  query2 = register_module("query2", nn::Linear(width, width));
  nowhere = register_module("nowhere", nn::Linear(width, 1));
  // soft-argmax 2, spread 2, share of the cells 1, attended feature
  token1 = register_module("token1", nn::Linear(width + 5, token_width));
  token2 = register_module("token2", nn::Linear(token_width, token_width));
  log_scale = register_parameter("log_scale", torch::zeros({1}));
}

torch::Tensor PointingHeadImpl::map(const torch::Tensor& features) {
  return torch::relu(nn::convolve(*conv, features));
}

torch::Tensor PointingHeadImpl::embed(const TextQueries& queries) {
  const torch::Tensor word = words.is_empty() ? word_states->forward(queries.words)
                                              : words->forward(queries.words);  // [B, P, L, width]
  // The words that tell one thing from another must outweigh those that every instruction has.
  const torch::Tensor score = salience->forward(word)
                                  .squeeze(-1)
                                  .to(torch::kFloat32)
                                  .masked_fill(queries.mask.logical_not(), -1e9);
  const torch::Tensor pooled = (torch::softmax(score, -1).unsqueeze(-1) * word).sum(2);
  return query2->forward(torch::gelu(query1->forward(pooled)));
}

Pointing PointingHeadImpl::forward(const torch::Tensor& map, const TextQueries& queries) {
  const int64_t batch = queries.mask.size(0), asked = queries.mask.size(1);
  const int64_t cameras = map.size(0) / batch, width = map.size(1);
  const int64_t h = map.size(2), w = map.size(3), cells = h * w;
  const torch::Tensor query = embed(queries);                              // [B, P, d]
  const torch::Tensor flat = map.reshape({batch, cameras, width, cells});  // [B, C, d, n]
  const torch::Tensor scale = log_scale.exp() / std::sqrt(static_cast<double>(width));
  torch::Tensor logits = torch::matmul(
      query.to(flat.scalar_type()).unsqueeze(1).expand({batch, cameras, asked, width}), flat);
  logits = logits.to(torch::kFloat32).transpose(1, 2) * scale;  // [B, P, C, n]
  const torch::Tensor absent =
      nowhere->forward(query).to(torch::kFloat32).unsqueeze(2).expand({batch, asked, cameras, 1});

  Pointing out;
  out.logits = torch::cat({logits, absent}, -1);
  const bool autocast = nn::AutocastSwitch::enabled();
  // Places and their spread are differences of nearly equal numbers: bf16 has too few digits for
  // them, and a variance that comes out below zero has no root.
  const nn::AutocastSwitch full_precision(false);
  const torch::Tensor share = torch::softmax(logits, -1);
  const auto options = torch::TensorOptions().device(map.device()).dtype(torch::kFloat32);
  const torch::Tensor u = ((torch::arange(w, options) + 0.5) / double(w)).repeat({h});
  const torch::Tensor v = ((torch::arange(h, options) + 0.5) / double(h)).repeat_interleave(w);
  const torch::Tensor place = torch::stack({u, v}, -1);  // [n, 2]
  out.uv = torch::matmul(share, place);                  // [B, P, C, 2]

  const torch::Tensor first = share.index({Slice(), 0});  // [B, C, n]
  const torch::Tensor uv = out.uv.index({Slice(), 0});    // [B, C, 2]
  // + 1e-4 under the root: its slope at zero variance would be infinite.
  const torch::Tensor spread =
      torch::sqrt(torch::matmul(first, place.square()) - uv.square() + 1e-4);
  const torch::Tensor seen =
      1.0 - torch::softmax(out.logits.index({Slice(), 0}), -1).index({"...", Slice(-1)});
  const torch::Tensor attended =
      torch::matmul(flat.to(torch::kFloat32), first.unsqueeze(-1)).squeeze(-1);  // [B, C, d]
  const torch::Tensor facts = torch::cat({uv, spread, seen, attended}, -1);
  const nn::AutocastSwitch as_before(autocast);
  out.token = token2->forward(torch::gelu(token1->forward(facts)));
  return out;
}

}  // namespace libra::model
