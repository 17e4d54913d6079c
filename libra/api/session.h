// An episode of a policy under a schedule: it says when it needs to see, and what the robot does at
// every control step.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "libra/core/policy.h"
#include "libra/runtime/async_runtime.h"
#include "libra/runtime/policy_driver.h"

namespace libra::api {

// Thread: one at a time.
class Session {
 public:
  // realtime false: the networks work on the caller's thread, within next(), and the outcome is a
  // function of what was given. True: they work on threads of their own, next() returns at once,
  // and the robot holds still where no action is there yet; then call it at the robot's control
  // rate. Throws Error(kBadInput) for schedules that are not possible.
  Session(std::shared_ptr<Policy> policy, const ScheduleConfig& schedule, bool realtime);

  // A new episode. With task name, seed and number of an episode of `libra eval`, it is that
  // episode.
  void reset(const std::string& instruction, const std::string& task = "", uint64_t seed = 0,
             uint64_t episode = 0);
  // Control steps since the reset.
  int64_t step() const { return step_; }
  // Whether next() will look at its observation. In real time always.
  bool needs_observation();
  // What the robot does now; valid until the next call. `observation` may be null where it is not
  // needed. Throws Error(kBadInput) where it is or before any reset, Error(kFailed) when the
  // schedule stops for want of a plan, and what the networks throw, in which case no step has been
  // taken.
  const Tick& next(const Observation* observation);
  const std::string& instruction() const { return instruction_; }
  const ScheduleStats& stats() const;
  // In real time: what a network that failed said last; "" nothing.
  std::string last_error() const { return runtime_ ? runtime_->last_error() : ""; }

 private:
  void start_runtime(const Observation& example);

  std::shared_ptr<Policy> policy_;
  ScheduleConfig schedule_;
  bool realtime_;
  PolicyDriver driver_;
  std::optional<AsyncRuntime> runtime_;  // made with the first observation
  Observation seen_;                     // the newest
  std::string instruction_;
  EpisodeSeed seed_;
  int64_t step_ = 0;
};

}  // namespace libra::api
