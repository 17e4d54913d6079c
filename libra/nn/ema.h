// Exponential moving average of parameters.
#pragma once

#include <vector>

#include "libra/nn/torch.h"

namespace libra::nn {

class Ema {
 public:
  // Starts as a copy of `parameters`.
  explicit Ema(std::vector<torch::Tensor> parameters);
  // average = decay * average + (1 - decay) * parameter
  void update(double decay);
  // Exchanges averages and parameters in place; a second call undoes the first.
  void swap();
  const std::vector<torch::Tensor>& averages() const { return averages_; }

 private:
  std::vector<torch::Tensor> parameters_, averages_;
};

}  // namespace libra::nn
