#include "libra/runtime/policy_driver.h"

#include "libra/core/error.h"
#include "libra/core/rng.h"

namespace libra {

uint64_t chunk_seed(uint64_t seed, const std::string& task, uint64_t episode, int64_t step) {
  return mix_seed({seed, hash_name(task), episode, static_cast<uint64_t>(step)});
}

PolicyDriver::PolicyDriver(Policy& policy, const ScheduleConfig& config)
    : policy_(policy), schedule_(config, policy.spec().horizon, policy.planner() != nullptr) {
  if (policy.planner() != nullptr && config.schedule == "amortised" &&
      config.expansion > policy.spec().expansion) {
    throw Error(ErrorCode::kBadInput,
                {.where = "--M",
                 .problem = "the policy plans fewer chunks",
                 .expected = "at most " + std::to_string(policy.spec().expansion)});
  }
}

void PolicyDriver::reset(const std::string& instruction, const std::string& task, uint64_t seed,
                         uint64_t episode) {
  instruction_ = instruction;
  task_ = task;
  seed_ = seed;
  episode_ = episode;
  planned_ = false;
  schedule_.reset(hash_name(instruction));
}

Action PolicyDriver::act(const Observation& observation, int64_t step) {
  if (schedule_.needs_observation(step)) {
    planned_ = schedule_.needs_plan(step);
    if (planned_) {
      IntentPlan plan;
      const PlanRequest request{&observation, instruction_, schedule_.epoch()};
      policy_.planner()->plan({&request, 1}, {&plan, 1});
      plan.obs_step = step;
      schedule_.take_plan(plan);
    }
    if (schedule_.needs_chunk(step)) {
      ActionChunk chunk;
      const RefineRequest request{&observation, schedule_.intent(), instruction_,
                                  chunk_seed(seed_, task_, episode_, step)};
      policy_.refiner().refine({&request, 1}, {&chunk, 1});
      schedule_.take_chunk(chunk, step);
    }
  }
  return schedule_.tick(step).action;
}

}  // namespace libra
