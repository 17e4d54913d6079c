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

IntentBuffer::IntentBuffer(const IntentPlan& largest) : plan_(largest) {
  if (!largest.intents.empty()) window_ = largest.intents[0];
  plan_.expansion = 0;
}

void IntentBuffer::reset(uint32_t epoch, uint64_t instruction_id) {
  plan_.expansion = 0;
  used_ = false;
  epoch_ = epoch;
  instruction_id_ = instruction_id;
}

bool well_formed(const IntentPlan& plan) {
  if (plan.expansion < 1 || static_cast<size_t>(plan.expansion) > plan.intents.size()) return false;
  const int horizon = plan.horizon();
  if (horizon < 1 || horizon > kMaxHorizon) return false;
  const auto rows = static_cast<size_t>(horizon);
  for (int m = 0; m < plan.expansion; ++m) {
    const Intent& intent = plan.intents[static_cast<size_t>(m)];
    if (intent.horizon != horizon || intent.dims() != plan.intents[0].dims() ||
        intent.bin.size() < rows || intent.probability.size() < rows ||
        intent.entropy.size() < rows) {
      return false;
    }
  }
  return true;
}

bool IntentBuffer::publish(const IntentPlan& plan, const PlanStamps& stamps, bool used) {
  if (stamps.epoch != epoch_ || stamps.instruction_id != instruction_id_) return false;
  if (!well_formed(plan) || static_cast<size_t>(plan.expansion) > plan_.intents.size())
    return false;
  if (plan_.expansion > 0 && stamps.obs_step < plan_.obs_step) return false;
  for (int m = 0; m < plan.expansion; ++m) {  // slice by slice: the slots keep their memory
    const auto slot = static_cast<size_t>(m);
    plan_.intents[slot] = plan.intents[slot];
  }
  plan_.expansion = plan.expansion;
  plan_.obs_step = stamps.obs_step;
  plan_.first_step = stamps.first_step;
  plan_.epoch = stamps.epoch;
  plan_.instruction_id = stamps.instruction_id;
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
