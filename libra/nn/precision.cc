#include "libra/nn/precision.h"

#include <ATen/Context.h>

#include <algorithm>
#include <chrono>

#include "libra/nn/torch.h"

namespace libra::nn {
namespace {

constexpr int kRounds = 5;
constexpr double kClearly = 1.2;

double seconds_of(const torch::Tensor& a, const torch::Tensor& b) {
  const auto start = std::chrono::steady_clock::now();
  torch::mm(a, b);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// f32's time over bf16's for square matrices. The best of interleaved rounds: a neighbour can only
// make one slower.
double gain_of_bf16(int64_t side) {
  const torch::Tensor wide = torch::ones({side, side});
  const torch::Tensor narrow = wide.to(torch::kBFloat16);
  double wide_best = 1e9, narrow_best = 1e9;
  for (int i = 0; i <= kRounds; ++i) {
    const double w = seconds_of(wide, wide), n = seconds_of(narrow, narrow);
    if (i == 0) continue;  // sets up the kernels
    wide_best = std::min(wide_best, w);
    narrow_best = std::min(narrow_best, n);
  }
  return wide_best / narrow_best;
}

bool measure() {
  const torch::NoGradGuard no_grad;
  // Without instructions for it bf16 is tens of times slower, which small matrices tell at once.
  constexpr int64_t kSmall = 64, kLarge = 384;
  constexpr double kHopeless = 0.2;
  return gain_of_bf16(kSmall) > kHopeless && gain_of_bf16(kLarge) > kClearly;
}

}  // namespace

void allow_tf32(bool allow) {
  at::globalContext().setAllowTF32CuBLAS(allow);
  at::globalContext().setAllowTF32CuDNN(allow);
}

bool bf16_is_faster() {
  static const bool faster = measure();
  return faster;
}

}  // namespace libra::nn
