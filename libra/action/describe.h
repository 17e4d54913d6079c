// Intents in plain words, for the terminal and the report.
#pragma once

#include <string>

#include "libra/action/bins.h"
#include "libra/core/embodiment.h"
#include "libra/core/intent.h"

namespace libra::action {

// "+x large, -z small, close": what the chunk does on the whole, from the mean of its bin centres
// per dimension. Movements of up to a tenth of full scale are left out; "hold" when none is left,
// and of more than six the largest six are told. Words: small below 1/3 of full scale, medium below
// 2/3, large above. A robot's only gripper is "open" or "close" by the last step, and "open then
// close" (or the other way) when it changes within the chunk; of several each has its name: "left
// gripper closes". Numbers that are learned as places are told as such: "torso at +0.4".
std::string describe(const Intent& intent, const Binner& binner, const Embodiment& embodiment);

}  // namespace libra::action
