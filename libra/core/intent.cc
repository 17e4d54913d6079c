#include "libra/core/intent.h"

namespace libra {

const Intent* IntentPlan::at(int64_t step) const {
  if (expansion <= 0 || step < obs_step) return nullptr;
  const int64_t index = (step - obs_step) / intents[0].horizon;
  return index < expansion ? &intents[static_cast<size_t>(index)] : nullptr;
}

}  // namespace libra
