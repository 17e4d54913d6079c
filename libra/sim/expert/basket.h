// The expert on the floor: the item that the episode asks for goes into the basket.
#pragma once

#include "libra/sim/expert/expert.h"

namespace libra::sim::expert {

// The action for the present state; `done` when the item lies in the basket and the gripper is
// open.
Action act_on_floor(const ExpertConfig& config, const SimEnv& env, bool& done, const char*& phase);

}  // namespace libra::sim::expert
