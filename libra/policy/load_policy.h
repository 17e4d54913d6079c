// A checkpoint folder as a core::Policy.
#pragma once

#include <memory>
#include <string>

#include "libra/core/config.h"
#include "libra/core/policy.h"

namespace libra {

// Of a checkpoint's networks (nn/linear.h).
enum class Precision {
  kAuto,        // f32, but bf16 for models of more than 256 million weights
  kF32,         // matrices and products
  kBf16,        // matrices, on the CPU mapped from their file; products in what is faster there
  kBf16Narrow,  // matrices and products
  kBf16Wide,    // matrices; products in f32
};

template <>
struct Words<Precision> {
  static constexpr Word<Precision> list[] = {{Precision::kAuto, "auto"},
                                             {Precision::kF32, "f32"},
                                             {Precision::kBf16, "bf16"},
                                             {Precision::kBf16Narrow, "bf16_narrow"},
                                             {Precision::kBf16Wide, "bf16_wide"}};
};

struct PolicyOptions {
  int threads = 1;              // of LibTorch, for each network
  int planner_threads = 0;      // of the planner alone; 0: threads
  int refiner_threads = 0;      // of the refiner alone; 0: threads
  int denoise_steps = 0;        // 0: what the checkpoint says
  bool sample_intents = false;  // draw intents from P(a^c) instead of taking the likeliest
  uint64_t seed = 0;            // of those draws
  Precision precision = Precision::kAuto;
  std::string device = "cpu";  // cpu, cuda, cuda:1
  // Those that a user sets.
  void list(ConfigFields& f) {
    f.add("denoise_steps", denoise_steps, "refiner iterations; 0: the checkpoint's", {0, 100});
    f.add("precision", precision,
          "of weights: f32, bf16; auto: bf16 for models of more than 256 million weights. Products "
          "with bf16 weights are made in what the processor multiplies faster; bf16_narrow: in "
          "bf16, bf16_wide: in f32");
    f.add("threads", threads,
          "CPU threads of each network; a second one gains where nothing else runs and the model "
          "is large (docs/runtime.md)",
          {1, 256});
    f.add("planner_threads", planner_threads, "of the planner; 0: --threads", {0, 256});
    f.add("refiner_threads", refiner_threads, "of the refiner; 0: --threads", {0, 256});
    f.add("device", device, "cpu, cuda or cuda:N");
  }
};

// Throws Error(kNotFound / kBadInput) for a folder that is not a checkpoint, Error(kBadInput) for
// options that are not possible.
std::unique_ptr<Policy> load_policy(const std::string& dir, const PolicyOptions& options = {});

}  // namespace libra
