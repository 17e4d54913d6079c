// Flags of every command that lets a policy act: which schedule, and how slow its networks are in
// virtual time.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "libra/cli/field_flags.h"
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
  if (s.schedule == ScheduleKind::kSync)
    tell({"--M"}, "under --schedule sync, which plans every chunk");
  if (s.schedule != ScheduleKind::kOverlapped) {
    tell({"--execute", "--stale", "--eager", "--max-roll"}, "but under --schedule overlapped");
  } else {
    tell({"--waiting"}, "under --schedule overlapped, which never waits");
    if (s.stale != Stale::kRollForward) tell({"--max-roll"}, "but with --stale roll_forward");
  }
  if (!s.adaptive.enabled) {
    tell({"--replan-entropy", "--replan-outside"}, "but with --adaptive");
  }
}

inline void add_schedule_flags(CLI::App& c, ScheduleFlags& flags) {
  add_field_flags(c, list_fields(flags.config));
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
