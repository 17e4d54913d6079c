#include "libra/training/step/objective.h"

#include "libra/nn/autocast.h"
#include "libra/nn/linear.h"
#include "libra/nn/precision.h"
#include "libra/nn/recompute.h"
#include "libra/policy/denoise.h"
#include "libra/policy/intent_tensors.h"
#include "libra/training/step/losses.h"

namespace libra::training {

using torch::indexing::Slice;

static bool wants_bf16(TrainPrecision precision, torch::Device device) {
  if (precision != TrainPrecision::kAuto) return precision == TrainPrecision::kBf16;
  return device.is_cuda() || nn::bf16_is_faster();
}

// How this thread's forward passes are made while one is alive.
struct ForwardScope {
  ForwardScope(bool bf16, bool frozen_in_bf16, bool recompute, uint64_t dropout)
      : bf16_(bf16), narrow_(bf16 && frozen_in_bf16), recompute_(recompute), dropout_(dropout) {}

 private:
  nn::Bf16Scope bf16_;
  nn::NarrowProducts narrow_;
  nn::Recompute recompute_;
  nn::DropoutStream dropout_;
};

// A sample's own noise; returns its stream, to go on with.
static Rng fill_normal(uint64_t seed, float* values, int64_t count) {
  Rng rng(seed);
  for (int64_t i = 0; i < count; ++i) values[i] = static_cast<float>(rng.normal());
  return rng;
}

void StepReport::add_planner(const StepReport& part) {
  plan += part.plan;
  pointing += part.pointing;
  keyframe += part.keyframe;
  accuracy += part.accuracy;
}

Objective::Objective(const TrainConfig& config, policy::ModelBundle& model)
    : config_(config),
      model_(model),
      device_(model.planner->parameters().front().device()),
      bins_(model.transforms->bins().to(device_)),
      bf16_(wants_bf16(config.precision, device_)) {
  for (const torch::nn::Module* net : {static_cast<torch::nn::Module*>(model.planner.get()),
                                       static_cast<torch::nn::Module*>(model.refiner.get())}) {
    for (const auto& weight : net->parameters()) {
      frozen_in_bf16_ |= weight.scalar_type() == torch::kBFloat16;
    }
  }
  const Embodiment& embodiment = model_.config.embodiment;
  dimension_weight_ = torch::ones({embodiment.model_dim()}, device_);
  counted_ = torch::ones({embodiment.model_dim()}, device_);
  const auto spans = model_spans_of(embodiment.action);
  for (size_t s = 0; s < spans.size(); ++s) {
    if (!embodiment.action[s].is_rotation()) continue;
    const Slice numbers(int64_t(spans[s].first), int64_t(spans[s].first + spans[s].size));
    dimension_weight_.index_put_({numbers}, config.loss.rotation_weight);
    counted_.index_put_({numbers}, 0.0);
  }
}

LossTotals Objective::totals(const Batch& batch) const {
  return {.rows = double(batch.size()),
          .plan = plan_weight(batch.plan_valid, dimension_weight_),
          .valid = batch.plan_valid.sum().item<double>(),
          .pointing = pointing_weight(batch.pointing.uv, batch.pointing.present),
          .diffusion = diffusion_weight(batch.action_valid, config_.loss.noise_draws)};
}

LossTotals Objective::totals(const SceneBatch& scenes) const {
  return {.rows = double(scenes.pixel_values.size(0)),
          .pointing = pointing_weight(scenes.pointing.uv, scenes.pointing.present)};
}

torch::Tensor Objective::planner_loss(const Batch& batch, const LossTotals& totals,
                                      const model::PlannerOutput& out, StepReport& report) {
  torch::Tensor loss = torch::zeros({}, device_);
  if (out.logits.defined()) {
    const torch::Tensor plan =
        plan_loss(out.logits, batch.bins, batch.plan_valid, dimension_weight_, totals.plan);
    loss = loss + config_.loss.plan * plan;
    report.plan = plan.item<double>();
    report.accuracy =
        token_accuracy(out.logits, batch.bins, batch.plan_valid, counted_, totals.valid);
  }
  if (batch.keyframe.defined()) {
    const torch::Tensor keyframe =
        (out.keyframe - batch.keyframe).abs().sum() / (3.0 * totals.rows);
    loss = loss + config_.loss.keyframe * keyframe;
    report.keyframe = keyframe.item<double>();
  }
  if (out.map.defined()) {
    const model::Pointing all = model_.planner->point(out.map, batch.pointing.named);
    const torch::Tensor pointing =
        pointing_loss(all.logits, batch.pointing.uv, batch.pointing.present, out.map.size(2),
                      out.map.size(3), totals.pointing);
    loss = loss + config_.loss.pointing * pointing;
    report.pointing = pointing.item<double>();
  }
  return loss;
}

torch::Tensor Objective::refiner_loss(const Batch& batch, const LossTotals& totals,
                                      const torch::Tensor& intent_bins,
                                      const model::PlannerTokens& planner) {
  const auto& config = model_.config;
  const int64_t draws = config_.loss.noise_draws, rows = batch.size() * draws;
  // Drawn on the CPU, so that every device trains on the same noise.
  torch::Tensor noise = torch::empty({rows, batch.actions.size(1), batch.actions.size(2)});
  torch::Tensor timestep = torch::empty({rows}, torch::kInt64);
  const int64_t numbers = noise.numel() / std::max<int64_t>(1, batch.size());
  for (int64_t b = 0; b < batch.size(); ++b) {
    Rng rng = fill_normal(batch.seeds[size_t(b)], noise.data_ptr<float>() + b * numbers, numbers);
    for (int64_t r = b * draws; r < (b + 1) * draws; ++r) {
      timestep.data_ptr<int64_t>()[r] =
          int64_t(rng.below(uint64_t(model_.scheduler.train_steps())));
    }
  }
  noise = noise.to(device_);
  timestep = timestep.to(device_);

  torch::Tensor clean = batch.actions;
  if (config.refiner.target == model::RefinerTarget::kResidual) {
    clean = policy::to_residual(clean, intent_bins, bins_);
  }
  clean = clean.repeat_interleave(draws, 0);
  const torch::Tensor noisy = model_.scheduler.add_noise(clean, noise, timestep);
  torch::Tensor prediction;
  {
    const ForwardScope scope(bf16_, frozen_in_bf16_, config_.recompute, batch.seeds[0]);
    model::RefinerInput input = batch.refiner;
    input.planner = planner;
    const model::RefinerContext context = model_.refiner->encode(input);
    torch::Tensor intent;
    if (config.has_intents()) {
      intent = model_.refiner->embed_intent(intent_bins).repeat_interleave(draws, 0);
    }
    prediction = model_.refiner->forward(noisy, timestep, intent, context);
  }
  return diffusion_loss(prediction, model_.scheduler.target(clean, noise, timestep),
                        batch.action_valid, totals.diffusion);
}

torch::Tensor Objective::denoised(const Batch& batch, const torch::Tensor& intent_bins,
                                  const model::PlannerTokens& planner) {
  torch::Tensor noise = torch::empty(batch.actions.sizes());
  const int64_t numbers = noise.numel() / std::max<int64_t>(1, batch.size());
  for (int64_t b = 0; b < batch.size(); ++b) {
    fill_normal(batch.seeds[size_t(b)], noise.data_ptr<float>() + b * numbers, numbers);
  }
  model::RefinerInput input = batch.refiner;
  input.planner = planner;
  return policy::denoise(model_, model_.refiner->encode(input), intent_bins, noise.to(device_),
                         model_.config.refiner.denoise_steps);
}

// The chunk of [B, K, ...] that each sample's refiner works on: [B, H, ...].
torch::Tensor chunk_of(const torch::Tensor& plan, const torch::Tensor& slice, int64_t horizon) {
  const torch::TensorOptions options = slice.options();
  const torch::Tensor rows =
      slice.unsqueeze(1) * horizon + torch::arange(horizon, options).unsqueeze(0);  // [B, H]
  return plan.index({torch::arange(plan.size(0), options).unsqueeze(1), rows});
}

PlannerPart Objective::planner_part(const Batch& batch, const LossTotals& totals,
                                    const std::function<void(torch::Tensor)>& give_logits) {
  PlannerPart part;
  const ForwardScope scope(bf16_, frozen_in_bf16_, config_.recompute, batch.seeds[0]);
  const model::PlannerOutput out = model_.planner->forward(batch.planner);
  if (give_logits && out.logits.defined()) give_logits(out.logits.detach());
  part.loss = planner_loss(batch, totals, out, part.report);
  part.tokens = out.tokens;
  return part;
}

PlannerPart Objective::scene_part(const SceneBatch& scenes, const LossTotals& totals) {
  PlannerPart part;
  const nn::Bf16Scope bf16(bf16_);
  const torch::Tensor map = model_.planner->pointing_map(scenes.pixel_values);
  const model::Pointing all = model_.planner->point(map, scenes.pointing.named);
  const torch::Tensor loss = pointing_loss(all.logits, scenes.pointing.uv, scenes.pointing.present,
                                           map.size(2), map.size(3), totals.pointing);
  part.report.pointing = loss.item<double>();
  part.loss = config_.loss.pointing * loss;
  return part;
}

}  // namespace libra::training
