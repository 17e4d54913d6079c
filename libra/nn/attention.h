// Scaled dot-product attention: softmax(scale * q k^T + mask) v.
#pragma once

#include "libra/nn/torch.h"

namespace libra::nn {

// q [B, heads, Tq, d], k and v [B, kv_heads, Tk, d] -> [B, heads, Tq, d]. When kv_heads < heads
// each key/value head serves heads / kv_heads consecutive query heads. mask is added to the scores
// and broadcasts against [B, 1, Tq, Tk]; an undefined mask adds nothing. Use mask_value(), not
// -inf, for rows that may be masked completely.
torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                        const torch::Tensor& mask, double scale);

// [B, T, heads * d] -> [B, heads, T, d], a view.
torch::Tensor split_heads(const torch::Tensor& x, int64_t heads);
// [B, heads, T, d] -> [B, T, heads * d].
torch::Tensor merge_heads(const torch::Tensor& x);

// The additive mask of a causal language model for `length` new tokens after `past` cached ones:
// [1 or B, 1, length, past + length] in `options`' dtype. attention_mask [B, past + length] is 1
// where a token may be seen; undefined: everywhere. Returns an undefined tensor when nothing is
// masked.
torch::Tensor causal_mask(int64_t length, int64_t past, const torch::Tensor& attention_mask,
                          const torch::TensorOptions& options);

// The most negative finite number of a dtype.
double mask_value(torch::ScalarType dtype);

}  // namespace libra::nn
