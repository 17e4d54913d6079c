#include "libra/runtime/schedule_config.h"

#include <string>

#include "libra/core/error.h"
#include "libra/core/intent.h"

namespace libra {

void AdaptiveConfig::list(ConfigFields& f) {
  f.add("enabled", enabled, "replan before M chunks are used up where there is reason to");
  f.add("replan_entropy", replan_entropy,
        "replan when the next chunk's intents are less certain (share of log N)", {0, 1});
  f.add("replan_outside", replan_outside,
        "replan when more of the last chunk's actions left their bins (share)", {0, 1});
}

void ScheduleConfig::list(ConfigFields& f) {
  f.add("schedule", schedule,
        "sync: plan every chunk; amortised: every M-th; overlapped: every M-th, while the robot "
        "moves");
  f.add("M", expansion, "chunks per plan", {1.0, double(kMaxExpansion)});
  f.add("starvation", starvation,
        "where no plan covers a step: go on with the last intent, hold still, or stop");
  f.add("stale", stale,
        "overlapped, the steps that pass while the refiner works: drop them; inpaint: freeze them "
        "(real-time chunking); roll_forward: begin behind them, proprio rolled forward");
  f.add(
      "max_roll", max_roll,
      "roll_forward: steps that a plan's observation may be old; the robot holds for the rest of a "
      "longer latency. 0: a chunk",
      {0.0, double(kMaxHorizon)});
  f.add("execute", execute, "overlapped: actions of a chunk before the next takes over; 0: all",
        {0.0, double(kMaxHorizon)});
  f.add("eager", eager, "overlapped: the planner never rests");
  f.section("adaptive", adaptive);
}

void ScheduleConfig::validate(int horizon) const {
  const auto within = [](const char* what, int value, int low, int high, const char* high_is) {
    if (value >= low && value <= high) return;
    throw Error(ErrorCode::kBadInput,
                {.where = what,
                 .problem = "not possible",
                 .expected = std::to_string(low) + " to " + high_is + std::to_string(high),
                 .found = std::to_string(value)});
  };
  within("H", horizon, 1, kMaxHorizon, "");
  within("M", expansion, 1, kMaxExpansion, "");
  within("execute", execute, 0, horizon, "H = ");
  within("max roll", max_roll, 0, horizon, "H = ");
}

void check_schedule(const ScheduleConfig& config, const PolicySpec& policy, bool has_planner) {
  if (has_planner && config.schedule != ScheduleKind::kSync &&
      config.expansion > policy.expansion) {
    throw Error(
        ErrorCode::kBadInput,
        {.where = "--M " + std::to_string(config.expansion),
         .problem = "the policy plans " + std::to_string(policy.expansion) + " chunks ahead",
         .next = "use --M " + std::to_string(policy.expansion) + " or less"});
  }
}

}  // namespace libra
