#include "libra/nn/attention.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

namespace libra::nn {
namespace {

// What both directions need to know about a call; all tensors f32 with unit stride in the last
// dimension, q [B, heads, Tq, d], k and v [B, kv_heads, Tk, d].
struct Call {
  torch::Tensor q, k, v, mask;  // mask [B, heads, Tq, Tk] (expanded) or undefined
  double scale = 1.0;
  int64_t batch() const { return q.size(0); }
  int64_t heads() const { return q.size(1); }
  int64_t kv_heads() const { return k.size(1); }
  int64_t queries() const { return q.size(2); }
  int64_t keys() const { return k.size(2); }
};

// e^x for x <= 0, within 2 ulp; plain arithmetic, so that the compiler makes vectors of it. 0 where
// the result would not be a normal number: exactly nothing comes through a mask.
inline float exp_negative(float x) {
  constexpr float kMagic =
      12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  const float shifted = x * 1.44269504f + kMagic;
  const float n = shifted - kMagic;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const uint32_t bits = (std::bit_cast<uint32_t>(shifted) << 23) + 0x3f800000u;
  return x < -87.0f ? 0.0f : p * std::bit_cast<float>(bits);
}

constexpr int64_t kLanes = 16;  // independent sums, so that the compiler may use vectors

// row = softmax(scale * row + mask) in place.
void softmax_row(float* row, const float* mask, int64_t n, float scale) {
  float top[kLanes];
  std::fill(top, top + kLanes, -std::numeric_limits<float>::infinity());
  const int64_t whole = n - n % kLanes;
  if (mask) {
    for (int64_t i = 0; i < n; ++i) row[i] = row[i] * scale + mask[i];
  } else {
    for (int64_t i = 0; i < n; ++i) row[i] *= scale;
  }
  for (int64_t i = 0; i < whole; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) top[j] = row[i + j] > top[j] ? row[i + j] : top[j];
  }
  float most = *std::max_element(top, top + kLanes);
  for (int64_t i = whole; i < n; ++i) most = std::max(most, row[i]);
  float sums[kLanes] = {};
  for (int64_t i = 0; i < whole; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) {
      row[i + j] = exp_negative(row[i + j] - most);
      sums[j] += row[i + j];
    }
  }
  float sum = 0.0f;
  for (int64_t i = whole; i < n; ++i) sum += row[i] = exp_negative(row[i] - most);
  for (const float lane : sums) sum += lane;
  const float inverse = 1.0f / sum;
  for (int64_t i = 0; i < n; ++i) row[i] *= inverse;
}

// grad = scale * p * (grad - sum(p * grad)) in place: the gradient through the softmax.
void softmax_row_backward(const float* p, float* grad, int64_t n, float scale) {
  float sums[kLanes] = {};
  const int64_t whole = n - n % kLanes;
  for (int64_t i = 0; i < whole; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) sums[j] += p[i + j] * grad[i + j];
  }
  float sum = 0.0f;
  for (int64_t i = whole; i < n; ++i) sum += p[i] * grad[i];
  for (const float lane : sums) sum += lane;
  for (int64_t i = 0; i < n; ++i) grad[i] = scale * p[i] * (grad[i] - sum);
}

// One task per key/value head: its matrices stay in the cache from the scores to the result, and
// small products run on one thread each instead of being split among all.
template <class Body>
void for_each_kv_head(const Call& call, const Body& body) {
  const int64_t heads = call.kv_heads(), group = call.heads() / heads;
  at::parallel_for(0, call.batch() * heads, 1, [&](int64_t begin, int64_t end) {
    const torch::NoGradGuard no_grad;  // worker threads do not inherit the mode
    for (int64_t i = begin; i < end; ++i) body(i / heads, i % heads, group);
  });
}

// Returns [B, Tq, heads, d]; fills `probabilities` [B, heads, Tq, Tk] when it is defined.
torch::Tensor forward_kernel(const Call& call, const torch::Tensor& probabilities) {
  const int64_t tq = call.queries(), tk = call.keys();
  torch::Tensor out =
      torch::empty({call.batch(), tq, call.heads(), call.v.size(3)}, call.q.options());
  for_each_kv_head(call, [&](int64_t b, int64_t kv, int64_t group) {
    const torch::Tensor key = call.k[b][kv].t(), value = call.v[b][kv];
    torch::Tensor scratch;
    if (!probabilities.defined()) scratch = torch::empty({tq, tk}, call.q.options());
    for (int64_t h = kv * group; h < (kv + 1) * group; ++h) {
      torch::Tensor p = probabilities.defined() ? probabilities[b][h] : scratch;
      at::mm_out(p, call.q[b][h], key);
      float* row = p.data_ptr<float>();
      const float* mask = nullptr;
      int64_t mask_step = 0;
      if (call.mask.defined()) {
        mask = call.mask.data_ptr<float>() + b * call.mask.stride(0) + h * call.mask.stride(1);
        mask_step = call.mask.stride(2);
      }
      for (int64_t i = 0; i < tq; ++i, row += tk) {
        softmax_row(row, mask ? mask + i * mask_step : nullptr, tk, float(call.scale));
      }
      torch::Tensor target = out.select(0, b).select(1, h);
      at::mm_out(target, p, value);
    }
  });
  return out;
}

struct Gradients {
  torch::Tensor q, k, v;  // in the memory order [B, T, heads, d]
};

Gradients backward_kernel(const Call& call, const torch::Tensor& probabilities,
                          const torch::Tensor& grad) {
  const auto like = [&](const torch::Tensor& t) {
    return torch::empty({t.size(0), t.size(2), t.size(1), t.size(3)}, call.q.options())
        .transpose(1, 2);
  };
  const Gradients out{like(call.q), like(call.k), like(call.v)};
  const int64_t tq = call.queries(), tk = call.keys();
  for_each_kv_head(call, [&](int64_t b, int64_t kv, int64_t group) {
    const torch::Tensor key = call.k[b][kv], value = call.v[b][kv].t();
    torch::Tensor grad_key = out.k[b][kv], grad_value = out.v[b][kv];
    torch::Tensor scores = torch::empty({tq, tk}, call.q.options());
    for (int64_t g = 0; g < group; ++g) {
      const int64_t h = kv * group + g;
      const torch::Tensor p = probabilities[b][h], grad_out = grad[b][h];
      const double keep = g == 0 ? 0.0 : 1.0;  // heads of a group add up
      at::addmm_out(grad_value, grad_value, p.t(), grad_out, keep, 1.0);
      at::mm_out(scores, grad_out, value);
      const float* prob = p.data_ptr<float>();
      float* row = scores.data_ptr<float>();
      for (int64_t i = 0; i < tq; ++i) {
        softmax_row_backward(prob + i * tk, row + i * tk, tk, float(call.scale));
      }
      torch::Tensor grad_query = out.q[b][h];
      at::mm_out(grad_query, scores, key);
      at::addmm_out(grad_key, grad_key, scores.t(), call.q[b][h], keep, 1.0);
    }
  });
  return out;
}

// Wrapped, because a Function takes no undefined tensors; the mask gets no gradient anyway.
struct AdditiveMask {
  torch::Tensor values;
};

class AttentionFunction : public torch::autograd::Function<AttentionFunction> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& q,
                               const torch::Tensor& k, const torch::Tensor& v,
                               const AdditiveMask& mask, double scale) {
    const Call call{q, k, v, mask.values, scale};
    const torch::Tensor p = torch::empty({q.size(0), q.size(1), q.size(2), k.size(2)}, q.options());
    const torch::Tensor out = forward_kernel(call, p).transpose(1, 2);
    context->save_for_backward({q, k, v, p});
    context->saved_data["scale"] = scale;
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Call call{saved[0], saved[1], saved[2], {}, context->saved_data["scale"].toDouble()};
    torch::Tensor grad = grads[0];
    if (grad.stride(-1) != 1) grad = grad.contiguous();
    const Gradients out = backward_kernel(call, saved[3], grad);
    return {out.q, out.k, out.v, torch::Tensor(), torch::Tensor()};
  }
};

torch::Tensor unit_stride(const torch::Tensor& x) { return x.stride(-1) == 1 ? x : x.contiguous(); }

torch::Tensor attention_on_cpu(const torch::Tensor& q, const torch::Tensor& k,
                               const torch::Tensor& v, const torch::Tensor& mask, double scale) {
  const auto f32 = [](const torch::Tensor& x) { return unit_stride(x.to(torch::kFloat32)); };
  torch::Tensor wide;
  if (mask.defined()) {
    wide =
        unit_stride(mask.to(torch::kFloat32)).expand({q.size(0), q.size(1), q.size(2), k.size(2)});
    if (wide.stride(-1) != 1) wide = wide.contiguous();
  }
  const Call call{f32(q), f32(k), f32(v), wide, scale};
  const bool grad = torch::GradMode::is_enabled() &&
                    (q.requires_grad() || k.requires_grad() || v.requires_grad());
  const torch::Tensor out =
      grad ? AttentionFunction::apply(call.q, call.k, call.v, AdditiveMask{wide}, scale)
           : forward_kernel(call, {}).transpose(1, 2);
  return out.to(q.scalar_type());
}

// The same in whole-tensor operations: GPUs, and f64.
torch::Tensor attention_anywhere(const torch::Tensor& q, const torch::Tensor& k,
                                 const torch::Tensor& v, const torch::Tensor& mask, double scale) {
  const int64_t kv_heads = k.size(1), group = q.size(1) / kv_heads, tq = q.size(2), tk = k.size(2);
  const torch::Tensor grouped = q.reshape({q.size(0), kv_heads, group * tq, q.size(3)});
  torch::Tensor scores = torch::matmul(grouped * scale, k.transpose(-2, -1));
  if (mask.defined()) {
    scores = scores.reshape({q.size(0), q.size(1), tq, tk}) + mask.to(scores.scalar_type());
    scores = scores.reshape({q.size(0), kv_heads, group * tq, tk});
  }
  const auto type = q.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
  const torch::Tensor p = torch::softmax(scores, -1, type).to(v.scalar_type());
  return torch::matmul(p, v).reshape({q.size(0), q.size(1), tq, v.size(3)});
}

}  // namespace

torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                        const torch::Tensor& mask, double scale) {
  const bool fits = q.device().is_cpu() && q.scalar_type() != torch::kFloat64;
  return fits ? attention_on_cpu(q, k, v, mask, scale) : attention_anywhere(q, k, v, mask, scale);
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
