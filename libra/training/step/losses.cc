#include "libra/training/step/losses.h"

#include <algorithm>

namespace libra::training {
namespace {

torch::Tensor share(const torch::Tensor& sum, const torch::Tensor& weights, double total) {
  return total > 0 ? sum / total : sum / weights.sum().clamp_min(1e-6);
}

}  // namespace

torch::Tensor plan_loss(const torch::Tensor& logits, const torch::Tensor& bins,
                        const torch::Tensor& valid, const torch::Tensor& weight, double total) {
  const torch::Tensor log_p = torch::log_softmax(logits.to(torch::kFloat32), -1);
  const torch::Tensor nll = -log_p.gather(-1, bins.unsqueeze(-1)).squeeze(-1);  // [B, K, D]
  const torch::Tensor w = valid.unsqueeze(-1) * weight;
  return share((nll * w).sum(), w, total);
}

double plan_weight(const torch::Tensor& valid, const torch::Tensor& weight) {
  return valid.sum().item<double>() * weight.sum().item<double>();
}

double token_accuracy(const torch::Tensor& logits, const torch::Tensor& bins,
                      const torch::Tensor& valid, const torch::Tensor& counted, double total) {
  const torch::Tensor right = (logits.argmax(-1) == bins).to(torch::kFloat32);  // [B, K, D]
  const torch::Tensor per_step = (right * counted).sum(-1) / counted.sum().clamp_min(1.0) * valid;
  return per_step.sum().item<double>() /
         (total > 0 ? total : std::max(1.0, valid.sum().item<double>()));
}

torch::Tensor pointing_loss(const torch::Tensor& logits, const torch::Tensor& uv,
                            const torch::Tensor& present, int64_t grid_h, int64_t grid_w,
                            double total) {
  const torch::Tensor seen = torch::isfinite(uv).all(-1);  // [B, P, C]
  const torch::Tensor place = torch::nan_to_num(uv);
  const torch::Tensor x =
      (place.index({"...", 0}) * double(grid_w) - 0.5).clamp(0, double(grid_w - 1));
  const torch::Tensor y =
      (place.index({"...", 1}) * double(grid_h) - 0.5).clamp(0, double(grid_h - 1));
  const torch::Tensor x0 = x.floor().clamp_max(double(std::max<int64_t>(0, grid_w - 2)));
  const torch::Tensor y0 = y.floor().clamp_max(double(std::max<int64_t>(0, grid_h - 2)));
  const torch::Tensor fx = x - x0, fy = y - y0;
  const torch::Tensor corner = (y0 * double(grid_w) + x0).to(torch::kInt64);

  const torch::Tensor log_p = torch::log_softmax(logits.to(torch::kFloat32), -1);
  const auto at = [&](int64_t offset) {
    return log_p.gather(-1, (corner + offset).clamp_max(grid_h * grid_w - 1).unsqueeze(-1))
        .squeeze(-1);
  };
  const torch::Tensor cells = at(0) * (1 - fx) * (1 - fy) + at(1) * fx * (1 - fy) +
                              at(grid_w) * (1 - fx) * fy + at(grid_w + 1) * fx * fy;
  const torch::Tensor nll = -torch::where(seen, cells, log_p.index({"...", grid_h * grid_w}));
  const torch::Tensor w = present.unsqueeze(-1).expand_as(nll);
  return share((nll * w).sum(), w, total);
}

double pointing_weight(const torch::Tensor& uv, const torch::Tensor& present) {
  return present.sum().item<double>() * double(uv.size(2));
}

torch::Tensor diffusion_loss(const torch::Tensor& prediction, const torch::Tensor& noise,
                             const torch::Tensor& valid, double total) {
  const int64_t draws = prediction.size(0) / valid.size(0);
  const torch::Tensor error =
      (prediction.to(torch::kFloat32) - noise).square().mean(-1);  // [B*R, H]
  const torch::Tensor w = valid.repeat_interleave(draws, 0);
  return share((error * w).sum(), w, total);
}

double diffusion_weight(const torch::Tensor& valid, int64_t draws) {
  return valid.sum().item<double>() * double(draws);
}

}  // namespace libra::training
