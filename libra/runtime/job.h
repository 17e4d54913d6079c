// What a schedule asks of the networks, and what comes back. They cross threads, in slots that are
// as large as the policy needs from the start.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "libra/core/intent.h"
#include "libra/core/policy.h"
#include "libra/core/rng.h"
#include "libra/runtime/intent_buffer.h"

namespace libra {

// Work on the observation of one control step: the planner, the refiner, or, where one thread does
// both, the planner and then the refiner with the first window of the new plan.
struct Job {
  uint64_t id = 0;  // 0: none
  bool plan = false, refine = false;
  int64_t obs_step = 0;
  uint32_t epoch = 0;
  uint64_t instruction_id = 0;
  // Control steps that the plan's first token and the chunk's first action are for. Later than
  // obs_step where the committed actions in between are rolled forward.
  int64_t plan_first = 0, chunk_first = 0;
  int64_t takeover = 0;  // control step from which on the chunk replaces what is committed

  // For the refiner, unless the planner runs too.
  bool has_intent = false;
  IntentState intent_state = IntentState::kEmpty;
  Intent intent;
  int64_t plan_obs_step = 0;  // what the intent's plan had seen
  int covered = 0;            // steps of the chunk that the plan has tokens for
  ActionPrior prior;          // what the chunk's first steps were promised

  // Actions that will have been executed between the observation and the step that the work is for.
  int rolled = 0;
  Rows<float> committed;  // the first `rolled` rows

  // A job of this policy's size. `model_dims`: numbers that a policy predicts; `dims`: that the
  // robot takes.
  Job() = default;
  Job(int horizon, size_t model_dims, size_t dims, int bins);
  // Another job in the same memory.
  void start(uint64_t id, int64_t step, int horizon, uint32_t epoch, uint64_t instruction_id);
};
inline Job sized_job(const PolicySpec& policy) {
  return Job(policy.horizon, static_cast<size_t>(policy.embodiment.model_dim()),
             static_cast<size_t>(policy.embodiment.action_dim()), policy.bins);
}

// What an episode's random numbers follow from.
struct EpisodeSeed {
  uint64_t seed = 0, task = 0, episode = 0;  // task: hash_name of its name
  // Of what is drawn for the plan or the chunk made from the observation of `step`.
  uint64_t chunk(int64_t step) const {
    return mix_seed({seed, task, episode, static_cast<uint64_t>(step)});
  }
};

// The intent of a combined job's chunk: the first window of the plan that was just made.
inline void use_plan(Job& job, const IntentPlan& plan) {
  job.has_intent = plan.expansion > 0;
  job.intent = plan.intents[0];
  job.intent_state = IntentState::kFresh;
  job.plan_obs_step = job.obs_step;
  job.covered = job.intent.horizon;
}

// What a job asks of a network. `proprio`: rolled forward to the step that the work is for; read
// only where the job rolls. All arguments must outlive the request.
inline PlanRequest plan_request(const Job& job, const Observation& observation,
                                std::string_view instruction, const Proprio& proprio,
                                uint64_t seed) {
  return {.observation = &observation,
          .instruction = instruction,
          .epoch = job.epoch,
          .seed = seed,
          .proprio = job.rolled > 0 ? &proprio : nullptr};
}
inline RefineRequest refine_request(const Job& job, const Observation& observation,
                                    std::string_view instruction, const Proprio& proprio,
                                    uint64_t seed) {
  return {.observation = &observation,
          .intent = job.has_intent ? &job.intent : nullptr,
          .instruction = instruction,
          .seed = seed,
          .proprio = job.rolled > 0 ? &proprio : nullptr,
          .prior = job.prior.count > 0 ? &job.prior : nullptr};
}

}  // namespace libra
