// Where the arm will be when actions that are committed now have been executed: proprio rolled
// forward to the moment of execution (after VLASH). The arm answers an action as
// LIBERO's controller makes it (OSC_POSE: a critically damped spring towards a goal that each
// action sets anew from where the arm is), so each axis has a closed form.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "libra/core/observation.h"

namespace libra {

// How an embodiment answers actions.
struct ArmDynamics {
  double control_hz = 20.0;
  double translation = 0.05;  // m per unit action
  double rotation = 0.5;      // rad per unit action
  double stiffness = 150.0;   // kp (1/s^2); damping is critical, 2 sqrt(kp)
  double finger_speed = 0.1;  // m/s, of each finger's target
  double finger_lag = 0.1;    // s, of the finger behind it
  double finger_open = 0.04;  // m
};

// The actions executed last, as many as tell the arm's velocity. Nothing allocates.
class RecentActions {
 public:
  void clear() { count_ = 0; }
  void push(const Action& action) {
    std::rotate(actions_.begin(), actions_.begin() + 1, actions_.end());
    actions_.back() = action;
    count_ = std::min(count_ + 1, actions_.size());
  }
  // Newest at the end.
  std::span<const Action> span() const { return std::span(actions_).last(count_); }

 private:
  std::array<Action, 10> actions_{};
  size_t count_ = 0;
};

// `past`: the actions executed last, newest at the end; they tell the velocity.
// `committed`: those to be executed from `now` on. Contacts are not known: fingers that should be
// moving and by `past` should have long arrived are taken to hold something.
Proprio roll_forward(const ArmDynamics& arm, const Proprio& now, std::span<const Action> past,
                     std::span<const Action> committed);

}  // namespace libra
