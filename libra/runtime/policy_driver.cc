#include "libra/runtime/policy_driver.h"

namespace libra {

PolicyDriver::PolicyDriver(Policy& policy, const ScheduleConfig& config, const VirtualTime& time)
    : policy_(policy), driver_(config, policy.spec(), policy.planner() != nullptr, time) {}

void PolicyDriver::reset(const std::string& instruction, const std::string& task, uint64_t seed,
                         uint64_t episode) {
  planned_ = false;
  refined_ = nullptr;
  driver_.reset(instruction, task, seed, episode);
}

Tick PolicyDriver::act(const Observation& observation, int64_t step) {
  driver_.needs_observation(step);  // what has arrived is handed over
  const bool plans = driver_.plan_due(step, observation) != nullptr;
  if (plans) {
    IntentPlan plan;
    const PlanRequest request = driver_.plan_request(observation);
    policy_.planner()->plan({&request, 1}, {&plan, 1});
    driver_.planned(plan);
  }
  refined_ = driver_.chunk_due(step, observation);
  if (plans || refined_ != nullptr) planned_ = plans;
  if (refined_ != nullptr) {
    ActionChunk chunk;
    const RefineRequest request = driver_.refine_request(observation);
    policy_.refiner().refine({&request, 1}, {&chunk, 1});
    driver_.refined(chunk);
  }
  return driver_.tick(step);
}

}  // namespace libra
