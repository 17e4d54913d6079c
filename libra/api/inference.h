// One question to a policy, one answer: both networks once, on one observation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libra/core/intent.h"
#include "libra/core/policy.h"

namespace libra::api {

struct Inference {
  IntentPlan plan;    // M = 0 for policies without a planner
  ActionChunk chunk;  // H actions, made with the plan's first intent
};

// seed: of the diffusion noise and of drawn intents. Throws as the networks do: for an instruction
// that is empty or longer than they read, for proprio that is not finite.
Inference infer(Policy& policy, const Observation& observation, const std::string& instruction,
                uint64_t seed);

// The intents in plain words, one a chunk.
std::vector<std::string> words_of(const IntentPlan& plan, const Policy& policy);

}  // namespace libra::api
