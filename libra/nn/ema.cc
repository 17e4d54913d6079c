#include "libra/nn/ema.h"

namespace libra::nn {

Ema::Ema(std::vector<torch::Tensor> parameters) : parameters_(std::move(parameters)) {
  for (const auto& p : parameters_) averages_.push_back(p.detach().clone());
}

void Ema::update(double decay) {
  if (averages_.empty()) return;
  const torch::NoGradGuard no_grad;
  at::_foreach_mul_(averages_, decay);
  at::_foreach_add_(averages_, parameters_, 1.0 - decay);
}

void Ema::swap() {
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < averages_.size(); ++i) {
    const torch::Tensor present = parameters_[i].detach().clone();
    parameters_[i].copy_(averages_[i]);
    averages_[i].copy_(present);
  }
}

}  // namespace libra::nn
