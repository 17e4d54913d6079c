// Holds the newest IntentPlan and slices it by time: the tokens of a chunk are those of its own
// control steps. Used in step with the planner this is exactly the paper's first-in-first-out
// buffer (pop H tokens per chunk); used with a planner that lags, the part of a plan that time has
// overtaken is never executed.
#pragma once

#include <cstdint>

#include "libra/core/intent.h"

namespace libra {

enum class IntentState {
  kFresh,      // first use of a plan, within its first slice
  kReused,     // a plan that was used before
  kLate,       // first use of a plan whose first slice is already in the past
  kExhausted,  // the newest plan ends before this step
  kEmpty,      // no plan of this epoch
};
const char* name_of(IntentState state);

struct AcquiredIntent {
  IntentState state = IntentState::kEmpty;
  const Intent* intent = nullptr;  // null when exhausted or empty; valid until the next call
  int covered = 0;  // of its H steps; those past the plan's end repeat its last token
};

// What a plan was made for, by those who asked for it.
struct PlanStamps {
  int64_t obs_step = 0, first_step = 0;
  uint32_t epoch = 0;
  uint64_t instruction_id = 0;
};

// Whether a plan can be sliced: M and H in range, the same H and D in every slice.
bool well_formed(const IntentPlan& plan);

// Thread: one thread only. Nothing allocates while plans are no larger than `largest`.
class IntentBuffer {
 public:
  explicit IntentBuffer(const IntentPlan& largest);
  // A new episode or instruction: what was planned for the old one is gone.
  void reset(uint32_t epoch, uint64_t instruction_id);
  // Takes the plan; false when it is dropped: another epoch or instruction, empty, malformed, of
  // more slices than there is room for, or made from an older observation than the plan that is
  // held. `used`: a chunk was made from it already.
  bool publish(const IntentPlan& plan, bool used = false) {
    return publish(plan, {plan.obs_step, plan.first_step, plan.epoch, plan.instruction_id}, used);
  }
  // The same with other stamps than the plan's own.
  bool publish(const IntentPlan& plan, const PlanStamps& stamps, bool used);
  // The intent of a chunk that begins at `step`, from the plan's first `expansion` slices.
  AcquiredIntent acquire(int64_t step, int expansion = kMaxExpansion);
  // The robot held still for a step: nothing that was planned became older by it.
  void shift() { ++plan_.first_step; }

  // Where no slice covers the step and the last intent is to be held: what the plan says about
  // `step` beyond the slices in use, or else its last slice. Null without a plan.
  const Intent* last(int64_t step);
  // The plan that is held; expansion 0 without one.
  const IntentPlan& plan() const { return plan_; }

 private:
  IntentPlan plan_;  // its slots are as large as they will have to be
  Intent window_;
  bool used_ = false;  // the plan was acquired from
  uint32_t epoch_ = 0;
  uint64_t instruction_id_ = 0;
};

}  // namespace libra
