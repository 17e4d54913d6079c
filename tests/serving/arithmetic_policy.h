// A policy of arithmetic that tells what it saw: every action carries a digest of the request's
// pictures, state, instruction, intent and seed, so that an answer to another request shows.
#pragma once

#include <atomic>
#include <functional>

#include "libra/action/codec.h"
#include "libra/core/hash.h"
#include "libra/core/policy.h"
#include "libra/core/rng.h"
#include "tests/support/toy_spec.h"

namespace libra::serving {

class ArithmeticPolicy final : public Policy, public Planner, public Refiner {
 public:
  explicit ArithmeticPolicy(int expansion = 2) : spec_(toy_spec(expansion)) {}
  const PolicySpec& spec() const override { return spec_; }
  Planner* planner() override { return this; }
  Refiner& refiner() override { return *this; }
  const action::Codec& codec() const override { return codec_; }

  std::atomic<int> plans{0}, chunks{0}, largest_batch{0};
  std::function<void()> before;  // every call; may throw

  static uint64_t digest(const Observation& observation, std::string_view instruction) {
    uint64_t hash = hash_bytes(instruction.data(), instruction.size());
    for (const Image& image : observation.images) {
      hash = hash_bytes(image.rgb.data(), image.rgb.size(), hash);
    }
    return hash_bytes(observation.proprio.data(), observation.proprio.size() * sizeof(double),
                      hash);
  }

  void plan(std::span<const PlanRequest> requests, std::span<IntentPlan> out) override {
    if (before) before();
    plans += static_cast<int>(requests.size());
    note_batch(requests.size());
    for (size_t r = 0; r < requests.size(); ++r) {
      const PlanRequest& request = requests[r];
      IntentPlan& plan = out[r];
      plan = IntentPlan(spec_.expansion, spec_.horizon, kToyDims, spec_.bins);
      plan.obs_step = plan.first_step = request.observation->step;
      plan.epoch = request.epoch;
      plan.instruction_id = hash_name(request.instruction);
      Rng rng(digest(*request.observation, request.instruction) ^ request.seed);
      for (Intent& intent : plan.intents) {
        for (uint8_t& bin : intent.bin.values()) {
          bin = static_cast<uint8_t>(rng.below(uint64_t(spec_.bins)));
        }
        for (float& share : intent.probability.values()) share = float(rng.uniform());
      }
    }
  }
  void refine(std::span<const RefineRequest> requests, std::span<ActionChunk> out) override {
    if (before) before();
    chunks += static_cast<int>(requests.size());
    note_batch(requests.size());
    for (size_t r = 0; r < requests.size(); ++r) {
      const RefineRequest& request = requests[r];
      uint64_t hash = digest(*request.observation, request.instruction) ^ request.seed;
      if (request.intent != nullptr) {
        const auto bins = request.intent->bin.values();
        hash = hash_bytes(bins.data(), bins.size(), hash);
      }
      Rng rng(hash);
      out[r] = ActionChunk(spec_.horizon, kToyDims);
      for (float& x : out[r].actions.values()) x = float(rng.uniform(-1, 1));
    }
  }

 private:
  void note_batch(size_t size) {
    if (int(size) > largest_batch) largest_batch = int(size);
  }
  PolicySpec spec_;
  action::Codec codec_{spec_.embodiment, action::NormStats::identity(spec_.embodiment)};
};

}  // namespace libra::serving
