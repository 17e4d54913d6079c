// Flags of every command that lets a policy act: which schedule, and how slow its networks are in
// virtual time.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "libra/core/error.h"
#include "libra/runtime/schedule.h"
#include "libra/runtime/virtual_driver.h"

namespace libra::cli {

struct ScheduleFlags {
  ScheduleConfig config;
  std::string planner_latency = "0", refiner_latency = "0", waiting = "hold";

  VirtualTime time() const {
    return {LatencyModel::parse(planner_latency, "--planner-latency"),
            LatencyModel::parse(refiner_latency, "--refiner-latency"), waiting == "pause"};
  }
};

// What a schedule does besides its name and its latencies.
inline void add_schedule_options(CLI::App& c, ScheduleConfig& config) {
  c.add_option("--M", config.expansion, "chunks per plan")
      ->check(CLI::Range(1, kMaxExpansion))
      ->capture_default_str();
  c.add_option("--starvation", config.starvation,
               "where no plan covers a step: go on with the last intent, hold still, or stop")
      ->check(CLI::IsMember({"hold_intent", "hold_position", "stop"}))
      ->capture_default_str();
  c.add_option(
       "--stale", config.stale,
       "overlapped, the steps that pass while the refiner works: drop them; inpaint: freeze "
       "them (real-time chunking); roll_forward: begin behind them, proprio rolled forward")
      ->check(CLI::IsMember({"drop", "inpaint", "roll_forward"}))
      ->capture_default_str();
  c.add_option("--max-roll", config.max_roll,
               "roll_forward: steps that a plan's observation may be old; the robot holds for the "
               "rest of a longer latency. 0: a chunk")
      ->check(CLI::Range(0, kMaxHorizon))
      ->capture_default_str();
  c.add_option("--execute", config.execute,
               "overlapped: actions of a chunk before the next takes over; 0: all")
      ->check(CLI::Range(0, kMaxHorizon))
      ->capture_default_str();
  c.add_flag("--eager", config.eager, "overlapped: the planner never rests");
  c.add_flag("--adaptive", config.adaptive.enabled,
             "replan before M chunks are used up where the intents are uncertain");
  c.add_option("--replan-entropy", config.adaptive.replan_entropy,
               "adaptive: entropy of the next chunk's intents above which it replans (share of log "
               "N)")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  c.add_option("--replan-outside", config.adaptive.replan_outside,
               "adaptive: share of refined actions outside their bins above which it replans")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
}

// Flags that were given and change nothing beside the others are named on stderr.
inline void tell_ineffective(const CLI::App& c, const ScheduleFlags& flags) {
  const ScheduleConfig& s = flags.config;
  const auto tell = [&](const std::vector<const char*>& names, const std::string& why) {
    std::vector<std::string> given;
    for (const char* name : names) {
      const CLI::Option* option = c.get_option_no_throw(name);
      if (option != nullptr && option->count() > 0) given.emplace_back(name);
    }
    if (given.empty()) return;
    std::fprintf(stderr, "note: %s: no effect %s\n", join_names(given).c_str(), why.c_str());
  };
  if (s.schedule == "sync") tell({"--M"}, "under --schedule sync, which plans every chunk");
  if (s.schedule != "overlapped") {
    tell({"--execute", "--stale", "--eager", "--max-roll"}, "but under --schedule overlapped");
  } else {
    tell({"--waiting"}, "under --schedule overlapped, which never waits");
    if (s.stale != "roll_forward") tell({"--max-roll"}, "but with --stale roll_forward");
  }
  if (!s.adaptive.enabled) {
    tell({"--replan-entropy", "--replan-outside"}, "but with --adaptive");
  }
}

inline void add_schedule_flags(CLI::App& c, ScheduleFlags& flags) {
  c.add_option("--schedule", flags.config.schedule,
               "sync: plan every chunk; amortised: every M-th; overlapped: every M-th, while the "
               "robot moves")
      ->check(CLI::IsMember({"sync", "amortised", "overlapped"}))
      ->capture_default_str();
  add_schedule_options(c, flags.config);
  c.add_option("--planner-latency", flags.planner_latency,
               "virtual time (ms): 60, uniform:40,80, normal:60,10, lognormal:60,0.3, trace:FILE")
      ->capture_default_str();
  c.add_option("--refiner-latency", flags.refiner_latency, "the same for the refiner")
      ->capture_default_str();
  c.add_option("--waiting", flags.waiting,
               "sync and amortised, while the networks work: hold: time passes and the robot holds "
               "still; pause: the world waits")
      ->check(CLI::IsMember({"hold", "pause"}))
      ->capture_default_str();
}

}  // namespace libra::cli
