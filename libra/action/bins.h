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

// A residual code for numbers that move together (finite scalar quantisation, Mentzer et al. 2023,
// with a linear code): an action's coordinates along the axes are cut into N levels, and an axis
// that has several digits cuts what the digit before has left into N again. As many digits as an
// action has numbers, so that intents are as large as with bins of their own.
struct CodeBook {
  // D rows, orthogonal to each other; coordinate = row * action, in [-1, 1].
  std::vector<std::vector<float>> axes;
  // Which axis each of the D digits is of; the first of an axis is its coarsest. An axis without
  // any has its middle.
  std::vector<int> digits;
  bool empty() const { return axes.empty(); }
  bool operator==(const CodeBook&) const = default;

  // Places among the digits of an axis: 0 the coarsest.
  std::vector<int> levels() const;
  std::vector<float> coordinates(std::span<const float> action) const;
  std::vector<float> action(std::span<const float> coordinates) const;  // the inverse
};

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
  // Bins of codes instead of actions (CodeBook). Throws Error(kBadInput) for a malformed book.
  static Binner of_codes(const CodeBook& book, int bins);
  // From stored edges: per dimension N + 1 ascending values from -1 to 1.
  static Binner from_edges(const std::vector<std::vector<float>>& edges);

  int bins() const { return bins_; }
  bool is_uniform() const { return edges_.empty(); }
  const CodeBook& book() const { return book_; }  // empty: actions are binned as they are
  // Of a single dimension; without a code book alone:
  int bin(int dim, float value) const;
  float centre(int dim, int bin) const;
  float width(int dim, int bin) const;
  // Offset from the bin's centre in units of its width: within [-0.5, 0.5] for a value inside.
  float residual(int dim, int bin, float value) const;
  float value(int dim, int bin, float residual) const;  // the inverse, clipped to [-1, 1]
  // N + 1 edges of a dimension.
  std::vector<float> edges(int dim) const;

  // Of an action, or the digits of its code.
  std::vector<int> bins_of(std::span<const float> action) const;
  // Bins of consecutive normalised actions, probability 1. Requires at most kMaxHorizon actions.
  Intent intent(const Rows<float>& actions) const;
  // Bin centres of step i of an intent.
  std::vector<float> centres(const Intent& intent, int step) const;
  // Of all steps.
  Rows<float> centres(const Intent& intent) const;

 private:
  int bins_ = 0;
  std::vector<std::vector<float>> edges_;  // of each dimension; empty: uniform
  CodeBook book_;
};

}  // namespace libra::action
