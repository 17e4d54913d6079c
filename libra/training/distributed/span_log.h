// What happened when while a step was computed and exchanged, for people to look at.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace libra::training {

// Thread: all calls from any thread.
class SpanLog {
 public:
  struct Span {
    std::string lane, name;
    int64_t begin_ns = 0, end_ns = 0;  // of the steady clock
  };

  static int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  // A span that ends now.
  void add(const std::string& lane, const std::string& name, int64_t begin_ns) {
    add(Span{lane, name, begin_ns, now_ns()});
  }
  void add(const Span& span) {
    const std::lock_guard lock(mutex_);
    spans_.push_back(span);
  }
  std::vector<Span> spans() const {
    const std::lock_guard lock(mutex_);
    return spans_;
  }
  // Chrome's JSON trace format, readable by Perfetto: a process named after the rank, a line for
  // each lane.
  std::string chrome_json(int rank) const;

 private:
  mutable std::mutex mutex_;
  std::vector<Span> spans_;
};

}  // namespace libra::training
