// Flags that say where LIBERO is, and its suites as commands use them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "libra/sim/libero/any_suite.h"
#include "libra/sim/sim.h"

namespace libra::cli {

using SuiteFlags = sim::libero::Roots;

void add_suite_flags(CLI::App& command, SuiteFlags& flags);

// As load_suite(); tasks that cannot be read are told on stderr.
sim::task::SuiteSpec load_and_tell(const SuiteFlags& flags, const std::string& name);
// As sim::make_sim_factory, for all of these suites.
EnvFactory make_env_factory(const SuiteFlags& flags, const sim::SimConfig& config);

}  // namespace libra::cli
