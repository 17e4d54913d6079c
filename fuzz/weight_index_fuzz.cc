// Hostile model.safetensors.index.json texts must end in libra::Error or in plain file names.
#include <cstdlib>
#include <string_view>

#include "libra/core/error.h"
#include "libra/model/weight_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    for (const auto& [name, shard] :
         libra::model::parse_weight_index({reinterpret_cast<const char*>(data), size}, "fuzz")) {
      if (shard.empty() || shard.find('/') != std::string::npos) std::abort();
    }
  } catch (const libra::Error&) {
  }
  return 0;
}
