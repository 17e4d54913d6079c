// ZeRO-2: each rank looks after a part of the parameters (their optimiser's state, their average,
// the sum of their gradients), and gets the others' new weights after every step.
// Rajbhandari et al., ZeRO: Memory Optimizations Toward Training Trillion Parameter Models, 2020.
#pragma once

#include <memory>
#include <vector>

#include "libra/nn/torch.h"
#include "libra/training/distributed/bucket_layout.h"
#include "libra/training/distributed/communicator.h"

namespace libra::training {

class ShardedParameters {
 public:
  // Moves the parameters' storage into the layout's buckets; their values, shapes and strides stay.
  // To be made before any graph of them is, and after they were moved to their device. Where they
  // are narrower than f32, the rank keeps its part in f32 and publish() rounds it.
  ShardedParameters(const std::vector<torch::Tensor>& parameters, const BucketLayout& layout,
                    std::shared_ptr<Communicator> line);

  const std::vector<Piece>& pieces() const { return pieces_; }
  // What the optimiser works on: the weights of each piece, 1-D.
  const std::vector<torch::Tensor>& weights() const { return weights_; }
  // Gives this rank's weights to the others and takes theirs.
  void publish();

  // A piece [count] of a tensor that is shaped as its parameter is, such as a stored moment.
  torch::Tensor cut(const torch::Tensor& whole, const Piece& piece) const;
  // The inverse, bucket by bucket: every rank brings its pieces' tensors, in their order, and gets
  // the bucket of all; BucketLayout::view finds a parameter in it. f32, or f64 where they are.
  torch::Tensor gather(const std::vector<torch::Tensor>& of_pieces, int64_t bucket) const;

 private:
  const BucketLayout layout_;
  const std::shared_ptr<Communicator> line_;
  const std::vector<Piece> pieces_;
  std::vector<torch::Tensor> buckets_;  // the weights, flat
  std::vector<torch::Tensor> weights_;
  std::vector<torch::Tensor> shapes_;  // the parameters
};

// Bytes that one rank holds for a model in training, without activations.
struct RankMemory {
  int64_t weights = 0;
  int64_t gradients = 0;
  int64_t optimizer = 0;  // two moments, and f32 weights where the model's are narrower
  int64_t average = 0;    // exponential moving average of the weights
  int64_t buckets = 0;    // gradients on their way
  int64_t total() const { return weights + gradients + optimizer + average + buckets; }
};
struct MemoryQuestion {
  int64_t trained = 0, frozen = 0;  // weights
  int bytes_per_weight = 4;         // 4: f32; 2: bf16, with f32 master weights
  bool average = true;
  int ranks = 1;
  bool zero = false;  // ZeRO-2
  int64_t bucket_bytes = 25 << 20;
  int in_flight = 3;
};
// Padding of buckets, at most `ranks` elements each, is left out.
RankMemory rank_memory(const MemoryQuestion& question);

}  // namespace libra::training
