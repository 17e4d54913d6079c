// Which of several processes this one is, and where they meet: told by the launcher's variables.
#pragma once

#include <functional>
#include <string>

namespace libra::cli {

struct Launch {
  std::string launcher;     // "torchrun", "OpenMPI", "MPICH", "Slurm"; empty: one process
  int rank = 0, size = 1;   // of all processes
  int local_rank = 0;       // among those of this machine
  bool one_machine = true;  // all of them are here
  std::string store;        // "tcp://HOST:PORT" or "file://PATH"; empty: the launcher names none
  bool first() const { return rank == 0; }

  // Throws Error(kBadInput) naming the variable that contradicts itself.
  // variable: its value, or null; getenv in the program.
  using Environment = std::function<const char*(const char*)>;
  static Launch from(const Environment& variable);
};

// "node" of "node,other", "n07" of "n[07-09,12]", "n3-ib" of "n[3,5]-ib".
std::string first_host(const std::string& slurm_node_list);

}  // namespace libra::cli
