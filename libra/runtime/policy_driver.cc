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

const Tick& PolicyDriver::act(const Observation& observation, int64_t step) {
  driver_.needs_observation(step);  // what has arrived is handed over
  const auto plan_if_due = [&] {
    if (driver_.plan_due(step, observation) == nullptr) return false;
    IntentPlan plan;
    const PlanRequest request = driver_.plan_request(observation);
    policy_.planner()->plan({&request, 1}, {&plan, 1});
    driver_.planned(plan);
    return true;
  };
  const bool plans = plan_if_due();
  refined_ = nullptr;
  if (const Job* job = driver_.chunk_due(step, observation)) {
    asked_ = *job;
    refined_ = &asked_;
  }
  if (plans || refined_ != nullptr) planned_ = plans;
  if (refined_ != nullptr) {
    ActionChunk chunk;
    const RefineRequest request = driver_.refine_request(observation);
    policy_.refiner().refine({&request, 1}, {&chunk, 1});
    driver_.refined(chunk);
  }
  if (plan_if_due()) planned_ = true;
  return driver_.tick(step);
}

}  // namespace libra
