#include "libra/model/libra_vla/refiner_net.h"

#include "libra/nn/attention.h"
#include "libra/nn/recompute.h"

namespace libra::model {

RefinerNetImpl::RefinerNetImpl(const LibraVlaConfig& config, nn::Fresh fresh) : config_(config) {
  if (!config.has_refiner()) return;  // a network without weights
  const RefinerConfig& r = config.refiner;
  const int64_t width = r.width, dims = config.embodiment.model_dim();
  const nn::NoInit heads(fresh == nn::Fresh::kNone);
  if (config.refiner_has_vision()) {
    {
      const nn::NoInit published(fresh != nn::Fresh::kAll);
      vision = register_module("vision", SiglipVision(r.vision));
    }
    project = register_module("project", nn::Linear(r.vision.hidden_size, width));
    const auto cameras = int64_t(config.embodiment.cameras.size());
    camera = register_parameter("camera", torch::randn({cameras, 1, width}) * 0.02);
  }
  if (config.refiner_needs_planner()) {
    planner_project =
        register_module("planner_project", nn::Linear(config.planner.head.width, width));
  }
  proprio1 = register_module("proprio1", nn::Linear(config.embodiment.proprio_dim(), width));
  proprio2 = register_module("proprio2", nn::Linear(width, width));
  if (config.has_intents()) {
    codebook = register_module("codebook", nn::Embedding(config.action.bins, r.code_width));
    dimension = register_parameter("dimension", torch::randn({dims, r.code_width}) * 0.02);
    intent_project = register_module("intent_project", nn::Linear(dims * r.code_width, width));
  }
  action_in = register_module("action_in", nn::Linear(dims, width));
  join = register_module("join", nn::Linear((config.has_intents() ? 2 : 1) * width, width));
  position = register_parameter("position", torch::randn({config.action.horizon, width}) * 0.02);
  t_embedder = register_module("t_embedder", nn::TimestepEmbedder(width));
  blocks = register_module("blocks", torch::nn::ModuleList());
  for (int i = 0; i < r.layers; ++i) {
    blocks->push_back(nn::DitBlock(nn::DitBlockOptions{
        .width = width, .heads = r.heads, .mlp_ratio = r.mlp_ratio, .context_width = width}));
  }
  final_layer = register_module("final_layer", nn::DitFinalLayer(width, dims));
}

RefinerContext RefinerNetImpl::encode(const RefinerInput& input) {
  const int64_t batch = input.proprio.size(0);
  std::vector<torch::Tensor> rows, unseen;  // unseen [B, rows], undefined where all are seen
  if (config_.refiner_has_vision()) {
    torch::Tensor tokens = vision->forward(input.pixel_values.flatten(0, 1)).last_hidden_state;
    tokens = project->forward(tokens).reshape({batch, camera.size(0), -1, config_.refiner.width});
    rows.push_back((tokens + camera).flatten(1, 2));
    unseen.push_back(input.missing.defined() ? input.missing.repeat_interleave(tokens.size(2), 1)
                                             : torch::Tensor());
  }
  if (config_.refiner_needs_planner()) {
    torch::Tensor tokens = planner_project->forward(input.planner.rows);
    torch::Tensor hidden = input.planner.unseen;
    if (config_.refiner_sees_planner_latent()) {  // the mean of what is seen
      if (hidden.defined()) {
        const torch::Tensor seen = hidden.logical_not().unsqueeze(2);
        tokens = (tokens * seen).sum(1, /*keepdim=*/true) / seen.sum(1, /*keepdim=*/true);
      } else {
        tokens = tokens.mean(1, /*keepdim=*/true);
      }
      hidden = torch::Tensor();
    }
    rows.push_back(tokens);
    unseen.push_back(hidden);
  }
  rows.push_back(proprio2->forward(torch::gelu(proprio1->forward(input.proprio))).unsqueeze(1));
  unseen.emplace_back();
  for (auto& row : rows) row = row.to(rows[0].scalar_type());
  const torch::Tensor context_rows = torch::cat(rows, 1);
  torch::Tensor mask;
  for (size_t i = 0, first = 0; i < rows.size(); first += size_t(rows[i++].size(1))) {
    if (!unseen[i].defined()) continue;
    if (!mask.defined()) {
      mask = torch::zeros({batch, context_rows.size(1)},
                          context_rows.options().dtype(torch::kFloat32));
    }
    mask.narrow(1, int64_t(first), rows[i].size(1))
        .masked_fill_(unseen[i], nn::mask_value(torch::kFloat32));
  }
  RefinerContext context;
  for (const auto& block : *blocks) {
    context.blocks.push_back(block->as<nn::DitBlock>()->precompute_kv(context_rows));
    if (mask.defined()) context.blocks.back().mask = mask.unsqueeze(1).unsqueeze(1);
  }
  return context;
}

torch::Tensor RefinerNetImpl::embed_intent(const torch::Tensor& bins) {
  const torch::Tensor code = codebook->forward(bins) + dimension;  // [B, H, D, code]
  return intent_project->forward(code.flatten(2));
}

torch::Tensor RefinerNetImpl::forward(const torch::Tensor& noisy, const torch::Tensor& timestep,
                                      const torch::Tensor& intent, const RefinerContext& context) {
  torch::Tensor x = action_in->forward(noisy);
  if (config_.has_intents()) x = torch::cat({x, intent.to(x.scalar_type())}, -1);
  x = join->forward(x) + position;
  const torch::Tensor condition = t_embedder->forward(timestep);
  for (size_t i = 0; i < blocks->size(); ++i) {
    const nn::CrossKv& seen = context.blocks[i];
    x = nn::recomputed(*blocks[i],
                       [block = blocks[i], mask = seen.mask](const auto& in) {
                         const nn::CrossKv kv{in[2], in[3], mask};
                         return block->template as<nn::DitBlock>()->forward(in[0], in[1], &kv);
                       },
                       {x, condition, seen.key, seen.value});
  }
  return final_layer->forward(x, condition).to(torch::kFloat32);
}

}  // namespace libra::model
