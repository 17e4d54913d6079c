// The places a task can happen in, by the problem class of its BDDL file: where the robot stands,
// what it works on, and where the camera looks from: LIBERO's poses. What it looks like is in
// assets/arenas/.
#pragma once

#include <string>
#include <string_view>

#include "libra/sim/vec.h"

namespace libra::sim::bodies {

struct Arena {
  std::string_view problem;  // "libero_tabletop_manipulation"
  Vec3 origin;               // of region coordinates (m)
  double surface;            // height on which things stand (m)
  double zone;               // height of the centre of zones drawn on the surface (m)
  Vec3 robot;                // link0 (m)
  Vec3 camera;               // agentview (m)
  Quat camera_quat;
  bool floor = false;  // things lie on the floor itself
};

// Throws Error(kBadInput) with the known problem classes.
const Arena& find_arena(std::string_view problem);

}  // namespace libra::sim::bodies
