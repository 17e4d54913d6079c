// The expert on a table: from the clauses of the goal to skills.
#pragma once

#include "libra/sim/expert/hand.h"

namespace libra::sim::expert {

// The action for the present state; `done` when every clause holds and the gripper is away.
Action act_on_table(const ExpertConfig& config, const SimEnv& env, bool& done, const char*& phase);

}  // namespace libra::sim::expert
