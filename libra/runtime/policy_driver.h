// A policy at the wheel of one episode: asks planner and refiner, one at a time and on the caller's
// thread, for whatever the schedule says is due. Lockstep evaluation does the same for many
// episodes at once (eval/group.h).
#pragma once

#include <cstdint>
#include <string>

#include "libra/core/policy.h"
#include "libra/runtime/schedule.h"

namespace libra {

// Seed of the refiner's noise for the chunk that begins at `step` of an episode.
uint64_t chunk_seed(uint64_t seed, const std::string& task, uint64_t episode, int64_t step);

class PolicyDriver {
 public:
  // The policy must outlive the driver. Throws Error(kBadInput) when the schedule is not possible
  // or wants more chunks of a plan than the policy predicts.
  PolicyDriver(Policy& policy, const ScheduleConfig& config);

  // A new episode, or the wheel given back after somebody else had it: drops plan and actions.
  void reset(const std::string& instruction, const std::string& task, uint64_t seed,
             uint64_t episode);
  // True where act() needs a fresh observation.
  bool needs_observation(int64_t step) const { return schedule_.needs_observation(step); }
  // The action of `step`; `observation` is read at chunk borders only.
  Action act(const Observation& observation, int64_t step);

  // Of the last chunk border: whether the planner ran, and the intent (null without one).
  bool planned() const { return planned_; }
  const Intent* intent() const { return schedule_.intent(); }

 private:
  Policy& policy_;
  EpisodeSchedule schedule_;
  std::string instruction_, task_;
  uint64_t seed_ = 0, episode_ = 0;
  bool planned_ = false;
};

}  // namespace libra
