// The statistics that LeRobot data sets carry, of each feature and episode, and of all (internal to
// data). Libra trains by its own (action/norm_stats.h); other programs read these.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "libra/core/observation.h"
#include "libra/core/rows.h"

namespace libra::data {

// Each list has an entry a number of the feature; of pictures, one a channel, in [0, 1].
struct FeatureStats {
  static constexpr std::array<const char*, 9> kNames = {"min", "max", "mean", "std", "q01",
                                                        "q10", "q50", "q90",  "q99"};
  static constexpr size_t kMin = 0, kMax = 1, kMean = 2, kStd = 3, kQuantiles = 4;
  std::array<std::vector<double>, 9> values;  // in the order of kNames
  int64_t count = 0;                          // frames
  bool picture = false;
};

FeatureStats stats_of(const Rows<double>& rows);
FeatureStats stats_of(const std::vector<double>& numbers);
// Of all parts together; quantiles are averages of theirs, by count, as the official package does.
FeatureStats merge(const std::vector<FeatureStats>& parts);

// Counts the pixels of an episode's pictures, every fourth of every fourth line.
class PictureStats {
 public:
  void add(const Image& image);
  FeatureStats finish() const;

 private:
  std::array<std::array<int64_t, 256>, 3> seen_{};
  int64_t frames_ = 0;
};

// {"min": [..], ..., "count": [n]}; a picture's numbers are [[[r]], [[g]], [[b]]].
nlohmann::json to_json(const FeatureStats& stats);
// Throws Error(kBadInput) with `where`.
FeatureStats stats_from_json(const nlohmann::json& json, const std::string& where);

}  // namespace libra::data
