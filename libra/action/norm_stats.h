// Statistics of a data set by which actions and proprio are normalised; part of every checkpoint.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libra/core/observation.h"

namespace libra::action {

// One vector of numbers per statistic, all of the same length.
struct ColumnStats {
  std::vector<double> q01, q99, mean, std, min, max;
  size_t size() const { return q01.size(); }
  bool operator==(const ColumnStats&) const = default;
};

struct NormStats {
  // How actions and proprio are brought to [-1, 1]: "q01_q99" (LIBERO's convention) or "identity".
  std::string kind = "q01_q99";
  ColumnStats action;   // kActionDim columns
  ColumnStats proprio;  // kProprioDim columns
  int64_t samples = 0;
  int64_t episodes = 0;
  bool operator==(const NormStats&) const = default;

  // For actions that are in [-1, 1] already; all bounds are -1 and 1.
  static NormStats identity();
};

std::string to_json(const NormStats& stats);
// Strict: every field must be there, of the right length, finite and ordered (min <= q01 <= q99 <=
// max, std >= 0), and no other. Throws Error(kBadInput) that names `where` and the field.
NormStats norm_stats_from_json(const std::string& text, const std::string& where);

// Collects samples and gives exact statistics. It keeps every value (4 bytes each) for the sake of
// exact quantiles.
class NormStatsAccumulator {
 public:
  // Throws Error(kBadInput) for a value that is not finite.
  void add(const Action& action, const Proprio& proprio);
  void end_episode() { ++episodes_; }
  int64_t samples() const { return samples_; }
  // Quantiles by linear interpolation between order statistics (numpy's default), std over n.
  // Throws Error(kBadInput) when nothing was added.
  NormStats finish() const;

 private:
  std::vector<std::vector<float>> actions_{kActionDim};    // by column
  std::vector<std::vector<float>> proprios_{kProprioDim};  // by column
  int64_t samples_ = 0, episodes_ = 0;
};

// Quantile q in [0, 1] of values by linear interpolation; sorts them. Requires: not empty.
double quantile(std::span<float> values, double q);

}  // namespace libra::action
