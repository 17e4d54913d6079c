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
  // How undecided the planner was at each step: the entropy of its bins as a share of log N, mean
  // over the dimensions; 0 certain (or not told), 1 it might be any bin.
  std::array<float, kMaxHorizon> entropy{};
};

// M intents of one planner pass, stamped with what they came from.
struct IntentPlan {
  int32_t expansion = 0;        // M; 0 means no plan
  int64_t obs_step = 0;         // control step of the observation it was made from
  int64_t first_step = 0;       // control step that its first token is for
  uint32_t epoch = 0;           // bumped at every reset and every new instruction
  uint64_t instruction_id = 0;  // hash_name(instruction)
  std::array<Intent, kMaxExpansion> intents{};

  // H of its slices; 0 for a plan that is none. A plan is sliced by one H.
  int horizon() const { return expansion > 0 ? intents[0].horizon : 0; }
  // The H tokens from control step `step` on, whether or not it begins a slice. Returns for how
  // many of the H steps the plan has tokens; those past its end repeat the last one. 0: the plan
  // does not reach `step`, and `out` is left as it was.
  int window(int64_t step, Intent& out) const;
};
static_assert(std::is_trivially_copyable_v<IntentPlan>);

// H consecutive actions.
struct ActionChunk {
  int32_t horizon = 0;
  int64_t obs_step = 0;    // control step of the observation it was made from
  int64_t first_step = 0;  // control step that its first action is for
  // Share of its entries that lie outside the bins they were told; 0 without intents.
  float outside = 0.0f;
  std::array<Action, kMaxHorizon> actions{};
};
static_assert(std::is_trivially_copyable_v<ActionChunk>);
// Whether all of its actions are numbers.
bool finite(const ActionChunk& chunk);

}  // namespace libra
