// Weights of a module in safetensors files.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libra/model/safetensors.h"
#include "libra/nn/torch.h"

namespace libra::model {

struct LoadOptions {
  std::string prefix = {};  // "planner.": only names with this prefix belong to the module
  // The file's name of a parameter, when the two differ; applied before the prefix.
  std::function<std::string(const std::string&)> rename = {};
  bool allow_missing = false;     // parameters that the file lacks keep their values
  bool allow_unexpected = false;  // tensors that no parameter claims are ignored
  bool allow_misshapen = false;   // parameters whose tensor has another shape keep their values
  // Of the module afterwards (nn::parameter_type); unset: parameters keep their dtypes.
  std::optional<torch::ScalarType> precision = {};
};

struct LoadReport {
  int64_t loaded = 0;
  std::vector<std::string> missing, unexpected, misshapen;  // what the options let pass
};

// Fills the module's parameters and buffers from a file, or several (shards), converting between
// f32, f16 and bf16. What needs no conversion is not copied: it becomes a view of the mapped file,
// read when it is used. All missing, unexpected and misshapen names are found first and reported in
// one Error(kBadInput); then nothing has been changed.
LoadReport load_into(torch::nn::Module& module, const std::vector<std::string>& files,
                     const LoadOptions& options = {});
LoadReport load_into(torch::nn::Module& module, const std::string& file,
                     const LoadOptions& options = {});

// "3 missing (a, b, c)"; lists beyond `shown` names are cut.
std::string counted(const std::vector<std::string>& names, const std::string& what,
                    size_t shown = 8);

// The module's parameters and buffers by name.
std::vector<std::pair<std::string, torch::Tensor>> named_tensors(const torch::nn::Module& module);
// The same to be written as prefix + name, floating ones as `dtype`; adapted layers (LoRA) as
// layers that are not and answer the same.
std::vector<PendingTensor> module_tensors(const torch::nn::Module& module,
                                          const std::string& prefix, torch::ScalarType dtype);
void save_module(const torch::nn::Module& module, const std::string& path, torch::ScalarType dtype);

}  // namespace libra::model
