// Hostile msgpack must end in libra::Error or in an observation whose parts are as large as they
// say.
#include <cstdlib>

#include "fuzz/serving_observation.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  libra::serving::read_observation([&](const libra::serving::Limits& limits) {
    libra::serving::WireMessage message = libra::serving::decode_msgpack({data, size}, limits);
    if (message.has("payload")) message.descend("payload");
    return message;
  });
  return 0;
}
