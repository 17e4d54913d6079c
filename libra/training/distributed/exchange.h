// What an optimiser needs to know of the other ranks: which tensors it works on, their gradients
// summed, and its state whole. One process is the case in which nothing is exchanged.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libra/nn/torch.h"
#include "libra/training/distributed/communicator.h"
#include "libra/training/distributed/gradient_reducer.h"
#include "libra/training/distributed/sharded_parameters.h"

namespace libra::training {

struct ExchangeOptions {
  bool zero = false;  // ZeRO-2: each rank optimises its part
  int64_t bucket_bytes = 25 << 20;
  int in_flight = 3;  // ZeRO-2: buckets that travel at once
  SpanLog* spans = nullptr;
  std::string name = "exchange";  // lane of the spans
};

// Thread: one at a time.
class Exchange {
 public:
  // Every rank gets the first one's parameters. To be made before any graph of them is.
  Exchange(std::vector<torch::Tensor> parameters, std::shared_ptr<Communicator> line,
           const ExchangeOptions& options = {});

  // What the optimiser changes: the parameters, or this rank's pieces of them (1-D), and which
  // parameter each is of (at most one target a parameter).
  const std::vector<torch::Tensor>& targets() const;
  int64_t parameter_of(size_t target) const;

  // Two exchanges of one backward() share a line: this one sends after `first`.
  void send_after(Exchange& first);
  // Around a backward(). last: of a step. Before the last, data parallel only adds up on this rank,
  // ZeRO-2 exchanges each time, so that no rank ever holds all gradients.
  void begin(bool last);
  void finish(bool last);
  // Of each target, undefined where no rank has any; to be dropped after the step.
  std::vector<torch::Tensor> gradients() const;
  bool used(int64_t parameter) const;
  void drop_gradients();
  // The norm over all targets, of each rank's norm over its own.
  double norm(double own) const;
  // Every rank gets the others' changed targets.
  void publish();

  // Tensors of the targets' sizes, such as moments, whole: every rank asks the function for all
  // parameters in order(), each once. What it gives is good until the next call.
  std::function<torch::Tensor(int64_t)> wholes(std::vector<torch::Tensor> of_targets) const;
  std::vector<int64_t> order() const;
  // Puts this rank's part of a parameter's tensor into that of its target, if it has one.
  void set(const std::vector<torch::Tensor>& of_targets, int64_t parameter,
           const torch::Tensor& whole) const;
  bool first() const { return line_->first(); }
  // Whether there is anything to exchange.
  bool any() const { return reducer_ != nullptr; }

 private:
  std::vector<torch::Tensor> parameters_;
  std::shared_ptr<Communicator> line_;
  std::optional<BucketLayout> layout_;
  std::optional<ShardedParameters> shard_;
  std::unique_ptr<GradientReducer> reducer_;  // null: nothing to exchange
};

}  // namespace libra::training
