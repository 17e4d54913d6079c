#include "libra/runtime/intent_buffer.h"

#include <algorithm>

namespace libra {

const char* name_of(IntentState state) {
  switch (state) {
    case IntentState::kFresh:
      return "fresh";
    case IntentState::kReused:
      return "reused";
    case IntentState::kLate:
      return "late";
    case IntentState::kExhausted:
      return "exhausted";
    case IntentState::kEmpty:
      break;
  }
  return "empty";
}

void IntentBuffer::reset(uint32_t epoch, uint64_t instruction_id) {
  plan_.expansion = 0;
  used_ = false;
  epoch_ = epoch;
  instruction_id_ = instruction_id;
}

bool well_formed(const IntentPlan& plan) {
  if (plan.expansion < 1 || plan.expansion > kMaxExpansion) return false;
  const int horizon = plan.horizon();
  if (horizon < 1 || horizon > kMaxHorizon) return false;
  for (int m = 1; m < plan.expansion; ++m) {
    if (plan.intents[static_cast<size_t>(m)].horizon != horizon) return false;
  }
  return true;
}

bool IntentBuffer::publish(const IntentPlan& plan, bool used) {
  if (plan.epoch != epoch_ || plan.instruction_id != instruction_id_) return false;
  if (!well_formed(plan)) return false;
  if (plan_.expansion > 0 && plan.obs_step < plan_.obs_step) return false;
  plan_ = plan;
  used_ = used;
  return true;
}

AcquiredIntent IntentBuffer::acquire(int64_t step, int expansion) {
  if (plan_.expansion == 0) return {};
  const int horizon = plan_.horizon();
  const int64_t left =
      plan_.first_step + int64_t{std::min(plan_.expansion, expansion)} * horizon - step;
  const int covered = left > 0 ? plan_.window(step, window_) : 0;
  if (covered == 0) return {IntentState::kExhausted, nullptr, 0};
  IntentState state = IntentState::kReused;
  if (!used_) state = step - plan_.first_step < horizon ? IntentState::kFresh : IntentState::kLate;
  used_ = true;
  return {state, &window_, static_cast<int>(std::min<int64_t>(covered, left))};
}

const Intent* IntentBuffer::last(int64_t step) {
  if (plan_.expansion == 0) return nullptr;
  if (plan_.window(step, window_) == 0) {
    window_ = plan_.intents[static_cast<size_t>(plan_.expansion - 1)];
  }
  return &window_;
}

}  // namespace libra
