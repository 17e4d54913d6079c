// Statistics of a data set by which actions and proprio are normalised; part of every checkpoint.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libra/action/bins.h"
#include "libra/core/embodiment.h"
#include "libra/core/rows.h"

namespace libra::action {

// One vector of numbers per statistic, all of the same length.
struct ColumnStats {
  std::vector<double> q01, q99, mean, std, min, max;
  size_t size() const { return q01.size(); }
  bool operator==(const ColumnStats&) const = default;
};

struct NormStats {
  Normalization kind = Normalization::kQuantiles;
  ColumnStats action;   // a column for each number that a policy predicts (action/codec.h)
  ColumnStats proprio;  // a column for each number of proprio
  int64_t samples = 0;
  int64_t episodes = 0;
  // Of bins that follow the data (Binner::quantile), for each number that a policy predicts; none:
  // bins are uniform.
  std::vector<std::vector<float>> bin_edges;
  CodeBook code_book;  // empty: actions are binned as they are
  bool operator==(const NormStats&) const = default;

  // For actions that are in [-1, 1] already; all bounds are -1 and 1.
  static NormStats identity(const Embodiment& embodiment);
};

// Columns whose data, by their first and last percentile, reach beyond what another data set has by
// more than half of its width: what they hold there is cut off.
std::vector<size_t> outgrown(const ColumnStats& before, const ColumnStats& data);

std::string to_json(const NormStats& stats);
// Strict: every field must be there, each statistic of the same length, finite and ordered (min <=
// q01 <= q99 <= max, std >= 0), and no other; bin_edges and code_book may
// be missing. Throws Error(kBadInput)
// that names `where` and the field.
NormStats norm_stats_from_json(const std::string& text, const std::string& where);

// Collects episodes and gives their statistics, exact up to kKept values a column. Of more it keeps
// a sample of that size, the same in every run; minimum and maximum are of all.
class NormStatsAccumulator {
 public:
  static constexpr size_t kKept = size_t{1} << 22;
  // horizon: H of the chunks that changes from the state are counted over.
  NormStatsAccumulator(const Embodiment& embodiment, int horizon);
  // An episode's raw actions, and the proprio seen before each of them. Throws Error(kBadInput),
  // with the step, for a value that is not finite.
  void add(const Rows<float>& actions, const Rows<double>& proprio);
  int64_t samples() const { return samples_; }  // frames
  // Quantiles by linear interpolation between order statistics (numpy's default), std over n.
  // Throws Error(kBadInput) when nothing was added.
  NormStats finish() const;

 private:
  struct Column {
    std::vector<float> kept;  // all values, or a sample of them
    int64_t count = 0;
    float min = 0.0f, max = 0.0f;  // of all
  };
  static void add(Column& column, float value);
  static void describe(const Column& column, ColumnStats& out);

  Embodiment embodiment_;
  size_t horizon_;
  std::vector<Column> actions_, proprios_;
  int64_t samples_ = 0, episodes_ = 0;
};

// Quantile q in [0, 1] of values by linear interpolation; sorts them. Requires: not empty.
double quantile(std::span<float> values, double q);

}  // namespace libra::action
