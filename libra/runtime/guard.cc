#include "libra/runtime/guard.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "libra/core/error.h"

namespace libra {

void GuardConfig::list(ConfigFields& f) {
  f.add("rate_limit", rate_limit, "largest change of a motion entry between two steps; 0: none",
        {0, 2});
  f.add("workspace", workspace, "keep the end effector inside the box below");
  f.add("x_min", x_min, "m, world");
  f.add("x_max", x_max, "m, world");
  f.add("y_min", y_min, "m, world");
  f.add("y_max", y_max, "m, world");
  f.add("z_min", z_min, "m, world");
  f.add("z_max", z_max, "m, world");
  f.add("planner_timeout_ms", planner_timeout_ms, "silence that counts as a fault; 0: never",
        {0, 1e9});
  f.add("refiner_timeout_ms", refiner_timeout_ms, "silence that counts as a fault; 0: never",
        {0, 1e9});
  f.add("on_fault", on_fault, "after silence, failure or a number that is none", {"hold", "stop"});
}

const char* name_of(GuardKind kind) {
  switch (kind) {
    case GuardKind::kClamped:
      return "action clamped";
    case GuardKind::kRateLimited:
      return "rate limited";
    case GuardKind::kWorkspace:
      return "kept in the workspace";
    case GuardKind::kNotFinite:
      return "not a number";
    case GuardKind::kPlannerFailed:
      return "planner failed";
    case GuardKind::kRefinerFailed:
      return "refiner failed";
    case GuardKind::kPlannerSilent:
      return "planner silent";
    case GuardKind::kRefinerSilent:
      break;
  }
  return "refiner silent";
}

Guard::Guard(const GuardConfig& config, const Embodiment& embodiment)
    : config_(config), stops_(config.on_fault == "stop"), embodiment_(embodiment) {
  if (!stops_ && config.on_fault != "hold") {
    throw Error(ErrorCode::kBadInput, {.where = "on_fault",
                                       .problem = "unknown word",
                                       .expected = "hold or stop",
                                       .found = config.on_fault});
  }
  if (!(config.x_min < config.x_max && config.y_min < config.y_max &&
        config.z_min < config.z_max)) {
    throw Error(ErrorCode::kBadInput, {.where = "workspace",
                                       .problem = "the box is empty",
                                       .expected = "each minimum below its maximum"});
  }
  for (const Segment& s : embodiment.action) {
    const float infinity = std::numeric_limits<float>::infinity();
    const auto size = static_cast<size_t>(s.size);
    low_.insert(low_.end(), size, s.limited() ? static_cast<float>(s.low) : -infinity);
    high_.insert(high_.end(), size, s.limited() ? static_cast<float>(s.high) : infinity);
    relative_.insert(relative_.end(), size, s.command == Command::kRelative);
    moves_.insert(moves_.end(), size, s.kind != SegmentKind::kGripper);
  }
  last_.assign(low_.size(), 0.0f);
  if (!config.workspace) return;
  const int moved = find_segment(embodiment.action, SegmentKind::kPosition);
  const int seen = moved < 0 ? -1
                             : find_segment(embodiment.proprio,
                                            embodiment.action[static_cast<size_t>(moved)].state);
  if (seen < 0 || embodiment.action[static_cast<size_t>(moved)].command != Command::kRelative) {
    throw Error(ErrorCode::kBadInput,
                {.where = "workspace",
                 .problem = "the box needs an end effector that is moved by relative positions",
                 .found = embodiment.name,
                 .next = "limit the robot's actions by low and high in its embodiment"});
  }
  position_ = spans_of(embodiment.action)[static_cast<size_t>(moved)].first;
  eef_ = spans_of(embodiment.proprio)[static_cast<size_t>(seen)].first;
}

void Guard::note(GuardKind kind, int64_t step, int dim, double wanted, double given) {
  latest_ = kind;
  Record& record = records_[static_cast<size_t>(kind)];
  if (record.count++ == 0) record = {1, step, dim, wanted, given};
}

void Guard::apply(Action& action, std::span<const double> proprio, int64_t step) {
  for (size_t d = 0; d < action.size(); ++d) {
    // What is not a number becomes no motion.
    const float still = relative_[d] || !has_last_ ? 0.0f : last_[d];
    const float in_range = std::isnan(action[d]) ? still : std::clamp(action[d], low_[d], high_[d]);
    if (in_range != action[d]) note(GuardKind::kClamped, step, int(d), action[d], in_range);
    action[d] = in_range;
  }
  if (config_.rate_limit > 0.0 && has_last_) {
    const auto limit = static_cast<float>(config_.rate_limit);
    for (size_t d = 0; d < action.size(); ++d) {
      if (!moves_[d]) continue;
      const float near = std::clamp(action[d], last_[d] - limit, last_[d] + limit);
      if (near != action[d]) note(GuardKind::kRateLimited, step, int(d), action[d], near);
      action[d] = near;
    }
  }
  if (config_.workspace) {
    const std::array<std::array<double, 2>, 3> box = {{{config_.x_min, config_.x_max},
                                                       {config_.y_min, config_.y_max},
                                                       {config_.z_min, config_.z_max}}};
    for (size_t d = 0; d < 3; ++d) {
      const double at = proprio[eef_ + d];
      float& motion = action[position_ + d];
      const bool out = (at >= box[d][1] && motion > 0) || (at <= box[d][0] && motion < 0);
      if (!out) continue;
      note(GuardKind::kWorkspace, step, int(position_ + d), motion, 0.0);
      motion = 0.0f;
    }
  }
  std::copy(action.begin(), action.end(), last_.begin());
  has_last_ = true;
}

bool Guard::fault(GuardKind kind, int64_t step, double amount) {
  note(kind, step, -1, amount, 0.0);
  return stops_;
}

int64_t Guard::total() const {
  int64_t sum = 0;
  for (const Record& record : records_) sum += record.count;
  return sum;
}

std::string Guard::explain() const {
  std::string text;
  const auto names = embodiment_.action_names();
  for (size_t k = 0; k < kGuardKinds; ++k) {
    const Record& r = records_[k];
    if (r.count == 0) continue;
    char line[200];
    if (r.dim >= 0) {
      std::snprintf(line, sizeof line, "%s %lld times, first at step %lld: %s %.3f became %.3f\n",
                    name_of(static_cast<GuardKind>(k)), static_cast<long long>(r.count),
                    static_cast<long long>(r.first_step), names[static_cast<size_t>(r.dim)].c_str(),
                    r.wanted, r.given);
    } else if (r.wanted > 0) {
      std::snprintf(line, sizeof line, "%s %lld times, first at step %lld, for %.0f ms; then %s\n",
                    name_of(static_cast<GuardKind>(k)), static_cast<long long>(r.count),
                    static_cast<long long>(r.first_step), r.wanted, config_.on_fault.c_str());
    } else {
      std::snprintf(line, sizeof line, "%s %lld times, first at step %lld; then %s\n",
                    name_of(static_cast<GuardKind>(k)), static_cast<long long>(r.count),
                    static_cast<long long>(r.first_step), config_.on_fault.c_str());
    }
    text += line;
  }
  return text;
}

}  // namespace libra
