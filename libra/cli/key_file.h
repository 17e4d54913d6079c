// Keys of served policies: in a file, because a command line is for everybody to see.
#pragma once

#include <string>

namespace libra::cli {

// The file's first line; without a file what LIBRA_SERVE_KEY holds, "" nothing. Throws
// Error(kBadInput) for a key of fewer than 16 characters, Error(kNotFound).
std::string read_key(const std::string& file);

}  // namespace libra::cli
