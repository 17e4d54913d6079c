// What a checkpoint folder or a safetensors file holds, without loading it. No torch in this
// header.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace libra::policy {

struct CheckpointSummary {
  std::string name, variant;  // of config.json
  int horizon = 0, expansion = 0, bins = 0;
  std::map<std::string, int64_t> parameters;  // per half and part, e.g. "planner.backbone"
  int64_t total = 0;
  int64_t bytes = 0;  // of model.safetensors
};

// Throws Error(kNotFound / kBadInput) for a folder that is not a checkpoint.
CheckpointSummary inspect_checkpoint(const std::string& dir);

// The LibTorch this program runs on, in a few words: version, GPUs, instruction set.
std::string torch_summary();
// How matrices of bf16 are multiplied on this processor, and why.
std::string precision_summary();

}  // namespace libra::policy
