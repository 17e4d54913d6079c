#include "libra/cli/version.h"

namespace libra::cli {

std::string version() {
  const std::string commit = LIBRA_COMMIT;
  return std::string(LIBRA_VERSION) + (commit.empty() ? "" : " (" + commit + ")");
}

}  // namespace libra::cli
