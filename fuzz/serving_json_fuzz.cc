// Hostile JSON, with base64 in it, must end in libra::Error or in an observation.
#include "fuzz/serving_observation.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  libra::serving::read_observation([&](const libra::serving::Limits& limits) {
    return libra::serving::decode_json({reinterpret_cast<const char*>(data), size}, limits);
  });
  return 0;
}
