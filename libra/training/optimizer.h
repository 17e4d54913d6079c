// AdamW with warm-up and cosine, gradient clipping and an exponential moving average of the
// weights, for one half of the model (a set of parameters that no other optimiser touches).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libra/nn/ema.h"
#include "libra/nn/torch.h"
#include "libra/training/config.h"

namespace libra::training {

// Learning rate of step 0, 1, ...: linear warm-up, then a cosine, between lr * final_lr_share and
// lr.
double learning_rate(const OptimConfig& config, int64_t step, int64_t run_steps);

class Optimizer {
 public:
  // `module` keeps its weights in f32; `run_steps` ends the cosine.
  Optimizer(torch::nn::Module& module, const OptimConfig& config, int64_t run_steps);

  const std::vector<torch::Tensor>& parameters() const { return parameters_; }
  void zero_grad();
  // Adds one gradient per parameter (undefined: none) to what backward() left.
  void add_gradients(const std::vector<torch::Tensor>& gradients);
  // Clips, steps, updates the average. Returns the gradient norm before clipping; when it is not
  // finite nothing is changed.
  double step(int64_t step);

  // Swaps the averaged weights in (or back out): for validation and for writing checkpoints.
  void swap_average();

  // Throws Error(kFailed) when the disk does not take it.
  void save(const std::string& path) const;
  // Throws Error(kBadInput) when the file does not belong to this model.
  void load(const std::string& path);

 private:
  // Everything that resuming needs, by name; each tensor shares its storage with its owner.
  std::vector<std::pair<std::string, std::vector<torch::Tensor>>> state() const;

  OptimConfig config_;
  int64_t run_steps_;
  std::vector<torch::Tensor> parameters_;
  nn::Ema average_;
  // AdamW's state, one each per parameter: moments of the gradient, and how many steps it has seen.
  std::vector<torch::Tensor> first_, second_, steps_;
};

}  // namespace libra::training
