// A policy for callers that know nothing of each other: threads that ask the same network wait for
// their turn. Planner and refiner may still work at the same time.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "libra/core/policy.h"

namespace libra::api {

// Thread: any.
class TakingTurns final : public Policy, public Planner, public Refiner {
 public:
  explicit TakingTurns(std::unique_ptr<Policy> policy) : policy_(std::move(policy)) {}

  const PolicySpec& spec() const override { return policy_->spec(); }
  Planner* planner() override { return policy_->planner() != nullptr ? this : nullptr; }
  Refiner& refiner() override { return *this; }
  const action::Codec& codec() const override { return policy_->codec(); }

  void plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) override {
    const std::lock_guard turn(planner_turn_);
    policy_->planner()->plan(requests, plans);
  }
  void refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) override {
    const std::lock_guard turn(refiner_turn_);
    policy_->refiner().refine(requests, chunks);
  }

 private:
  std::unique_ptr<Policy> policy_;
  std::mutex planner_turn_, refiner_turn_;
};

}  // namespace libra::api
