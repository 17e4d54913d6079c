// Pictures of what variations do, for `libra suites --contact-sheet`.
#pragma once

#include <string>
#include <vector>

#include "libra/sim/sim.h"

namespace libra::cli {

// One PNG per kind of variation: a row for each sub-kind, the plain episode and then the levels,
// all of episode 0 of the task as agentview sees its first step; where words change they stand
// below. Kinds that cannot be made of the task are left out. One more, <suite>_overview.png, has
// the first row of each. `folder` must exist. Returns the paths.
std::vector<std::string> write_contact_sheets(const std::string& folder,
                                              const sim::task::TaskSpec& spec,
                                              int cell_pixels = 160);

}  // namespace libra::cli
