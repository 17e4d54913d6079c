#include "libra/nn/dit.h"

#include <cmath>

#include "libra/nn/attention.h"

namespace libra::nn {
namespace {

constexpr double kNormEps = 1e-6;

Linear xavier_linear(int64_t in, int64_t out, bool bias = true) {
  Linear linear(in, out, bias);
  init_xavier_uniform(linear->weight);
  if (bias) init_zeros(linear->bias);
  return linear;
}

// SiLU, then a Linear to `chunks` vectors of `width`, zero at the start.
torch::nn::Sequential zero_modulation(int64_t width, int64_t chunks) {
  Linear linear(width, chunks * width);
  init_zeros(linear->weight);
  init_zeros(linear->bias);
  return torch::nn::Sequential(torch::nn::SiLU(), linear);
}

std::vector<torch::Tensor> modulation_chunks(torch::nn::Sequential& modulation,
                                             const torch::Tensor& condition, int64_t chunks) {
  return modulation->forward(condition).unsqueeze(1).chunk(chunks, -1);  // each [B, 1, width]
}

torch::Tensor modulated_norm(const torch::Tensor& x, const torch::Tensor& shift,
                             const torch::Tensor& scale) {
  return torch::addcmul(shift, plain_layer_norm(x, kNormEps).to(shift.scalar_type()), scale + 1.0);
}

double head_scale(int64_t width, int64_t heads) {
  return 1.0 / std::sqrt(double(width) / double(heads));
}

}  // namespace

SelfAttentionImpl::SelfAttentionImpl(int64_t width, int64_t heads, bool qkv_bias) : heads_(heads) {
  qkv = register_module("qkv", xavier_linear(width, 3 * width, qkv_bias));
  proj = register_module("proj", xavier_linear(width, width));
}

torch::Tensor SelfAttentionImpl::forward(const torch::Tensor& x) {
  const auto parts = qkv->forward(x).chunk(3, -1);
  return proj->forward(
      merge_heads(attention(split_heads(parts[0], heads_), split_heads(parts[1], heads_),
                            split_heads(parts[2], heads_), {}, head_scale(x.size(-1), heads_))));
}

CrossAttentionImpl::CrossAttentionImpl(int64_t width, int64_t heads, int64_t context_width)
    : heads_(heads) {
  q = register_module("q", xavier_linear(width, width));
  kv = register_module("kv", xavier_linear(context_width, 2 * width));
  proj = register_module("proj", xavier_linear(width, width));
}

CrossKv CrossAttentionImpl::precompute_kv(const torch::Tensor& context) {
  const auto parts = kv->forward(context).chunk(2, -1);
  return {split_heads(parts[0], heads_).contiguous(), split_heads(parts[1], heads_).contiguous()};
}

torch::Tensor CrossAttentionImpl::forward(const torch::Tensor& x, const CrossKv& kv) {
  // The draws of one sample are just more queries on the same keys: [B*R, T] becomes [B, R*T].
  const int64_t samples = kv.key.size(0), width = x.size(2);
  const torch::Tensor query = q->forward(x).reshape({samples, -1, width});
  const torch::Tensor seen =
      attention(split_heads(query, heads_), kv.key, kv.value, kv.mask, head_scale(width, heads_));
  return proj->forward(merge_heads(seen)).reshape(x.sizes());
}

DitBlockImpl::DitBlockImpl(const DitBlockOptions& options) {
  const int64_t width = options.width;
  attn = register_module("attn", SelfAttention(width, options.heads));
  mlp = register_module("mlp", Mlp(width, int64_t(double(width) * options.mlp_ratio), Gelu::kTanh));
  for (const auto& parameter : mlp->parameters()) {
    if (parameter.dim() == 2)
      init_xavier_uniform(parameter);
    else
      init_zeros(parameter);
  }
  adaLN_modulation = register_module("adaLN_modulation", zero_modulation(width, 6));
  if (options.context_width > 0) {
    cross = register_module("cross", CrossAttention(width, options.heads, options.context_width));
    cross_modulation = register_module("cross_modulation", zero_modulation(width, 3));
  }
}

CrossKv DitBlockImpl::precompute_kv(const torch::Tensor& context) {
  return cross->precompute_kv(context);
}

torch::Tensor DitBlockImpl::forward(const torch::Tensor& x, const torch::Tensor& condition,
                                    const CrossKv* context) {
  const auto m = modulation_chunks(adaLN_modulation, condition, 6);
  torch::Tensor y = x + m[2] * attn->forward(modulated_norm(x, m[0], m[1]));
  if (!cross.is_empty()) {
    const auto c = modulation_chunks(cross_modulation, condition, 3);
    y = y + c[2] * cross->forward(modulated_norm(y, c[0], c[1]), *context);
  }
  return y + m[5] * mlp->forward(modulated_norm(y, m[3], m[4]));
}

DitFinalLayerImpl::DitFinalLayerImpl(int64_t width, int64_t out) {
  linear = register_module("linear", Linear(width, out));
  init_zeros(linear->weight);
  init_zeros(linear->bias);
  adaLN_modulation = register_module("adaLN_modulation", zero_modulation(width, 2));
}

torch::Tensor DitFinalLayerImpl::forward(const torch::Tensor& x, const torch::Tensor& condition) {
  const auto m = modulation_chunks(adaLN_modulation, condition, 2);
  return linear->forward(modulated_norm(x, m[0], m[1]));
}

}  // namespace libra::nn
