// Where the gradients of a set of parameters lie when ranks exchange them: in few large buckets, so
// that a message is long enough to be fast, and short enough to travel while backward() goes on.
#pragma once

#include <cstdint>
#include <vector>

#include "libra/nn/torch.h"

namespace libra::training {

struct Bucket {
  std::vector<int64_t> parameters;  // indices
  std::vector<int64_t> offsets;     // where each begins (elements)
  int64_t size = 0;                 // elements, padded to a multiple of the ranks
  torch::TensorOptions options;     // type and device
};

// A run of one parameter's elements, as they lie in memory, that one rank looks after.
struct Piece {
  int64_t parameter = 0;
  int64_t first = 0, count = 0;  // of the parameter's elements
  int64_t bucket = 0;
  int64_t offset = 0;  // where it begins in the rank's part of the bucket
};

// The order is that of the parameters backwards, which is about the order in which backward() comes
// to them; types and devices do not mix. The same parameters give the same layout on every rank.
class BucketLayout {
 public:
  BucketLayout(const std::vector<torch::Tensor>& parameters, int64_t bucket_bytes, int ranks);

  const std::vector<Bucket>& buckets() const { return buckets_; }
  int64_t bucket_of(int64_t parameter) const { return places_[size_t(parameter)].bucket; }
  int ranks() const { return ranks_; }
  // Each rank has size / ranks elements of each bucket; these are the parameters in them.
  std::vector<Piece> pieces(int rank) const;
  // Parameter `index`, shaped as it is, inside a tensor of its bucket's size.
  torch::Tensor view(const torch::Tensor& bucket, int64_t index) const;

 private:
  struct Place {
    int64_t bucket = 0, offset = 0, count = 0;
    std::vector<int64_t> sizes, strides;
  };
  int ranks_;
  std::vector<Bucket> buckets_;
  std::vector<Place> places_;  // of each parameter
};

}  // namespace libra::training
