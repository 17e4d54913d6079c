// Activation checkpointing: what a layer computed on the way is forgotten and computed again when
// its gradient is wanted, which costs a third more time and leaves one tensor a layer in memory.
#pragma once

#include <functional>
#include <vector>

#include "libra/nn/torch.h"

namespace libra::nn {

// While one is alive and `on`, recomputed() forgets, on this thread. Nests.
class Recompute {
 public:
  explicit Recompute(bool on = true);
  ~Recompute();
  Recompute(const Recompute&) = delete;
  Recompute& operator=(const Recompute&) = delete;

 private:
  bool before_;
};

// layer(inputs), the same to the last bit in both modes. module: whose parameters the layer uses;
// where neither they nor the inputs learn, nothing is computed again. inputs: every tensor through
// which a gradient flows, but for parameters; all defined. The layer must not depend on anything
// that changes before backward().
using LayerFunction = std::function<torch::Tensor(const std::vector<torch::Tensor>&)>;
torch::Tensor recomputed(const torch::nn::Module& module, const LayerFunction& layer,
                         const std::vector<torch::Tensor>& inputs);

}  // namespace libra::nn
