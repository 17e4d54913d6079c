// Intents in plain words, for the terminal and the report.
#pragma once

#include <string>

#include "libra/action/bins.h"
#include "libra/core/intent.h"

namespace libra::action {

// "+x large, -z small, close": what the chunk does on the whole, from the mean of its bin centres
// per dimension. Movements of up to a tenth of full scale are left out; "hold" when none is left.
// Words: small below 1/3 of full scale, medium below 2/3, large above. Rotations are "+roll",
// "+pitch", "+yaw"; the gripper is "open" or "close" by its last step, and "open then close" (or
// the other way) when it changes within the chunk.
std::string describe(const Intent& intent, const Binner& binner);

}  // namespace libra::action
