// What training minimises: the losses of planner and refiner on a batch.
#pragma once

#include <functional>

#include "libra/nn/torch.h"
#include "libra/policy/bundle.h"
#include "libra/training/step/config.h"
#include "libra/training/step/samples.h"

namespace libra::training {

// The sums of weights that a step's losses are divided by (losses.h), over all of its parts.
struct LossTotals {
  double rows = 0, plan = 0, valid = 0, pointing = 0, diffusion = 0;
};

// What a step, or a part of it, came to; parts add up.
struct StepReport {
  double plan = 0, pointing = 0, keyframe = 0, diffusion = 0;
  double accuracy = 0;
  double planner_norm = 0, refiner_norm = 0;
  bool sampled = false;  // the refiner trained on sampled intents
  bool finite = true;
  // Where the time went: making the batch, the two threads side by side, the optimisers.
  double batch_ms = 0, planner_ms = 0, refiner_ms = 0, update_ms = 0;

  // Adds the planner's figures of a part of the step.
  void add_planner(const StepReport& part);
};

// Loss of some of the batch's rows, ready for backward().
struct PlannerPart {
  torch::Tensor loss;
  model::PlannerTokens tokens;
  StepReport report;
};

// Thread: constant after construction; the networks' forward passes may run on several threads.
class Objective {
 public:
  // Requires: both live longer.
  Objective(const TrainConfig& config, policy::ModelBundle& model);

  LossTotals totals(const Batch& batch) const;
  LossTotals totals(const SceneBatch& scenes) const;
  // The planner on rows of the step, under autocast where the configuration says so. Its logits,
  // detached, are given away as soon as they are there.
  PlannerPart planner_part(const Batch& batch, const LossTotals& totals,
                           const std::function<void(torch::Tensor)>& give_logits);
  // The pointing head alone on still scenes.
  PlannerPart scene_part(const SceneBatch& scenes, const LossTotals& totals);
  torch::Tensor planner_loss(const Batch& batch, const LossTotals& totals,
                             const model::PlannerOutput& out, StepReport& report);
  // Squared error of the refiner's prediction [B x draws, H, D], unweighted. intent_bins
  // [B, H, D]: what it is conditioned on; undefined for variants without intents.
  torch::Tensor refiner_loss(const Batch& batch, const LossTotals& totals,
                             const torch::Tensor& intent_bins, const model::PlannerTokens& planner);
  // The chunks [B, H, D] that the refiner makes of the samples' own noise.
  torch::Tensor denoised(const Batch& batch, const torch::Tensor& intent_bins,
                         const model::PlannerTokens& planner);
  const policy::BinEdges& bins() const { return bins_; }  // on the networks' device

 private:
  const TrainConfig& config_;
  policy::ModelBundle& model_;
  torch::Device device_;
  policy::BinEdges bins_;
  bool bf16_;                                 // forward passes under autocast
  bool frozen_in_bf16_ = false;               // some weights are held in bf16
  torch::Tensor dimension_weight_, counted_;  // [D]: of the plan's loss; in its accuracy
};

// The chunk of [B, K, ...] that each sample's refiner works on: [B, H, ...].
torch::Tensor chunk_of(const torch::Tensor& plan, const torch::Tensor& slice, int64_t horizon);

}  // namespace libra::training
