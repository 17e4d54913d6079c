// What a sample of training data is labelled with: a pure function of a demonstration and an index.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "libra/core/embodiment.h"
#include "libra/data/demo.h"

namespace libra::data {

// The expert's actions at t, t + 1, ... Past the end the last action is repeated. valid[i] is 1
// while t + i < T and no push happened in [t, t + i): what follows a push cannot be foreseen from
// t. Requires: 0 <= t < T, actions.size() == valid.size().
void label_window(const Demo& demo, int t, Rows<float>& actions, std::span<uint8_t> valid);

// Where the hand will be when the gripper changes its mind, for robots that say where their hand
// is.
class Keyframes {
 public:
  // Nothing for a robot without a gripper that is told, or without a position in its proprio.
  static std::optional<Keyframes> of(const Embodiment& embodiment);

  // Index of the next keyframe: the first index after t at which the expert's gripper command lies
  // on another side of its middle than at t; the last index when there is none. Requires:
  // 0 <= t < T.
  int next(const Demo& demo, int t) const;
  // Position of the hand at the next keyframe minus the one at t, world axes (m).
  std::array<double, 3> offset(const Demo& demo, int t) const;

 private:
  size_t gripper_ = 0, position_ = 0;  // first entries, in the action and in proprio
  double middle_ = 0.0;
};

}  // namespace libra::data
