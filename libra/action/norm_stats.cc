#include "libra/action/norm_stats.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "libra/action/bins.h"
#include "libra/action/codec.h"
#include "libra/core/error.h"
#include "libra/core/rng.h"

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

ColumnStats read_columns(const ordered_json& object, const std::string& where,
                         const std::string& name) {
  std::vector<std::string> known;
  for (const auto& statistic : kStatistics) known.emplace_back(statistic.name);
  check_keys(object, known, where, name + ".");
  ColumnStats columns;
  // All as long as the first.
  const ordered_json& first = member(object, kStatistics[0].name, where, name);
  const size_t size = first.is_array() ? first.size() : 0;
  if (size == 0) fail(where, name + "." + kStatistics[0].name, "a list of numbers");
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

// Lists of numbers, all of the same length, one for each of `count`; none where the key is missing.
void read_rows(const ordered_json& object, const std::string& key, size_t count,
               const std::string& where, std::vector<std::vector<float>>& out) {
  const auto rows = object.find(key);
  if (rows == object.end()) return;
  if (!rows->is_array() || rows->size() != count) {
    fail(where, key, std::to_string(count) + " lists of numbers");
  }
  for (const auto& row : *rows) {
    const auto numbers = read_numbers(row, (*rows)[0].size(), where, key);
    out.emplace_back(numbers.begin(), numbers.end());
  }
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

}  // namespace

NormStats NormStats::identity(const Embodiment& embodiment) {
  const auto unit = [](int columns) {
    const auto size = static_cast<size_t>(columns);
    const std::vector<double> low(size, -1.0), high(size, 1.0), zero(size, 0.0), one(size, 1.0);
    return ColumnStats{low, high, zero, one, low, high};
  };
  NormStats stats;
  stats.kind = Normalization::kIdentity;
  stats.action = unit(embodiment.model_dim());
  stats.proprio = unit(embodiment.proprio_dim());
  return stats;
}

std::vector<size_t> outgrown(const ColumnStats& before, const ColumnStats& data) {
  std::vector<size_t> columns;
  for (size_t i = 0; i < data.size(); ++i) {
    const double slack = 0.5 * (before.q99[i] - before.q01[i]) + 1e-6;
    if (data.q01[i] < before.q01[i] - slack || data.q99[i] > before.q99[i] + slack) {
      columns.push_back(i);
    }
  }
  return columns;
}

std::string to_json(const NormStats& stats) {
  ordered_json object;
  object["kind"] = word_of(stats.kind);
  object["samples"] = stats.samples;
  object["episodes"] = stats.episodes;
  object["action"] = columns_to_json(stats.action);
  object["proprio"] = columns_to_json(stats.proprio);
  if (!stats.bin_edges.empty()) object["bin_edges"] = stats.bin_edges;
  if (!stats.code_book.empty()) {
    object["code_book"] = {{"axes", stats.code_book.axes}, {"digits", stats.code_book.digits}};
  }
  return object.dump(1) + "\n";
}

NormStats norm_stats_from_json(const std::string& text, const std::string& where) {
  const ordered_json object = ordered_json::parse(text, nullptr, false);
  if (!object.is_object()) {
    throw Error(
        ErrorCode::kBadInput,
        {.where = where, .problem = "normalisation statistics", .expected = "a JSON object"});
  }
  check_keys(object, {"kind", "samples", "episodes", "action", "proprio", "bin_edges", "code_book"},
             where, "");
  NormStats stats;
  const auto kind = member(object, "kind", where, "kind");
  if (!kind.is_string() || !find_word(kind.get<std::string>(), stats.kind)) {
    fail(where, "kind", join_names(words_of<Normalization>(), " or "), kind.dump());
  }
  stats.samples = read_count(object, "samples", where);
  stats.episodes = read_count(object, "episodes", where);
  stats.action = read_columns(member(object, "action", where, "action"), where, "action");
  stats.proprio = read_columns(member(object, "proprio", where, "proprio"), where, "proprio");
  read_rows(object, "bin_edges", stats.action.size(), where, stats.bin_edges);
  if (const auto book = object.find("code_book"); book != object.end()) {
    check_keys(*book, {"axes", "digits"}, where, "code_book.");
    read_rows(*book, "axes", stats.action.size(), where, stats.code_book.axes);
    const auto digits = read_numbers(member(*book, "digits", where, "code_book.digits"),
                                     stats.action.size(), where, "code_book.digits");
    stats.code_book.digits.assign(digits.begin(), digits.end());
    Binner::of_codes(stats.code_book, 2);
  }
  // These throw where edges are no edges, or a book is no book.
  if (!stats.bin_edges.empty()) Binner::from_edges(stats.bin_edges);
  return stats;
}

NormStatsAccumulator::NormStatsAccumulator(const Embodiment& embodiment, int horizon)
    : embodiment_(embodiment),
      horizon_(static_cast<size_t>(std::max(1, horizon))),
      actions_(static_cast<size_t>(embodiment.model_dim())),
      proprios_(static_cast<size_t>(embodiment.proprio_dim())) {}

void NormStatsAccumulator::add(Column& column, float value) {
  column.min = column.count == 0 ? value : std::min(column.min, value);
  column.max = column.count == 0 ? value : std::max(column.max, value);
  ++column.count;
  if (column.kept.size() < kKept) {
    column.kept.push_back(value);
    return;
  }
  // A reservoir: each value so far is kept with the same chance.
  Rng rng(static_cast<uint64_t>(column.count));
  const uint64_t place = rng.below(static_cast<uint64_t>(column.count));
  if (place < kKept) column.kept[place] = value;
}

void NormStatsAccumulator::add(const Rows<float>& actions, const Rows<double>& proprio) {
  const auto require_finite = [](const char* what, const auto& rows) {
    for (size_t t = 0; t < rows.size(); ++t) {
      for (const auto value : rows[t]) {
        if (std::isfinite(value)) continue;
        throw Error(ErrorCode::kBadInput, {.where = "step " + std::to_string(t),
                                           .problem = std::string(what) + " is NaN or infinite"});
      }
    }
  };
  require_finite("action", actions);
  require_finite("proprio", proprio);
  // Changes differ with how far into a chunk they are; numbers that are learned as they are do not.
  std::vector<bool> changes(actions_.size());
  const auto spans = model_spans_of(embodiment_.action);
  for (size_t s = 0; s < spans.size(); ++s) {
    if (embodiment_.action[s].representation == Representation::kAbsolute) continue;
    std::fill_n(changes.begin() + static_cast<std::ptrdiff_t>(spans[s].first), spans[s].size, true);
  }
  const bool any = std::find(changes.begin(), changes.end(), true) != changes.end();
  for (size_t t = 0; t < actions.size(); ++t) {
    Rows<float> chunk;
    const size_t end = any ? std::min(actions.size(), t + horizon_) : t + 1;
    for (size_t i = t; i < end; ++i) chunk.push_back(actions[i]);
    const Rows<float> learned = to_changes(embodiment_, chunk, proprio[t]);
    for (size_t i = 0; i < learned.size(); ++i) {
      for (size_t d = 0; d < actions_.size(); ++d) {
        if (i == 0 || changes[d]) add(actions_[d], learned[i][d]);
      }
    }
    for (size_t d = 0; d < proprios_.size(); ++d) {
      add(proprios_[d], static_cast<float>(proprio[t][d]));
    }
    ++samples_;
  }
  ++episodes_;
}

void NormStatsAccumulator::describe(const Column& column, ColumnStats& out) {
  std::vector<float> sorted = column.kept;
  out.q01.push_back(quantile(sorted, 0.01));
  // The second call finds the values sorted already.
  out.q99.push_back(quantile(sorted, 0.99));
  double sum = 0;
  for (const float v : column.kept) sum += v;
  const double mean = sum / static_cast<double>(column.kept.size());
  double squares = 0;
  for (const float v : column.kept) squares += (v - mean) * (v - mean);
  out.mean.push_back(mean);
  out.std.push_back(std::sqrt(squares / static_cast<double>(column.kept.size())));
  out.min.push_back(column.min);
  out.max.push_back(column.max);
}

NormStats NormStatsAccumulator::finish() const {
  if (samples_ == 0) {
    throw Error(ErrorCode::kBadInput, "normalisation statistics: there are no samples");
  }
  NormStats stats;
  stats.samples = samples_;
  stats.episodes = episodes_;
  for (const auto& column : actions_) describe(column, stats.action);
  for (const auto& column : proprios_) describe(column, stats.proprio);
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
