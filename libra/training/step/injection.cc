#include "libra/training/step/injection.h"

namespace libra::training {

void InjectionSwitch::update(double token_accuracy) {
  short_.add(token_accuracy);
  long_.add(token_accuracy);
}

bool InjectionSwitch::free() const {
  if (config_.mode != InjectionMode::kAdaptive) return config_.mode == InjectionMode::kFree;
  // Until the long average has seen its own length, both averages agree for lack of history.
  return long_.weight > 0.6 && long_.value() >= config_.tau * short_.value();
}

std::vector<double> InjectionSwitch::state() const {
  return {short_.sum, short_.weight, long_.sum, long_.weight};
}

void InjectionSwitch::set_state(const std::vector<double>& state) {
  short_.sum = state.at(0);
  short_.weight = state.at(1);
  long_.sum = state.at(2);
  long_.weight = state.at(3);
}

}  // namespace libra::training
