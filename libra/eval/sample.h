// A part of many tasks that stands for all of them.
#pragma once

#include <cstdint>
#include <vector>

#include "libra/core/env.h"

namespace libra::eval {

// Keeps `count` (>= 1) of the suites' tasks: of every category of every suite its share, at least
// one where there are enough, and which ones the seed says. The rest goes, suites with nothing left
// too. A sample holds every smaller one of the same seed. Adds to the protocol what was drawn.
void sample_tasks(std::vector<Suite>& suites, int count, uint64_t seed);

}  // namespace libra::eval
