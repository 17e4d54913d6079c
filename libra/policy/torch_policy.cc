#include "libra/policy/torch_policy.h"

#include <algorithm>
#include <cmath>

#include "libra/core/error.h"
#include "libra/core/rng.h"
#include "libra/model/checkpoint.h"
#include "libra/policy/intent_tensors.h"

namespace libra::policy {
namespace {

std::vector<const Observation*> observations_of(auto requests) {
  std::vector<const Observation*> list;
  for (const auto& request : requests) list.push_back(request.observation);
  return list;
}

std::vector<Proprio> proprio_of(auto requests) {
  std::vector<Proprio> values;
  for (const auto& request : requests) {
    values.push_back(request.proprio != nullptr ? *request.proprio : request.observation->proprio);
    for (size_t i = 0; i < values.back().size(); ++i) {
      if (std::isfinite(values.back()[i])) continue;
      throw Error(ErrorCode::kBadInput,
                  {.where = "proprio value " + std::to_string(i) + " of step " +
                            std::to_string(request.observation->step),
                   .problem = "not a finite number",
                   .found = std::to_string(values.back()[i])});
    }
  }
  return values;
}

// LibTorch keeps the number of threads per thread, and starts each with one for every core.
void use_threads(int count) {
  thread_local int used = 0;
  if (used != count) at::set_num_threads(used = count);
}

}  // namespace

TorchPolicy::TorchPolicy(ModelBundle bundle, const PolicyOptions& options)
    : bundle_(std::move(bundle)),
      device_(bundle_.planner->parameters().front().device()),
      bins_(bundle_.transforms->bins().to(device_)),
      options_(options) {
  const auto& config = bundle_.config;
  spec_.name = config.name;
  spec_.variant = word_of(config.variant);
  spec_.horizon = config.action.horizon;
  spec_.expansion = config.has_intents() ? config.action.expansion : 0;
  spec_.bins = config.action.bins;
  spec_.image_size = config.image_size;
  spec_.embodiment = config.embodiment;
  if (bundle_.transforms->stats().samples == 0) {
    spec_.notes.push_back(config.name + " has never been trained: what it does is random");
  }
  if (!bundle_.unclaimed.empty()) {
    spec_.notes.push_back("weights: " + model::counted(bundle_.unclaimed, "tensors of the file") +
                          " belong to no network of this model and are left out");
  }
  if (options_.denoise_steps <= 0) options_.denoise_steps = config.refiner.denoise_steps;
}

void TorchPolicy::require_finite(const torch::Tensor& x, const std::string& what) const {
  if (x.isfinite().all().item<bool>()) return;
  check_weights_finite(bundle_, bundle_.config.name);
  throw Error(ErrorCode::kFailed,
              {.where = bundle_.config.name,
               .problem = "the " + what + " are not finite numbers, though all weights are",
               .next = "try --precision f32"});
}

torch::Tensor TorchPolicy::on_device(const torch::Tensor& x) const {
  return x.defined() ? x.to(device_) : x;
}

model::PlannerInput TorchPolicy::planner_input(std::span<const Observation* const> observations,
                                               const std::vector<Proprio>& proprio,
                                               const std::vector<std::string>& instructions) {
  const Transforms& t = *bundle_.transforms;
  model::PlannerInput input =
      t.planner_input(t.bytes(observations, bundle_.config.image_size), instructions, proprio);
  for (torch::Tensor* part :
       {&input.pixel_values, &input.input_ids, &input.attention_mask, &input.proprio,
        &input.instruction.words, &input.instruction.mask, &input.missing}) {
    *part = on_device(*part);
  }
  return input;
}

void TorchPolicy::plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) {
  if (requests.empty()) return;
  const c10::InferenceMode inference;
  const nn::NarrowProducts products(bundle_.narrow_products);
  use_threads(options_.planner_threads > 0 ? options_.planner_threads : options_.threads);
  std::vector<std::string> instructions;
  for (const auto& request : requests) instructions.emplace_back(request.instruction);
  const torch::Tensor logits =
      bundle_.planner
          ->forward(planner_input(observations_of(requests), proprio_of(requests), instructions))
          .logits.to(torch::kCPU);
  const torch::Tensor probability = torch::softmax(logits, -1);  // [B, K, D, N]
  require_finite(logits, "planner's logits");
  torch::Tensor chosen = logits.argmax(-1);
  if (options_.sample_intents) {
    std::vector<uint64_t> seeds;
    for (const auto& request : requests) {
      seeds.push_back(mix_seed({options_.seed, request.seed, uint64_t(request.observation->step)}));
    }
    chosen = sample_bins(logits, seeds);
  }
  const torch::Tensor certainty =
      probability.gather(-1, chosen.unsqueeze(-1)).squeeze(-1).contiguous();
  // Share of log N, mean over the dimensions: [B, K].
  const torch::Tensor entropy =
      (-(probability * torch::log(probability.clamp_min(1e-12))).sum(-1).mean(-1) /
       std::log(std::max(2.0, double(bundle_.config.action.bins))))
          .contiguous();
  const auto undecided = entropy.accessor<float, 2>();
  const auto bin = chosen.accessor<int64_t, 3>();
  const auto share = certainty.accessor<float, 3>();
  const int horizon = bundle_.config.action.horizon;
  for (size_t b = 0; b < requests.size(); ++b) {
    IntentPlan& plan = plans[b];
    plan = IntentPlan(bundle_.config.action.expansion, horizon, size_t(bin.size(2)),
                      bundle_.config.action.bins);
    plan.obs_step = plan.first_step = requests[b].observation->step;
    plan.epoch = requests[b].epoch;
    plan.instruction_id = hash_name(requests[b].instruction);
    for (int m = 0; m < plan.expansion; ++m) {
      Intent& intent = plan.intents[size_t(m)];
      for (int i = 0; i < horizon; ++i) {
        intent.entropy[size_t(i)] = undecided[int64_t(b)][m * horizon + i];
        for (int64_t d = 0; d < bin.size(2); ++d) {
          intent.bin[size_t(i)][size_t(d)] =
              static_cast<uint8_t>(bin[int64_t(b)][m * horizon + i][d]);
          intent.probability[size_t(i)][size_t(d)] = share[int64_t(b)][m * horizon + i][d];
        }
      }
    }
  }
}

torch::Tensor TorchPolicy::denoise(const model::RefinerContext& context, const torch::Tensor& bins,
                                   std::span<const RefineRequest> requests,
                                   const std::vector<Proprio>& proprio) {
  const auto& config = bundle_.config;
  const int64_t batch = int64_t(requests.size()), horizon = config.action.horizon;
  const int64_t dims = config.embodiment.model_dim();
  torch::Tensor x = torch::empty({batch, horizon, dims});
  float* value = x.data_ptr<float>();
  for (const auto& request : requests) {  // each request's noise depends on its own seed alone
    Rng rng(request.seed);
    for (int64_t i = 0; i < horizon * dims; ++i) *value++ = static_cast<float>(rng.normal());
  }
  return policy::denoise(bundle_, context, bins, on_device(x), options_.denoise_steps,
                         promised(requests, proprio, bins));
}

KnownActions TorchPolicy::promised(std::span<const RefineRequest> requests,
                                   const std::vector<Proprio>& proprio,
                                   const torch::Tensor& bins) const {
  const auto any = [](const RefineRequest& r) { return r.prior != nullptr && r.prior->count > 0; };
  if (std::none_of(requests.begin(), requests.end(), any)) return {};
  const auto& config = bundle_.config;
  const int64_t batch = int64_t(requests.size()), horizon = config.action.horizon;
  KnownActions out{torch::zeros({batch, horizon, config.embodiment.model_dim()}),
                   torch::zeros({batch, horizon, 1})};
  for (int64_t b = 0; b < batch; ++b) {
    const ActionPrior* prior = requests[size_t(b)].prior;
    if (prior == nullptr) continue;
    const Rows<float> actions = codec().encode(prior->actions, proprio[size_t(b)]);
    for (int64_t i = 0; i < std::min<int64_t>(prior->count, horizon); ++i) {
      const auto action = actions[size_t(i)];
      std::copy(action.begin(), action.end(), out.action[b][i].data_ptr<float>());
      out.weight[b][i] = std::clamp(prior->weight[size_t(i)], 0.0f, 1.0f);
    }
  }
  out = {on_device(out.action), on_device(out.weight)};
  if (config.refiner.target == model::RefinerTarget::kResidual) {
    out.action = to_residual(out.action, bins, bins_);
  }
  return out;
}

void TorchPolicy::refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) {
  if (requests.empty()) return;
  const c10::InferenceMode inference;
  const nn::NarrowProducts products(bundle_.narrow_products);
  use_threads(options_.refiner_threads > 0 ? options_.refiner_threads : options_.threads);
  const auto& config = bundle_.config;
  const Transforms& t = *bundle_.transforms;
  const int64_t batch = int64_t(requests.size()), horizon = config.action.horizon;
  const auto observations = observations_of(requests);
  const auto proprio = proprio_of(requests);

  model::RefinerInput input;
  if (config.refiner_has_vision()) {
    const torch::Tensor bytes = t.bytes(observations, config.refiner_image_size);
    input.pixel_values = on_device(t.refiner_pixels(bytes));
    if (const torch::Tensor missing = t.missing(bytes); missing.defined()) {
      input.missing = on_device(missing);
    }
  }
  input.proprio = on_device(t.proprio(proprio));
  torch::Tensor coarse;  // what a discrete head answers that is not told to a refiner
  if (config.plans_every_chunk()) {
    std::vector<std::string> instructions;
    for (const auto& request : requests) instructions.emplace_back(request.instruction);
    const model::PlannerInput asked = planner_input(observations, proprio, instructions);
    if (config.is_autoregressive()) {
      const torch::Tensor logits = bundle_.planner->decode(asked, horizon);
      require_finite(logits, "planner's logits");
      coarse = bin_centres(logits.argmax(-1), bins_);
    } else {
      const model::PlannerOutput seen = bundle_.planner->forward(asked);
      input.planner = seen.tokens;
      if (config.variant == model::Variant::kTwoBranch) {
        coarse = bin_centres(seen.logits.slice(1, 0, horizon).argmax(-1), bins_);
      }
    }
  }
  torch::Tensor bins;
  if (config.has_intents()) {
    const int64_t dims = config.embodiment.model_dim();
    bins = torch::empty({batch, horizon, dims}, torch::kInt64);
    int64_t* bin = bins.data_ptr<int64_t>();
    for (const auto& request : requests) {
      const Intent* intent = request.intent;
      if (intent == nullptr || intent->horizon != horizon || int64_t(intent->dims()) != dims) {
        throw Error(ErrorCode::kBadInput,
                    {.where = "intent",
                     .problem = "is of another size than the policy's",
                     .expected = std::to_string(horizon) + " x " + std::to_string(dims)});
      }
      bin = std::copy(intent->bin.values().begin(), intent->bin.values().end(), bin);
    }
  }
  torch::Tensor actions = coarse;
  if (config.has_refiner()) {
    actions = denoise(bundle_.refiner->encode(input), on_device(bins), requests, proprio);
    if (coarse.defined()) actions = (actions + coarse) / 2;
  }
  if (coarse.defined()) {  // what was promised holds in the end, too
    const KnownActions known = promised(requests, proprio, {});
    if (known.weight.defined()) actions = torch::lerp(actions, known.action, known.weight);
  }
  actions = actions.to(torch::kCPU, torch::kFloat32).contiguous();
  require_finite(actions, "refiner's actions");
  const auto value = actions.accessor<float, 3>();
  torch::Tensor outside = torch::zeros({batch});
  if (config.has_intents()) {
    outside =
        (to_bins(actions, bundle_.transforms->bins()) != bins).to(torch::kFloat32).mean({1, 2});
  }
  for (int64_t b = 0; b < batch; ++b) {
    ActionChunk& chunk = chunks[size_t(b)];
    Rows<float> model(size_t(horizon), size_t(value.size(2)));
    for (int64_t i = 0; i < horizon; ++i) {
      for (int64_t d = 0; d < value.size(2); ++d) model[size_t(i)][size_t(d)] = value[b][i][d];
    }
    chunk = ActionChunk{};
    chunk.horizon = static_cast<int32_t>(horizon);
    chunk.actions = codec().decode(model, proprio[size_t(b)]);
    chunk.obs_step = chunk.first_step = requests[size_t(b)].observation->step;
    chunk.outside = outside[b].item<float>();
  }
}

}  // namespace libra::policy

namespace libra {

namespace {

// The bounds that the options' list gives.
void check(PolicyOptions options) {
  for (const ConfigField& field : list_fields(options).fields()) {
    const auto* value = std::get_if<int*>(&field.target);
    if (value == nullptr || (**value >= field.bounds.min && **value <= field.bounds.max)) continue;
    std::string name = field.path;
    std::replace(name.begin(), name.end(), '_', ' ');
    throw Error(ErrorCode::kBadInput, {.where = name,
                                       .problem = "is not possible",
                                       .expected = std::to_string(int(field.bounds.min)) + " to " +
                                                   std::to_string(int(field.bounds.max)),
                                       .found = std::to_string(**value)});
  }
}

}  // namespace

std::unique_ptr<Policy> load_policy(const std::string& dir, const PolicyOptions& options) {
  check(options);
  at::set_num_threads(options.threads);
  return std::make_unique<policy::TorchPolicy>(
      policy::load_bundle(dir, {.precision = options.precision, .device = options.device}),
      options);
}

}  // namespace libra
