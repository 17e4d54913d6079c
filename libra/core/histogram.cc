#include "libra/core/histogram.h"

#include <algorithm>
#include <cmath>

namespace libra {

void Histogram::merge(const Histogram& other) {
  values_.insert(values_.end(), other.values_.begin(), other.values_.end());
}

double Histogram::percentile(double q) const {
  if (values_.empty()) return 0.0;
  std::vector<double> sorted = values_;
  const double rank = std::ceil(q * static_cast<double>(sorted.size())) - 1.0;
  const auto index = static_cast<size_t>(std::clamp(rank, 0.0, double(sorted.size() - 1)));
  std::nth_element(sorted.begin(), sorted.begin() + index, sorted.end());
  return sorted[index];
}

}  // namespace libra
