// Rotary position embedding as in InternLM2: element i is paired with element i + d/2, and the base
// grows with the length of a call beyond max_position_embeddings (dynamic NTK scaling).
#pragma once

#include <string>

#include "libra/nn/torch.h"

namespace libra::nn {

struct RopeOptions {
  int64_t dim = 128;  // of one head
  int64_t max_positions = 32768;
  double theta = 1000000.0;
  std::string scaling = "none";  // none, linear, dynamic
  double factor = 1.0;
};

// The base of a call of `length` tokens in all:
// theta * (factor * length / max - (factor - 1))^(d / (d - 2)) for a dynamic call longer than max.
double rope_base(const RopeOptions& options, int64_t length);

struct RopeTable {
  torch::Tensor cos, sin;  // [N, d] f32
};
RopeTable rope_table(const RopeOptions& options, int64_t length, double base, torch::Device device);

// x [B, heads, T, d], cos and sin [T, d] or [B, 1, T, d] -> rotated x in x's dtype.
torch::Tensor rotate(const torch::Tensor& x, const torch::Tensor& cos, const torch::Tensor& sin);

// Keeps the table of the longest call so far, as the reference does: after a call beyond
// max_positions shorter calls go on with that call's base. Not for use by two threads at once.
class Rope {
 public:
  explicit Rope(RopeOptions options) : options_(std::move(options)) {}
  // The table for a call of `length` tokens in all, cached ones included; at least `length` rows.
  const RopeTable& table(int64_t length, torch::Device device);

 private:
  RopeOptions options_;
  int64_t longest_ = 0;  // of the calls so far
  double base_ = 0.0;
  RopeTable table_;
};

}  // namespace libra::nn
