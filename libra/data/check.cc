#include "libra/data/check.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "libra/core/error.h"

namespace libra::data {
namespace {

constexpr double kHardly = 0.01;    // of the range
constexpr double kNoMotion = 1e-4;  // of a relative command

std::string text(const char* format, auto... values) {
  char line[240];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

struct Range {
  double low = 1e300, high = -1e300;
  void add(double x) {
    low = std::min(low, x);
    high = std::max(high, x);
  }
  double width() const { return high - low; }
};

std::vector<Range> action_ranges(const std::vector<Demo>& demos, size_t dims) {
  std::vector<Range> ranges(dims);
  for (const Demo& demo : demos) {
    for (size_t t = 0; t < demo.expert_actions.size(); ++t) {
      for (size_t d = 0; d < dims; ++d) ranges[d].add(demo.expert_actions[t][d]);
    }
  }
  return ranges;
}

std::string name_of(const Demo& demo) {
  return (demo.task.empty() ? "episode " : demo.task + ", episode ") + std::to_string(demo.episode);
}

// Beyond what the robot takes.
void check_limits(const std::vector<Demo>& demos, const Embodiment& robot,
                  std::vector<Finding>& out) {
  const auto spans = spans_of(robot.action);
  const auto names = robot.action_names();
  Finding finding{.what = "actions beyond what the robot takes", .unit = "numbers"};
  double largest = 0.0;
  int64_t all = 0;
  for (const Demo& demo : demos) {
    for (size_t t = 0; t < demo.actions.size(); ++t) {
      for (size_t s = 0; s < spans.size(); ++s) {
        const Segment& segment = robot.action[s];
        for (size_t d = spans[s].first; d < spans[s].first + spans[s].size; ++d, ++all) {
          const double x = demo.actions[t][d];
          const double beyond = std::max(segment.low - x, x - segment.high);
          if (!segment.limited() || beyond <= 1e-6) continue;
          ++finding.count;
          if (beyond <= largest) continue;
          largest = beyond;
          finding.example = text("%s is %.3f at step %zu of ", names[d].c_str(), x, t) +
                            name_of(demo) +
                            text("; the robot takes %.3g to %.3g", segment.low, segment.high);
        }
      }
    }
  }
  if (finding.count == 0) return;
  finding.example =
      text("%.1f %% of all; ", 100.0 * double(finding.count) / double(all)) + finding.example;
  finding.cure = "clipped by the normalisation; the robot would clip them too";
  out.push_back(finding);
}

void check_constant(const std::vector<Demo>& demos, const Embodiment& robot,
                    std::vector<Finding>& out) {
  const auto names = robot.action_names();
  const auto ranges = action_ranges(demos, names.size());
  for (const size_t d : nearly_constant(demos, robot)) {
    const bool constant = ranges[d].width() == 0.0;
    Finding finding{.what = std::string("action ") + (constant ? "constant" : "nearly constant"),
                    .count = 1,
                    .unit = "dimension"};
    finding.example = names[d] + (constant ? text(" is always %.4g", ranges[d].low + 0.0)
                                           : text(" spans %.4g (%.4g to %.4g)", ranges[d].width(),
                                                  ranges[d].low + 0.0, ranges[d].high + 0.0));
    finding.cure = "learned as a constant";
    out.push_back(finding);
  }
}

void check_gripper(const std::vector<Demo>& demos, const Embodiment& robot,
                   std::vector<Finding>& out) {
  const auto spans = spans_of(robot.action);
  const auto ranges = action_ranges(demos, static_cast<size_t>(robot.action_dim()));
  for (size_t s = 0; s < spans.size(); ++s) {
    const Segment& segment = robot.action[s];
    if (segment.kind != SegmentKind::kGripper) continue;
    const double least = std::min(segment.open, segment.closed);
    const Range& range = ranges[spans[s].first];
    // -1 to 1 is meant, and no number is below 0.
    if (!(least < -0.5 && range.low >= -1e-6 && range.width() > 0.5)) continue;
    Finding finding{.what = segment.name + " in {0, 1}", .count = 1, .unit = "dimension"};
    finding.example =
        text("commands lie in %.3g to %.3g, the robot's in %.3g (open) to %.3g (closed)",
             range.low + 0.0, range.high, segment.open, segment.closed);
    finding.cure = "say --gripper 01 (1 is closed) or --gripper 10 (1 is open)";
    finding.refuses = true;
    out.push_back(finding);
  }
}

void check_episodes(const std::vector<Demo>& demos, const Embodiment& robot,
                    std::vector<Finding>& out) {
  Finding shorts{.what = "episodes of one step", .unit = "episodes"},
      idle{.what = "episodes in which nothing moves", .unit = "episodes"},
      mute{.what = "episodes without an instruction", .unit = "episodes"};
  const auto spans = spans_of(robot.action);
  for (const Demo& demo : demos) {
    const auto add = [&](Finding& finding) {
      if (finding.count++ == 0) finding.example = name_of(demo);
    };
    if (demo.frames < 2) add(shorts);
    if (demo.instruction.empty()) add(mute);
    bool moves = demo.frames < 2;
    for (size_t t = 0; t < demo.actions.size() && !moves; ++t) {
      for (size_t s = 0; s < spans.size() && !moves; ++s) {
        const bool relative = robot.action[s].command == Command::kRelative;
        for (size_t d = spans[s].first; d < spans[s].first + spans[s].size; ++d) {
          const double still = relative ? 0.0 : double(demo.actions[0][d]);
          moves |= std::abs(demo.actions[t][d] - still) > kNoMotion;
        }
      }
    }
    if (!moves) add(idle);
  }
  shorts.cure = "harmless: the last action is repeated";
  idle.cure = "teaches to stand still; remove them";
  mute.cure = "every episode needs a sentence; name one in the data set";
  mute.refuses = true;
  for (const Finding& finding : {shorts, idle, mute}) {
    if (finding.count > 0) out.push_back(finding);
  }
}

}  // namespace

std::vector<size_t> nearly_constant(const std::vector<Demo>& demos, const Embodiment& robot) {
  const auto ranges = action_ranges(demos, static_cast<size_t>(robot.action_dim()));
  const auto spans = spans_of(robot.action);
  std::vector<size_t> found;
  for (size_t s = 0; s < spans.size(); ++s) {
    const Segment& segment = robot.action[s];
    double whole = segment.limited() ? segment.high - segment.low : 0.0;
    for (size_t d = spans[s].first; d < spans[s].first + spans[s].size && !segment.limited(); ++d) {
      whole = std::max(whole, ranges[d].width());
    }
    for (size_t d = spans[s].first; d < spans[s].first + spans[s].size; ++d) {
      if (ranges[d].width() <= kHardly * whole) found.push_back(d);
    }
  }
  return found;
}

std::vector<Finding> check(const std::vector<Demo>& demos, const Embodiment& embodiment,
                           const std::vector<std::string>& skipped) {
  std::vector<Finding> out;
  if (!skipped.empty()) {
    out.push_back({.what = "episodes left out",
                   .count = int64_t(skipped.size()),
                   .unit = "episodes",
                   .example = skipped[0],
                   .cure = "the others are used"});
  }
  check_gripper(demos, embodiment, out);
  check_limits(demos, embodiment, out);
  check_constant(demos, embodiment, out);
  check_episodes(demos, embodiment, out);
  return out;
}

std::string to_table(const std::vector<Finding>& findings) {
  std::string table;
  for (const Finding& f : findings) {
    table += text("  %-38s %8lld %-10s", f.what.c_str(), static_cast<long long>(f.count),
                  f.unit.c_str()) +
             " " + f.example + "\n" + std::string(60, ' ') + "-> " + f.cure + "\n";
  }
  return table;
}

void rewrite_gripper(Demo& demo, const Embodiment& robot, bool closed_is_one) {
  const auto spans = spans_of(robot.action);
  for (size_t s = 0; s < spans.size(); ++s) {
    const Segment& segment = robot.action[s];
    if (segment.kind != SegmentKind::kGripper) continue;
    const double zero = closed_is_one ? segment.open : segment.closed,
                 one = closed_is_one ? segment.closed : segment.open;
    for (Rows<float>* rows : {&demo.actions, &demo.expert_actions}) {
      for (size_t t = 0; t < rows->size(); ++t) {
        for (size_t d = spans[s].first; d < spans[s].first + spans[s].size; ++d) {
          float& x = (*rows)[t][d];
          x = static_cast<float>(zero + (one - zero) * double(x));
        }
      }
    }
  }
}

}  // namespace libra::data
