#include "libra/action/norm_stats.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "libra/core/error.h"

namespace libra::action {
namespace {

using nlohmann::ordered_json;

struct Statistic {
  const char* name;
  std::vector<double> ColumnStats::*values;
};
constexpr Statistic kStatistics[] = {{"q01", &ColumnStats::q01},   {"q99", &ColumnStats::q99},
                                     {"mean", &ColumnStats::mean}, {"std", &ColumnStats::std},
                                     {"min", &ColumnStats::min},   {"max", &ColumnStats::max}};

[[noreturn]] void fail(const std::string& where, const std::string& field,
                       const std::string& expected, const std::string& found = "") {
  throw Error(ErrorCode::kBadInput, {.where = where,
                                     .problem = "normalisation statistics: field '" + field + "'",
                                     .expected = expected,
                                     .found = found});
}

const ordered_json& member(const ordered_json& object, const std::string& key,
                           const std::string& where, const std::string& path) {
  const auto found = object.find(key);
  if (found == object.end()) fail(where, path, "a value", "nothing");
  return *found;
}

void check_keys(const ordered_json& object, const std::vector<std::string>& known,
                const std::string& where, const std::string& prefix) {
  if (!object.is_object()) fail(where, prefix, "a JSON object");
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      fail(where, prefix + key, "one of " + join_names(known), "an unknown field");
    }
  }
}

std::vector<double> read_numbers(const ordered_json& value, size_t size, const std::string& where,
                                 const std::string& path) {
  const std::string expected = "a list of " + std::to_string(size) + " finite numbers";
  if (!value.is_array() || value.size() != size) fail(where, path, expected);
  std::vector<double> numbers;
  for (const auto& item : value) {
    if (!item.is_number() || !std::isfinite(item.get<double>())) {
      fail(where, path, expected, item.dump());
    }
    numbers.push_back(item.get<double>());
  }
  return numbers;
}

ColumnStats read_columns(const ordered_json& object, size_t size, const std::string& where,
                         const std::string& name) {
  std::vector<std::string> known;
  for (const auto& statistic : kStatistics) known.emplace_back(statistic.name);
  check_keys(object, known, where, name + ".");
  ColumnStats columns;
  for (const auto& statistic : kStatistics) {
    const std::string path = name + "." + statistic.name;
    columns.*statistic.values =
        read_numbers(member(object, statistic.name, where, path), size, where, path);
  }
  for (size_t i = 0; i < size; ++i) {
    const bool ordered = columns.min[i] <= columns.q01[i] && columns.q01[i] <= columns.q99[i] &&
                         columns.q99[i] <= columns.max[i] && columns.std[i] >= 0;
    if (!ordered) {
      fail(where, name + " column " + std::to_string(i), "min <= q01 <= q99 <= max and std >= 0");
    }
  }
  return columns;
}

int64_t read_count(const ordered_json& object, const std::string& key, const std::string& where) {
  const auto& value = member(object, key, where, key);
  if (!value.is_number_integer() || value < 0) {
    fail(where, key, "a whole number, 0 or more", value.dump());
  }
  return value.get<int64_t>();
}

ordered_json columns_to_json(const ColumnStats& columns) {
  ordered_json object;
  for (const auto& statistic : kStatistics) object[statistic.name] = columns.*statistic.values;
  return object;
}

void describe_column(const std::vector<float>& values, ColumnStats& out) {
  std::vector<float> sorted = values;
  out.q01.push_back(quantile(sorted, 0.01));
  // The second call finds the values sorted already.
  out.q99.push_back(quantile(sorted, 0.99));
  double sum = 0;
  for (const float v : values) sum += v;
  const double mean = sum / static_cast<double>(values.size());
  double squares = 0;
  for (const float v : values) squares += (v - mean) * (v - mean);
  out.mean.push_back(mean);
  out.std.push_back(std::sqrt(squares / static_cast<double>(values.size())));
  out.min.push_back(sorted.front());
  out.max.push_back(sorted.back());
}

}  // namespace

NormStats NormStats::identity() {
  const auto unit = [](size_t size) {
    const std::vector<double> low(size, -1.0), high(size, 1.0), zero(size, 0.0), one(size, 1.0);
    return ColumnStats{low, high, zero, one, low, high};
  };
  NormStats stats;
  stats.kind = "identity";
  stats.action = unit(kActionDim);
  stats.proprio = unit(kProprioDim);
  return stats;
}

std::string to_json(const NormStats& stats) {
  ordered_json object;
  object["kind"] = stats.kind;
  object["samples"] = stats.samples;
  object["episodes"] = stats.episodes;
  object["action"] = columns_to_json(stats.action);
  object["proprio"] = columns_to_json(stats.proprio);
  return object.dump(1) + "\n";
}

NormStats norm_stats_from_json(const std::string& text, const std::string& where) {
  const ordered_json object = ordered_json::parse(text, nullptr, false);
  if (!object.is_object()) {
    throw Error(
        ErrorCode::kBadInput,
        {.where = where, .problem = "normalisation statistics", .expected = "a JSON object"});
  }
  check_keys(object, {"kind", "samples", "episodes", "action", "proprio"}, where, "");
  NormStats stats;
  const auto kind = member(object, "kind", where, "kind");
  if (kind != "q01_q99" && kind != "identity") {
    fail(where, "kind", "q01_q99 or identity", kind.dump());
  }
  stats.kind = kind.get<std::string>();
  stats.samples = read_count(object, "samples", where);
  stats.episodes = read_count(object, "episodes", where);
  stats.action =
      read_columns(member(object, "action", where, "action"), kActionDim, where, "action");
  stats.proprio =
      read_columns(member(object, "proprio", where, "proprio"), kProprioDim, where, "proprio");
  return stats;
}

void NormStatsAccumulator::add(const Action& action, const Proprio& proprio) {
  const auto finite = [](double v) { return std::isfinite(v); };
  if (!std::all_of(action.begin(), action.end(), finite) ||
      !std::all_of(proprio.begin(), proprio.end(), finite)) {
    throw Error(ErrorCode::kBadInput, {.where = "sample " + std::to_string(samples_),
                                       .problem = "action or proprio holds NaN or infinity"});
  }
  for (int i = 0; i < kActionDim; ++i) actions_[i].push_back(action[i]);
  for (int i = 0; i < kProprioDim; ++i) proprios_[i].push_back(static_cast<float>(proprio[i]));
  ++samples_;
}

NormStats NormStatsAccumulator::finish() const {
  if (samples_ == 0) {
    throw Error(ErrorCode::kBadInput, "normalisation statistics: there are no samples");
  }
  NormStats stats;
  stats.samples = samples_;
  stats.episodes = episodes_;
  for (const auto& column : actions_) describe_column(column, stats.action);
  for (const auto& column : proprios_) describe_column(column, stats.proprio);
  return stats;
}

double quantile(std::span<float> values, double q) {
  if (!std::is_sorted(values.begin(), values.end())) std::sort(values.begin(), values.end());
  const double place = std::clamp(q, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  const double share = place - static_cast<double>(below);
  return values[below] + share * (static_cast<double>(values[above]) - values[below]);
}

}  // namespace libra::action
