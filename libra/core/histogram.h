// A latency record with exact percentiles over everything that was added.
#pragma once

#include <cstddef>
#include <vector>

namespace libra {

class Histogram {
 public:
  void add(double value) { values_.push_back(value); }
  void merge(const Histogram& other);
  // q in [0, 1], nearest rank; 0 when empty.
  double percentile(double q) const;
  size_t count() const { return values_.size(); }

 private:
  std::vector<double> values_;
};

}  // namespace libra
