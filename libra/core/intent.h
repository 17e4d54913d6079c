// Coarse intents: what the Planner says and the Refiner is conditioned on. How large they are is
// decided when a policy is loaded: whoever hands them between threads makes slots of that size
// first, and copying into a slot that is as large already takes no memory.
#pragma once

#include <cstdint>
#include <vector>

#include "libra/core/rows.h"

namespace libra {

// What a plan of one forward pass may hold at most, so that a wrong number is refused before it
// takes the machine's memory.
inline constexpr int kMaxHorizon = 256;   // H: actions in a chunk
inline constexpr int kMaxExpansion = 64;  // M: chunks in a plan
inline constexpr int kMaxBins = 256;      // N: bins of an action dimension, an index is a byte

// The coarse bins of one chunk: H x D bin indices with the planner's probability of each.
struct Intent {
  int32_t horizon = 0;      // H
  int32_t bins = 0;         // N, at most kMaxBins
  Rows<uint8_t> bin;        // H x D
  Rows<float> probability;  // H x D
  // How undecided the planner was at each step: the entropy of its bins as a share of log N, mean
  // over the dimensions; 0 certain (or not told), 1 it might be any bin.
  std::vector<float> entropy;  // H

  Intent() = default;
  // All bins and probabilities zero.
  Intent(int horizon, size_t dims, int bins) { resize(horizon, dims, bins); }
  void resize(int horizon, size_t dims, int bins);
  size_t dims() const { return bin.width(); }
};

// M intents of one planner pass, stamped with what they came from.
struct IntentPlan {
  int32_t expansion = 0;        // M; 0 means no plan
  int64_t obs_step = 0;         // control step of the observation it was made from
  int64_t first_step = 0;       // control step that its first token is for
  uint32_t epoch = 0;           // bumped at every reset and every new instruction
  uint64_t instruction_id = 0;  // hash_name(instruction)
  std::vector<Intent> intents;  // M, or more where M is less than the slot holds

  IntentPlan() = default;
  IntentPlan(int expansion, int horizon, size_t dims, int bins)
      : expansion(expansion),
        intents(static_cast<size_t>(expansion), Intent(horizon, dims, bins)) {}

  // H of its slices; 0 for a plan that is none. A plan is sliced by one H.
  int horizon() const { return expansion > 0 ? intents[0].horizon : 0; }
  // The H tokens from control step `step` on, whether or not it begins a slice. Returns for how
  // many of the H steps the plan has tokens; those past its end repeat the last one. 0: the plan
  // does not reach `step`, and `out` is left as it was.
  int window(int64_t step, Intent& out) const;
  // The mean entropy of those tokens, without those past the end; 0 where there are none.
  double entropy(int64_t step) const;
};

// H consecutive actions, in the robot's own numbers.
struct ActionChunk {
  int32_t horizon = 0;
  int64_t obs_step = 0;    // control step of the observation it was made from
  int64_t first_step = 0;  // control step that its first action is for
  // Share of its entries that lie outside the bins they were told; 0 without intents.
  float outside = 0.0f;
  Rows<float> actions;  // H x D, or more rows where H was cut

  ActionChunk() = default;
  // All actions zero.
  ActionChunk(int horizon, size_t dims)
      : horizon(horizon), actions(static_cast<size_t>(horizon), dims) {}
};
// Whether all of its actions are numbers.
bool finite(const ActionChunk& chunk);

}  // namespace libra
