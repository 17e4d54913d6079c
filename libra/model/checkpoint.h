// Weights of a module in safetensors files.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <string>
#include <vector>

namespace libra::model {

struct LoadOptions {
  std::string prefix = {};  // "planner.": only names with this prefix belong to the module
  // The file's name of a parameter, when the two differ; applied before the prefix.
  std::function<std::string(const std::string&)> rename = {};
  bool allow_missing = false;     // parameters that the file lacks keep their values
  bool allow_unexpected = false;  // tensors that no parameter claims are ignored
};

struct LoadReport {
  int64_t loaded = 0;
  std::vector<std::string> missing, unexpected;  // what the options let pass
};

// Copies a file, or several (shards), into the module's parameters and buffers, converting between
// f32, f16 and bf16. All missing, unexpected and misshapen names are found first and reported in
// one Error(kBadInput); then nothing has been copied.
LoadReport load_into(torch::nn::Module& module, const std::vector<std::string>& files,
                     const LoadOptions& options = {});
LoadReport load_into(torch::nn::Module& module, const std::string& file,
                     const LoadOptions& options = {});

// The module's parameters and buffers as (prefix + name, tensor) pairs, floating ones as `dtype`.
std::vector<std::pair<std::string, torch::Tensor>> module_tensors(const torch::nn::Module& module,
                                                                  const std::string& prefix,
                                                                  torch::ScalarType dtype);
void save_module(const torch::nn::Module& module, const std::string& path, torch::ScalarType dtype);

}  // namespace libra::model
