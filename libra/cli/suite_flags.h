// Flags that say where LIBERO is, and its suites as commands use them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "libra/sim/libero/any_suite.h"
#include "libra/sim/sim.h"

namespace libra::cli {

using SuiteFlags = sim::libero::Roots;

void add_suite_flags(CLI::App& command, SuiteFlags& flags);

// As load_suite(); tasks that cannot be read are told on stderr.
sim::task::SuiteSpec load_and_tell(const SuiteFlags& flags, const std::string& name);
// The tasks of these suites; with words only those, named or numbered from 0. Throws
// Error(kNotFound) that calls a word which fits nothing a `flag`'s.
std::vector<Suite> pick_tasks(const std::vector<std::string>& words,
                              const std::vector<sim::task::SuiteSpec>& specs,
                              const sim::SimConfig& config, const std::string& flag);
// Cores that this process may use.
int cores();

// Which episode a command plays, of which checkpoint.
struct EpisodeFlags {
  std::string checkpoint, suite = "object", task = "0", layout = "libero", item;
  uint64_t seed = 0, episode = 0;
  SuiteFlags libero;
};
// Returns --checkpoint, for whoever cannot do without it.
CLI::Option* add_episode_flags(CLI::App& command, EpisodeFlags& flags);

// A task by its name or its number from 0. Throws Error(kNotFound).
const sim::task::TaskSpec& find_task(const sim::task::SuiteSpec& suite, const std::string& word);
// As sim::make_sim_factory, for all of these suites.
EnvFactory make_env_factory(const SuiteFlags& flags, const sim::SimConfig& config);

}  // namespace libra::cli
