// From noise to a chunk of actions.
#pragma once

#include "libra/policy/bundle.h"

namespace libra::policy {

// What is known of a chunk before it is denoised (inpainting).
struct KnownActions {
  torch::Tensor action;  // [B, H, D], in the target's units
  torch::Tensor weight;  // [B, H, 1]: 1 holds it, 0 leaves it free; undefined: nothing is known
};

// noise [B, H, D] -> actions [B, H, D] in [-1, 1] after `steps` DDIM steps. bins [B, H, D] int64:
// the intents; undefined for variants without.
torch::Tensor denoise(const ModelBundle& bundle, const model::RefinerContext& context,
                      const torch::Tensor& bins, const torch::Tensor& noise, int steps,
                      const KnownActions& known = {});

}  // namespace libra::policy
