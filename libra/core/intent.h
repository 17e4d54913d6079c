// Coarse intents: what the Planner says and the Refiner is conditioned on. Everything here is
// trivially copyable, so a plan can be handed between threads by value.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <type_traits>

#include "libra/core/observation.h"

namespace libra {

inline constexpr int kMaxHorizon = 16;   // H: actions in a chunk
inline constexpr int kMaxExpansion = 8;  // M: chunks in a plan
inline constexpr int kMaxBins = 128;     // N: bins of an action dimension

// The coarse bins of one chunk: H x D bin indices with the planner's probability of each.
struct Intent {
  int32_t horizon = 0;  // H, at most kMaxHorizon
  int32_t bins = 0;     // N, at most kMaxBins
  std::array<std::array<uint8_t, kActionDim>, kMaxHorizon> bin{};
  std::array<std::array<float, kActionDim>, kMaxHorizon> probability{};
};

// M intents of one planner pass, stamped with what they came from.
struct IntentPlan {
  int32_t expansion = 0;        // M; 0 means no plan
  int64_t obs_step = 0;         // control step of the observation it was made from
  uint32_t epoch = 0;           // bumped at every reset and every new instruction
  uint64_t instruction_id = 0;  // hash_name(instruction)
  std::array<Intent, kMaxExpansion> intents{};

  // The intent that covers `step`, or nullptr when the plan does not reach it.
  const Intent* at(int64_t step) const;
};
static_assert(std::is_trivially_copyable_v<IntentPlan>);

// H consecutive actions, to be executed from `obs_step` on.
struct ActionChunk {
  int32_t horizon = 0;
  int64_t obs_step = 0;
  std::array<Action, kMaxHorizon> actions{};
};
static_assert(std::is_trivially_copyable_v<ActionChunk>);

}  // namespace libra
