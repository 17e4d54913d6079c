#include "libra/data/window.h"

#include <algorithm>

namespace libra::data {

void label_window(const Demo& demo, int t, Rows<float>& actions, std::span<uint8_t> valid) {
  bool foreseen = true;
  for (size_t i = 0; i < actions.size(); ++i) {
    const int at = t + static_cast<int>(i);
    if (i > 0 && at <= demo.frames) foreseen &= !demo.perturbed[static_cast<size_t>(at - 1)];
    actions.set(i, demo.expert_actions[static_cast<size_t>(std::min(at, demo.frames - 1))]);
    valid[i] = foreseen && at < demo.frames;
  }
}

std::optional<Keyframes> Keyframes::of(const Embodiment& embodiment) {
  const int gripper = find_segment(embodiment.action, SegmentKind::kGripper);
  const int position = find_segment(embodiment.proprio, SegmentKind::kPosition);
  if (gripper < 0 || position < 0) return std::nullopt;
  Keyframes keyframes;
  keyframes.gripper_ = spans_of(embodiment.action)[static_cast<size_t>(gripper)].first;
  keyframes.position_ = spans_of(embodiment.proprio)[static_cast<size_t>(position)].first;
  const Segment& segment = embodiment.action[static_cast<size_t>(gripper)];
  keyframes.middle_ = (segment.open + segment.closed) / 2.0;
  return keyframes;
}

int Keyframes::next(const Demo& demo, int t) const {
  const auto side = [&](int at) {
    return demo.expert_actions[static_cast<size_t>(at)][gripper_] > middle_;
  };
  for (int later = t + 1; later < demo.frames; ++later) {
    if (side(later) != side(t)) return later;
  }
  return demo.frames - 1;
}

std::array<double, 3> Keyframes::offset(const Demo& demo, int t) const {
  const auto there = demo.proprio[static_cast<size_t>(next(demo, t))].subspan(position_, 3);
  const auto here = demo.proprio[static_cast<size_t>(t)].subspan(position_, 3);
  return {there[0] - here[0], there[1] - here[1], there[2] - here[2]};
}

}  // namespace libra::data
