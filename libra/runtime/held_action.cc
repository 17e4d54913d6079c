#include "libra/runtime/held_action.h"

#include <algorithm>

namespace libra {

HeldAction::HeldAction(const Embodiment& embodiment)
    : embodiment_(embodiment), action_spans_(spans_of(embodiment_.action)) {
  value_.assign(static_cast<size_t>(embodiment_.action_dim()), 0.0f);
  const auto proprio_spans = spans_of(embodiment_.proprio);
  for (const Segment& segment : embodiment_.action) {
    const int state = find_segment(embodiment_.proprio, segment.state);
    state_spans_.push_back(state < 0 ? Span{} : proprio_spans[static_cast<size_t>(state)]);
  }
}

void HeldAction::reset() {
  commanded_ = false;
  std::fill(value_.begin(), value_.end(), 0.0f);
  for (size_t s = 0; s < action_spans_.size(); ++s) {
    const Segment& segment = embodiment_.action[s];
    if (segment.kind != SegmentKind::kGripper) continue;
    std::fill_n(value_.begin() + static_cast<std::ptrdiff_t>(action_spans_[s].first),
                action_spans_[s].size, static_cast<float>(segment.open));
  }
}

void HeldAction::see(std::span<const double> proprio) {
  if (commanded_) return;
  for (size_t s = 0; s < action_spans_.size(); ++s) {
    const Segment& segment = embodiment_.action[s];
    const Span from = state_spans_[s];
    // A gripper that moves two fingers is not told where they are.
    if (segment.command == Command::kRelative || from.size != action_spans_[s].size ||
        from.first + from.size > proprio.size()) {
      continue;
    }
    for (size_t i = 0; i < from.size; ++i) {
      value_[action_spans_[s].first + i] = static_cast<float>(proprio[from.first + i]);
    }
  }
}

void HeldAction::follow(std::span<const float> action) {
  // What is told to be somewhere stays there; what is told to move stops.
  for (size_t s = 0; s < action_spans_.size(); ++s) {
    if (embodiment_.action[s].command == Command::kRelative) continue;
    const auto first = static_cast<std::ptrdiff_t>(action_spans_[s].first);
    std::copy_n(action.begin() + first, action_spans_[s].size, value_.begin() + first);
  }
  commanded_ = true;
}

}  // namespace libra
