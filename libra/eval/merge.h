// Shards of one evaluation, made on several machines, as the whole that they are parts of.
#pragma once

#include <string>
#include <vector>

#include "libra/eval/results.h"

namespace libra::eval {

// `folders` hold results.json and episodes.jsonl of libra eval --shard. The result equals that of
// one run but for times; wall_s is their sum. Throws Error(kBadInput) for parts of different
// evaluations, for an episode that two of them have, and names what is missing.
Results merge_shards(const std::vector<std::string>& folders);

}  // namespace libra::eval
