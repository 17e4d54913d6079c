#include "libra/action/describe.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "libra/core/error.h"

namespace libra::action {
namespace {

// Of full scale. A little above a tenth: with N = 10 that is where the bin of 0 has its centre, and
// an axis that stands still is no news.
constexpr double kStill = 0.1 + 1e-3;
constexpr size_t kMostMovements = 6;

const char* size_word(double size) {
  return size < 1.0 / 3 ? "small" : size < 2.0 / 3 ? "medium" : "large";
}

std::string spoken(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

// What a number of a segment moves: the state's names say it better than the command's.
std::string axis_name(const Embodiment& embodiment, size_t segment, const std::string& own,
                      size_t i) {
  const Segment& action = embodiment.action[segment];
  const int state = find_segment(embodiment.proprio, action.state);
  if (state >= 0) {
    const Segment& moved = embodiment.proprio[static_cast<size_t>(state)];
    if (i < moved.names.size() && action.model_size() == moved.size) return moved.names[i];
  }
  return own;
}

std::string gripper_words(const Segment& gripper, double first, double last, bool only) {
  const auto closes = [](double value) { return value > 0; };
  const auto word = [&](double value) -> std::string {
    return only ? (closes(value) ? "close" : "open") : (closes(value) ? "closes" : "opens");
  };
  const std::string change =
      closes(first) == closes(last) ? word(last) : word(first) + " then " + word(last);
  return only ? change : spoken(gripper.name) + " " + change;
}

}  // namespace

std::string describe(const Intent& intent, const Binner& binner, const Embodiment& embodiment) {
  if (intent.horizon == 0) return "hold";
  const Rows<float> centres = binner.centres(intent);
  std::vector<double> mean(centres.width());
  for (size_t step = 0; step < centres.size(); ++step) {
    for (size_t dim = 0; dim < mean.size(); ++dim) {
      mean[dim] += centres[step][dim] / intent.horizon;
    }
  }
  struct Movement {
    size_t dim;
    double size;
    std::string text;
  };
  std::vector<Movement> movements;
  std::vector<std::string> grippers, places;
  const auto names = embodiment.model_names();
  const auto spans = model_spans_of(embodiment.action);
  const auto is_gripper = [](const Segment& s) { return s.kind == SegmentKind::kGripper; };
  const bool only =
      std::count_if(embodiment.action.begin(), embodiment.action.end(), is_gripper) == 1;
  for (size_t s = 0; s < spans.size(); ++s) {
    const Segment& segment = embodiment.action[s];
    const bool moves = segment.command == Command::kRelative ||
                       segment.representation != Representation::kAbsolute;
    for (size_t i = 0; i < spans[s].size; ++i) {
      const size_t dim = spans[s].first + i;
      if (is_gripper(segment) && segment.representation == Representation::kAbsolute) {
        if (i > 0) continue;
        grippers.push_back(
            gripper_words(segment, centres[0][dim], centres[centres.size() - 1][dim], only));
        continue;
      }
      const std::string name = spoken(axis_name(embodiment, s, names[dim], i));
      if (!moves) {
        char place[16];
        std::snprintf(place, sizeof place, "%+.1f", mean[dim]);
        places.push_back(name + " at " + place);
      } else if (std::abs(mean[dim]) >= kStill) {
        movements.push_back(
            {dim, std::abs(mean[dim]),
             (mean[dim] > 0 ? "+" : "-") + name + " " + size_word(std::abs(mean[dim]))});
      }
    }
  }
  std::vector<std::string> words;
  // The largest ones, in the order of the robot's numbers.
  std::stable_sort(movements.begin(), movements.end(),
                   [](const auto& a, const auto& b) { return a.size > b.size; });
  const size_t told = std::min(movements.size(), kMostMovements);
  std::sort(movements.begin(), movements.begin() + static_cast<std::ptrdiff_t>(told),
            [](const auto& a, const auto& b) { return a.dim < b.dim; });
  for (size_t i = 0; i < told; ++i) words.push_back(movements[i].text);
  if (movements.size() > told) {
    words.push_back(std::to_string(movements.size() - told) + " more");
  }
  words.insert(words.end(), places.begin(), places.end());
  if (words.empty()) words.emplace_back("hold");
  words.insert(words.end(), grippers.begin(), grippers.end());
  return join_names(words);
}

}  // namespace libra::action
