// Evaluation by the clock (internal to eval).
#pragma once

#include <memory>

#include "libra/core/policy.h"
#include "libra/runtime/virtual_driver.h"

namespace libra::eval {

// The same policy with networks that take as long as the latencies say, or longer where they are
// slower than that: as on a slower machine, or beyond a network. `policy` must outlive it.
// Thread: planner and refiner may be called from a thread each.
std::unique_ptr<Policy> slowed(Policy& policy, const VirtualTime& time);

}  // namespace libra::eval
