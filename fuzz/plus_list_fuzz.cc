// Feeds arbitrary bytes to the readers of LIBERO-Plus's list of variants and of their names: they
// must answer with entries, whose parts lie within their bounds, or with an Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "libra/core/error.h"
#include "libra/sim/libero/plus_name.h"

namespace {

void read_name(std::string_view text) {
  using libra::sim::libero::PlusName;
  try {
    const PlusName name = libra::sim::libero::parse_plus_name(text);
    const bool good = !name.base.empty() && name.posture <= 500 && name.noise <= 50 &&
                      name.view.distance > 0 && text.starts_with(name.base);
    if (!good) __builtin_trap();
  } catch (const libra::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_name(bytes);
  try {
    for (const auto& [suite, entries] : libra::sim::libero::parse_plus_list(bytes, "fuzz")) {
      for (const auto& entry : entries) read_name(entry.name);
    }
  } catch (const libra::Error&) {
  }
  return 0;
}
