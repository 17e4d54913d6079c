#include "libra/action/describe.h"

#include <cmath>
#include <vector>

#include "libra/action/normalise.h"
#include "libra/core/error.h"

namespace libra::action {
namespace {

constexpr const char* kAxes[kGripperDim] = {"x", "y", "z", "roll", "pitch", "yaw"};
// Of full scale. A little above a tenth: with N = 10 that is where the bin of 0 has its centre, and
// an axis that stands still is no news.
constexpr double kStill = 0.1 + 1e-3;

const char* size_word(double size) {
  return size < 1.0 / 3 ? "small" : size < 2.0 / 3 ? "medium" : "large";
}

const char* gripper_word(float command) { return command > 0 ? "close" : "open"; }

}  // namespace

std::string describe(const Intent& intent, const Binner& binner) {
  std::vector<std::string> words;
  std::array<double, kActionDim> mean{};
  for (int step = 0; step < intent.horizon; ++step) {
    const Action centres = binner.centres(intent, step);
    for (int dim = 0; dim < kActionDim; ++dim) mean[dim] += centres[dim] / intent.horizon;
  }
  for (int dim = 0; dim < kGripperDim; ++dim) {
    if (std::abs(mean[dim]) < kStill) continue;
    words.push_back((mean[dim] > 0 ? "+" : "-") + std::string(kAxes[dim]) + " " +
                    size_word(std::abs(mean[dim])));
  }
  if (words.empty()) words.emplace_back("hold");
  if (intent.horizon > 0) {
    const std::string first = gripper_word(binner.centres(intent, 0)[kGripperDim]);
    const std::string last = gripper_word(binner.centres(intent, intent.horizon - 1)[kGripperDim]);
    words.push_back(first == last ? last : first + " then " + last);
  }
  return join_names(words);
}

}  // namespace libra::action
