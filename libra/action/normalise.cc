#include "libra/action/normalise.h"

#include <algorithm>

#include "libra/core/error.h"

namespace libra::action {
namespace {

float clip(double value) { return static_cast<float>(std::clamp(value, -1.0, 1.0)); }

}  // namespace

Normaliser::Normaliser(const NormStats& stats) : identity_(stats.kind == "identity") {
  if (stats.action.size() != kActionDim || stats.proprio.size() != kProprioDim) {
    throw Error(ErrorCode::kBadInput, {.where = "normalisation statistics",
                                       .problem = "wrong number of columns",
                                       .expected = "7 of actions and 8 of proprio"});
  }
  if (identity_) return;
  const auto column = [](const ColumnStats& s, int i) {
    return Column{(s.q99[i] + s.q01[i]) / 2, (s.q99[i] - s.q01[i]) / 2};
  };
  for (int i = 0; i < kGripperDim; ++i) action_[i] = column(stats.action, i);
  for (int i = 0; i < kProprioDim; ++i) proprio_[i] = column(stats.proprio, i);
}

Action Normaliser::normalise(const Action& raw) const {
  Action out;
  for (int i = 0; i < kActionDim; ++i) out[i] = clip(action_[i].forward(raw[i]));
  return out;
}

Action Normaliser::denormalise(const Action& normalised) const {
  Action out;
  for (int i = 0; i < kActionDim; ++i) {
    out[i] = static_cast<float>(action_[i].centre + action_[i].half_range * clip(normalised[i]));
  }
  return out;
}

std::array<float, kProprioDim> Normaliser::normalise(const Proprio& raw) const {
  std::array<float, kProprioDim> out;
  for (int i = 0; i < kProprioDim; ++i) {
    out[i] = identity_ ? static_cast<float>(raw[i]) : clip(proprio_[i].forward(raw[i]));
  }
  return out;
}

}  // namespace libra::action
