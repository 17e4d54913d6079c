// Where Libra's own files are: assets/, configs/ and the checkpoints/ that ship with it.
#pragma once

#include <string>

namespace libra {

// The folder that holds them: ../share/libra beside the program where that exists (an installation,
// wherever it was moved to), else the checkout that the library was built in.
std::string data_root();
// For programs that stand elsewhere than in the installation's bin/. Not thread-safe: call it
// first.
void set_data_root(const std::string& folder);

// `path` itself where it exists, else that name in data_root() where it exists there, else `path`
// unchanged, for the reader of it to complain about.
std::string find_data(const std::string& path);

}  // namespace libra
