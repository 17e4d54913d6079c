// The bodies of Libra's own scenes: MJCF files in assets/bodies/, with LIBERO's sizes and masses,
// collision shapes and looks of our own. A body is added by adding a file; docs/benchmark.md says
// what must be in it.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace libra::sim::bodies {

// What the scene knows of a movable thing.
struct ObjectModel {
  std::string category;
  std::array<double, 3> center;  // of its box, from the body's origin, at the start (m)
  std::array<double, 3> half;    // half sizes of that box; fingers close along y
  double mass;                   // kg
  // Across what the pads of a gripper from above take (m): a wall at its rim and the slope below
  // it, a neck, the thing itself; 0: it is pushed.
  double grip = 0;
  // Across what a leaning gripper takes, for rack, drawer or through a door; 0: the same.
  double held = 0;
};
// Throws Error(kNotFound) with the list of the known ones.
const ObjectModel& object_model(const std::string& category);
// nullptr when it is not known.
const ObjectModel* find_object_model(const std::string& category);

// The ten groceries, in the order that the shuffled layout draws from.
std::span<const std::string_view> groceries();
bool is_grocery(std::string_view category);

// Across what the fingers take, which come at an angle: a drawer's bar, 16.4 mm high, and the bar
// of a stove's knob, 24.4 mm thick (m).
inline constexpr double kHandleGrip = .0200, kKnobGrip = .0320;

// Whether a fixture category is the surface that things stand on, which the arena provides.
bool is_support(std::string_view category);
// Height of a fixture's origin above that surface (m). Throws Error(kNotFound) with the known ones.
double fixture_height(const std::string& category);

// The file of a body, and of the room of a problem class.
std::string body_file(const std::string& category);
std::string arena_file(std::string_view problem);

}  // namespace libra::sim::bodies
