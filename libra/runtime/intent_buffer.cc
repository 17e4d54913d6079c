#include "libra/runtime/intent_buffer.h"

namespace libra {

void IntentBuffer::reset(uint32_t epoch, uint64_t instruction_id) {
  plan_.expansion = 0;
  has_last_ = used_ = false;
  epoch_ = epoch;
  instruction_id_ = instruction_id;
}

bool IntentBuffer::publish(const IntentPlan& plan) {
  if (plan.epoch != epoch_ || plan.instruction_id != instruction_id_) return false;
  if (plan.expansion < 1 || plan.expansion > kMaxExpansion) return false;
  // A plan is sliced by one H, so all its slices must have it.
  const int horizon = plan.intents[0].horizon;
  if (horizon < 1 || horizon > kMaxHorizon) return false;
  for (int m = 1; m < plan.expansion; ++m) {
    if (plan.intents[static_cast<size_t>(m)].horizon != horizon) return false;
  }
  if (plan_.expansion > 0 && plan.obs_step < plan_.obs_step) return false;
  plan_ = plan;
  used_ = false;
  return true;
}

AcquiredIntent IntentBuffer::acquire(int64_t step) {
  if (plan_.expansion == 0) return {IntentState::kEmpty, nullptr, 0};
  const Intent* slice = plan_.at(step);
  if (slice == nullptr) return {IntentState::kExhausted, nullptr, plan_.expansion};
  const int index = static_cast<int>((step - plan_.obs_step) / slice->horizon);
  IntentState state = IntentState::kReused;
  if (!used_) state = index == 0 ? IntentState::kFresh : IntentState::kLate;
  used_ = true;
  last_ = *slice;
  has_last_ = true;
  return {state, slice, index};
}

}  // namespace libra
