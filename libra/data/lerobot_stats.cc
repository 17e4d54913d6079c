#include "libra/data/lerobot_stats.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"

namespace libra::data {
namespace {

constexpr std::array<double, 5> kShares = {0.01, 0.10, 0.50, 0.90, 0.99};

}  // namespace

FeatureStats stats_of(const Rows<double>& rows) {
  FeatureStats stats;
  stats.count = static_cast<int64_t>(rows.size());
  for (size_t d = 0; d < rows.width(); ++d) {
    std::vector<double> column;
    for (size_t t = 0; t < rows.size(); ++t) column.push_back(rows[t][d]);
    std::sort(column.begin(), column.end());
    double mean = 0, squares = 0;
    for (const double x : column) mean += x / static_cast<double>(column.size());
    for (const double x : column) squares += (x - mean) * (x - mean);
    stats.values[FeatureStats::kMin].push_back(column.front());
    stats.values[FeatureStats::kMax].push_back(column.back());
    stats.values[FeatureStats::kMean].push_back(mean);
    stats.values[FeatureStats::kStd].push_back(
        std::sqrt(squares / static_cast<double>(column.size())));
    for (size_t q = 0; q < kShares.size(); ++q) {
      const double at = kShares[q] * static_cast<double>(column.size() - 1);
      const auto below = static_cast<size_t>(at);
      const size_t above = std::min(below + 1, column.size() - 1);
      const double share = at - static_cast<double>(below);
      stats.values[FeatureStats::kQuantiles + q].push_back((1 - share) * column[below] +
                                                           share * column[above]);
    }
  }
  return stats;
}

FeatureStats stats_of(const std::vector<double>& numbers) {
  Rows<double> rows;
  for (const double& x : numbers) rows.push_back({&x, 1});
  return stats_of(rows);
}

FeatureStats merge(const std::vector<FeatureStats>& parts) {
  FeatureStats all = parts.at(0);
  for (const auto& part : parts) {
    if (&part != &parts[0]) all.count += part.count;
  }
  const auto share = [&](const FeatureStats& part) {
    return static_cast<double>(part.count) / static_cast<double>(std::max<int64_t>(1, all.count));
  };
  for (size_t d = 0; d < all.values[0].size(); ++d) {
    const auto average = [&](const auto& value) {
      double sum = 0;
      for (const auto& part : parts) sum += share(part) * value(part);
      return sum;
    };
    const auto of = [d](size_t which) {
      return [d, which](const FeatureStats& part) { return part.values[which].at(d); };
    };
    const double mean = average(of(FeatureStats::kMean));
    // The spread of all is that within the parts and that of their means.
    const double variance = average([&](const FeatureStats& part) {
      const double off = part.values[FeatureStats::kMean].at(d) - mean;
      return std::pow(part.values[FeatureStats::kStd].at(d), 2) + off * off;
    });
    for (const auto& part : parts) {
      double& least = all.values[FeatureStats::kMin][d];
      double& most = all.values[FeatureStats::kMax][d];
      least = std::min(least, part.values[FeatureStats::kMin].at(d));
      most = std::max(most, part.values[FeatureStats::kMax].at(d));
    }
    for (size_t q = 0; q < kShares.size(); ++q) {
      all.values[FeatureStats::kQuantiles + q][d] = average(of(FeatureStats::kQuantiles + q));
    }
    all.values[FeatureStats::kMean][d] = mean;
    all.values[FeatureStats::kStd][d] = std::sqrt(variance);
  }
  return all;
}

void PictureStats::add(const Image& image) {
  constexpr int kStride = 4;
  for (int y = 0; y < image.height; y += kStride) {
    const uint8_t* line = image.row(y);
    for (int x = 0; x < image.width; x += kStride) {
      for (size_t c = 0; c < 3; ++c) ++seen_[c][line[size_t(x) * 3 + c]];
    }
  }
  ++frames_;
}

FeatureStats PictureStats::finish() const {
  FeatureStats stats;
  stats.picture = true;
  stats.count = frames_;
  for (const auto& seen : seen_) {
    int64_t total = 0, least = 256, most = 0;
    double sum = 0, squares = 0;
    for (int64_t value = 0; value < 256; ++value) {
      const int64_t times = seen[size_t(value)];
      if (times == 0) continue;
      least = std::min(least, value);
      most = value;
      total += times;
      sum += double(times) * double(value);
      squares += double(times) * double(value) * double(value);
    }
    const double n = double(std::max<int64_t>(1, total)), mean = sum / n;
    const auto add = [&](size_t which, double level) {
      stats.values[which].push_back(level / 255.0);
    };
    add(FeatureStats::kMin, double(std::min<int64_t>(least, 255)));
    add(FeatureStats::kMax, double(most));
    add(FeatureStats::kMean, mean);
    add(FeatureStats::kStd, std::sqrt(std::max(0.0, squares / n - mean * mean)));
    for (size_t q = 0; q < kShares.size(); ++q) {
      int64_t below = 0, value = 0;
      while (value < 255 && double(below += seen[size_t(value)]) < kShares[q] * n) ++value;
      add(FeatureStats::kQuantiles + q, double(value));
    }
  }
  return stats;
}

nlohmann::json to_json(const FeatureStats& stats) {
  nlohmann::json out;
  for (size_t i = 0; i < FeatureStats::kNames.size(); ++i) {
    auto& list = out[FeatureStats::kNames[i]] = nlohmann::json::array();
    for (const double x : stats.values[i]) {
      using nlohmann::json;
      list.push_back(stats.picture ? json::array({json::array({x})}) : json(x));
    }
  }
  out["count"] = {stats.count};
  return out;
}

FeatureStats stats_from_json(const nlohmann::json& json, const std::string& where) {
  const auto refuse = [&] {
    throw Error(ErrorCode::kBadInput, {.where = where,
                                       .problem = "holds statistics that cannot be read",
                                       .next = "write the data set anew"});
  };
  FeatureStats stats;
  if (!json.is_object() || !json.contains("count") || !json["count"].is_array() ||
      json["count"].size() != 1 || !json["count"][0].is_number_integer()) {
    refuse();
  }
  stats.count = json["count"][0].get<int64_t>();
  for (size_t i = 0; i < FeatureStats::kNames.size(); ++i) {
    const char* name = FeatureStats::kNames[i];
    if (!json.contains(name) || !json[name].is_array()) refuse();
    for (nlohmann::json x : json[name]) {
      while (x.is_array() && x.size() == 1) {
        stats.picture = true;
        x = nlohmann::json(x[0]);
      }
      if (!x.is_number()) refuse();
      stats.values[i].push_back(x.get<double>());
    }
    if (stats.values[i].size() != stats.values[0].size()) refuse();
  }
  return stats;
}

}  // namespace libra::data
