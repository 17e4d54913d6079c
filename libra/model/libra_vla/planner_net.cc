#include "libra/model/libra_vla/planner_net.h"

#include <cmath>

#include "libra/model/backbones/bert.h"
#include "libra/nn/attention.h"
#include "libra/nn/recompute.h"

namespace libra::model {

using torch::indexing::Slice;

HeadLayerImpl::HeadLayerImpl(int64_t width, int64_t heads, int64_t mlp_width) : heads_(heads) {
  const auto norm = [&] { return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})); };
  norm1 = register_module("norm1", norm());
  q = register_module("q", nn::Linear(width, width));
  kv = register_module("kv", nn::Linear(width, 2 * width));
  proj = register_module("proj", nn::Linear(width, width));
  norm2 = register_module("norm2", norm());
  mlp = register_module("mlp", nn::Mlp(width, mlp_width, nn::Gelu::kErf));
}

torch::Tensor HeadLayerImpl::forward(const torch::Tensor& x, int64_t keep,
                                     const torch::Tensor& mask) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(x.size(2) / heads_));
  const torch::Tensor h = norm1->forward(x);
  const torch::Tensor kept = x.index({Slice(), Slice(0, keep)});
  const torch::Tensor query =
      nn::split_heads(q->forward(h.index({Slice(), Slice(0, keep)})), heads_);
  const auto key_value = kv->forward(h).chunk(2, -1);
  const torch::Tensor attended = nn::attention(query, nn::split_heads(key_value[0], heads_),
                                               nn::split_heads(key_value[1], heads_), mask, scale);
  const torch::Tensor y = kept + proj->forward(nn::merge_heads(attended));
  return y + mlp->forward(norm2->forward(y));
}

PlannerNetImpl::PlannerNetImpl(const LibraVlaConfig& config, int64_t img_context_token_id,
                               nn::Fresh fresh)
    : config_(config), img_context_token_id_(img_context_token_id) {
  const PlannerConfig& p = config.planner;
  const int64_t width = p.head.width;
  {
    const nn::NoInit published(fresh != nn::Fresh::kAll);
    backbone = register_module("backbone", InternVl(p.backbone));
  }
  const nn::NoInit heads(fresh == nn::Fresh::kNone);
  tokens_per_image_ = backbone->tokens_per_image(config.image_size, config.image_size);
  if (p.pointing.enabled) {
    pointing =
        register_module("pointing", PointingHead(p.pointing, p.text,
                                                 p.backbone.vision_config.stem.feature_channels(),
                                                 p.backbone.llm_config.vocab_size, width));
  }
  if (p.text.enabled()) {
    const auto reads = [&] { return nn::Linear(p.text.width, p.backbone.llm_config.hidden_size); };
    text_words = register_module("text_words", reads());
    text_sentence = register_module("text_sentence", reads());
  }
  project = register_module("project", nn::Linear(p.backbone.llm_config.hidden_size, width));
  if (p.head.proprio_token) {
    proprio1 = register_module("proprio1", nn::Linear(config.embodiment.proprio_dim(), width));
    proprio2 = register_module("proprio2", nn::Linear(width, width));
  }
  queries = register_parameter("queries", torch::randn({config.queries(), width}) * 0.02);
  layers = register_module("layers", torch::nn::ModuleList());
  for (int i = 0; i < p.head.layers; ++i) {
    layers->push_back(HeadLayer(width, p.head.heads, int64_t(double(width) * p.head.mlp_ratio)));
  }
  norm = register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})));
  if (config.planner_has_bins()) {
    bins = register_module("bins",
                           nn::Linear(width, config.embodiment.model_dim() * config.action.bins));
  }
  keyframe = register_module("keyframe", nn::Linear(width, 3));
}

PlannerOutput PlannerNetImpl::forward(const PlannerInput& input) {
  PlannerOutput out;
  const int64_t batch = input.pixel_values.size(0);
  torch::Tensor ids = input.input_ids, seen_tokens = input.attention_mask;
  InternVlOptions text;
  if (!text_words.is_empty()) {
    // First the sentence as a whole, then its words.
    const torch::Tensor states = input.instruction.words.select(1, 0),
                        stands = input.instruction.mask.select(1, 0);
    text.appended =
        torch::cat({text_sentence->forward(sentence_embedding(states, stands)).unsqueeze(1),
                    text_words->forward(states)},
                   1);
    if (!seen_tokens.defined()) seen_tokens = torch::ones_like(ids);
    seen_tokens = torch::cat(
        {seen_tokens, torch::ones({batch, 1}, ids.options()), stands.to(ids.scalar_type())}, 1);
    ids = torch::cat({ids, torch::full({batch, text.appended.size(1)}, -1, ids.options())}, 1);
  }
  const InternVlOutput base = backbone->forward(input.pixel_values.flatten(0, 1), input.input_ids,
                                                seen_tokens, img_context_token_id_, text);
  std::vector<torch::Tensor> rows = {queries.expand({batch, -1, -1}),
                                     project->forward(base.last_hidden_state)};
  if (!proprio1.is_empty()) {
    rows.push_back(proprio2->forward(torch::gelu(proprio1->forward(input.proprio))).unsqueeze(1));
  }
  if (!pointing.is_empty()) {
    out.map = pointing->map(base.features);
    if (input.missing.defined()) {
      out.map = out.map.masked_fill(input.missing.reshape({-1, 1, 1, 1}), 0);
    }
    out.pointing = pointing->forward(out.map, input.instruction);
    rows.push_back(out.pointing.token);
  }
  // The residual stream is not reduced, also under autocast: norms ask for it.
  const auto type = nn::activation_type(queries.scalar_type());
  for (auto& row : rows) row = row.to(type);
  torch::Tensor x = torch::cat(rows, 1);
  const int64_t k = config_.queries(), length = x.size(1);
  torch::Tensor mask;  // the head must not see the rows of padding tokens
  if (seen_tokens.defined()) {
    mask = torch::zeros({batch, 1, 1, length}, x.options().dtype(torch::kFloat32));
    mask.index({Slice(), 0, 0, Slice(k, k + seen_tokens.size(1))})
        .masked_fill_(seen_tokens == 0, nn::mask_value(torch::kFloat32));
  }
  const bool keep_all = config_.refiner_needs_planner();
  const int64_t last = static_cast<int64_t>(layers->size()) - 1;
  for (int64_t i = 0; i <= last; ++i) {
    x = nn::recomputed(
        *layers[static_cast<size_t>(i)],
        [layer = layers[static_cast<size_t>(i)], rows = i < last || keep_all ? length : k, mask](
            const auto& in) { return layer->template as<HeadLayer>()->forward(in[0], rows, mask); },
        {x});
  }
  x = norm->forward(x);
  if (keep_all) {
    // Text rows are left out: their number differs from prompt to prompt, and the queries know
    // them.
    const torch::Tensor is_image = ids == img_context_token_id_;
    const int64_t prompt = ids.size(1);
    const auto keep = [&](const torch::Tensor& rows) {
      const torch::Tensor of_images = rows.slice(1, k, k + prompt).index({is_image});
      return torch::cat({rows.slice(1, 0, k), of_images.reshape({batch, -1, rows.size(2)}),
                         rows.slice(1, k + prompt)},
                        1);
    };
    out.tokens.rows = keep(x);
    if (input.missing.defined())
      out.tokens.unseen = keep((mask < 0).permute({0, 3, 1, 2}).squeeze(3)).squeeze(2);
  }
  const torch::Tensor answers = x.index({Slice(), Slice(0, k)});
  if (!bins.is_empty()) {
    out.logits = bins->forward(answers)
                     .reshape({batch, k, config_.embodiment.model_dim(), config_.action.bins})
                     .to(torch::kFloat32);
  }
  out.keyframe = keyframe->forward(answers.mean(1)).to(torch::kFloat32);
  return out;
}

torch::Tensor PlannerNetImpl::pointing_map(const torch::Tensor& pixel_values) {
  return pointing->map(backbone->stem_features(pixel_values.flatten(0, 1)));
}

Pointing PlannerNetImpl::point(const torch::Tensor& map, const TextQueries& queries) {
  return pointing->forward(map, queries);
}

}  // namespace libra::model
