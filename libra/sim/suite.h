// Libra's own suites: each read from assets/suites/<suite>/suite.json and its BDDL files.
#pragma once

#include <string>
#include <vector>

#include "libra/sim/task/task_spec.h"

namespace libra::sim {

// The assets that come with Libra (core/data_root.h); every caller may pass another folder.
std::string default_asset_root();

// Names of the suites below <asset_root>/suites, sorted.
std::vector<std::string> suite_names(const std::string& asset_root = default_asset_root());
// Throws Error(kNotFound) for an unknown suite, listing the known ones, and Error(kBadInput) for a
// faulty suite.json or where no task's BDDL file can be read.
task::SuiteSpec load_suite(const std::string& name,
                           const std::string& asset_root = default_asset_root());

}  // namespace libra::sim
