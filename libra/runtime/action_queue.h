// The actions that are committed: what is left of the chunk in execution, and the chunk that takes
// over from it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "libra/core/intent.h"

namespace libra {

// Thread: one thread only. Nothing allocates after construction.
class ActionQueue {
 public:
  ActionQueue(int horizon, size_t dims) : now_(horizon, dims), next_(horizon, dims) { clear(); }
  void clear() { now_.horizon = next_.horizon = 0; }
  // From control step `takeover` on the actions are the first `length` of `chunk`, by their own
  // steps (first_step + i); before it they stay what they are.
  void push(const ActionChunk& chunk, int length, int64_t first_step, int64_t takeover) {
    if (next_.horizon > 0) std::swap(now_, next_);  // it was to take over by now, or never will
    next_.actions = chunk.actions;
    next_.horizon = length;
    next_.first_step = first_step;
    takeover_ = std::max(takeover, first_step);
  }
  // The action of `step`, or empty when none is committed for it.
  std::span<const float> at(int64_t step) const {
    if (step >= takeover_ && covers(next_, step)) return in(next_, step);
    const bool old = step < takeover_ || next_.horizon == 0;
    return old && covers(now_, step) ? in(now_, step) : std::span<const float>();
  }
  // First step from `step` on without a committed action.
  int64_t end(int64_t step) const {
    while (!at(step).empty()) ++step;
    return step;
  }

 private:
  static bool covers(const ActionChunk& chunk, int64_t step) {
    return step >= chunk.first_step && step < chunk.first_step + chunk.horizon;
  }
  static std::span<const float> in(const ActionChunk& chunk, int64_t step) {
    return chunk.actions[static_cast<size_t>(step - chunk.first_step)];
  }
  ActionChunk now_, next_;
  int64_t takeover_ = 0;
};

}  // namespace libra
