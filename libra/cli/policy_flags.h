// Flags of every command that runs a checkpoint's networks.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

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
  command
      .add_option("--denoise-steps", options.denoise_steps,
                  "refiner iterations; 0: the checkpoint's")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command
      .add_option("--precision", options.precision,
                  "of weights: f32, bf16; auto: bf16 for models of more than 256 million weights. "
                  "Products with bf16 weights are made in what the processor multiplies faster; "
                  "bf16_narrow: in bf16, bf16_wide: in f32")
      ->check(CLI::IsMember(kPrecisions))
      ->capture_default_str();
  command
      .add_option("--threads", options.threads,
                  "CPU threads of each network; a second one gains where nothing else runs and the "
                  "model is large (docs/runtime.md)")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command.add_option("--planner-threads", options.planner_threads, "of the planner; 0: --threads")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  command.add_option("--refiner-threads", options.refiner_threads, "of the refiner; 0: --threads")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  command.add_option("--device", options.device, "cpu, cuda or cuda:N")->capture_default_str();
}

}  // namespace libra::cli
