#include "libra/data/window.h"

#include <algorithm>

namespace libra::data {

void label_window(const Demo& demo, int t, std::span<Action> actions, std::span<uint8_t> valid) {
  bool foreseen = true;
  for (size_t i = 0; i < actions.size(); ++i) {
    const int at = t + static_cast<int>(i);
    if (i > 0 && at <= demo.frames) foreseen &= !demo.perturbed[static_cast<size_t>(at - 1)];
    actions[i] = demo.expert_actions[static_cast<size_t>(std::min(at, demo.frames - 1))];
    valid[i] = foreseen && at < demo.frames;
  }
}

int next_keyframe(const Demo& demo, int t) {
  const bool closed = demo.expert_actions[static_cast<size_t>(t)][6] > 0;
  for (int later = t + 1; later < demo.frames; ++later) {
    if ((demo.expert_actions[static_cast<size_t>(later)][6] > 0) != closed) return later;
  }
  return demo.frames - 1;
}

std::array<double, 3> keyframe_offset(const Demo& demo, int t) {
  const Proprio& there = demo.proprio[static_cast<size_t>(next_keyframe(demo, t))];
  const Proprio& here = demo.proprio[static_cast<size_t>(t)];
  return {there[0] - here[0], there[1] - here[1], there[2] - here[2]};
}

}  // namespace libra::data
