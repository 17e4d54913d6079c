// The actions that are committed: what is left of the chunk in execution, and the chunk that takes
// over from it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "libra/core/intent.h"

namespace libra {

// Thread: one thread only. Nothing allocates.
class ActionQueue {
 public:
  void clear() { now_.horizon = next_.horizon = 0; }
  // From control step `takeover` on the actions are those of `chunk`, by their own steps
  // (chunk.first_step + i); before it they stay what they are.
  void push(const ActionChunk& chunk, int64_t takeover) {
    if (next_.horizon > 0) now_ = next_;  // it was to take over by now, or never will
    next_ = chunk;
    takeover_ = std::max(takeover, chunk.first_step);
  }
  // The action of `step`, or null when none is committed for it.
  const Action* at(int64_t step) const {
    if (step >= takeover_) {
      if (const Action* action = in(next_, step)) return action;
    }
    return step < takeover_ || next_.horizon == 0 ? in(now_, step) : nullptr;
  }
  // First step from `step` on without a committed action.
  int64_t end(int64_t step) const {
    while (at(step) != nullptr) ++step;
    return step;
  }

 private:
  static const Action* in(const ActionChunk& chunk, int64_t step) {
    const int64_t index = step - chunk.first_step;
    return index >= 0 && index < chunk.horizon ? &chunk.actions[static_cast<size_t>(index)]
                                               : nullptr;
  }
  ActionChunk now_, next_;
  int64_t takeover_ = 0;
};

}  // namespace libra
