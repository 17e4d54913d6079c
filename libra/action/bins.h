// Coarse bins of normalised actions: value -> bin, bin -> centre, and the offset inside a bin.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libra/core/intent.h"
#include "libra/core/observation.h"

namespace libra::action {

// y = clip(floor((a + 1) / 2 * N), 0, N - 1), computed in float, in this order.
int uniform_bin(float value, int bins);
// -1 + (2 y + 1) / N
float uniform_centre(int bin, int bins);

// N bins per action dimension.
// Thread: constant after construction.
class Binner {
 public:
  // Uniform bins over [-1, 1]. Requires 1 <= bins <= kMaxBins; throws Error(kBadInput) otherwise.
  static Binner uniform(int bins);
  // Inner edges that put equally many of the samples (normalised actions) into each bin. Where that
  // is impossible because values repeat, the edges of that dimension are uniform. The gripper,
  // which has two values, is always uniform. Throws Error(kBadInput) for fewer than `bins` samples.
  static Binner quantile(int bins, std::span<const Action> samples);
  // From stored edges: per dimension N + 1 ascending values from -1 to 1.
  static Binner from_edges(const std::array<std::vector<float>, kActionDim>& edges);

  int bins() const { return bins_; }
  bool is_uniform() const { return edges_[0].empty(); }
  int bin(int dim, float value) const;
  float centre(int dim, int bin) const;
  float width(int dim, int bin) const;
  // Offset from the bin's centre in units of its width: within [-0.5, 0.5] for a value inside.
  float residual(int dim, int bin, float value) const;
  float value(int dim, int bin, float residual) const;  // the inverse, clipped to [-1, 1]
  // N + 1 edges of a dimension.
  std::vector<float> edges(int dim) const;

  // Bins of consecutive normalised actions, probability 1. Requires at most kMaxHorizon actions.
  Intent intent(std::span<const Action> actions) const;
  // Bin centres of step i of an intent.
  Action centres(const Intent& intent, int step) const;

 private:
  int bins_ = 0;
  std::array<std::vector<float>, kActionDim> edges_;  // empty: uniform
};

}  // namespace libra::action
