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

torch::Tensor HeadLayerImpl::answer(const torch::Tensor& x, const torch::Tensor& query,
                                    const torch::Tensor& key, const torch::Tensor& value,
                                    const torch::Tensor& mask) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(x.size(2) / heads_));
  const torch::Tensor attended = nn::attention(query, key, value, mask, scale);
  const torch::Tensor y = x + proj->forward(nn::merge_heads(attended));
  return y + mlp->forward(norm2->forward(y));
}

torch::Tensor HeadLayerImpl::forward(const torch::Tensor& x, int64_t keep,
                                     const torch::Tensor& mask) {
  const torch::Tensor h = norm1->forward(x);
  const torch::Tensor query =
      nn::split_heads(q->forward(h.index({Slice(), Slice(0, keep)})), heads_);
  const auto key_value = kv->forward(h).chunk(2, -1);
  return answer(x.index({Slice(), Slice(0, keep)}), query, nn::split_heads(key_value[0], heads_),
                nn::split_heads(key_value[1], heads_), mask);
}

torch::Tensor HeadLayerImpl::append(const torch::Tensor& x, HeadCache& seen,
                                    const torch::Tensor& mask) {
  const torch::Tensor h = norm1->forward(x);
  const auto key_value = kv->forward(h).chunk(2, -1);
  const auto join = [&](torch::Tensor& before, const torch::Tensor& rows) {
    const torch::Tensor more = nn::split_heads(rows, heads_);
    before = before.defined() ? torch::cat({before, more}, 2) : more;
  };
  join(seen.key, key_value[0]);
  join(seen.value, key_value[1]);
  return answer(x, nn::split_heads(q->forward(h), heads_), seen.key, seen.value, mask);
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
  const int64_t dims = config.embodiment.model_dim(), count = config.action.bins;
  if (config.is_autoregressive()) {
    tokens = register_module("tokens", nn::Embedding(count + 1, width));
    tokens->init(0.02);
    dimension = register_parameter("dimension", torch::randn({dims, width}) * 0.02);
    bins = register_module("bins", nn::Linear(width, count));
  } else if (config.planner_has_bins()) {
    bins = register_module("bins", nn::Linear(width, dims * count));
  }
  keyframe = register_module("keyframe", nn::Linear(width, 3));
}

PlannerNetImpl::Context PlannerNetImpl::context_of(const PlannerInput& input, PlannerOutput& out) {
  Context context;
  context.seen = input.attention_mask;
  InternVlOptions text;
  if (!text_words.is_empty()) {
    // First the sentence as a whole, then its words.
    const torch::Tensor states = input.instruction.words.select(1, 0),
                        stands = input.instruction.mask.select(1, 0);
    const torch::Tensor sentence = text_sentence->forward(sentence_embedding(states, stands));
    text.appended = torch::cat({sentence.unsqueeze(1), text_words->forward(states)}, 1);
    const torch::Tensor prompt =
        context.seen.defined() ? context.seen : torch::ones_like(input.input_ids);
    context.seen = torch::cat(
        {prompt, torch::ones_like(prompt.slice(1, 0, 1)), stands.to(prompt.scalar_type())}, 1);
  }
  const InternVlOutput base = backbone->forward(input.pixel_values.flatten(0, 1), input.input_ids,
                                                context.seen, img_context_token_id_, text);
  context.tokens = base.last_hidden_state.size(1);
  std::vector<torch::Tensor> rows = {project->forward(base.last_hidden_state)};
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
  context.rows = torch::cat(rows, 1);
  return context;
}

torch::Tensor PlannerNetImpl::padding_mask(const Context& context, int64_t before) {
  if (!context.seen.defined()) return {};
  torch::Tensor mask = torch::zeros({context.rows.size(0), 1, 1, before + context.rows.size(1)},
                                    context.rows.options().dtype(torch::kFloat32));
  mask.index({Slice(), 0, 0, Slice(before, before + context.tokens)})
      .masked_fill_(context.seen == 0, nn::mask_value(torch::kFloat32));
  return mask;
}

torch::Tensor PlannerNetImpl::token_rows(int64_t first, const torch::Tensor& told) {
  const int64_t dims = dimension.size(0);
  const torch::Tensor number =
      torch::arange(first, first + told.size(1), told.options().dtype(torch::kInt64));
  const torch::Tensor place =
      queries.index({number.div(dims, "floor")}) + dimension.index({number.remainder(dims)});
  return tokens->forward(told) + place;
}

// The rows that the head answers in: its queries, or the tokens.
torch::Tensor PlannerNetImpl::answer_rows(const PlannerInput& input) {
  const int64_t batch = input.pixel_values.size(0);
  if (!config_.is_autoregressive()) return queries.expand({batch, -1, -1});
  torch::Tensor told =
      torch::full({batch, 1}, config_.action.bins, input.input_ids.options());  // nothing yet
  if (input.told.defined()) {
    const torch::Tensor all = input.told.flatten(1);
    told = torch::cat({told, all.slice(1, 0, all.size(1) - 1)}, 1);
  }
  return token_rows(0, told);
}

// Answers attend to themselves and those before them, and to the context, which does not attend to
// them: [1, 1, answers + context, answers + context].
static torch::Tensor order_mask(int64_t answers, int64_t length,
                                const torch::TensorOptions& options) {
  const auto rows = torch::arange(length, options.dtype(torch::kInt64));
  const torch::Tensor from = rows.unsqueeze(1), to = rows.unsqueeze(0);
  const torch::Tensor later = (to > from).logical_and(to < answers);
  const torch::Tensor hidden = later.logical_or((from >= answers).logical_and(to < answers));
  return torch::zeros({1, 1, length, length}, options.dtype(torch::kFloat32))
      .masked_fill(hidden, nn::mask_value(torch::kFloat32));
}

PlannerOutput PlannerNetImpl::forward(const PlannerInput& input) {
  PlannerOutput out;
  const int64_t batch = input.pixel_values.size(0);
  const Context context = context_of(input, out);
  const torch::Tensor first = answer_rows(input).to(context.rows.scalar_type());
  torch::Tensor x = torch::cat({first, context.rows}, 1);
  const int64_t k = first.size(1), length = x.size(1);
  torch::Tensor mask = padding_mask(context, k);
  if (config_.is_autoregressive()) {
    const torch::Tensor order = order_mask(k, length, x.options());
    mask = mask.defined() ? torch::minimum(mask, order) : order;
  }
  const bool keep_all = config_.refiner_needs_planner();
  const int64_t last = static_cast<int64_t>(layers->size()) - 1;
  for (int64_t i = 0; i <= last; ++i) {
    const int64_t rows = i < last || keep_all ? length : k;
    const torch::Tensor seen = mask.defined() && mask.size(2) > 1 ? mask.slice(2, 0, rows) : mask;
    x = nn::recomputed(*layers[static_cast<size_t>(i)],
                       [layer = layers[static_cast<size_t>(i)], rows, seen](const auto& in) {
                         return layer->template as<HeadLayer>()->forward(in[0], rows, seen);
                       },
                       {x});
  }
  x = norm->forward(x);
  if (keep_all) {
    // Text rows are left out: their number differs from prompt to prompt, and the queries know
    // them.
    const torch::Tensor is_image = input.input_ids == img_context_token_id_;
    const auto keep = [&](const torch::Tensor& rows) {
      const torch::Tensor of_images = rows.slice(1, k, k + is_image.size(1)).index({is_image});
      return torch::cat({rows.slice(1, 0, k), of_images.reshape({batch, -1, rows.size(2)}),
                         rows.slice(1, k + context.tokens)},
                        1);
    };
    out.tokens.rows = keep(x);
    if (input.missing.defined())
      out.tokens.unseen = keep((mask < 0).permute({0, 3, 1, 2}).squeeze(3)).squeeze(2);
  }
  const torch::Tensor answers = x.index({Slice(), Slice(0, k)});
  if (!bins.is_empty() && (!config_.is_autoregressive() || input.told.defined())) {
    out.logits = bins->forward(answers)
                     .reshape({batch, config_.queries(), config_.embodiment.model_dim(),
                               config_.action.bins})
                     .to(torch::kFloat32);
  }
  // The first token is told nothing yet.
  out.keyframe =
      keyframe->forward(config_.is_autoregressive() ? answers.select(1, 0) : answers.mean(1))
          .to(torch::kFloat32);
  return out;
}

torch::Tensor PlannerNetImpl::decode(const PlannerInput& input, int64_t steps) {
  PlannerOutput out;
  const int64_t dims = dimension.size(0);
  std::vector<HeadCache> caches(layers->size());
  const auto append = [&](torch::Tensor rows, const torch::Tensor& mask) {
    for (size_t i = 0; i < caches.size(); ++i) {
      rows = layers[i]->as<HeadLayer>()->append(rows, caches[i], mask);
    }
    return rows;
  };
  const Context context = context_of(input, out);
  torch::Tensor mask = padding_mask(context, 0);
  append(context.rows, mask);
  const int64_t batch = context.rows.size(0);
  torch::Tensor told = torch::full({batch, 1}, config_.action.bins, input.input_ids.options());
  std::vector<torch::Tensor> logits;
  for (int64_t i = 0; i < steps * dims; ++i) {
    if (mask.defined()) mask = torch::constant_pad_nd(mask, {0, 1});  // one more row is seen
    const torch::Tensor row = append(token_rows(i, told).to(context.rows.scalar_type()), mask);
    logits.push_back(bins->forward(norm->forward(row)).to(torch::kFloat32));
    told = logits.back().argmax(-1);
  }
  return torch::cat(logits, 1).reshape({batch, steps, dims, config_.action.bins});
}

torch::Tensor PlannerNetImpl::pointing_map(const torch::Tensor& pixel_values) {
  return pointing->map(backbone->stem_features(pixel_values.flatten(0, 1)));
}

Pointing PlannerNetImpl::point(const torch::Tensor& map, const TextQueries& queries) {
  return pointing->forward(map, queries);
}

}  // namespace libra::model
