#include "libra/nn/layers.h"

namespace libra::nn {
namespace {

// y = w * (x * r) with r = rsqrt(mean(x^2) + eps). Autograd would keep four full-size f32 tensors
// of it; the gradient needs x and r only.
class RmsNormFunction : public torch::autograd::Function<RmsNormFunction> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& weight, double eps) {
    const torch::Tensor x32 = x.to(compute_type(x));
    const torch::Tensor rms = torch::rsqrt(x32.square().mean(-1, /*keepdim=*/true) + eps);
    context->save_for_backward({x, weight, rms});
    return (x32 * rms).to(x.scalar_type()) * weight.to(x.scalar_type());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &weight = saved[1], &rms = saved[2];
    const auto type = compute_type(x);
    const torch::Tensor normed = x.to(type) * rms;
    const torch::Tensor grad = grads[0].to(type);
    const torch::Tensor grad_weight =
        (grad * normed).flatten(0, -2).sum(0).to(weight.scalar_type());
    const torch::Tensor scaled = grad * weight.to(type);
    const torch::Tensor along = (scaled * normed).mean(-1, /*keepdim=*/true);
    const torch::Tensor grad_x =
        torch::addcmul(scaled, normed, along, -1).mul_(rms).to(x.scalar_type());
    return {grad_x, grad_weight, torch::Tensor()};
  }

 private:
  static torch::ScalarType compute_type(const torch::Tensor& x) {
    return x.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
  }
};

}  // namespace

torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double eps) {
  return RmsNormFunction::apply(x, weight, eps);
}

RmsNormImpl::RmsNormImpl(int64_t width, double eps) : eps_(eps) {
  weight = register_parameter("weight", torch::ones({width}));
}

torch::Tensor RmsNormImpl::forward(const torch::Tensor& x) { return rms_norm(x, weight, eps_); }

torch::Tensor plain_layer_norm(const torch::Tensor& x, double eps) {
  return torch::layer_norm(x, {x.size(-1)}, {}, {}, eps);
}

torch::Tensor gelu(const torch::Tensor& x, Gelu kind) {
  return torch::gelu(x, kind == Gelu::kErf ? "none" : "tanh");
}

MlpImpl::MlpImpl(int64_t width, int64_t hidden, Gelu kind) : kind_(kind) {
  fc1 = register_module("fc1", Linear(width, hidden));
  fc2 = register_module("fc2", Linear(hidden, width));
}

torch::Tensor MlpImpl::forward(const torch::Tensor& x) {
  return fc2->forward(gelu(fc1->forward(x), kind_));
}

SwiGluImpl::SwiGluImpl(int64_t width, int64_t hidden) {
  w1 = register_module("w1", Linear(width, hidden, /*with_bias=*/false));
  w2 = register_module("w2", Linear(hidden, width, /*with_bias=*/false));
  w3 = register_module("w3", Linear(width, hidden, /*with_bias=*/false));
}

torch::Tensor SwiGluImpl::forward(const torch::Tensor& x) {
  return w2->forward(torch::silu(w1->forward(x)) * w3->forward(x));
}

}  // namespace libra::nn
