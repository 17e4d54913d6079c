// The nested lists that a BDDL file is written in (internal to sim/task).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libra/sim/task/bddl.h"

namespace libra::sim::task::bddl {

// Token or list of the file, with the place of its first character.
struct Node {
  bool is_list = false;
  std::string atom;  // in lower case, which is all the same to BDDL
  std::vector<Node> items;
  SourcePosition at;
  std::string written = {};  // as the atom stands in the file
};

// The largest of LIBERO's files has 3 kB and depth 6; this leaves room without inviting abuse.
inline constexpr size_t kMaxFileBytes = 1 << 20;

// The one list of a file. Throws Error(kBadInput) with the place.
Node read_lists(std::string_view text, const std::string& file);

// Throws Error(kBadInput) that begins with file:line:column.
[[noreturn]] void fail(const std::string& file, SourcePosition at, const std::string& problem,
                       const std::string& expected = "", const std::string& found = "",
                       const std::string& next = "");

}  // namespace libra::sim::task::bddl
