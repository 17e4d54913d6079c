#include "libra/cli/suite_flags.h"

#include <cstdio>

namespace libra::cli {

void add_suite_flags(CLI::App& command, SuiteFlags& flags) {
  auto* libero = command.add_option("--libero-root", flags.libero,
                                    "a checkout of LIBERO with its suites libero_spatial, "
                                    "libero_object, ...; without: what scripts/setup --libero "
                                    "brought");
  auto* robosuite = command.add_option("--robosuite-root", flags.robosuite,
                                       "a checkout of robosuite 1.4, which LIBERO's robot is in");
  libero->needs(robosuite);
  robosuite->needs(libero);
  command.add_flag("--allow-missing-visuals", flags.allow_missing_visuals,
                   "draw collision shapes where a checkout lacks meshes, plain surfaces where it "
                   "lacks textures");
}

sim::task::SuiteSpec load_and_tell(const SuiteFlags& flags, const std::string& name) {
  sim::task::SuiteSpec suite = load_suite(flags, name);
  for (const std::string& task : suite.unreadable) {
    std::fprintf(stderr, "left out of suite %s: %s\n", name.c_str(), task.c_str());
  }
  return suite;
}

EnvFactory make_env_factory(const SuiteFlags& flags, const sim::SimConfig& config) {
  return [flags, config](const Task& task) -> std::unique_ptr<Env> {
    return std::make_unique<sim::SimEnv>(load_suite(flags, task.suite).find_task(task.name),
                                         config);
  };
}

}  // namespace libra::cli
