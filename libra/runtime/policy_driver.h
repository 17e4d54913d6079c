// A policy at the wheel of one episode, one network at a time and on the caller's thread. Lockstep
// evaluation does the same for many episodes at once (eval/group.h).
#pragma once

#include <cstdint>
#include <string>

#include "libra/action/codec.h"
#include "libra/core/policy.h"
#include "libra/runtime/virtual_driver.h"

namespace libra {

class PolicyDriver {
 public:
  // The policy must outlive the driver. Throws Error(kBadInput) as VirtualDriver does.
  PolicyDriver(Policy& policy, const ScheduleConfig& config, const VirtualTime& time = {});

  // A new episode, or the wheel given back after somebody else had it: drops plan and actions.
  void reset(const std::string& instruction, const std::string& task, uint64_t seed,
             uint64_t episode);
  // True where act() needs a fresh observation.
  bool needs_observation(int64_t step) { return driver_.needs_observation(step); }
  // What `step` executes; `observation` is read where needs_observation said so.
  const Tick& act(const Observation& observation, int64_t step);

  // Whether the planner ran where a network was asked last.
  bool planned() const { return planned_; }
  // The chunk that the last act() asked for; null for none.
  const Job* refined() const { return refined_; }
  const VirtualDriver& time() const { return driver_; }
  void set_trace(Trace* trace) {
    driver_.set_trace(trace, policy_.codec().binner(policy_.spec().bins));
  }

 private:
  Policy& policy_;
  VirtualDriver driver_;
  bool planned_ = false;
  Job asked_;
  const Job* refined_ = nullptr;  // asked_, or nothing
};

}  // namespace libra
