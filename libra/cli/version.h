// Which program this is.
#pragma once

#include <string>

namespace libra::cli {

// "0.1.0", and the commit that it was configured from where git told it: "0.1.0 (1a2b3c4)".
std::string version();

}  // namespace libra::cli
