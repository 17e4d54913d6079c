// The actions of the newest chunk, handed out one per control tick.
#pragma once

#include <cstdint>

#include "libra/core/intent.h"

namespace libra {

// Thread: one thread only.
class ActionQueue {
 public:
  void clear() { chunk_.horizon = 0; }
  // Replaces what is left by `chunk`, whose first action belongs to chunk.obs_step.
  void push(const ActionChunk& chunk) { chunk_ = chunk; }
  // The action of `step`, or null when the chunk does not cover it.
  const Action* at(int64_t step) const {
    const int64_t index = step - chunk_.obs_step;
    if (index < 0 || index >= chunk_.horizon) return nullptr;
    return &chunk_.actions[static_cast<size_t>(index)];
  }

 private:
  ActionChunk chunk_;
};

}  // namespace libra
