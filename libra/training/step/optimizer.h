// AdamW with warm-up and a schedule, gradient clipping and an exponential moving average of the
// weights, for one half of the model (a set of parameters that no other optimiser touches). Where
// several ranks train it: on the sum of their gradients, with ZeRO-2 each rank on its part.
#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "libra/nn/ema.h"
#include "libra/nn/torch.h"
#include "libra/training/distributed/exchange.h"
#include "libra/training/step/config.h"

namespace libra::training {

// Learning rate of step 0, 1, ...: linear warm-up, then as the schedule says, between
// lr * final_lr_share and lr.
double learning_rate(const OptimConfig& config, int64_t step, int64_t run_steps);

class Optimizer {
 public:
  // Of the module's weights that ask for gradients, in f32; `prefix` goes before their names in the
  // groups' patterns; `run_steps` ends the schedule; `line` leads to the other ranks.
  Optimizer(torch::nn::Module& module, const std::string& prefix, const OptimConfig& config,
            int64_t run_steps, std::shared_ptr<Communicator> line = Communicator::alone(),
            const ExchangeOptions& options = {});

  const std::vector<torch::Tensor>& parameters() const { return parameters_; }
  // Gradients are exchanged around backward() by whoever calls that.
  Exchange& exchange() { return *exchange_; }
  void zero_grad();
  // Adds one gradient per parameter (undefined: none) to what backward() left.
  void add_gradients(const std::vector<torch::Tensor>& gradients);
  // Clips, steps, updates the average. Returns the gradient norm before clipping; when it is not
  // finite nothing is changed.
  double step(int64_t step);

  // Swaps the averaged weights in (or back out): for validation and for writing checkpoints.
  void swap_average();

  // Every rank calls it, the first one writes: the same file for any number of ranks. Throws
  // Error(kFailed) when the disk does not take it.
  void save(const std::string& path) const;
  // Throws Error(kBadInput) when the file does not belong to this model.
  void load(const std::string& path);

 private:
  // Everything of the targets that resuming needs, by name; each tensor shares its storage with its
  // owner.
  std::vector<std::pair<std::string, std::vector<torch::Tensor>>> state() const;

  struct Pace {
    double lr_scale, weight_decay;
    bool operator<(const Pace& o) const {
      return std::tie(lr_scale, weight_decay) < std::tie(o.lr_scale, o.weight_decay);
    }
  };

  OptimConfig config_;
  int64_t run_steps_;
  std::vector<torch::Tensor> parameters_;
  std::vector<std::string> names_;
  std::vector<Pace> paces_;  // one each per parameter, as are the steps it has seen
  std::vector<torch::Tensor> steps_;
  std::unique_ptr<Exchange> exchange_;
  nn::Ema average_;
  std::vector<torch::Tensor> first_,
      second_;  // AdamW's moments of the gradient, one each per target
};

}  // namespace libra::training
