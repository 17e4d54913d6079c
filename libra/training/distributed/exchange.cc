#include "libra/training/distributed/exchange.h"

#include <cmath>
#include <numeric>

namespace libra::training {

Exchange::Exchange(std::vector<torch::Tensor> parameters, std::shared_ptr<Communicator> line,
                   const ExchangeOptions& options)
    : parameters_(std::move(parameters)), line_(std::move(line)) {
  if (parameters_.empty() || (line_->size() == 1 && !options.zero)) return;
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& p : parameters_) {
    torch::Tensor same = p.detach().contiguous();
    line_->broadcast(same).wait();
    if (!p.is_contiguous()) p.copy_(same);
  }
  layout_.emplace(parameters_, options.bucket_bytes, line_->size());
  if (options.zero) shard_.emplace(parameters_, *layout_, line_);
  reducer_ = std::make_unique<GradientReducer>(parameters_, *layout_, line_,
                                               ReducerOptions{.shard = options.zero,
                                                              .in_flight = options.in_flight,
                                                              .spans = options.spans,
                                                              .name = options.name});
}

const std::vector<torch::Tensor>& Exchange::targets() const {
  return shard_ ? shard_->weights() : parameters_;
}

int64_t Exchange::parameter_of(size_t target) const {
  return shard_ ? shard_->pieces()[target].parameter : int64_t(target);
}

void Exchange::send_after(Exchange& first) {
  if (reducer_ && first.reducer_) reducer_->send_after(*first.reducer_);
}

void Exchange::begin(bool last) {
  if (reducer_ && (last || shard_)) reducer_->begin();
}

void Exchange::finish(bool last) {
  if (reducer_ && (last || shard_)) reducer_->finish();
}

std::vector<torch::Tensor> Exchange::gradients() const {
  if (shard_) return reducer_->piece_gradients();
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& p : parameters_) gradients.push_back(p.grad());
  return gradients;
}

bool Exchange::used(int64_t parameter) const {
  return shard_ ? reducer_->used(parameter) : parameters_[size_t(parameter)].grad().defined();
}

void Exchange::drop_gradients() {
  for (torch::Tensor& p : parameters_) p.mutable_grad().reset();
  if (reducer_) reducer_->drop_pieces();
}

double Exchange::norm(double own) const { return shard_ ? std::sqrt(line_->sum(own * own)) : own; }

void Exchange::publish() {
  if (shard_) shard_->publish();
}

std::vector<int64_t> Exchange::order() const {
  std::vector<int64_t> order;
  if (!shard_) {
    order.resize(parameters_.size());
    std::iota(order.begin(), order.end(), 0);
    return order;
  }
  for (const Bucket& bucket : layout_->buckets()) {
    order.insert(order.end(), bucket.parameters.begin(), bucket.parameters.end());
  }
  return order;
}

std::function<torch::Tensor(int64_t)> Exchange::wholes(
    std::vector<torch::Tensor> of_targets) const {
  if (!shard_) return [of_targets](int64_t p) { return of_targets[size_t(p)].detach(); };
  return [this, of_targets, at = int64_t(-1), bucket = torch::Tensor()](int64_t p) mutable {
    if (layout_->bucket_of(p) != at) {
      at = layout_->bucket_of(p);
      bucket = shard_->gather(of_targets, at);
    }
    return layout_->view(bucket, p);
  };
}

void Exchange::set(const std::vector<torch::Tensor>& of_targets, int64_t parameter,
                   const torch::Tensor& whole) const {
  const torch::NoGradGuard no_grad;
  if (!shard_) {
    torch::Tensor(of_targets[size_t(parameter)]).copy_(whole);
    return;
  }
  for (size_t i = 0; i < of_targets.size(); ++i) {
    const Piece& piece = shard_->pieces()[i];
    if (piece.parameter != parameter) continue;
    torch::Tensor(of_targets[i]).copy_(shard_->cut(whole, piece));
  }
}

}  // namespace libra::training
