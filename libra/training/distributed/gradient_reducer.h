// Adds up the ranks' gradients while backward() is still at work on the next ones.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libra/nn/torch.h"
#include "libra/training/distributed/bucket_layout.h"
#include "libra/training/distributed/communicator.h"
#include "libra/training/distributed/span_log.h"

namespace libra::training {

struct ReducerOptions {
  // false: every rank gets the whole sum (data parallel). true: each gets its part (ZeRO-2).
  bool shard = false;
  // ZeRO-2: buckets that travel at once; a further one waits, so that memory is bounded.
  int in_flight = 3;
  SpanLog* spans = nullptr;  // lane `name`; CPU alone
  std::string name = "exchange";
};

// A bucket is sent when backward() has left the last of its gradients, always in the layout's
// order, so that every rank sends the same in the same order whatever its threads do. How often
// backward() comes to a parameter is learnt in the first step; what comes later than expected
// travels once more at the end: right in any case, at worst slower.
// Thread: begin() and finish() one at a time; the gradients between them from any thread.
class GradientReducer {
 public:
  // The parameters must not be replaced while this lives; the layout must be theirs.
  GradientReducer(std::vector<torch::Tensor> parameters, const BucketLayout& layout,
                  std::shared_ptr<Communicator> line, ReducerOptions options = {});
  ~GradientReducer();
  GradientReducer(const GradientReducer&) = delete;
  GradientReducer& operator=(const GradientReducer&) = delete;

  // Where two reducers share a backward() and a line: this one sends nothing before `first` has
  // sent all of a step. finish() `first` before this.
  void send_after(GradientReducer& first);

  // Before the backward() whose gradients, with those that are there already, are to be summed.
  // Without any backward() in between, finish() sums what is there.
  void begin();
  // Waits for the sums. Data parallel: each parameter's gradient is the sum over the ranks, and
  // undefined where no rank has one. ZeRO-2: the parameters have no gradients any more, the
  // sum is added to the pieces'. Throws what Communicator throws.
  void finish();

  // ZeRO-2: of this rank's pieces in the layout's order, summed since drop_pieces(); undefined
  // where no rank had any.
  std::vector<torch::Tensor> piece_gradients() const;
  void drop_pieces();
  // Whether any rank has had a gradient of the parameter since drop_pieces().
  bool used(int64_t parameter) const { return ever_used_[parameter].item<int64_t>() > 0; }

  // Bytes that the pieces' gradients take now, and the most that buckets have taken at once.
  int64_t piece_bytes() const;
  int64_t peak_bucket_bytes() const { return peak_bucket_bytes_; }

 private:
  struct Sending;  // a bucket's state in this step
  void on_gradient(size_t parameter);
  void send_ready();
  void send(size_t bucket);
  void settle(size_t bucket);
  void sum_late(const torch::Tensor& late);
  bool all_sent() const { return all_sent_; }

  const std::vector<torch::Tensor> parameters_;
  const BucketLayout layout_;
  const std::shared_ptr<Communicator> line_;
  const ReducerOptions options_;
  const std::vector<Piece> pieces_;
  GradientReducer* before_ = nullptr;
  GradientReducer* next_ = nullptr;

  struct Hook;
  std::vector<std::shared_ptr<Hook>> hooks_;

  std::mutex mutex_;  // guards the rest
  bool armed_ = false, learned_ = false;
  std::atomic<bool> all_sent_{false};
  std::vector<int64_t> expected_, seen_;  // gradients of each parameter in a step
  std::vector<Sending> sending_;
  size_t sent_ = 0, settled_ = 0;
  torch::Tensor used_, late_;         // [parameters] int64: had a gradient; one came too late
  std::vector<torch::Tensor> parts_;  // ZeRO-2: this rank's part of each bucket's sum
  torch::Tensor ever_used_;           // since drop_pieces()
  int64_t bucket_bytes_ = 0, peak_bucket_bytes_ = 0;
};

}  // namespace libra::training
