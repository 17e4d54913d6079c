// What decides a benchmark's numbers besides the policy, in words: where initial states come from,
// step limits, settling, image orientation. It is written into results and printed, so that two
// numbers can be compared without reading scripts.
#pragma once

#include "libra/sim/sim_env.h"

namespace libra::sim {

// Of episodes that an environment with `config` plays. The same for all tasks of a suite.
Protocol protocol_of(const task::SuiteSpec& suite, const SimConfig& config = {});

}  // namespace libra::sim
