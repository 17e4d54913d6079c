// Hostile logs of episodes must end in libra::Error or in a log that comes back from its own text.
#include <cstdlib>
#include <string>

#include "libra/core/error.h"
#include "libra/runtime/episode_log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const libra::EpisodeLog log = libra::EpisodeLog::parse(text, "log");
    const libra::EpisodeLog again = libra::EpisodeLog::parse(log.text(), "again");
    if (again.text() != log.text() || again.next() != log.next()) std::abort();
  } catch (const libra::Error&) {
  }
  return 0;
}
