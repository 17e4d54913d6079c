#include "libra/sim/protocol.h"

#include <cstdio>

#include "libra/core/error.h"

namespace libra::sim {
namespace {

std::string number(double x) {
  char text[24];
  std::snprintf(text, sizeof text, "%g", x);
  return text;
}

}  // namespace

Protocol protocol_of(const task::SuiteSpec& suite, const SimConfig& config) {
  const bool stored = !suite.tasks.empty() && suite.tasks.front().source != nullptr;
  const std::string side = std::to_string(config.image_size);
  Protocol protocol = {
      {"max_steps", std::to_string(suite.max_steps)},
      {"control_hz", number(suite.control_hz)},
      {"initial_states", std::to_string(suite.initial_states) + " a task, episodes 0 to " +
                             std::to_string(suite.initial_states - 1) +
                             (stored ? ": the stored .pruned_init states, in order"
                                     : ": a function of suite, task, layout, seed and episode")},
      {"instructions", suite.instructions},
      {"fixtures", stored ? "where the task file puts them, drawn by seed and episode"
                          : "part of the initial state, drawn with it"},
      {"arm_start", stored ? "as stored"
                           : "ready posture, each joint with a deviation of " +
                                 number(config.arm_noise) + " rad"},
      {"settling", std::to_string(config.settle_steps) +
                       " control steps with an opening gripper before step 0"},
      {"success", "the goal's predicates hold after a control step"},
      {"cameras", join_names(libero_panda().camera_names()) + ", RGB " + side + " x " + side +
                      " px, upright (row 0 on top)"},
      {"physics", "MuJoCo " + mujoco_version() + ", OSC_POSE"},
  };
  // By category, reasons one after the other.
  for (const task::LeftOut& out : suite.left_out) {
    const std::string word = std::string(kLeftOut) + out.category;
    const std::string text =
        std::to_string(out.tasks) + " of " + std::to_string(out.of) + ": " + out.why;
    if (protocol.back().first == word) {
      protocol.back().second += "; " + text;
    } else {
      protocol.emplace_back(word, text);
    }
  }
  if (!suite.unreadable.empty()) {
    protocol.emplace_back("left_out",
                          std::to_string(suite.unreadable.size()) +
                              " tasks that cannot be read: " + join_names(suite.unreadable, "; "));
  }
  return protocol;
}

}  // namespace libra::sim
