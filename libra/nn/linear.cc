#include "libra/nn/linear.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "libra/core/rng.h"

namespace libra::nn {
namespace {

thread_local bool g_no_init = false;
thread_local bool g_narrow = false;
thread_local DropoutStream::Place g_dropout;

bool is_reduced(torch::ScalarType type) {
  return type == torch::kBFloat16 || type == torch::kFloat16;
}

// In which dtype a product with a reduced weight is made.
torch::ScalarType product_type(const torch::Tensor& weight) {
  return NarrowProducts::on(weight.device()) ? weight.scalar_type() : torch::kFloat32;
}

// x [T, in] f32 times the transpose of weight [out, in] bf16. A panel of the weight is widened and
// used while it is in the cache: no f32 copy of the whole ever exists, and a few rows of x cost
// little more than reading the weight once.
torch::Tensor panel_product(const torch::Tensor& x, const torch::Tensor& weight) {
  constexpr int64_t kPanelBytes = 1 << 20;
  const int64_t out = weight.size(0);
  const int64_t rows = std::max<int64_t>(16, kPanelBytes / (4 * weight.size(1)));
  const torch::Tensor product = torch::empty({x.size(0), out}, x.options());
  at::parallel_for(0, (out + rows - 1) / rows, 1, [&](int64_t begin, int64_t end) {
    const torch::NoGradGuard no_grad;  // worker threads do not inherit the mode
    for (int64_t i = begin * rows; i < std::min(end * rows, out); i += rows) {
      const int64_t count = std::min(rows, out - i);
      torch::Tensor target = product.narrow(1, i, count);
      at::mm_out(target, x, weight.narrow(0, i, count).to(torch::kFloat32).t());
    }
  });
  return product;
}

// The transpose of what panel_product does: gradient [T, out] f32 times weight [out, in] bf16.
torch::Tensor panel_gradient(const torch::Tensor& gradient, const torch::Tensor& weight) {
  constexpr int64_t kPanelBytes = 1 << 22;
  const int64_t out = weight.size(0);
  const int64_t rows = std::max<int64_t>(16, kPanelBytes / (4 * weight.size(1)));
  torch::Tensor sum = torch::zeros({gradient.size(0), weight.size(1)}, gradient.options());
  for (int64_t i = 0; i < out; i += rows) {
    const int64_t count = std::min(rows, out - i);
    sum.addmm_(gradient.narrow(1, i, count), weight.narrow(0, i, count).to(torch::kFloat32));
  }
  return sum;
}

// A wide product with a bf16 weight that does not learn. LibTorch would keep the widened weight
// until backward(): four bytes a weight of the whole model.
class FrozenProduct : public torch::autograd::Function<FrozenProduct> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& weight) {
    context->save_for_backward({weight});
    return panel_product(x, weight);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    return {panel_gradient(gradients[0].contiguous(), context->get_saved_variables()[0]), {}};
  }
};

}  // namespace

DropoutStream::DropoutStream(uint64_t seed, uint64_t asked) : before_(g_dropout) {
  g_dropout = {seed, asked};
}
DropoutStream::~DropoutStream() { g_dropout = before_; }
DropoutStream::Place DropoutStream::now() { return g_dropout; }

NoInit::NoInit(bool on) : before_(g_no_init) { g_no_init = before_ || on; }
NoInit::~NoInit() { g_no_init = before_; }

NarrowProducts::NarrowProducts(bool on) : before_(g_narrow) { g_narrow = on; }
NarrowProducts::~NarrowProducts() { g_narrow = before_; }
bool NarrowProducts::on(torch::Device device) { return g_narrow || !device.is_cpu(); }

void init_normal(const torch::Tensor& weight, double deviation) {
  if (!g_no_init) torch::nn::init::normal_(weight, 0.0, deviation);
}

void init_xavier_uniform(const torch::Tensor& weight) {
  if (!g_no_init) torch::nn::init::xavier_uniform_(weight);
}

void init_zeros(const torch::Tensor& weight) {
  if (!g_no_init) torch::nn::init::zeros_(weight);
}

torch::ScalarType parameter_type(const torch::Tensor& parameter, torch::ScalarType precision) {
  if (!parameter.is_floating_point()) return parameter.scalar_type();
  return parameter.dim() >= 2 ? precision : torch::kFloat32;
}

void set_precision(torch::nn::Module& module, torch::ScalarType precision) {
  for (auto& p : module.parameters()) p.set_data(p.to(parameter_type(p, precision)));
}

torch::ScalarType activation_type(torch::ScalarType weight) {
  return weight == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
}

torch::Tensor linear(const torch::Tensor& x, const torch::Tensor& weight,
                     const torch::Tensor& bias) {
  if (!is_reduced(weight.scalar_type())) return torch::linear(x, weight, bias);
  if (NarrowProducts::on(weight.device())) {
    const auto type = weight.scalar_type();
    return torch::linear(x.to(type), weight, bias.defined() ? bias.to(type) : bias);
  }
  const torch::Tensor rows = x.to(torch::kFloat32).reshape({-1, x.size(-1)});
  const bool differentiable =
      torch::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
  const bool on_cpu = weight.device().is_cpu();
  const torch::Tensor product = !differentiable ? panel_product(rows, weight)
                                : !weight.requires_grad() && on_cpu
                                    ? FrozenProduct::apply(rows, weight)
                                    : torch::linear(rows, weight.to(torch::kFloat32));
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = weight.size(0);
  const torch::Tensor whole = product.to(x.scalar_type()).reshape(shape);
  return bias.defined() ? whole + bias : whole;
}

LinearImpl::LinearImpl(int64_t in, int64_t out, bool with_bias) {
  weight = register_parameter("weight", torch::empty({out, in}));
  bias = register_parameter("bias", with_bias ? torch::empty({out}) : torch::Tensor(), with_bias);
  if (g_no_init) return;
  // torch.nn.Linear.reset_parameters
  torch::nn::init::kaiming_uniform_(weight, std::sqrt(5.0));
  const double bound = 1.0 / std::sqrt(double(in));
  if (with_bias) torch::nn::init::uniform_(bias, -bound, bound);
}

torch::Tensor LinearImpl::forward(const torch::Tensor& x) {
  const torch::Tensor y = linear(x, weight, bias);
  if (!has_lora()) return y;
  torch::Tensor seen = x;
  if (lora_dropout_ > 0 && is_training()) {
    auto generator = at::detail::createCPUGenerator(mix_seed({g_dropout.seed, g_dropout.asked++}));
    const torch::Tensor kept = torch::rand(x.sizes(), generator, torch::kFloat32) >= lora_dropout_;
    seen = x * (kept.to(x.device(), x.scalar_type()) / (1.0 - lora_dropout_));
  }
  const torch::Tensor low = torch::linear(seen.to(lora_a.scalar_type()), lora_a);
  return y + (torch::linear(low, lora_b) * lora_scale_).to(y.scalar_type());
}

bool is_lora(const std::string& name) {
  return name.ends_with("lora_A") || name.ends_with("lora_B");
}

void LinearImpl::add_lora(const LoraOptions& options) {
  const auto f32 = weight.options().dtype(torch::kFloat32);
  lora_a = register_parameter("lora_A", torch::empty({options.rank, weight.size(1)}, f32));
  lora_b = register_parameter("lora_B", torch::zeros({weight.size(0), options.rank}, f32));
  torch::nn::init::kaiming_uniform_(lora_a, std::sqrt(5.0));
  lora_scale_ = options.alpha / double(options.rank);
  lora_dropout_ = options.dropout;
  weight.set_requires_grad(false);
  if (bias.defined()) bias.set_requires_grad(false);
}

torch::Tensor LinearImpl::merged_weight() const {
  const torch::NoGradGuard no_grad;
  const torch::Tensor base = weight.to(torch::kFloat32);
  return has_lora() ? base + lora_scale_ * torch::mm(lora_b, lora_a) : base;
}

EmbeddingImpl::EmbeddingImpl(int64_t count, int64_t width, int64_t padding_id)
    : padding_id_(padding_id < count ? padding_id : -1) {
  weight = register_parameter("weight", torch::empty({count, width}));
  init(1.0);
}

void EmbeddingImpl::init(double deviation) {
  if (g_no_init) return;
  const torch::NoGradGuard no_grad;
  weight.normal_(0.0, deviation);
  if (padding_id_ >= 0) weight[padding_id_].zero_();
}

torch::Tensor EmbeddingImpl::forward(const torch::Tensor& ids) {
  const torch::Tensor rows = torch::embedding(weight, ids, padding_id_);
  return rows.to(activation_type(rows.scalar_type()));
}

torch::Tensor convolve(torch::nn::Conv2dImpl& conv, const torch::Tensor& x) {
  if (!is_reduced(conv.weight.scalar_type())) return conv.forward(x);
  const auto type = product_type(conv.weight);
  namespace F = torch::nn::functional;
  const auto& o = conv.options;
  const torch::Tensor product = F::conv2d(x.to(type), conv.weight.to(type),
                                          F::Conv2dFuncOptions()
                                              .stride(o.stride())
                                              .padding(o.padding())
                                              .dilation(o.dilation())
                                              .groups(o.groups()))
                                    .to(x.scalar_type());
  return conv.bias.defined() ? product + conv.bias.view({-1, 1, 1}) : product;
}

}  // namespace libra::nn
