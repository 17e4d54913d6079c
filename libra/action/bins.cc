#include "libra/action/bins.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "libra/action/norm_stats.h"
#include "libra/core/error.h"

namespace libra::action {
namespace {

void check_bins(int bins) {
  if (bins >= 1 && bins <= kMaxBins) return;
  throw Error(ErrorCode::kBadInput, {.where = "bins",
                                     .problem = "out of range",
                                     .expected = "1 to " + std::to_string(kMaxBins),
                                     .found = std::to_string(bins)});
}

std::vector<float> uniform_edges(int bins) {
  std::vector<float> edges;
  for (int i = 0; i <= bins; ++i) {
    edges.push_back(static_cast<float>(-1.0 + 2.0 * i / bins));
  }
  return edges;
}

bool ascending(const std::vector<float>& edges) {
  for (size_t i = 1; i < edges.size(); ++i) {
    if (!(edges[i] > edges[i - 1])) return false;
  }
  return true;
}

std::vector<float> quantile_edges(int bins, std::vector<float> values) {
  std::vector<float> edges = {-1.0f};
  for (int i = 1; i < bins; ++i) {
    edges.push_back(static_cast<float>(action::quantile(values, static_cast<double>(i) / bins)));
  }
  edges.push_back(1.0f);
  return ascending(edges) ? edges : uniform_edges(bins);
}

}  // namespace

int uniform_bin(float value, int bins) {
  const float y = std::floor((value + 1.0f) / 2.0f * static_cast<float>(bins));
  if (!(y > 0.0f)) return 0;  // NaN too
  return y >= static_cast<float>(bins) ? bins - 1 : static_cast<int>(y);
}

float uniform_centre(int bin, int bins) {
  return -1.0f + static_cast<float>(2 * bin + 1) / static_cast<float>(bins);
}

Binner Binner::uniform(int bins) {
  check_bins(bins);
  Binner binner;
  binner.bins_ = bins;
  return binner;
}

Binner Binner::quantile(int bins, const Rows<float>& samples) {
  check_bins(bins);
  if (samples.size() < static_cast<size_t>(bins)) {
    throw Error(ErrorCode::kBadInput, {.where = "quantile bins",
                                       .problem = "too few samples",
                                       .expected = "at least " + std::to_string(bins),
                                       .found = std::to_string(samples.size())});
  }
  Binner binner;
  binner.bins_ = bins;
  for (size_t dim = 0; dim < samples.width(); ++dim) {
    std::vector<float> values;
    for (size_t i = 0; i < samples.size(); ++i) {
      values.push_back(std::clamp(samples[i][dim], -1.0f, 1.0f));
    }
    binner.edges_.push_back(quantile_edges(bins, std::move(values)));
  }
  return binner;
}

std::vector<int> CodeBook::levels() const {
  std::vector<int> levels(digits.size()), seen(axes.size());
  for (size_t p = 0; p < digits.size(); ++p) levels[p] = seen[size_t(digits[p])]++;
  return levels;
}

std::vector<float> CodeBook::coordinates(std::span<const float> action) const {
  std::vector<float> out;
  for (const auto& axis : axes) {
    out.push_back(std::inner_product(axis.begin(), axis.end(), action.begin(), 0.0f));
  }
  return out;
}

std::vector<float> CodeBook::action(std::span<const float> coordinates) const {
  // Orthogonal rows: the inverse's columns are the rows over their squared lengths.
  std::vector<float> out(axes.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto& axis = axes[i];
    const float share =
        coordinates[i] / std::inner_product(axis.begin(), axis.end(), axis.begin(), 0.0f);
    for (size_t d = 0; d < out.size(); ++d) out[d] += share * axis[d];
  }
  return out;
}

Binner Binner::of_codes(const CodeBook& book, int bins) {
  const auto product = [](const std::vector<float>& a, const std::vector<float>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  const auto& axes = book.axes;
  bool good = !axes.empty() && book.digits.size() == axes.size();
  for (const int axis : book.digits) good &= axis >= 0 && size_t(axis) < axes.size();
  for (size_t i = 0; i < axes.size() && good; ++i) {
    good = axes[i].size() == axes.size() && std::isfinite(product(axes[i], axes[i])) &&
           product(axes[i], axes[i]) > 0;
    for (size_t j = 0; j < i && good; ++j) {
      good = std::abs(product(axes[i], axes[j])) <=
             1e-3 * std::sqrt(product(axes[i], axes[i]) * product(axes[j], axes[j]));
    }
  }
  if (!good) {
    throw Error(ErrorCode::kBadInput,
                {.where = "code book",
                 .problem = "malformed",
                 .expected = "as many rows as numbers, orthogonal to each other and none zero, and "
                             "as many digits, each of a row"});
  }
  Binner binner = uniform(bins);
  binner.book_ = book;
  return binner;
}

Binner Binner::from_edges(const std::vector<std::vector<float>>& edges) {
  if (edges.empty()) throw Error(ErrorCode::kBadInput, "bin edges: no dimensions");
  Binner binner;
  binner.bins_ = static_cast<int>(edges[0].size()) - 1;
  check_bins(binner.bins_);
  for (const auto& list : edges) {
    if (list.size() != edges[0].size() || list.front() != -1.0f || list.back() != 1.0f ||
        !ascending(list)) {
      throw Error(ErrorCode::kBadInput, {.where = "bin edges",
                                         .problem = "malformed",
                                         .expected = "per dimension the same number of ascending "
                                                     "values from -1 to 1"});
    }
  }
  binner.edges_ = edges;
  return binner;
}

int Binner::bin(int dim, float value) const {
  if (is_uniform()) return uniform_bin(value, bins_);
  const auto& edges = edges_[dim];
  // An edge belongs to the bin above it, as with uniform bins.
  const auto above = std::upper_bound(edges.begin() + 1, edges.end() - 1, value);
  return std::isnan(value) ? 0 : static_cast<int>(above - edges.begin()) - 1;
}

float Binner::centre(int dim, int bin) const {
  if (is_uniform()) return uniform_centre(bin, bins_);
  return (edges_[dim][bin] + edges_[dim][bin + 1]) / 2.0f;
}

float Binner::width(int dim, int bin) const {
  if (is_uniform()) return 2.0f / static_cast<float>(bins_);
  return edges_[dim][bin + 1] - edges_[dim][bin];
}

float Binner::residual(int dim, int bin, float value) const {
  return (value - centre(dim, bin)) / width(dim, bin);
}

float Binner::value(int dim, int bin, float residual) const {
  return std::clamp(centre(dim, bin) + residual * width(dim, bin), -1.0f, 1.0f);
}

std::vector<float> Binner::edges(int dim) const {
  return is_uniform() ? uniform_edges(bins_) : edges_[dim];
}

Intent Binner::intent(const Rows<float>& actions) const {
  if (actions.size() > static_cast<size_t>(kMaxHorizon)) {
    throw Error(ErrorCode::kBadInput, {.where = "intent",
                                       .problem = "too many actions",
                                       .expected = "at most " + std::to_string(kMaxHorizon),
                                       .found = std::to_string(actions.size())});
  }
  Intent intent(static_cast<int>(actions.size()), actions.width(), bins_);
  for (size_t i = 0; i < actions.size(); ++i) {
    const std::vector<int> chosen = bins_of(actions[i]);
    for (size_t dim = 0; dim < actions.width(); ++dim) {
      intent.bin[i][dim] = static_cast<uint8_t>(chosen[dim]);
      intent.probability[i][dim] = 1.0f;
    }
  }
  return intent;
}

std::vector<int> Binner::bins_of(std::span<const float> action) const {
  std::vector<int> chosen(action.size());
  if (book_.empty()) {
    for (size_t dim = 0; dim < chosen.size(); ++dim) chosen[dim] = bin(int(dim), action[dim]);
    return chosen;
  }
  // What the digits so far have left of each coordinate, at full scale.
  std::vector<float> left = book_.coordinates(action);
  for (size_t p = 0; p < chosen.size(); ++p) {
    float& rest = left[size_t(book_.digits[p])];
    chosen[p] = uniform_bin(rest, bins_);
    rest = (rest - uniform_centre(chosen[p], bins_)) * static_cast<float>(bins_);
  }
  return chosen;
}

std::vector<float> Binner::centres(const Intent& intent, int step) const {
  const auto bins = intent.bin[static_cast<size_t>(step)];
  std::vector<float> values(bins.size());
  if (book_.empty()) {
    for (size_t dim = 0; dim < bins.size(); ++dim) {
      values[dim] = centre(static_cast<int>(dim), bins[dim]);
    }
    return values;
  }
  const std::vector<int> levels = book_.levels();
  for (size_t p = 0; p < bins.size(); ++p) {
    values[size_t(book_.digits[p])] +=
        uniform_centre(bins[p], bins_) * std::pow(static_cast<float>(bins_), -float(levels[p]));
  }
  return book_.action(values);
}

Rows<float> Binner::centres(const Intent& intent) const {
  Rows<float> rows(static_cast<size_t>(intent.horizon), intent.dims());
  for (size_t i = 0; i < rows.size(); ++i) rows.set(i, centres(intent, static_cast<int>(i)));
  return rows;
}

}  // namespace libra::action
