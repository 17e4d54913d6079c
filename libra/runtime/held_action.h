// What keeps a robot where it is while nothing is committed: no motion, grippers as they were last
// told, places as they were last told or, before that, seen.
#pragma once

#include <span>
#include <vector>

#include "libra/core/embodiment.h"
#include "libra/core/observation.h"

namespace libra {

// Thread: one at a time. Nothing allocates after construction.
class HeldAction {
 public:
  explicit HeldAction(const Embodiment& embodiment);
  // A new episode: no motion, grippers open.
  void reset();
  // The robot's state; counts until the first action.
  void see(std::span<const double> proprio);
  // An action that was given. Requires: as many numbers as the robot takes.
  void follow(std::span<const float> action);
  const Action& value() const { return value_; }

 private:
  Embodiment embodiment_;
  std::vector<Span> action_spans_, state_spans_;  // of the action's segments; of what they move
  Action value_;
  bool commanded_ = false;  // an action was given since the reset
};

}  // namespace libra
