#include "libra/training/distributed/gradient_reducer.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <utility>

namespace libra::training {

struct GradientReducer::Sending {
  int64_t waiting = 0;  // parameters whose gradients are not all there
  torch::Tensor whole;  // the bucket
  torch::Tensor part;   // ZeRO-2: the sum of this rank's part
  PendingCollective pending;
};

// Autograd calls it after it has added to a parameter's gradient.
struct GradientReducer::Hook {
  std::shared_ptr<torch::autograd::Node> accumulator;  // lives as long as somebody holds it
  uintptr_t key = 0;
};

GradientReducer::GradientReducer(std::vector<torch::Tensor> parameters, const BucketLayout& layout,
                                 std::shared_ptr<Communicator> line, ReducerOptions options)
    : parameters_(std::move(parameters)),
      layout_(layout),
      line_(std::move(line)),
      options_(std::move(options)),
      pieces_(layout_.pieces(line_->rank())),
      expected_(parameters_.size(), 0),
      seen_(parameters_.size(), 0),
      parts_(layout_.buckets().size()) {
  drop_pieces();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    auto hook = std::make_shared<Hook>();
    hook->accumulator = torch::autograd::impl::grad_accumulator(parameters_[i]);
    using Variables = torch::autograd::variable_list;
    hook->key =
        hook->accumulator->add_post_hook(std::make_unique<torch::autograd::utils::LambdaPostHook>(
            [this, i](const Variables& outputs, const Variables&) {
              on_gradient(i);
              return outputs;
            }));
    hooks_.push_back(std::move(hook));
  }
}

GradientReducer::~GradientReducer() {
  for (const auto& hook : hooks_) hook->accumulator->del_post_hook(hook->key);
}

void GradientReducer::send_after(GradientReducer& first) {
  before_ = &first;
  first.next_ = this;
}

void GradientReducer::begin() {
  const std::lock_guard lock(mutex_);
  std::fill(seen_.begin(), seen_.end(), 0);
  sending_ = std::vector<Sending>(layout_.buckets().size());
  for (size_t b = 0; b < sending_.size(); ++b) {
    for (const int64_t p : layout_.buckets()[b].parameters) {
      sending_[b].waiting += expected_[size_t(p)] > 0;
    }
  }
  used_ = torch::zeros({int64_t(parameters_.size())}, torch::kInt64);
  late_ = torch::zeros_like(used_);
  sent_ = settled_ = 0;
  all_sent_ = sending_.empty();
  armed_ = true;
}

void GradientReducer::on_gradient(size_t parameter) {
  const std::lock_guard lock(mutex_);
  if (!armed_) return;
  ++seen_[parameter];
  const size_t bucket = size_t(layout_.bucket_of(int64_t(parameter)));
  if (bucket < sent_) {
    late_[int64_t(parameter)] = 1;
    return;
  }
  if (seen_[parameter] != expected_[parameter]) return;
  if (--sending_[bucket].waiting == 0 && learned_) send_ready();
}

// Sends what is complete, in order.
void GradientReducer::send_ready() {
  if (before_ && !before_->all_sent()) return;
  while (sent_ < sending_.size() && sending_[sent_].waiting == 0) send(sent_);
}

void GradientReducer::send(size_t b) {
  const torch::NoGradGuard no_grad;
  const Bucket& bucket = layout_.buckets()[b];
  Sending& sending = sending_[b];
  if (options_.shard) {
    while (b - settled_ >= size_t(options_.in_flight)) settle(settled_++);
  }
  sending.whole = torch::zeros({bucket.size}, bucket.options);
  bucket_bytes_ += int64_t(sending.whole.nbytes());
  peak_bucket_bytes_ = std::max(peak_bucket_bytes_, bucket_bytes_);
  for (const int64_t p : bucket.parameters) {
    torch::Tensor& gradient = const_cast<torch::Tensor&>(parameters_[size_t(p)]).mutable_grad();
    if (!gradient.defined()) continue;
    used_[p] = 1;
    layout_.view(sending.whole, p).copy_(gradient);
    gradient.reset();
  }
  const int64_t begin = SpanLog::now_ns();
  if (options_.shard) {
    sending.part = torch::empty({bucket.size / layout_.ranks()}, bucket.options);
    sending.pending = line_->reduce_scatter(sending.whole, sending.part);
  } else {
    sending.pending = line_->all_reduce(sending.whole);
  }
  if (options_.spans) {
    sending.pending.when_done([spans = options_.spans, lane = options_.name, b, begin] {
      spans->add(lane, "bucket " + std::to_string(b), begin);
    });
  }
  if (++sent_ < sending_.size()) return;
  all_sent_ = true;
  if (next_) {
    const std::lock_guard lock(next_->mutex_);
    if (next_->armed_ && next_->learned_) next_->send_ready();
  }
}

// Takes the sum of a bucket that was sent.
void GradientReducer::settle(size_t b) {
  const torch::NoGradGuard no_grad;
  Sending& sending = sending_[b];
  sending.pending.wait();
  if (!options_.shard) return;  // finish() hands the gradients out
  if (parts_[b].defined()) {
    parts_[b].add_(sending.part);
  } else {
    parts_[b] = sending.part;
  }
  bucket_bytes_ -= int64_t(sending.whole.nbytes());
  sending = Sending();
}

void GradientReducer::finish() {
  const torch::NoGradGuard no_grad;
  const std::lock_guard lock(mutex_);
  armed_ = false;
  while (sent_ < sending_.size()) send(sent_);
  while (settled_ < sending_.size()) settle(settled_++);
  for (size_t i = 0; i < expected_.size(); ++i) expected_[i] = std::max(expected_[i], seen_[i]);
  learned_ = true;

  const auto device =
      parameters_.empty() ? torch::Device(torch::kCPU) : parameters_.front().device();
  torch::Tensor told = torch::cat({used_, late_}).to(device);
  line_->all_reduce(told).wait();
  told = told.cpu();
  const int64_t count = int64_t(parameters_.size());
  const torch::Tensor used = told.narrow(0, 0, count) + told.narrow(0, count, count);
  ever_used_ += used;
  if (!options_.shard) {
    for (int64_t p = 0; p < count; ++p) {
      torch::Tensor& gradient = const_cast<torch::Tensor&>(parameters_[size_t(p)]).mutable_grad();
      torch::Tensor sum;
      if (used[p].item<int64_t>() > 0) {
        sum = layout_.view(sending_[size_t(layout_.bucket_of(p))].whole, p);
      }
      // What came too late waits where the sum belongs.
      if (late_[p].item<int64_t>() == 0) gradient = sum;
    }
  }
  sum_late(told.narrow(0, count, count));
  sending_.clear();
  bucket_bytes_ = 0;
}

// Gradients that came after their bucket had gone, on any rank, travel by themselves.
void GradientReducer::sum_late(const torch::Tensor& late) {
  for (int64_t p = 0; p < int64_t(parameters_.size()); ++p) {
    if (late[p].item<int64_t>() == 0) continue;
    const size_t b = size_t(layout_.bucket_of(p));
    torch::Tensor& gradient = const_cast<torch::Tensor&>(parameters_[size_t(p)]).mutable_grad();
    // Where the bucket keeps it, so that pieces can be cut from it.
    const Bucket& bucket = layout_.buckets()[b];
    torch::Tensor whole = torch::zeros({bucket.size}, bucket.options);
    torch::Tensor place = layout_.view(whole, p);
    if (late_[p].item<int64_t>() > 0) place.copy_(gradient);
    line_->all_reduce(whole).wait();
    if (options_.shard) {
      const int64_t own = bucket.size / layout_.ranks();
      parts_[b].add_(whole.narrow(0, line_->rank() * own, own));
      gradient.reset();
    } else {
      gradient = layout_.view(sending_[b].whole, p);
      gradient.add_(place);
    }
  }
}

std::vector<torch::Tensor> GradientReducer::piece_gradients() const {
  std::vector<torch::Tensor> gradients;
  for (const Piece& piece : pieces_) {
    gradients.push_back(used(piece.parameter)
                            ? parts_[size_t(piece.bucket)].narrow(0, piece.offset, piece.count)
                            : torch::Tensor());
  }
  return gradients;
}

void GradientReducer::drop_pieces() {
  for (auto& part : parts_) part.reset();
  ever_used_ = torch::zeros({int64_t(parameters_.size())}, torch::kInt64);
}

int64_t GradientReducer::piece_bytes() const {
  int64_t bytes = 0;
  for (const auto& part : parts_) bytes += part.defined() ? int64_t(part.nbytes()) : 0;
  return bytes;
}

}  // namespace libra::training
