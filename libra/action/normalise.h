// Raw actions and proprio <-> the numbers in [-1, 1] that networks work with.
#pragma once

#include <array>

#include "libra/action/norm_stats.h"
#include "libra/core/observation.h"

namespace libra::action {

inline constexpr int kGripperDim = kActionDim - 1;

// x -> 2 (x - q01) / (q99 - q01) - 1, clipped to [-1, 1]. The gripper is clipped only. A column
// whose range is zero gives 0, and comes back as its constant. With kind "identity" actions are
// clipped only and proprio passes as it is.
// Thread: constant after construction.
class Normaliser {
 public:
  explicit Normaliser(const NormStats& stats);
  Action normalise(const Action& raw) const;
  Action denormalise(const Action& normalised) const;  // clips to [-1, 1] first
  std::array<float, kProprioDim> normalise(const Proprio& raw) const;

 private:
  struct Column {
    double centre = 0, half_range = 1;  // raw = centre + half_range * normalised
    double forward(double raw) const { return half_range > 0 ? (raw - centre) / half_range : 0.0; }
  };
  bool identity_;
  std::array<Column, kActionDim> action_;
  std::array<Column, kProprioDim> proprio_;
};

}  // namespace libra::action
