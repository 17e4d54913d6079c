// Adaptive intent injection: what the refiner is conditioned on while it trains (design, section
// 5).
#pragma once

#include <vector>

#include "libra/training/step/config.h"

namespace libra::training {

// Decides when the refiner trains on intents sampled from the planner instead of the ground truth.
class InjectionSwitch {
 public:
  explicit InjectionSwitch(const InjectionConfig& config) : config_(config) {}
  void update(double token_accuracy);
  bool free() const;
  double short_average() const { return short_.value(); }
  double long_average() const { return long_.value(); }
  // Numbers for a checkpoint.
  std::vector<double> state() const;
  void set_state(const std::vector<double>& state);

 private:
  struct Average {  // exponential, corrected for its start at zero
    double decay, sum = 0.0, weight = 0.0;
    void add(double x) {
      sum = decay * sum + (1 - decay) * x;
      weight = decay * weight + (1 - decay);
    }
    double value() const { return weight > 0 ? sum / weight : 0.0; }
  };
  InjectionConfig config_;
  Average short_{.decay = 0.98}, long_{.decay = 0.998};
};

}  // namespace libra::training
