// The hybrid action space on tensors: bins, their centres, and what lies between.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "libra/action/bins.h"
#include "libra/nn/torch.h"

namespace libra::policy {

// action::Binner on tensors: N bins of each dimension.
struct BinEdges {
  BinEdges(int64_t count) : count(count) {}  // uniform over [-1, 1], of any dimension
  explicit BinEdges(const action::Binner& binner, int64_t dims);
  BinEdges to(torch::Device device) const;

  int64_t count;        // N
  torch::Tensor edges;  // [D, N + 1] f32, ascending; undefined: uniform
  torch::Tensor axes;  // [D, D]: bins are digits of codes (action::CodeBook); undefined: of actions
  std::vector<int64_t> digits, levels;  // of those: which axis, and the place among its digits
};

// Normalised actions [..., D] in [-1, 1] -> bins int64 (design: Discretise).
torch::Tensor to_bins(const torch::Tensor& actions, const BinEdges& bins);
// Bin centres: of uniform bins -1 + (2y + 1)/N.
torch::Tensor bin_centres(const torch::Tensor& bin, const BinEdges& bins);
// Offset from the bin centre in units of the bin's width, and back; of codes along their axes.
torch::Tensor to_residual(const torch::Tensor& actions, const torch::Tensor& bin,
                          const BinEdges& bins);
torch::Tensor from_residual(const torch::Tensor& residual, const torch::Tensor& bin,
                            const BinEdges& bins);
// logits [B, ..., N] -> one draw from the softmax each, int64 [B, ...]; a seed a row, which decides
// its draws whatever other rows there are.
torch::Tensor sample_bins(const torch::Tensor& logits, std::span<const uint64_t> seeds);
// logits [..., D, N] -> mean of the bin centres under the softmax, [..., D].
torch::Tensor expected_value(const torch::Tensor& logits, const BinEdges& bins);

}  // namespace libra::policy
