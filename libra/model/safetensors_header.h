// The part of the safetensors format that needs no LibTorch: the header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace libra::model {

// In the order of falling width, in which tensors are written.
enum class StoredDtype {
  kF64,
  kI64,
  kU64,
  kF32,
  kI32,
  kU32,
  kF16,
  kBf16,
  kI16,
  kU16,
  kI8,
  kU8,
  kBool,
  kF8E4m3,
  kF8E5m2
};

size_t dtype_size(StoredDtype dtype);       // bytes of an element
const char* dtype_name(StoredDtype dtype);  // "BF16"

struct StoredTensor {
  StoredDtype dtype = StoredDtype::kF32;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;  // bytes from the start of the data
};

struct SafetensorsHeader {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;
  uint64_t data_offset = 0;  // of the data in the file
};

// Parses and validates the image of a whole file; `where` names it in errors. Looks at the header
// only: lengths against the file's size, JSON with unique names, known dtypes, shapes whose size is
// that of the byte range, ranges that fill the data without holes or overlaps. Throws
// Error(kBadInput).
SafetensorsHeader parse_safetensors(std::span<const std::byte> file, const std::string& where);

}  // namespace libra::model
