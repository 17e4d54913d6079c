#include "libra/policy/intent_tensors.h"

#include <vector>

namespace libra::policy {

torch::Tensor to_bins(const torch::Tensor& actions, int64_t bins) {
  return ((actions + 1.0) / 2.0 * double(bins))
      .floor()
      .clamp(0, double(bins - 1))
      .to(torch::kInt64);
}

torch::Tensor bin_centres(const torch::Tensor& bin, int64_t bins) {
  return (2.0 * bin.to(torch::kFloat32) + 1.0) / double(bins) - 1.0;
}

torch::Tensor to_residual(const torch::Tensor& actions, const torch::Tensor& bin, int64_t bins) {
  return (actions - bin_centres(bin, bins)) * (double(bins) / 2.0);
}

torch::Tensor from_residual(const torch::Tensor& residual, const torch::Tensor& bin, int64_t bins) {
  return bin_centres(bin, bins) + residual * (2.0 / double(bins));
}

torch::Tensor sample_bins(const torch::Tensor& logits, std::span<const uint64_t> seeds) {
  // Gumbel-max: the argmax of logits plus Gumbel noise is a draw from the softmax.
  std::vector<torch::Tensor> rows;
  for (const uint64_t seed : seeds) {
    auto generator = at::detail::createCPUGenerator(seed);
    rows.push_back(torch::rand(logits.sizes().slice(1), generator, torch::kFloat32));
  }
  const torch::Tensor u = torch::stack(rows).clamp(1e-9, 1.0 - 1e-7).to(logits.device());
  return (logits.to(torch::kFloat32) - torch::log(-torch::log(u))).argmax(-1);
}

torch::Tensor expected_value(const torch::Tensor& logits) {
  const int64_t bins = logits.size(-1);
  const torch::Tensor centres = bin_centres(torch::arange(bins, logits.device()), bins);
  return torch::matmul(torch::softmax(logits.to(torch::kFloat32), -1), centres);
}

}  // namespace libra::policy
