// Where things lie at the start of an episode: which groceries are present, in which regions, and
// positions inside the regions that leave room for the gripper around every one of them.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "libra/core/rng.h"
#include "libra/sim/task/bddl.h"

namespace libra::sim::engine {

using FloorPoint = std::array<double, 2>;  // world x, y (m)

// One thing on the floor, by its outline there.
struct Footprint {
  FloorPoint center{};
  double half_x = 0, half_y = 0, height = 0;  // m
};
Footprint footprint(std::string_view category, const FloorPoint& center);

// Whether things stand apart and in reach, and the gripper, coming from above with its fingers
// along y, reaches every one of `things` except the last (the basket), with `margin` (m) to spare.
bool leaves_room(const std::vector<Footprint>& things, double margin);

// The same problem with other groceries in other regions: the goal's target and as many others
// drawn from the ten as it had, over its regions in random order. The basket stays.
task::Problem shuffle_problem(const task::Problem& problem, Rng& rng);

// A position for every object of the problem, uniform in the region its init predicate names. Draws
// again until there is room. Throws Error(kBadInput) when an object has no such region.
std::vector<FloorPoint> place_objects(const task::Problem& problem, Rng& rng);

}  // namespace libra::sim::engine
