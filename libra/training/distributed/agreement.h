// Ranks that were started with other settings or other data are told so before they train.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libra/training/distributed/communicator.h"

namespace libra::training {

// What a rank trains with: names and values, such as {"train.optim.lr", "0.001"}.
using Facts = std::vector<std::pair<std::string, std::string>>;

// Throws Error(kBadInput) on every rank when they differ; the message names each difference once,
// with the ranks that say so, and is the same on all.
void require_agreement(Communicator& line, const Facts& facts);

}  // namespace libra::training
