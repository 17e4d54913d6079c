// The specification of a policy of LIBERO's robot, for tests that need its sizes.
#pragma once

#include "libra/core/policy.h"

namespace libra {

inline PolicySpec toy_spec(int expansion = 2, int horizon = 5, int bins = 100) {
  PolicySpec spec;
  spec.name = "toy";
  spec.variant = "full";
  spec.horizon = horizon;
  spec.expansion = expansion;
  spec.bins = bins;
  spec.embodiment = libero_panda();
  return spec;
}

inline const size_t kToyDims = 7;  // numbers of an action

// A row as a value, to compare and to print.
template <class T>
std::vector<std::remove_const_t<T>> values_of(std::span<T> row) {
  return {row.begin(), row.end()};
}

// Rows of literals.
inline Rows<float> rows_of(const std::vector<Action>& actions) {
  Rows<float> rows;
  for (const Action& action : actions) rows.push_back(action);
  return rows;
}

}  // namespace libra
