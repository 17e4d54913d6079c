// Hostile safetensors headers must end in libra::Error or in a header whose ranges lie in the file.
#include <cstdlib>

#include "libra/core/error.h"
#include "libra/model/safetensors_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  try {
    const libra::model::SafetensorsHeader header = libra::model::parse_safetensors(file, "fuzz");
    for (const auto& [name, tensor] : header.tensors) {
      if (tensor.begin > tensor.end || header.data_offset + tensor.end > size) std::abort();
    }
  } catch (const libra::Error&) {
  }
  return 0;
}
