// Ranks as processes of their own, for benchmarks of what passes between them.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>

#include "libra/training/distributed/distributed.h"

namespace libra::training {

// Runs `body` in `ranks` processes of one thread each, which have joined each other. Returns the
// program's exit code: 0 when all went well; an error is told on stderr. The calling process must
// not have computed with LibTorch, so that every rank starts with a fresh one.
inline int run_ranks(int ranks, const std::function<void(Communicator&)>& body) {
  std::string folder = (std::filesystem::temp_directory_path() / "ranks_XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  for (int rank = 0; rank < ranks; ++rank) {
    if (fork() != 0) continue;
    try {
      at::set_num_threads(1);
      body(*Communicator::join(
          {.rank = rank, .size = ranks, .store = "file://" + folder + "/store"}, torch::kCPU));
      std::fflush(stdout);
      _exit(0);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
      _exit(1);
    }
  }
  int failed = 0, status = 0;
  while (wait(&status) > 0) failed |= status;
  std::filesystem::remove_all(folder);
  return failed != 0;
}

}  // namespace libra::training
