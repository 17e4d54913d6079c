// What the machine is, for reports and for `libra doctor`.
#pragma once

#include <string>
#include <vector>

namespace libra::eval {

struct Machine {
  std::string cpu;              // model name
  int cores = 0;                // that this process may use
  double memory_gb = 0.0;       // installed
  double memory_free_gb = 0.0;  // available now
  std::vector<std::string>
      isa;             // instruction sets that matter here: avx2, avx512f, avx512_bf16, ...
  std::string system;  // kernel and distribution
  std::string summary() const;  // one line
};
Machine this_machine();

}  // namespace libra::eval
