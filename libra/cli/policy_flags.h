// Flags of every command that runs a checkpoint's networks.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "libra/cli/field_flags.h"
#include "libra/policy/load_policy.h"

namespace libra::cli {

// A checkpoint's policy; what its user should know goes to stderr.
inline std::unique_ptr<Policy> load_and_tell(const std::string& checkpoint,
                                             const PolicyOptions& options) {
  auto policy = load_policy(checkpoint, options);
  for (const std::string& note : policy->spec().notes) {
    std::fprintf(stderr, "note: %s: %s\n", checkpoint.c_str(), note.c_str());
  }
  return policy;
}

inline void add_policy_flags(CLI::App& command, PolicyOptions& options) {
  add_field_flags(command, list_fields(options));
}

}  // namespace libra::cli
