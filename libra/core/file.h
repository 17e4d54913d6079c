// Whole files.
#pragma once

#include <string>

namespace libra {

// The bytes of a file. Throws Error(kNotFound) that says what was `expected` there and what to do
// `next`, where that helps.
std::string read_file(const std::string& path, const std::string& expected = "",
                      const std::string& next = "");
// Throws Error(kFailed).
void write_file(const std::string& path, const std::string& bytes);

}  // namespace libra
