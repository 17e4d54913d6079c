#include "libra/training/distributed/sharded_parameters.h"

#include <algorithm>

namespace libra::training {

ShardedParameters::ShardedParameters(const std::vector<torch::Tensor>& parameters,
                                     const BucketLayout& layout, std::shared_ptr<Communicator> line)
    : layout_(layout),
      line_(std::move(line)),
      pieces_(layout_.pieces(line_->rank())),
      shapes_(parameters) {
  const torch::NoGradGuard no_grad;
  for (const Bucket& bucket : layout_.buckets()) {
    buckets_.push_back(torch::zeros({bucket.size}, bucket.options));
    for (const int64_t p : bucket.parameters) {
      torch::Tensor parameter = parameters[size_t(p)];
      const torch::Tensor home = layout_.view(buckets_.back(), p);
      home.copy_(parameter);
      parameter.set_data(home);
    }
  }
  for (const Piece& piece : pieces_) {
    const torch::Tensor& bucket = buckets_[size_t(piece.bucket)];
    const int64_t own = bucket.numel() / layout_.ranks();
    const torch::Tensor part = bucket.narrow(0, line_->rank() * own + piece.offset, piece.count);
    const bool narrow = part.element_size() < 4;
    weights_.push_back(narrow ? part.to(torch::kFloat32) : part);
  }
}

void ShardedParameters::publish() {
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const torch::Tensor& bucket = buckets_[size_t(pieces_[i].bucket)];
    if (weights_[i].dtype() == bucket.dtype()) continue;  // it is the bucket's own memory
    const int64_t own = bucket.numel() / layout_.ranks();
    bucket.narrow(0, line_->rank() * own + pieces_[i].offset, pieces_[i].count).copy_(weights_[i]);
  }
  std::vector<PendingCollective> pending;
  for (torch::Tensor& bucket : buckets_) {
    const int64_t own = bucket.numel() / layout_.ranks();
    pending.push_back(
        line_->all_gather(bucket.narrow(0, line_->rank() * own, own).clone(), bucket));
  }
  for (auto& p : pending) p.wait();
}

torch::Tensor ShardedParameters::cut(const torch::Tensor& whole, const Piece& piece) const {
  // In the order in which the parameter lies in memory.
  torch::Tensor ordered = torch::empty_like(shapes_[size_t(piece.parameter)], whole.options());
  ordered.copy_(whole);
  return ordered.as_strided({piece.count}, {1}, ordered.storage_offset() + piece.first).clone();
}

torch::Tensor ShardedParameters::gather(const std::vector<torch::Tensor>& of_pieces,
                                        int64_t index) const {
  const torch::NoGradGuard no_grad;
  const Bucket& bucket = layout_.buckets()[size_t(index)];
  const auto options = bucket.options.dtype(
      bucket.options.dtype() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32);
  torch::Tensor part = torch::zeros({bucket.size / layout_.ranks()}, options);
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (pieces_[i].bucket != index) continue;
    part.narrow(0, pieces_[i].offset, pieces_[i].count).copy_(of_pieces[i]);
  }
  torch::Tensor whole = torch::empty({bucket.size}, options);
  line_->all_gather(part, whole).wait();
  return whole;
}

RankMemory rank_memory(const MemoryQuestion& q) {
  const auto share = [&](int64_t bytes) {
    return q.zero ? (bytes + q.ranks - 1) / q.ranks : bytes;
  };
  RankMemory memory;
  memory.weights = (q.trained + q.frozen) * q.bytes_per_weight;
  memory.gradients = share(q.trained * q.bytes_per_weight);
  memory.optimizer = share(q.trained * (q.bytes_per_weight < 4 ? 12 : 8));
  memory.average = q.average ? share(q.trained * 4) : 0;
  // Plain buckets become the gradients themselves.
  if (q.zero) {
    memory.buckets =
        std::min(int64_t(q.in_flight) * q.bucket_bytes, q.trained * q.bytes_per_weight);
  }
  return memory;
}

}  // namespace libra::training
