// The line between the processes that train one model: LibTorch's c10d, with Gloo on the CPU and
// NCCL on GPUs.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libra/nn/torch.h"

namespace libra::training {

// Where the ranks of a run find each other.
struct Rendezvous {
  int rank = 0;  // 0 .. size - 1
  int size = 1;
  // "tcp://HOST:PORT", where rank 0 listens, or "file://PATH", a file that all ranks reach and that
  // no other run has used. Not looked at where size is 1.
  std::string store;
  // How long a rank waits for another: to come, and in each collective.
  std::chrono::milliseconds timeout = std::chrono::minutes(10);
  std::string interface =
      {};  // network interface of Gloo, such as eth0; empty: that of the host's name
};

// A collective that is under way; the tensors it works on live until it is waited for.
class PendingCollective {
 public:
  // Returns when the result is there (on a GPU: when the stream will see it). Throws Error(kFailed)
  // when another rank is lost or does not answer in time. A second call does nothing.
  void wait();
  // Calls `then` on some thread when the result is there (in wait(), where the engine does not tell
  // earlier); at once where nothing is under way.
  void when_done(std::function<void()> then);

  struct State;

 private:
  friend class Communicator;
  std::shared_ptr<State> state_;
};

// One line to the other ranks. All ranks call the same functions in the same order, with tensors of
// the same size and type. Collectives work on contiguous tensors, in place, and add up (no mean).
// A line of one rank does nothing, at no cost.
// Thread: one at a time; a thread of its own takes a line of its own (open()).
class Communicator {
 public:
  // Throws Error(kFailed) that names the ranks that did not come in time, Error(kBadInput) for a
  // store that cannot be used. When a rank is lost later, one of the others says what happened and
  // what to do (unless the store went with it), the rest only that they end.
  static std::shared_ptr<Communicator> join(const Rendezvous& where, torch::Device device);
  // Of one process.
  static std::shared_ptr<Communicator> alone();
  ~Communicator();
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  // Another line between the same ranks; all of them open it, under a name used once.
  std::shared_ptr<Communicator> open(const std::string& name) const;
  // The same for tensors on the CPU, such as a few numbers that no GPU need wait for.
  std::shared_ptr<Communicator> open_on_cpu(const std::string& name) const;

  int rank() const;
  int size() const;
  bool first() const { return rank() == 0; }  // the rank that writes files and logs

  PendingCollective all_reduce(torch::Tensor sum);
  // whole [size * n] -> own [n]: this rank's part of the sum.
  PendingCollective reduce_scatter(torch::Tensor whole, torch::Tensor own);
  // own [n] -> whole [size * n], in the order of the ranks.
  PendingCollective all_gather(torch::Tensor own, torch::Tensor whole);
  PendingCollective broadcast(torch::Tensor tensor, int from = 0);
  // Returns when all ranks have called it.
  void barrier();

  // The sum of each number over the ranks, in f64.
  std::vector<double> sum(const std::vector<double>& own);
  double sum(double own) { return sum(std::vector<double>{own})[0]; }
  // Every rank's text, in the order of the ranks.
  std::vector<std::string> all_texts(const std::string& own);

  // Tells the others why this rank ends: their errors will say so. Never throws.
  void leave(const std::string& reason) noexcept;

 private:
  struct Line;
  explicit Communicator(std::shared_ptr<Line> line);
  std::shared_ptr<Line> line_;
};

}  // namespace libra::training
