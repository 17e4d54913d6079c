// Feeds arbitrary bytes to the BDDL parser: it must answer with a Problem or an Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "libra/core/error.h"
#include "libra/sim/task/bddl.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    libra::sim::task::parse_bddl({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const libra::Error&) {
  }
  return 0;
}
