#include "tests/model/golden_report.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <sstream>

namespace libra::model {

void GoldenReport::add(const std::string& group, const std::string& name, double difference,
                       double limit) {
  Group& g = groups_[group];
  ++g.compared;
  const double share =
      std::isfinite(difference) ? difference / limit : std::numeric_limits<double>::infinity();
  if (g.compared > 1 && share <= g.worst) return;
  g.worst = share;
  g.difference = difference;
  g.limit = limit;
  g.tensor = name;
}

void GoldenReport::compare(const std::string& group, const std::string& name,
                           const torch::Tensor& actual, const torch::Tensor& expected,
                           double limit) {
  const auto size = [&](const torch::Tensor& x) {
    if (x.numel() == 0) return 0.0;
    const torch::Tensor wide = x.detach().to(torch::kFloat64);
    return (with_gradients() ? wide.abs().max() : wide.norm()).item<double>();
  };
  double difference = std::numeric_limits<double>::infinity();
  if (actual.defined() && actual.sizes() == expected.sizes()) {
    const double whole = size(expected);
    difference =
        size(actual.to(torch::kFloat64) - expected.to(torch::kFloat64)) / (whole > 0 ? whole : 1.0);
  }
  add(group, name, difference, limit);
}

void GoldenReport::compare_absolute(const std::string& group, const std::string& name,
                                    const torch::Tensor& actual, const torch::Tensor& expected,
                                    double limit) {
  double difference = std::numeric_limits<double>::infinity();
  if (actual.defined() && actual.sizes() == expected.sizes()) {
    difference = expected.numel() == 0
                     ? 0.0
                     : (actual.detach().to(torch::kFloat64) - expected.to(torch::kFloat64))
                           .abs()
                           .max()
                           .item<double>();
  }
  add(group, name, difference, limit);
}

bool GoldenReport::passed() const {
  for (const auto& [name, group] : groups_) {
    if (!(group.worst <= 1.0)) return false;
  }
  return !groups_.empty();
}

std::string GoldenReport::text() const {
  std::ostringstream out;
  for (const auto& [name, g] : groups_) {
    char line[256];
    std::snprintf(line, sizeof line, "%-4s %-38s %5d compared, worst %.1e of %.0e  %s\n",
                  g.worst <= 1.0 ? "ok" : "MISS", name.c_str(), g.compared, g.difference, g.limit,
                  g.tensor.c_str());
    out << line;
  }
  return out.str();
}

}  // namespace libra::model
