// What tests of the runtime have instead of networks, and a gate that holds their threads.
#pragma once

#include <atomic>
#include <cmath>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "libra/action/codec.h"
#include "libra/core/policy.h"
#include "libra/core/rng.h"
#include "tests/support/toy_spec.h"

namespace libra {

// Lets through as many as it was opened for.
// (std::counting_semaphore of GCC 12 can sleep for ever: GCC bug 104928.)
class Gate {
 public:
  void open(int64_t count = 1) {
    const std::lock_guard lock(mutex_);
    count_ += count;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ > 0; });
    --count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t count_ = 0;
};

// A hundred bins that are narrow where an axis stands still, as quantiles are: the 95th is at 0.5.
inline action::Binner binner_with_narrow_middle() {
  std::vector<float> edges;
  for (int i = 0; i <= 100; ++i) edges.push_back(std::pow(float(i - 50) / 50.0f, 7.0f));
  return action::Binner::from_edges(std::vector<std::vector<float>>(kToyDims, edges));
}

// A policy of arithmetic instead of networks. Its plans carry who they are in their bins, and its
// actions carry the plan and the noise seed, so that what reaches the robot tells where it came
// from.
class FakePolicy : public Policy, public Planner, public Refiner {
 public:
  explicit FakePolicy(int expansion = 2, int horizon = 5) : spec_(toy_spec(expansion, horizon)) {}
  const PolicySpec& spec() const override { return spec_; }
  Planner* planner() override { return this; }
  Refiner& refiner() override { return *this; }
  const action::Codec& codec() const override { return codec_; }

  // Called at the start of each network's work, with the epoch (planner) or the seed (refiner); may
  // wait or throw.
  std::function<void(const PlanRequest&)> before_plan;
  std::function<void(const RefineRequest&)> before_refine;
  std::function<void(ActionChunk&)> after_refine;

  // bin[i][0] is the token's number, bin[i][1] the epoch, bin[i][2] the observation's step, each
  // modulo 100.
  void plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) override {
    for (size_t r = 0; r < requests.size(); ++r) {
      if (before_plan) before_plan(requests[r]);
      IntentPlan& plan = plans[r];
      plan = IntentPlan(spec_.expansion, spec_.horizon, kToyDims, spec_.bins);
      for (int m = 0; m < spec_.expansion; ++m) {
        Intent& intent = plan.intents[size_t(m)];
        for (int i = 0; i < spec_.horizon; ++i) {
          const auto bin = intent.bin[size_t(i)];
          bin[0] = uint8_t((m * spec_.horizon + i) % 100);
          bin[1] = uint8_t(requests[r].epoch % 100);
          bin[2] = uint8_t(requests[r].observation->step % 100);
        }
      }
    }
  }
  // Entries 0..2 are the token's number, epoch and step over 100; 3 is drawn from the seed, 4 is
  // the sum of 0..2 over 4, which a torn chunk would not have, and the gripper opens.
  void refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) override {
    for (size_t r = 0; r < requests.size(); ++r) {
      if (before_refine) before_refine(requests[r]);
      Rng rng(requests[r].seed);
      ActionChunk& chunk = chunks[r];
      chunk = ActionChunk(spec_.horizon, kToyDims);
      for (int i = 0; i < spec_.horizon; ++i) {
        const auto action = chunk.actions[size_t(i)];
        for (size_t d = 0; d < 3; ++d) {
          action[d] = float(requests[r].intent->bin[size_t(i)][d]) / 100.0f;
        }
        action[3] = float(rng.uniform(-1, 1));
        action[4] = (action[0] + action[1] + action[2]) / 4.0f;
        action[6] = -1.0f;
      }
      if (after_refine) after_refine(chunk);
    }
  }

 private:
  PolicySpec spec_;
  action::Codec codec_{spec_.embodiment, action::NormStats::identity(spec_.embodiment)};
};

}  // namespace libra
