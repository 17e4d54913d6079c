// What is odd about a data set, before anything is learnt from it: told by `libra data check` and
// by `libra train`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libra/core/embodiment.h"
#include "libra/data/demo.h"

namespace libra::data {

struct Finding {
  std::string what = {};     // "gripper in {0, 1}"
  int64_t count = 0;         // of what `unit` says
  std::string unit = {};     // "episodes", "numbers"
  std::string example = {};  // where, and the value
  std::string cure = {};     // what is done about it, or what to do
  bool refuses = false;      // training on it would be wrong
};

// `skipped`: what EpisodeSet left out.
std::vector<Finding> check(const std::vector<Demo>& demos, const Embodiment& embodiment,
                           const std::vector<std::string>& skipped = {});
// The findings as a table; "" for none.
std::string to_table(const std::vector<Finding>& findings);

// Dimensions of actions that hardly move: their range is less than a hundredth of what the robot
// takes, or, where that is not known, of the widest dimension of their segment. They are learned as
// constants, since noise blown up to full scale would be learned otherwise.
std::vector<size_t> nearly_constant(const std::vector<Demo>& demos, const Embodiment& embodiment);

// Turns a demonstration's gripper commands from 0 .. 1 into the embodiment's numbers.
void rewrite_gripper(Demo& demo, const Embodiment& embodiment, bool closed_is_one);

}  // namespace libra::data
