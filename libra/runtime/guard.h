// The last word before an action reaches the robot: limits, and what happens when a network is
// silent, fails or gives numbers that are none. Every intervention is counted and explained.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libra/core/config.h"
#include "libra/core/embodiment.h"
#include "libra/core/observation.h"

namespace libra {

struct GuardConfig {
  // Largest change of a motion entry between two steps, in the robot's units; 0: none.
  double rate_limit = 0.0;
  // Where the end effector may be (m); a motion out of the box, or further out, is cut.
  bool workspace = false;
  double x_min = -1.0, x_max = 1.0, y_min = -1.0, y_max = 1.0, z_min = 0.0, z_max = 2.0;
  double planner_timeout_ms = 2000.0;  // silence after which the watchdog speaks; 0: never
  double refiner_timeout_ms = 1000.0;
  std::string on_fault = "hold";  // after silence, failure or not-a-number: hold or stop
  void list(ConfigFields& f);
};

enum class GuardKind : uint8_t {
  kClamped,        // an entry beyond what the robot takes, or no number
  kRateLimited,    // a change faster than allowed
  kWorkspace,      // a motion out of the box
  kNotFinite,      // a chunk with a number that is none: refused
  kPlannerFailed,  // the planner threw, or its plan was malformed
  kRefinerFailed,
  kPlannerSilent,  // no answer in time
  kRefinerSilent,
};
inline constexpr size_t kGuardKinds = 8;
const char* name_of(GuardKind kind);

// Thread: one thread only. Nothing allocates but explain().
class Guard {
 public:
  // Throws Error(kBadInput) for an unknown on_fault, an empty box, or a box for a robot whose end
  // effector is not moved by relative commands.
  Guard(const GuardConfig& config, const Embodiment& embodiment);
  void reset() { has_last_ = false; }  // a new episode; counts stay

  // Turns the action into one that may be executed; `proprio` is the newest known.
  void apply(Action& action, std::span<const double> proprio, int64_t step);
  // A fault that is none of an action's. `amount`: ms of silence. True: stop.
  bool fault(GuardKind kind, int64_t step, double amount = 0.0);

  int64_t count(GuardKind kind) const { return records_[static_cast<size_t>(kind)].count; }
  int64_t total() const;
  GuardKind latest() const { return latest_; }  // of those counted
  const GuardConfig& config() const { return config_; }
  // A line per kind that occurred: how often, and the first case in words. "" when none did.
  std::string explain() const;

 private:
  struct Record {
    int64_t count = 0;
    int64_t first_step = 0;
    int dim = -1;
    double wanted = 0.0, given = 0.0;
  };
  void note(GuardKind kind, int64_t step, int dim, double wanted, double given);

  GuardConfig config_;
  bool stops_;
  Embodiment embodiment_;
  std::vector<float> low_, high_;  // of each entry; infinite where there is no limit
  std::vector<bool> relative_;     // an entry whose zero is no motion
  std::vector<bool> moves_;        // an entry of motion, not of a gripper
  size_t position_ = 0, eef_ = 0;  // first entry of the position in action and proprio
  std::array<Record, kGuardKinds> records_{};
  Action last_;
  bool has_last_ = false;
  GuardKind latest_ = GuardKind::kClamped;
};

}  // namespace libra
