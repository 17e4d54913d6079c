#include "libra/eval/realtime.h"

#include <chrono>
#include <thread>

#include "libra/core/rng.h"

namespace libra::eval {
namespace {

using WallClock = std::chrono::steady_clock;

class SlowedPolicy final : public Policy, public Planner, public Refiner {
 public:
  SlowedPolicy(Policy& policy, const VirtualTime& time) : policy_(policy), time_(time) {}
  const PolicySpec& spec() const override { return policy_.spec(); }
  Planner* planner() override { return policy_.planner() != nullptr ? this : nullptr; }
  Refiner& refiner() override { return *this; }
  const action::Codec& codec() const override { return policy_.codec(); }

  void plan(std::span<const PlanRequest> requests, std::span<IntentPlan> plans) override {
    const auto start = WallClock::now();
    policy_.planner()->plan(requests, plans);
    wait(start, time_.planner.draw(hash_name("planner"), plans_++));
  }
  void refine(std::span<const RefineRequest> requests, std::span<ActionChunk> chunks) override {
    const auto start = WallClock::now();
    policy_.refiner().refine(requests, chunks);
    wait(start, time_.refiner.draw(hash_name("refiner"), chunks_++));
  }

 private:
  static void wait(WallClock::time_point start, double ms) {
    std::this_thread::sleep_until(start + std::chrono::duration_cast<WallClock::duration>(
                                              std::chrono::duration<double, std::milli>(ms)));
  }
  Policy& policy_;
  VirtualTime time_;
  uint64_t plans_ = 0, chunks_ = 0;  // of a thread each
};

}  // namespace

std::unique_ptr<Policy> slowed(Policy& policy, const VirtualTime& time) {
  return std::make_unique<SlowedPolicy>(policy, time);
}

}  // namespace libra::eval
