#include "libra/core/file.h"

#include <fstream>
#include <iterator>

#include "libra/core/error.h"

namespace libra {

std::string read_file(const std::string& path, const std::string& expected,
                      const std::string& next) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Error(ErrorCode::kNotFound,
                {.where = path, .problem = "cannot be read", .expected = expected, .next = next});
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  if (!file.flush()) {
    throw Error(ErrorCode::kFailed, {.where = path,
                                     .problem = "cannot be written",
                                     .found = {},
                                     .next = "is the disk full, or the folder missing?"});
  }
}

}  // namespace libra
