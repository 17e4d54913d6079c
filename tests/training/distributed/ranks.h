// Several ranks as processes of their own, forked by a test. The test's own process computes
// nothing with LibTorch, so that every rank starts with a fresh one.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "libra/core/error.h"
#include "libra/core/file.h"
#include "libra/training/distributed/communicator.h"
#include "tests/support/temp_folder.h"

namespace libra::training {

struct RankEnd {
  int exit_code = -1;  // -1: killed
  std::string output;  // what the rank returned, or its error
};

inline Rendezvous meeting(const TempFolder& folder, int rank, int size) {
  return {.rank = rank,
          .size = size,
          .store = "file://" + (folder / "store"),
          .timeout = std::chrono::seconds(60),
          .interface = "lo"};
}

// A port of this machine that nobody listens on.
inline int free_port() {
  const int socket_file = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(socket_file, reinterpret_cast<sockaddr*>(&address), size), 0);
  getsockname(socket_file, reinterpret_cast<sockaddr*>(&address), &size);
  close(socket_file);
  return ntohs(address.sin_port);
}

// Runs `body` in `size` processes, each of which joins the others first; exit code and output of
// each. An error is its output, as the program would print it.
inline std::vector<RankEnd> run_ranks(int size,
                                      const std::function<std::string(Communicator&)>& body,
                                      const std::function<void(Rendezvous&)>& change = {}) {
  const TempFolder folder;
  std::vector<pid_t> children;
  for (int rank = 0; rank < size; ++rank) {
    const pid_t child = fork();
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    int code = 0;
    std::string output;
    try {
      at::set_num_threads(1);
      Rendezvous where = meeting(folder, rank, size);
      if (change) change(where);
      output = body(*Communicator::join(where, torch::kCPU));
    } catch (const Error& e) {
      code = e.exit_code();
      output = e.what();
    } catch (const std::exception& e) {
      code = 99;
      output = e.what();
    }
    write_file(folder / ("out" + std::to_string(rank)), output);
    _exit(code);
  }
  std::vector<RankEnd> ends;
  for (size_t rank = 0; rank < children.size(); ++rank) {
    int status = 0;
    waitpid(children[rank], &status, 0);
    RankEnd end;
    if (WIFEXITED(status)) {
      end.exit_code = WEXITSTATUS(status);
      end.output = read_file(folder / ("out" + std::to_string(rank)));
    }
    ends.push_back(end);
  }
  return ends;
}

// The outputs of ranks that must all have ended well.
inline std::vector<std::string> outputs_of(const std::vector<RankEnd>& ends) {
  std::vector<std::string> outputs;
  for (const RankEnd& end : ends) {
    EXPECT_EQ(end.exit_code, 0) << end.output;
    outputs.push_back(end.output);
  }
  return outputs;
}

}  // namespace libra::training
