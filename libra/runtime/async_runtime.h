// The two systems on their own threads, seen from the control thread: one call a tick that never
// waits. The schedule's state machine decides here; the workers only serve.
//
//   thread    owns                                  may block on        must not
//   control   schedule, buffer, queue, guard        nothing             allocate, lock, throw, log
//   planner   one NetworkWorker                     its next job        touch the schedule
//   refiner   one NetworkWorker                     its next job        touch the schedule
//   janitor   whoever calls Trace::collect()        what it likes
//
// sync and amortised use the refiner's thread for both networks, as the paper's single thread does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libra/runtime/clock.h"
#include "libra/runtime/guard.h"
#include "libra/runtime/latency.h"
#include "libra/runtime/latency_histogram.h"
#include "libra/runtime/network_worker.h"
#include "libra/runtime/roll_forward.h"
#include "libra/runtime/schedule.h"

namespace libra {

struct AsyncOptions {
  ScheduleConfig schedule;
  GuardConfig guard;
  double control_hz = 0.0;  // of the caller's loop; 0: the policy's
  Trace* trace = nullptr;   // must outlive the runtime
  const Clock* clock = nullptr;
};

// Times of the answers that were used (ms).
struct AsyncLatency {
  LatencyHistogram planner, refiner;  // the network's own time
  LatencyHistogram chunk;             // from the observation handed over to the chunk handed back
};

class AsyncRuntime {
 public:
  // Allocates everything and starts the workers. `example`: an observation of the size that will
  // come. Throws Error(kBadInput) for a schedule or guard that is not possible.
  AsyncRuntime(Policy& policy, const AsyncOptions& options, const Observation& example);
  // Waits for networks to return from the calls they are in.
  ~AsyncRuntime();

  // Control thread from here on; wait-free, and nothing allocates.
  // A new episode or instruction at any step: what was planned, committed or is in flight is void.
  // Instructions longer than 512 bytes are cut.
  void reset(std::string_view instruction, const EpisodeSeed& seed);
  // What `step` executes. Steps count up by one from the reset.
  // The answer is valid until the next call.
  const Tick& tick(const Observation& observation, int64_t step) noexcept;

  const ScheduleStats& stats() const { return schedule_.stats(); }
  const IntentPlan& plan() const { return schedule_.plan(); }  // the newest; expansion 0: none
  const Guard& guard() const { return guard_; }
  const AsyncLatency& latency() const { return latency_; }
  // Sum over the chunks taken since the start: from the observation to the chunk.
  double chunk_latency_ms() const { return chunk_latency_ms_; }
  int64_t posted() const { return posted_; }      // jobs, since the start
  int64_t answered() const { return answered_; }  // answers seen
  int64_t void_answers() const { return void_; }  // of which nobody waited for
  // Jobs or answers that a newer one replaced before they were read, and answers that lie there.
  // While the workers are idle posted() = answered() + replaced() + unread().
  int64_t replaced() const { return refiner_->replaced() + (planner_ ? planner_->replaced() : 0); }
  int64_t unread() const {
    return int64_t{refiner_->unread()} + int64_t{planner_ && planner_->unread()};
  }
  bool idle() const { return refiner_->idle() && (!planner_ || planner_->idle()); }
  // What the network said that failed last; "" nothing failed.
  const char* last_error() const { return error_.data(); }

 private:
  void record_together(const JobAnswer& answer);
  void take_answers(int64_t step);
  void take(const JobAnswer& answer, int64_t step);
  void post(NetworkWorker& worker, const Job& job, const Observation& observation);
  void watch(int64_t step, int64_t now_ns);
  void mark(TraceKind kind, int64_t step, int64_t value = 0);
  void fault(GuardKind kind, int64_t step, double amount = 0.0);

  EpisodeSchedule schedule_;
  Guard guard_;
  const Clock& clock_;
  Trace* const trace_;
  double step_ms_;
  RollForward roll_forward_;
  RecentActions past_;
  Job job_;       // the one being asked for
  Job together_;  // that asked for a plan and its first chunk, where one thread makes both
  Tick tick_;

  std::array<char, 512> instruction_{};
  size_t instruction_length_ = 0;
  EpisodeSeed seed_;
  LeadEstimate planner_lead_, refiner_lead_;
  AsyncLatency latency_;
  double chunk_latency_ms_ = 0.0;
  int64_t posted_ = 0, answered_ = 0, void_ = 0;
  int64_t planner_asked_ns_ = 0, refiner_asked_ns_ = 0;
  bool planner_warned_ = false, refiner_warned_ = false;
  std::array<char, 160> error_{};

  std::optional<NetworkWorker> planner_, refiner_;  // planner_: overlapped only
};

}  // namespace libra
