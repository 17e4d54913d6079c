// Still scenes for grounding data: which groceries, where, and an arm pose above them.
#pragma once

#include <array>
#include <vector>

#include "libra/core/rng.h"
#include "libra/sim/engine/layout.h"
#include "libra/sim/engine/scene.h"

namespace libra::sim {

// Six of the ten groceries in random order, then the basket, as instances of a problem.
std::vector<task::Instance> draw_instances(Rng& rng);
// Anywhere in reach of the arm with at least a centimetre between any two.
std::vector<engine::FloorPoint> scatter(const std::vector<task::Instance>& objects, Rng& rng);
// Moves the arm joints in qpos so that the grip site is near `target` and the gripper points down;
// poses are up to date afterwards. Starts from the ready posture; purely kinematic.
void pose_arm(const engine::Scene& scene, const std::array<double, 3>& target);

}  // namespace libra::sim
