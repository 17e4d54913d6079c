// The safetensors file format: 8 bytes of header length, a JSON header, raw little-endian data.
// Every size is checked before use; a malformed file gives Error(kBadInput) naming the file, what
// was expected and what was found.
#pragma once

#include <torch/torch.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libra/model/safetensors_header.h"

namespace libra::model {

// A memory-mapped file. Tensors share the mapping, which lives as long as any of them; they must
// not be written to.
class SafetensorsFile {
 public:
  // Throws Error(kNotFound) when the file cannot be opened.
  explicit SafetensorsFile(const std::string& path);

  const std::string& path() const { return path_; }
  const SafetensorsHeader& header() const { return header_; }
  std::vector<std::string> names() const;
  bool contains(const std::string& name) const { return header_.tensors.count(name) > 0; }
  // Throws Error(kNotFound).
  torch::Tensor tensor(const std::string& name) const;

 private:
  class Mapping;
  std::string path_;
  std::shared_ptr<Mapping> mapping_;
  SafetensorsHeader header_;
};

// Writes name and tensor pairs (F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL), the widest dtype
// first so that everything is aligned. The file appears under its name only when it is complete.
void write_safetensors(const std::string& path,
                       const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace libra::model
