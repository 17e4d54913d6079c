#include "libra/cli/key_file.h"

#include <cstdlib>

#include "libra/core/error.h"
#include "libra/core/file.h"

namespace libra::cli {

std::string read_key(const std::string& file) {
  std::string key;
  if (!file.empty()) {
    key = read_file(file, "a file with the key in its first line");
    key.resize(std::min(key.find_first_of("\r\n"), key.size()));
  } else if (const char* variable = std::getenv("LIBRA_SERVE_KEY")) {
    key = variable;
  }
  if ((!file.empty() || !key.empty()) && key.size() < 16) {
    throw Error(ErrorCode::kBadInput, {.where = file.empty() ? "LIBRA_SERVE_KEY" : file,
                                       .problem = "a key that is guessed soon",
                                       .expected = "at least 16 characters",
                                       .next = "openssl rand -hex 24 makes one"});
  }
  return key;
}

}  // namespace libra::cli
