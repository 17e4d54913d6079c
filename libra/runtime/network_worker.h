// A thread that serves jobs: waits for one, calls the planner, the refiner or both, and hands the
// answer over. It decides nothing: what to work on, and what an answer is still worth, is the
// schedule's business on the control thread.
#pragma once

#include <array>
#include <atomic>
#include <string_view>
#include <thread>

#include "libra/runtime/clock.h"
#include "libra/runtime/job.h"
#include "libra/runtime/trace.h"
#include "libra/runtime/triple_buffer.h"

namespace libra {

// A job and everything it is about; its slot owns the memory of the images.
struct JobOrder {
  Job job;
  Observation observation;
  Proprio proprio;  // at the moment the work is for
  std::array<char, 512> instruction{};
  size_t instruction_length = 0;
  uint64_t seed = 0;
  int64_t asked_ns = 0;

  std::string_view text() const { return {instruction.data(), instruction_length}; }
};

struct JobAnswer {
  uint64_t id = 0;
  bool has_plan = false, has_chunk = false;
  bool plan_ok = false, chunk_ok = false;  // the network returned, with a plan that can be sliced
  int64_t asked_ns = 0, begin_ns = 0, planned_ns = 0, end_ns = 0;
  IntentPlan plan;
  ActionChunk chunk;
  std::array<char, 160> error{};  // what a network threw; "" nothing
};

class NetworkWorker {
 public:
  // Starts the thread. Policy and clock must outlive it. `example` tells the size of observations,
  // so that orders need no memory later.
  NetworkWorker(Policy& policy, TraceLane lane, const Observation& example, const Clock& clock,
                Trace* trace);
  // Waits for the network to return from the call it is in, if it is.
  ~NetworkWorker();

  // Control thread, wait-free: the order to fill in, its departure, and the newest answer.
  JobOrder& order() { return orders_.back(); }
  void post();
  // Orders and answers that were replaced by newer ones before anybody read them.
  int64_t replaced() const { return replaced_.load(std::memory_order_relaxed); }
  bool update() { return answers_.update(); }
  bool unread() const { return answers_.has_news(); }
  // Nothing to do: every order that was posted has been served or replaced.
  bool idle() const {
    return handled_.load(std::memory_order_acquire) == posted_.load(std::memory_order_relaxed);
  }
  const JobAnswer& answer() const { return answers_.front(); }

 private:
  void run();
  void serve(const JobOrder& order, JobAnswer& answer);

  Policy& policy_;
  const TraceLane lane_;
  const Clock& clock_;
  Trace* const trace_;
  TripleBuffer<JobOrder> orders_;
  TripleBuffer<JobAnswer> answers_;
  std::atomic<uint32_t> posted_{0};
  std::atomic<uint32_t> handled_{0};  // what posted_ was when the last order was served
  std::atomic<int64_t> replaced_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;  // last: it uses what stands above
};

}  // namespace libra
