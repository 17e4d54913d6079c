#include "libra/runtime/periodic.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#include <cerrno>
#include <cmath>
#include <cstring>

#include "libra/core/error.h"

namespace libra {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

int64_t monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

std::string outcome(const std::string& what, int error, const std::string& remedy) {
  if (error == 0) return what + ": granted";
  return what + ": denied (" + std::strerror(error) + "); " + remedy;
}

}  // namespace

PeriodicLoop::PeriodicLoop(double hz) {
  if (!(hz > 0.0 && hz <= 10000.0)) {
    throw Error(ErrorCode::kBadInput, {.where = "control rate",
                                       .problem = "not possible",
                                       .expected = "more than 0, at most 10000 Hz",
                                       .found = std::to_string(hz)});
  }
  period_ns_ = std::llround(1e9 / hz);
}

void PeriodicLoop::start() {
  woke_ns_ = monotonic_ns();
  deadline_ns_ = woke_ns_ + period_ns_;
}

int64_t PeriodicLoop::wait() {
  int64_t now = monotonic_ns();
  work_.add(now - woke_ns_);
  int64_t missed = 0;
  if (now > deadline_ns_) {
    missed = (now - deadline_ns_) / period_ns_ + 1;
    deadline_ns_ += missed * period_ns_;
    overruns_ += missed;
  }
  const timespec until = {deadline_ns_ / kSecond, deadline_ns_ % kSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
  woke_ns_ = monotonic_ns();
  wake_up_.add(woke_ns_ - deadline_ns_);
  deadline_ns_ += period_ns_;
  ++periods_;
  return missed;
}

void leave_realtime() {
  const sched_param ordinary{};
  pthread_setschedparam(pthread_self(), SCHED_OTHER, &ordinary);
}

std::vector<std::string> apply_realtime(const RealtimeWish& wish) {
  std::vector<std::string> report;
  if (wish.fifo_priority > 0) {
    sched_param param{};
    param.sched_priority = wish.fifo_priority;
    const int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
    report.push_back(outcome("priority SCHED_FIFO " + std::to_string(wish.fifo_priority), error,
                             "run as root, or give the user rtprio in /etc/security/limits.conf"));
  }
  if (wish.cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (wish.cpu < CPU_SETSIZE) CPU_SET(wish.cpu, &set);
    const int error = pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    report.push_back(outcome("core " + std::to_string(wish.cpu) + " alone", error,
                             "name a core that `nproc` and this container allow"));
  }
  if (wish.lock_memory) {
    const int error = mlockall(MCL_CURRENT | MCL_FUTURE) == 0 ? 0 : errno;
    report.push_back(outcome("memory locked", error,
                             "raise memlock in /etc/security/limits.conf (`ulimit -l unlimited`)"));
  }
  if (report.empty()) report.push_back("nothing asked for: an ordinary thread");
  return report;
}

}  // namespace libra
