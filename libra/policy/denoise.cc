#include "libra/policy/denoise.h"

#include "libra/policy/intent_tensors.h"

namespace libra::policy {

torch::Tensor denoise(const ModelBundle& bundle, const model::RefinerContext& context,
                      const torch::Tensor& bins, const torch::Tensor& noise, int steps,
                      const KnownActions& known) {
  const auto& config = bundle.config;
  model::RefinerNet refiner = bundle.refiner;  // the same network
  const torch::Tensor intent = config.has_intents() ? refiner->embed_intent(bins) : torch::Tensor();
  torch::Tensor x = noise;
  const auto times = torch::TensorOptions().dtype(torch::kInt64).device(noise.device());
  for (const int64_t t : bundle.scheduler.timesteps(steps)) {
    const torch::Tensor level = torch::full({noise.size(0)}, t, times);
    if (known.weight.defined()) {  // the known part, as noisy as the rest is now
      x = torch::lerp(x, bundle.scheduler.add_noise(known.action, noise, level), known.weight);
    }
    const torch::Tensor answer = refiner->forward(x, level, intent, context);
    x = bundle.scheduler.ddim_step(answer, t, x, steps).prev_sample;
  }
  if (known.weight.defined()) x = torch::lerp(x, known.action, known.weight);
  if (config.refiner.target == model::RefinerTarget::kResidual) {
    x = from_residual(x, bins, bundle.transforms->bins().to(x.device()));
  }
  return x.clamp(-1.0, 1.0);
}

}  // namespace libra::policy
