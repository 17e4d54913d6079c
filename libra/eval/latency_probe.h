// How long the networks take on one observation (internal to eval).
#pragma once

#include <chrono>
#include <string>

#include "libra/core/policy.h"
#include "libra/eval/rollout.h"

namespace libra::eval {

using Clock = std::chrono::steady_clock;

inline double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Times plans, chunks and both together as the schedule asks for them, one at a time: 60 chunks, or
// ten seconds of them.
void time_networks(Policy& policy, const RolloutRequest& request, const Observation& observation,
                   const std::string& instruction, RolloutOutcome& out);

}  // namespace libra::eval
