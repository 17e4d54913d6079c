#include "libra/nn/recompute.h"

#include <algorithm>

#include "libra/nn/autocast.h"
#include "libra/nn/linear.h"

namespace libra::nn {
namespace {

thread_local bool g_recompute = false;

// What the second pass needs to be the first again.
struct Remembered : torch::CustomClassHolder {
  LayerFunction layer;
  bool autocast = false, narrow = false;
  DropoutStream::Place dropout = {};
};

class Forgetful : public torch::autograd::Function<Forgetful> {
 public:
  // The first of `inputs` is a number that asks for a gradient: without one the layer's parameters
  // would get none where its inputs need none.
  static torch::Tensor forward(torch::autograd::AutogradContext* context,
                               const LayerFunction& layer, at::TensorList inputs) {
    auto kept = c10::make_intrusive<Remembered>();
    kept->layer = layer;
    kept->autocast = AutocastSwitch::enabled();
    kept->narrow = NarrowProducts::on(torch::kCPU);
    kept->dropout = DropoutStream::now();
    context->saved_data["layer"] = c10::IValue::make_capsule(
        c10::static_intrusive_pointer_cast<torch::CustomClassHolder>(kept));
    context->save_for_backward(inputs.vec());
    return layer({inputs.begin() + 1, inputs.end()});
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto kept =
        c10::static_intrusive_pointer_cast<Remembered>(context->saved_data["layer"].toCapsule());
    const auto inputs = context->get_saved_variables();
    std::vector<torch::Tensor> again;
    for (size_t i = 1; i < inputs.size(); ++i) {
      again.push_back(inputs[i].detach());
      again.back().set_requires_grad(inputs[i].requires_grad());
    }
    {
      const torch::AutoGradMode differentiable(true);
      const Bf16Scope autocast(kept->autocast);
      const NarrowProducts narrow(kept->narrow);
      const DropoutStream dropout(kept->dropout.seed, kept->dropout.asked);
      const Recompute off(false);
      const torch::Tensor out = kept->layer(again);
      torch::autograd::backward({out}, {gradients[0]});
    }
    torch::autograd::variable_list result(2);  // of the layer and of the number: none
    for (const auto& x : again) result.push_back(x.grad());
    return result;
  }
};

}  // namespace

Recompute::Recompute(bool on) : before_(g_recompute) { g_recompute = on; }
Recompute::~Recompute() { g_recompute = before_; }

torch::Tensor recomputed(const torch::nn::Module& module, const LayerFunction& layer,
                         const std::vector<torch::Tensor>& inputs) {
  if (!g_recompute || !torch::GradMode::is_enabled()) return layer(inputs);
  const auto learns = [](const torch::Tensor& x) { return x.requires_grad(); };
  const auto parameters = module.parameters();
  if (std::none_of(inputs.begin(), inputs.end(), learns) &&
      std::none_of(parameters.begin(), parameters.end(), learns)) {
    return layer(inputs);
  }
  std::vector<torch::Tensor> all = {torch::zeros({}, inputs[0].options()).set_requires_grad(true)};
  all.insert(all.end(), inputs.begin(), inputs.end());
  return Forgetful::apply(layer, at::TensorList(all));
}

}  // namespace libra::nn
