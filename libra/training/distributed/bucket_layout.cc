#include "libra/training/distributed/bucket_layout.h"

#include <algorithm>

namespace libra::training {

BucketLayout::BucketLayout(const std::vector<torch::Tensor>& parameters, int64_t bucket_bytes,
                           int ranks)
    : ranks_(ranks), places_(parameters.size()) {
  for (int64_t i = int64_t(parameters.size()) - 1; i >= 0; --i) {
    const torch::Tensor& p = parameters[size_t(i)];
    const bool fits =
        !buckets_.empty() && buckets_.back().options.dtype() == p.dtype() &&
        buckets_.back().options.device() == p.device() &&
        (buckets_.back().size + p.numel()) * int64_t(p.element_size()) <= bucket_bytes;
    if (!fits) {
      buckets_.emplace_back();
      buckets_.back().options = torch::dtype(p.dtype()).device(p.device());
    }
    Bucket& bucket = buckets_.back();
    // As it lies in memory (channels_last stays that), or row by row where it has holes.
    const bool dense = p.is_non_overlapping_and_dense();
    const torch::Tensor shape = dense ? p : torch::empty(p.sizes(), torch::kMeta);
    places_[size_t(i)] = {int64_t(buckets_.size()) - 1, bucket.size, p.numel(), shape.sizes().vec(),
                          shape.strides().vec()};
    bucket.parameters.push_back(i);
    bucket.offsets.push_back(bucket.size);
    bucket.size += p.numel();
  }
  for (Bucket& bucket : buckets_) bucket.size += (ranks - bucket.size % ranks) % ranks;
}

std::vector<Piece> BucketLayout::pieces(int rank) const {
  std::vector<Piece> pieces;
  for (int64_t b = 0; b < int64_t(buckets_.size()); ++b) {
    const Bucket& bucket = buckets_[size_t(b)];
    const int64_t own = bucket.size / ranks_, begin = own * rank;
    for (const int64_t p : bucket.parameters) {
      const Place& place = places_[size_t(p)];
      const int64_t first = std::max(begin, place.offset);
      const int64_t last = std::min(begin + own, place.offset + place.count);
      if (first < last) pieces.push_back({p, first - place.offset, last - first, b, first - begin});
    }
  }
  return pieces;
}

torch::Tensor BucketLayout::view(const torch::Tensor& bucket, int64_t index) const {
  const Place& place = places_[size_t(index)];
  return bucket.as_strided(place.sizes, place.strides, bucket.storage_offset() + place.offset);
}

}  // namespace libra::training
