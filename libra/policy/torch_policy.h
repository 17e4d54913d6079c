// A ModelBundle as core::Planner and core::Refiner.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "libra/core/policy.h"
#include "libra/policy/bundle.h"
#include "libra/policy/denoise.h"
#include "libra/policy/load_policy.h"

namespace libra::policy {

class TorchPolicy final : public Policy, public Planner, public Refiner {
 public:
  TorchPolicy(ModelBundle bundle, const PolicyOptions& options);

  const PolicySpec& spec() const override { return spec_; }
  Planner* planner() override { return bundle_.config.has_intents() ? this : nullptr; }
  Refiner& refiner() override { return *this; }
  const action::Codec& codec() const override { return bundle_.transforms->codec(); }

  void plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) override;
  void refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) override;

 private:
  // What the planner's network reads of a batch of observations and instructions.
  model::PlannerInput planner_input(std::span<const Observation* const> observations,
                                    const std::vector<Proprio>& proprio,
                                    const std::vector<std::string>& instructions);
  // DDIM from the seeds' noise to normalised actions [B, H, D].
  torch::Tensor denoise(const model::RefinerContext& context, const torch::Tensor& bins,
                        std::span<const RefineRequest> requests,
                        const std::vector<Proprio>& proprio);
  // What is promised of each chunk (RefineRequest::prior).
  KnownActions promised(std::span<const RefineRequest> requests,
                        const std::vector<Proprio>& proprio, const torch::Tensor& bins) const;

  // Throws Error: which weights are not finite either, or that they all are.
  void require_finite(const torch::Tensor& x, const std::string& what) const;
  torch::Tensor on_device(const torch::Tensor& x) const;  // undefined stays undefined

  ModelBundle bundle_;
  torch::Device device_;
  BinEdges bins_;  // there
  PolicyOptions options_;
  PolicySpec spec_;
};

}  // namespace libra::policy
