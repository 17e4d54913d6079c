// The movable bodies: ten groceries and a basket, with LIBERO's sizes and masses, their collision
// shapes, and looks of our own that differ in shape, size and colours; tableware.h has the rest.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace libra::sim {

struct Grocery {
  std::string_view category;
  std::array<double, 3> half;  // upright, in world axes at the start (m); fingers close along y
  double mass;                 // kg
};

// The ten, in the order that the shuffled layout draws from.
std::span<const Grocery> groceries();
// nullptr when it is not one of the ten.
const Grocery* find_grocery(std::string_view category);
// Throws Error(kNotFound) with the list of the known ones.
const Grocery& grocery(std::string_view category);

// What the scene knows of any movable thing.
struct ObjectModel {
  std::string_view category;
  std::array<double, 3> center;  // of its box, from the body's origin, at the start (m)
  std::array<double, 3> half;    // half sizes of that box
  double mass;                   // kg
  // Across what the pads of a gripper from above take (m): a wall at its rim and the slope below
  // it, a neck, the thing itself; 0: it is pushed.
  double grip = 0;
  // Across what a leaning gripper takes, for rack, drawer or through a door; 0: the same.
  double held = 0;
};
// Throws Error(kNotFound) with the list of the known ones.
ObjectModel object_model(std::string_view category);

inline constexpr std::array<double, 3> kBasketHalf{0.07865, 0.08475, 0.07075};  // outer (m)

// MJCF of a free body called `instance`. Throws Error(kNotFound) for an unknown category.
std::string body_mjcf(std::string_view instance, std::string_view category);

}  // namespace libra::sim
