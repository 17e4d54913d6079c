// A checkpoint folder as a core::Policy.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libra/core/policy.h"

namespace libra {

// Precisions of a checkpoint's networks (nn/linear.h).
//   f32          matrices and products
//   bf16         matrices, on the CPU mapped from their file; products in what is faster there
//   bf16_narrow  matrices and products
//   bf16_wide    matrices; products in f32
//   auto         f32, but bf16 for models of more than 256 million weights
inline const std::vector<std::string> kPrecisions = {"auto", "f32", "bf16", "bf16_narrow",
                                                     "bf16_wide"};

struct PolicyOptions {
  int threads = 1;                 // of LibTorch, for each network
  int planner_threads = 0;         // of the planner alone; 0: threads
  int refiner_threads = 0;         // of the refiner alone; 0: threads
  int denoise_steps = 0;           // 0: what the checkpoint says
  bool sample_intents = false;     // draw intents from P(a^c) instead of taking the likeliest
  uint64_t seed = 0;               // of those draws
  std::string precision = "auto";  // one of kPrecisions
  std::string device = "cpu";      // cpu, cuda, cuda:1
};

// Throws Error(kNotFound / kBadInput) for a folder that is not a checkpoint.
std::unique_ptr<Policy> load_policy(const std::string& dir, const PolicyOptions& options = {});

}  // namespace libra
