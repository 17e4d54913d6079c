// Clearance: the fingers open only a little wider than the widest thing that the task has them
// take, so that a gripper which is a little off does not get around it. Says how fine a policy's
// actions are, which LIBERO's own clearances hardly do (docs/benchmark.md).
#pragma once

#include <string>

#include "libra/sim/task/task_spec.h"

namespace libra::sim::variation {

// What is left beside the thing on either side at a level, when the gripper is in the middle (m).
double clearance(int level);
// Across the widest of what the goal has the fingers take (m); 0 when they take nothing.
double widest_grip(const task::Problem& problem);
// Why a task cannot have the variation; "" when it can.
std::string why_without_clearance(const task::TaskSpec& spec);

}  // namespace libra::sim::variation
