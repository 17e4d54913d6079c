// The bodies that do not lie loose: cabinets with drawers, stove, microwave, wine rack, caddy.
// Sizes, sites, joint ranges and dampings are LIBERO's; the geoms are primitives of our own.
#pragma once

#include <string>
#include <string_view>

namespace libra::sim {

// Across what the fingers take, which come at an angle: a drawer's bar, 16.4 mm high, and the bar
// of a stove's knob, 24.4 mm thick (m).
inline constexpr double kHandleGrip = .0200, kKnobGrip = .0320;

// Whether a fixture category is the surface that things stand on, which the arena provides.
bool is_support(std::string_view category);
// Height of the body's origin above that surface (m). Throws Error(kNotFound) with the known ones.
double fixture_height(std::string_view category);
// MJCF of the static body `instance` with its joints and sites, standing at the world's origin.
std::string fixture_mjcf(std::string_view instance, std::string_view category);
// <exclude> lines: moving parts slide in their housing without touching it.
std::string fixture_excludes(std::string_view instance, std::string_view category);

}  // namespace libra::sim
