#include "libra/nn/attention.h"

#include <limits>

#include "libra/nn/autocast.h"
#include "libra/nn/linear.h"

namespace libra::nn {

torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                        const torch::Tensor& mask, double scale) {
  // Under autocast on the CPU the kernel is as fast in f32 (docs/decisions/0006).
  const AutocastSwitch as_given(false);
  const bool widen = !NarrowProducts::on(q.device()) && q.scalar_type() != torch::kFloat64;
  const auto type = widen ? torch::kFloat32 : q.scalar_type();
  std::optional<torch::Tensor> bias;
  if (mask.defined()) bias = mask.to(type);
  return at::scaled_dot_product_attention(q.to(type), k.to(type), v.to(type), bias,
                                          /*dropout_p=*/0.0, /*is_causal=*/false, scale,
                                          /*enable_gqa=*/q.size(1) != k.size(1))
      .to(q.scalar_type());
}

torch::Tensor split_heads(const torch::Tensor& x, int64_t heads) {
  return x.unflatten(-1, {heads, x.size(-1) / heads}).transpose(1, 2);
}

torch::Tensor merge_heads(const torch::Tensor& x) { return x.transpose(1, 2).flatten(2); }

double mask_value(torch::ScalarType dtype) {
  switch (dtype) {
    case torch::kFloat16:
      return -65504.0;
    case torch::kBFloat16:
      return -3.38953138925e38;
    default:
      return -double(std::numeric_limits<float>::max());
  }
}

torch::Tensor causal_mask(int64_t length, int64_t past, const torch::Tensor& attention_mask,
                          const torch::TensorOptions& options) {
  const int64_t total = past + length;
  const auto device = torch::TensorOptions().device(options.device());
  torch::Tensor blocked;  // bool, [1 or B, 1, length, total]
  if (length > 1) {
    const torch::Tensor place = torch::arange(total, device);
    blocked = (place.unsqueeze(0) > place.slice(0, past).unsqueeze(1)).view({1, 1, length, total});
  }
  if (attention_mask.defined() && !attention_mask.all().item<bool>()) {
    const torch::Tensor padded = (attention_mask == 0).view({-1, 1, 1, total});
    blocked = blocked.defined() ? torch::logical_or(blocked, padded) : padded;
  }
  if (!blocked.defined()) return {};
  return torch::zeros(blocked.sizes(), options)
      .masked_fill_(blocked, mask_value(c10::typeMetaToScalarType(options.dtype())));
}

}  // namespace libra::nn
