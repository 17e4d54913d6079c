// The weights of a published model folder: model.safetensors, or shards that
// model.safetensors.index.json names. Memory-mapped; nothing is read before it is asked for.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libra/model/safetensors.h"

namespace libra::model {

class WeightsFolder {
 public:
  // Throws Error(kNotFound / kBadInput) for a folder without weights, a missing shard, a shard that
  // lacks a tensor of the index or holds one that is elsewhere.
  explicit WeightsFolder(const std::string& dir);

  const std::string& dir() const { return dir_; }
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  // Throws Error(kNotFound). See SafetensorsFile::tensor.
  torch::Tensor tensor(const std::string& name) const;

 private:
  std::string dir_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, StoredTensor> tensors_;
  std::map<std::string, size_t> file_of_;
};

}  // namespace libra::model
