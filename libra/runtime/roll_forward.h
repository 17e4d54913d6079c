// Where the arm will be when actions that are committed now have been executed: proprio rolled
// forward to the moment of execution (after VLASH). The arm answers an action as
// LIBERO's controller makes it (OSC_POSE: a critically damped spring towards a goal that each
// action sets anew from where the arm is), so each axis has a closed form.
#pragma once

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

// `past`: the actions executed last, newest at the end; they tell the velocity (ten are plenty).
// `committed`: those to be executed from `now` on. Contacts are not known: fingers that should be
// moving and by `past` should have long arrived are taken to hold something.
Proprio roll_forward(const ArmDynamics& arm, const Proprio& now, std::span<const Action> past,
                     std::span<const Action> committed);

}  // namespace libra
