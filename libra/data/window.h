// What a sample of training data is labelled with: a pure function of a demonstration and an index.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "libra/data/demo.h"

namespace libra::data {

// The expert's actions at t, t + 1, ... Past the end the last action is repeated. valid[i] is 1
// while t + i < T and no push happened in [t, t + i): what follows a push cannot be foreseen from
// t. Requires: 0 <= t < T, actions.size() == valid.size().
void label_window(const Demo& demo, int t, std::span<Action> actions, std::span<uint8_t> valid);

// Index of the next keyframe: the first index after t at which the expert's gripper command has
// another sign than at t; the last index when there is none. Requires: 0 <= t < T.
int next_keyframe(const Demo& demo, int t);
// Gripper position at the next keyframe minus the one at t, world axes (m).
std::array<double, 3> keyframe_offset(const Demo& demo, int t);

}  // namespace libra::data
