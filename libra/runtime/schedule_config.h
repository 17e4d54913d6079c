// When the two networks work and what happens where they come too late.
#pragma once

#include "libra/core/config.h"
#include "libra/core/policy.h"
#include "libra/core/words.h"

namespace libra {

// The paper's M is a constant; this replans early where there is reason to.
struct AdaptiveConfig {
  bool enabled = false;
  double replan_entropy = 0.35;  // of the next chunk's intents
  double replan_outside = 0.5;   // of the last chunk's refined actions, outside their bins
  void list(ConfigFields& f);
};

// When the networks work.
enum class ScheduleKind {
  kSync,        // plan, refine, act for every chunk (M = 1)
  kAmortised,   // plan every M-th chunk, refine every one
  kOverlapped,  // as amortised, but the networks work while the robot moves
};
template <>
struct Words<ScheduleKind> {
  static constexpr Word<ScheduleKind> list[] = {{ScheduleKind::kSync, "sync"},
                                                {ScheduleKind::kAmortised, "amortised"},
                                                {ScheduleKind::kOverlapped, "overlapped"}};
};

// What happens when no slice covers the step.
enum class Starvation {
  kHoldIntent,    // go on with the last intent, blind to what it did not foresee
  kHoldPosition,  // wait for a plan
  kStop,          // end the episode
};
template <>
struct Words<Starvation> {
  static constexpr Word<Starvation> list[] = {{Starvation::kHoldIntent, "hold_intent"},
                                              {Starvation::kHoldPosition, "hold_position"},
                                              {Starvation::kStop, "stop"}};
};

// Overlapped, what is done about the steps that pass while the refiner works.
enum class Stale {
  kDrop,     // the chunk begins at its observation, what time has overtaken is dropped
  kInpaint,  // the same, with that part frozen to what is executed meanwhile (real-time chunking)
  kRollForward,  // proprio is rolled forward through it, plan and chunk begin where it ends (VLASH)
};
template <>
struct Words<Stale> {
  static constexpr Word<Stale> list[] = {
      {Stale::kDrop, "drop"}, {Stale::kInpaint, "inpaint"}, {Stale::kRollForward, "roll_forward"}};
};

struct ScheduleConfig {
  ScheduleKind schedule = ScheduleKind::kAmortised;
  int expansion = 2;  // M: chunks per plan; at most what the planner predicts
  Starvation starvation = Starvation::kHoldPosition;
  Stale stale = Stale::kDrop;
  // roll_forward: steps that a plan's observation may be older than its first token; beyond them
  // the robot holds. 0: as many as are committed. Not more than the networks were trained for.
  int max_roll = 0;
  int execute = 0;     // actions of a chunk before the next takes over (overlapped); 0: all
  bool eager = false;  // overlapped: the planner never rests
  AdaptiveConfig adaptive;
  void list(ConfigFields& f);
  // Throws Error(kBadInput) for values that cannot be with chunks of `horizon` actions.
  void validate(int horizon) const;
};

// Throws Error(kBadInput) when the schedule wants more chunks of a plan than the policy predicts.
void check_schedule(const ScheduleConfig& config, const PolicySpec& policy, bool has_planner);

}  // namespace libra
