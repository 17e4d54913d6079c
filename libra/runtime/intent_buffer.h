// Holds the newest IntentPlan and slices it by time: index = (step - plan.obs_step) / H. Used in
// step with the planner this is exactly the paper's first-in-first-out buffer (pop H tokens per
// chunk); used with a planner that lags, the part of a plan that time has overtaken is never
// executed.
#pragma once

#include <cstdint>

#include "libra/core/intent.h"

namespace libra {

enum class IntentState {
  kFresh,      // first slice of a plan that was not used before
  kReused,     // a plan that was used before
  kLate,       // first use of a plan whose first slice is already in the past
  kExhausted,  // the newest plan ends before this step
  kEmpty,      // no plan of this epoch
};

struct AcquiredIntent {
  IntentState state = IntentState::kEmpty;
  const Intent* intent = nullptr;  // null when exhausted or empty; valid until the next publish
  int index = 0;                   // which of the plan's M slices
};

// Thread: one thread only.
class IntentBuffer {
 public:
  // A new episode or instruction: what was planned for the old one is gone.
  void reset(uint32_t epoch, uint64_t instruction_id);
  // Takes the plan; false when it is dropped: another epoch or instruction, empty, malformed, or
  // made from an older observation than the plan that is held.
  bool publish(const IntentPlan& plan);
  AcquiredIntent acquire(int64_t step);
  // Most recently acquired slice of this epoch; null before the first one.
  const Intent* last() const { return has_last_ ? &last_ : nullptr; }
  // Observation step of the plan that is held; -1 without a plan.
  int64_t plan_step() const { return plan_.expansion > 0 ? plan_.obs_step : -1; }

 private:
  IntentPlan plan_;
  Intent last_;
  bool has_last_ = false;
  bool used_ = false;  // the plan was acquired from
  uint32_t epoch_ = 0;
  uint64_t instruction_id_ = 0;
};

}  // namespace libra
