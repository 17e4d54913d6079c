#include "libra/action/bins.h"

#include <algorithm>
#include <cmath>

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
    for (size_t dim = 0; dim < actions.width(); ++dim) {
      intent.bin[i][dim] = static_cast<uint8_t>(bin(static_cast<int>(dim), actions[i][dim]));
      intent.probability[i][dim] = 1.0f;
    }
  }
  return intent;
}

std::vector<float> Binner::centres(const Intent& intent, int step) const {
  const auto bins = intent.bin[static_cast<size_t>(step)];
  std::vector<float> values(bins.size());
  for (size_t dim = 0; dim < bins.size(); ++dim) {
    values[dim] = centre(static_cast<int>(dim), bins[dim]);
  }
  return values;
}

Rows<float> Binner::centres(const Intent& intent) const {
  Rows<float> rows(static_cast<size_t>(intent.horizon), intent.dims());
  for (size_t i = 0; i < rows.size(); ++i) rows.set(i, centres(intent, static_cast<int>(i)));
  return rows;
}

}  // namespace libra::action
