// The safetensors file format: 8 bytes of header length, a JSON header, raw little-endian data.
// Every size is checked before use; a malformed file gives Error(kBadInput) naming the file, what
// was expected and what was found.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libra/model/safetensors_header.h"
#include "libra/nn/torch.h"

namespace libra::model {

// A memory-mapped file. Tensors share the mapping, which lives as long as any of them; nothing is
// read before it is used, and the memory of a tensor that dies is given back. Writing to a tensor
// changes this process's copy, never the file; two tensors of one name must not be alive when one
// is written to.
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

// A tensor that comes into being when it is written, so that a file may be larger than memory.
struct PendingTensor {
  std::string name;
  torch::ScalarType dtype = torch::kFloat32;
  std::vector<int64_t> shape;
  std::function<torch::Tensor()> make;

  int64_t bytes() const;
};
// The tensor as it is; it is kept alive.
PendingTensor pending(const std::string& name, const torch::Tensor& tensor);

// Writes tensors (F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL), the widest dtype first so that
// everything is aligned, those of one dtype in the order given, in which they are made; `progress`
// hears of each one written. The file appears under its name only
// when it is complete.
void write_safetensors(const std::string& path, std::vector<PendingTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {},
                       const std::function<void(const PendingTensor&)>& progress = {});
void write_safetensors(const std::string& path,
                       const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

// The dtype of stored elements in LibTorch, and back; what LibTorch lacks a name for in the format
// throws Error(kBadInput) with `name`.
torch::ScalarType scalar_type(StoredDtype dtype);
// Whether its numbers are weights as they stand. Those of float8 need a scale that stands
// elsewhere.
bool holds_weights(torch::ScalarType type);
StoredDtype stored_dtype(torch::ScalarType type, const std::string& name);

}  // namespace libra::model
