// Coarse bins of normalised actions: value -> bin, bin -> centre, and the offset inside a bin.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libra/core/intent.h"

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
  // is impossible because values repeat (a gripper has two), the edges of that dimension are
  // uniform. Throws Error(kBadInput) for fewer than `bins` samples.
  static Binner quantile(int bins, const Rows<float>& samples);
  // From stored edges: per dimension N + 1 ascending values from -1 to 1.
  static Binner from_edges(const std::vector<std::vector<float>>& edges);

  int bins() const { return bins_; }
  bool is_uniform() const { return edges_.empty(); }
  int bin(int dim, float value) const;
  float centre(int dim, int bin) const;
  float width(int dim, int bin) const;
  // Offset from the bin's centre in units of its width: within [-0.5, 0.5] for a value inside.
  float residual(int dim, int bin, float value) const;
  float value(int dim, int bin, float residual) const;  // the inverse, clipped to [-1, 1]
  // N + 1 edges of a dimension.
  std::vector<float> edges(int dim) const;

  // Bins of consecutive normalised actions, probability 1. Requires at most kMaxHorizon actions.
  Intent intent(const Rows<float>& actions) const;
  // Bin centres of step i of an intent.
  std::vector<float> centres(const Intent& intent, int step) const;
  // Of all steps.
  Rows<float> centres(const Intent& intent) const;

 private:
  int bins_ = 0;
  std::vector<std::vector<float>> edges_;  // of each dimension; empty: uniform
};

}  // namespace libra::action
