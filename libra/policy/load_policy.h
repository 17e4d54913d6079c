// A checkpoint folder as a core::Policy.
#pragma once

#include <memory>
#include <string>

#include "libra/core/policy.h"

namespace libra {

struct PolicyOptions {
  int threads = 1;                 // of LibTorch, for each network
  int planner_threads = 0;         // of the planner alone; 0: threads
  int refiner_threads = 0;         // of the refiner alone; 0: threads
  int denoise_steps = 0;           // 0: what the checkpoint says
  bool sample_intents = false;     // draw intents from P(a^c) instead of taking the likeliest
  uint64_t seed = 0;               // of those draws
  std::string precision = "auto";  // of weights and products (policy/bundle.h)
  std::string device = "cpu";      // cpu, cuda, cuda:1
};

// Throws Error(kNotFound / kBadInput) for a folder that is not a checkpoint.
std::unique_ptr<Policy> load_policy(const std::string& dir, const PolicyOptions& options = {});

}  // namespace libra
