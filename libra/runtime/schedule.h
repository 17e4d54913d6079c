// The state machine of one episode: says at each control step whether a plan or a chunk of actions
// is needed, takes them, and yields the action of the tick. It calls no network and owns no thread,
// so many episodes can be driven in lockstep with batched networks.
//
//   if (s.needs_plan(step)) s.take_plan(planner(...));
//   if (s.needs_chunk(step)) s.take_chunk(refiner(..., s.intent()), step);
//   Tick tick = s.tick(step);
#pragma once

#include <cstdint>
#include <string>

#include "libra/core/config.h"
#include "libra/runtime/action_queue.h"
#include "libra/runtime/intent_buffer.h"

namespace libra {

struct ScheduleConfig {
  // sync: plan, refine, act for every chunk (M = 1); amortised: plan every M-th chunk, refine every
  // one
  std::string schedule = "amortised";
  int expansion = 2;  // M: chunks per plan; at most what the planner predicts
  // What happens when no slice covers the step: hold_intent, hold_position or stop.
  std::string starvation = "hold_intent";
  void list(ConfigFields& f);
};

// What one control tick executes.
struct Tick {
  enum class Source {
    kChunk,    // an action of the refiner's chunk
    kHold,     // starved: no motion, the gripper as it was last commanded
    kStopped,  // starved and told to stop: end the episode
  };
  Source source = Source::kHold;
  Action action{};
};

// Thread: one thread only.
class EpisodeSchedule {
 public:
  // horizon: H. uses_intents: false for policies without a planner, which need chunks only.
  // Throws Error(kBadInput) for unknown words or values out of range.
  EpisodeSchedule(const ScheduleConfig& config, int horizon, bool uses_intents = true);

  // A new episode (or a new instruction at any step): drops plan and actions, bumps the epoch.
  void reset(uint64_t instruction_id);
  uint32_t epoch() const { return epoch_; }

  // True at a chunk border: whoever drives the episode will want a new observation.
  bool needs_observation(int64_t step) const { return !stopped_ && at_border(step); }
  // True at a chunk border where the M slices of the last plan are used up.
  bool needs_plan(int64_t step) const;
  // False when the plan was dropped as stale or malformed (see IntentBuffer::publish).
  bool take_plan(const IntentPlan& plan) { return buffer_.publish(plan); }

  // True at a chunk border where the refiner should run. Acquires the slice, so ask once per step,
  // after the plan (if one was needed) has been taken. False when starved and told to hold or stop.
  bool needs_chunk(int64_t step);
  // The intent of the chunk that needs_chunk() asked for, valid until the next call of a non-const
  // function or a copy; null for policies without intents.
  const Intent* intent() const { return acquired_.intent; }
  IntentState intent_state() const { return acquired_.state; }
  // For a chunk that starts at `step`.
  void take_chunk(ActionChunk chunk, int64_t step);

  // The action of `step`. Without a chunk (starved) it holds or stops as configured.
  Tick tick(int64_t step);

 private:
  bool at_border(int64_t step) const { return queue_.at(step) == nullptr && step >= hold_until_; }

  // constant after construction
  int horizon_, expansion_;
  bool uses_intents_;
  enum class Starvation { kHoldIntent, kHoldPosition, kStop } starvation_;

  IntentBuffer buffer_;
  ActionQueue queue_;
  AcquiredIntent acquired_;
  uint32_t epoch_ = 0;
  int64_t hold_until_ = 0;  // starved: the border at which to ask again
  bool stopped_ = false;
  float gripper_ = -1.0f;  // last command
};

}  // namespace libra
