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
  // `dims`: numbers of an action; `model_dims`: of what a plan says of it, 0 without plans.
  ActionQueue(int horizon, size_t dims, size_t model_dims)
      : now_(horizon, dims, model_dims), next_(horizon, dims, model_dims) {
    clear();
  }
  void clear() { now_.actions.horizon = next_.actions.horizon = 0; }
  // From control step `takeover` on the actions are the first `length` of `chunk`, by their own
  // steps (first_step + i); before it they stay what they are. `told`: the bins that the chunk was
  // made for, row by row; may be empty.
  void push(const ActionChunk& chunk, int length, int64_t first_step, int64_t takeover,
            const Rows<uint8_t>& told) {
    // It was to take over by now, or never will.
    if (next_.actions.horizon > 0) std::swap(now_, next_);
    next_.actions.actions = chunk.actions;
    next_.actions.horizon = length;
    next_.actions.first_step = first_step;
    next_.told = told;
    takeover_ = std::max(takeover, first_step);
  }
  // The action of `step`, or empty when none is committed for it.
  std::span<const float> at(int64_t step) const {
    const Committed* part = find(step);
    return part != nullptr ? part->actions.actions[index(*part, step)] : std::span<const float>();
  }
  // The bins that this action was made for; empty without an action or a plan.
  std::span<const uint8_t> told(int64_t step) const {
    const Committed* part = find(step);
    if (part == nullptr || index(*part, step) >= part->told.size()) return {};
    return part->told[index(*part, step)];
  }
  // First step from `step` on without a committed action.
  int64_t end(int64_t step) const {
    while (!at(step).empty()) ++step;
    return step;
  }

 private:
  struct Committed {
    Committed(int horizon, size_t dims, size_t model_dims)
        : actions(horizon, dims), told(static_cast<size_t>(horizon), model_dims) {}
    ActionChunk actions;
    Rows<uint8_t> told;
  };
  static size_t index(const Committed& part, int64_t step) {
    return static_cast<size_t>(step - part.actions.first_step);
  }
  static bool covers(const Committed& part, int64_t step) {
    const ActionChunk& chunk = part.actions;
    return step >= chunk.first_step && step < chunk.first_step + chunk.horizon;
  }
  const Committed* find(int64_t step) const {
    if (step >= takeover_ && covers(next_, step)) return &next_;
    const bool old = step < takeover_ || next_.actions.horizon == 0;
    return old && covers(now_, step) ? &now_ : nullptr;
  }
  Committed now_, next_;
  int64_t takeover_ = 0;
};

}  // namespace libra
