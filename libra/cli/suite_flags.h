// Which suites a command knows: ours, and LIBERO's own where scripts/setup --libero brought them or
// the user says where LIBERO is.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "libra/sim/sim.h"

namespace libra::cli {

struct SuiteFlags {
  std::string libero_root, robosuite_root;
  bool allow_missing_visuals = false;
};

void add_suite_flags(CLI::App& command, SuiteFlags& flags);

// Ours, then LIBERO's where there is one.
std::vector<std::string> suite_names(const SuiteFlags& flags);
// Throws Error(kNotFound) that says how to get LIBERO's suites, and as the two load_suite of
// sim.
sim::SuiteSpec load_suite(const SuiteFlags& flags, const std::string& name);
// The same; tasks that cannot be read are told on stderr.
sim::SuiteSpec load_and_tell(const SuiteFlags& flags, const std::string& name);
// A task by its name or its number from 0. Throws Error(kNotFound).
const sim::TaskSpec& find_task(const sim::SuiteSpec& suite, const std::string& word);
// As sim::make_sim_factory, for all of these suites.
EnvFactory make_env_factory(const SuiteFlags& flags, const sim::SimConfig& config);

// "<file>: needed by <task>" or "by N tasks", for files that a suite of LIBERO's lacks and that are
// drawn otherwise; empty for ours.
std::vector<std::string> missing_visuals(const SuiteFlags& flags, const std::string& name);

}  // namespace libra::cli
