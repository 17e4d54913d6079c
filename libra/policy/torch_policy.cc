#include "libra/policy/torch_policy.h"

#include "libra/core/rng.h"
#include "libra/policy/intent_tensors.h"

namespace libra::policy {
namespace {

std::vector<const Observation*> observations_of(auto requests) {
  std::vector<const Observation*> list;
  for (const auto& request : requests) list.push_back(request.observation);
  return list;
}

torch::Tensor proprio_of(const Transforms& transforms,
                         std::span<const Observation* const> observations) {
  std::vector<Proprio> values;
  for (const Observation* o : observations) values.push_back(o->proprio);
  return transforms.proprio(values);
}

}  // namespace

TorchPolicy::TorchPolicy(ModelBundle bundle, const PolicyOptions& options)
    : bundle_(std::move(bundle)),
      device_(bundle_.refiner->parameters().front().device()),
      options_(options) {
  const auto& config = bundle_.config;
  spec_.name = config.name;
  spec_.variant = config.variant;
  spec_.horizon = config.action.horizon;
  spec_.expansion = config.has_intents() ? config.action.expansion : 0;
  spec_.bins = config.action.bins;
  spec_.image_size = config.image_size;
  if (options_.denoise_steps <= 0) options_.denoise_steps = config.refiner.denoise_steps;
}

torch::Tensor TorchPolicy::on_device(const torch::Tensor& x) const {
  return x.defined() ? x.to(device_) : x;
}

model::PlannerOutput TorchPolicy::run_planner(std::span<const Observation* const> observations,
                                              const std::vector<std::string>& instructions) {
  const Transforms& t = *bundle_.transforms;
  model::PlannerInput input;
  input.pixel_values =
      on_device(t.planner_pixels(t.bytes(observations, bundle_.config.image_size)));
  const PromptTokens prompt = t.prompts(instructions);
  input.input_ids = on_device(prompt.input_ids);
  input.attention_mask = on_device(prompt.attention_mask);
  input.proprio = on_device(proprio_of(t, observations));
  std::vector<std::vector<std::string>> queries;
  for (const auto& instruction : instructions) queries.push_back({instruction});
  const model::TextQueries text = t.queries(queries);
  input.instruction = {on_device(text.ids), on_device(text.mask)};
  return bundle_.planner->forward(input);
}

void TorchPolicy::plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) {
  if (requests.empty()) return;
  const c10::InferenceMode inference;
  std::vector<std::string> instructions;
  for (const auto& request : requests) instructions.emplace_back(request.instruction);
  const torch::Tensor logits =
      run_planner(observations_of(requests), instructions).logits.to(torch::kCPU);
  const torch::Tensor probability = torch::softmax(logits, -1);  // [B, K, D, N]
  const torch::Tensor chosen =
      options_.sample_intents
          ? sample_bins(logits, mix_seed({options_.seed, uint64_t(requests[0].observation->step)}))
          : logits.argmax(-1);
  const torch::Tensor certainty =
      probability.gather(-1, chosen.unsqueeze(-1)).squeeze(-1).contiguous();
  const auto bin = chosen.accessor<int64_t, 3>();
  const auto share = certainty.accessor<float, 3>();
  const int horizon = bundle_.config.action.horizon;
  for (size_t b = 0; b < requests.size(); ++b) {
    IntentPlan& plan = plans[b];
    plan = IntentPlan{};
    plan.expansion = bundle_.config.action.expansion;
    plan.obs_step = requests[b].observation->step;
    plan.epoch = requests[b].epoch;
    plan.instruction_id = hash_name(requests[b].instruction);
    for (int m = 0; m < plan.expansion; ++m) {
      Intent& intent = plan.intents[size_t(m)];
      intent.horizon = horizon;
      intent.bins = bundle_.config.action.bins;
      for (int i = 0; i < horizon; ++i) {
        for (int d = 0; d < kActionDim; ++d) {
          intent.bin[size_t(i)][size_t(d)] =
              static_cast<uint8_t>(bin[int64_t(b)][m * horizon + i][d]);
          intent.probability[size_t(i)][size_t(d)] = share[int64_t(b)][m * horizon + i][d];
        }
      }
    }
  }
}

torch::Tensor TorchPolicy::denoise(const model::RefinerContext& context, const torch::Tensor& bins,
                                   std::span<const RefineRequest> requests) {
  const auto& config = bundle_.config;
  const int64_t batch = int64_t(requests.size()), horizon = config.action.horizon;
  torch::Tensor x = torch::empty({batch, horizon, kActionDim});
  float* value = x.data_ptr<float>();
  for (const auto& request : requests) {  // each request's noise depends on its own seed alone
    Rng rng(request.seed);
    for (int64_t i = 0; i < horizon * kActionDim; ++i) *value++ = static_cast<float>(rng.normal());
  }
  x = on_device(x);
  const torch::Tensor intent =
      config.has_intents() ? bundle_.refiner->embed_intent(bins) : torch::Tensor();
  const auto times = torch::TensorOptions().dtype(torch::kInt64).device(device_);
  for (const int64_t t : bundle_.scheduler.timesteps(options_.denoise_steps)) {
    const torch::Tensor noise =
        bundle_.refiner->forward(x, torch::full({batch}, t, times), intent, context);
    x = bundle_.scheduler.ddim_step(noise, t, x, options_.denoise_steps).prev_sample;
  }
  if (config.refiner.target == "residual") x = from_residual(x, bins, config.action.bins);
  return x.clamp(-1.0, 1.0);
}

void TorchPolicy::refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) {
  if (requests.empty()) return;
  const c10::InferenceMode inference;
  const auto& config = bundle_.config;
  const Transforms& t = *bundle_.transforms;
  const int64_t batch = int64_t(requests.size()), horizon = config.action.horizon;
  const auto observations = observations_of(requests);

  model::RefinerInput input;
  if (config.refiner_has_vision()) {
    input.pixel_values =
        on_device(t.refiner_pixels(t.bytes(observations, config.refiner_image_size)));
  }
  input.proprio = on_device(proprio_of(t, observations));
  if (config.refiner_needs_planner()) {
    std::vector<std::string> instructions;
    for (const auto& request : requests) instructions.emplace_back(request.instruction);
    input.planner_tokens = run_planner(observations, instructions).tokens;
  }
  torch::Tensor bins;
  if (config.has_intents()) {
    bins = torch::empty({batch, horizon, kActionDim}, torch::kInt64);
    int64_t* bin = bins.data_ptr<int64_t>();
    for (const auto& request : requests) {
      for (int64_t i = 0; i < horizon; ++i) {
        for (int d = 0; d < kActionDim; ++d) *bin++ = request.intent->bin[size_t(i)][size_t(d)];
      }
    }
  }
  const torch::Tensor actions = denoise(bundle_.refiner->encode(input), on_device(bins), requests)
                                    .to(torch::kCPU, torch::kFloat32)
                                    .contiguous();
  const auto value = actions.accessor<float, 3>();
  for (int64_t b = 0; b < batch; ++b) {
    ActionChunk& chunk = chunks[size_t(b)];
    chunk = ActionChunk{};
    chunk.horizon = static_cast<int32_t>(horizon);
    chunk.obs_step = requests[size_t(b)].observation->step;
    for (int64_t i = 0; i < horizon; ++i) {
      Action normalised;
      for (int d = 0; d < kActionDim; ++d) normalised[size_t(d)] = value[b][i][d];
      chunk.actions[size_t(i)] = t.normaliser().denormalise(normalised);
    }
  }
}

}  // namespace libra::policy

namespace libra {

std::unique_ptr<Policy> load_policy(const std::string& dir, const PolicyOptions& options) {
  at::set_num_threads(options.threads);
  return std::make_unique<policy::TorchPolicy>(
      policy::load_bundle(dir, {.precision = options.precision, .device = options.device}),
      options);
}

}  // namespace libra
