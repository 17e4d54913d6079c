// What a task changes always and exactly, every number given (the variants of LIBERO-Plus, where a
// Variation draws what its name leaves open).
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "libra/sim/bodies/panda.h"
#include "libra/sim/vec.h"

namespace libra::sim::variation {

struct CameraPose {
  Vec3 position;  // world (m)
  Quat quat;
};

struct CameraStep {
  char axis = 'z';        // of the world: turned about it
  double angle = 0;       // rad
  double distance = 1;    // and then so many times as far from the pivot
  bool in_place = false;  // only where it looks changes, not where it stands
};

struct CameraMove {
  std::vector<CameraStep> steps;  // one after the other
  std::optional<double> pivot;    // its height above the origin (m); nullopt: the scene's own
  bool rounded = false;           // after every step to four decimals
};

// `pivot`: in place of the move's own height.
CameraPose moved(CameraPose pose, const CameraMove& move, const Vec3& pivot);

struct Preset {
  std::optional<CameraMove> camera = {};  // of agentview
  // What the controller pulls to and whose orientation it holds until it is turned (rad). The arm
  // itself starts as it would without.
  std::optional<std::array<double, bodies::kArmJoints>> rest = {};
  int noise =
      0;  // 1 to 50: ten strengths each of the sub-kinds of `noise`, in their order; 0: none
};

}  // namespace libra::sim::variation
