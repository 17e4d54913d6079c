// The hybrid action space on tensors: bins, their centres, and what lies between.
#pragma once

#include <cstdint>
#include <span>

#include "libra/nn/torch.h"

namespace libra::policy {

// Normalised actions [..., D] in [-1, 1] -> bins int64 (design: Discretise).
torch::Tensor to_bins(const torch::Tensor& actions, int64_t bins);
// Bin centres -1 + (2y + 1)/N.
torch::Tensor bin_centres(const torch::Tensor& bin, int64_t bins);
// Offset from the bin centre in units of the bin's width, and back.
torch::Tensor to_residual(const torch::Tensor& actions, const torch::Tensor& bin, int64_t bins);
torch::Tensor from_residual(const torch::Tensor& residual, const torch::Tensor& bin, int64_t bins);
// logits [B, ..., N] -> one draw from the softmax each, int64 [B, ...]; a seed a row, which decides
// its draws whatever other rows there are.
torch::Tensor sample_bins(const torch::Tensor& logits, std::span<const uint64_t> seeds);
// logits [..., N] -> mean of the bin centres under the softmax.
torch::Tensor expected_value(const torch::Tensor& logits);

}  // namespace libra::policy
