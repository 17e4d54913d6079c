// Feeds arbitrary bytes to the reader of stored initial states, which tells zips, pickles and .npy
// by their first bytes: it must answer with an array or an Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "libra/core/error.h"
#include "libra/sim/libero/init_states.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto states = libra::sim::libero::parse_init_states(bytes, "fuzz");
    if (states.values.size() != states.rows * states.columns) __builtin_trap();
  } catch (const libra::Error&) {
  }
  return 0;
}
