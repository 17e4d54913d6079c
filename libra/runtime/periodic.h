// A loop at a fixed rate: absolute deadlines, so that lateness does not add up, and an account of
// how late it woke and which deadlines it missed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libra/runtime/latency_histogram.h"

namespace libra {

// Thread: one thread only. wait() neither allocates nor locks.
class PeriodicLoop {
 public:
  // Rate in Hz, 0 < hz <= 10000. Throws Error(kBadInput) for others.
  explicit PeriodicLoop(double hz);
  // The first deadline is one period from now.
  void start();
  // Sleeps until the next deadline. When the work of this period has run past it, the deadlines
  // that are gone count as overruns and are skipped. Returns how many.
  int64_t wait();

  const LatencyHistogram& wake_up() const { return wake_up_; }  // actual minus wanted
  const LatencyHistogram& work() const { return work_; }        // from waking to wait()
  int64_t periods() const { return periods_; }
  int64_t overruns() const { return overruns_; }
  int64_t period_ns() const { return period_ns_; }

 private:
  int64_t period_ns_, deadline_ns_ = 0, woke_ns_ = 0;
  int64_t periods_ = 0, overruns_ = 0;
  LatencyHistogram wake_up_, work_;
};

// What a thread would like to be. Each wish may be denied without harm.
struct RealtimeWish {
  int fifo_priority = 0;  // SCHED_FIFO 1..99; 0: as it is
  int cpu = -1;           // run on this core only; -1: any
  bool lock_memory = false;
};
// Makes the calling thread an ordinary one: a thread inherits the priority of the thread that made
// it, and networks at the control thread's priority would not let it in.
void leave_realtime();

// Applies the wish to the calling thread (memory: to the process) and says in plain words, a line
// each, what was granted and what was not, why, and what to do about it.
std::vector<std::string> apply_realtime(const RealtimeWish& wish);

}  // namespace libra
