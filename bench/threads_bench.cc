// What threads are worth when a policy does not have the machine to itself: planner and refiner
// with one and with two threads, alone, beside one busy process, and beside each other
// (docs/runtime.md, threads).
//   threads_bench CHECKPOINT [REPEATS]      default 15; situations interleaved, medians
// Waiting is libgomp's choice: run it under GOMP_SPINCOUNT=..., OMP_WAIT_POLICY=... to compare.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "libra/core/core.h"
#include "libra/policy/load_policy.h"

namespace {

using namespace libra;

double ms_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

// A process that wants one core all the time.
class BusyNeighbour {
 public:
  BusyNeighbour() : child_(fork()) {
    if (child_ == 0) {
      volatile uint64_t count = 0;
      for (;;) {
        const uint64_t before = count;
        count = before + 1;
      }
    }
  }
  ~BusyNeighbour() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  BusyNeighbour(const BusyNeighbour&) = delete;
  BusyNeighbour& operator=(const BusyNeighbour&) = delete;

 private:
  pid_t child_;
};

struct Networks {
  std::unique_ptr<Policy> policy;
  Observation observation;
  IntentPlan planned;
  std::string instruction = "pick up the butter and place it in the basket";

  Networks(const std::string& checkpoint, int threads)
      : policy(load_policy(checkpoint, {.threads = threads})) {
    observation.images.assign(2, Image(policy->spec().image_size, policy->spec().image_size));
    observation.proprio.assign(size_t(policy->spec().embodiment.proprio_dim()), 0.0);
    plan();
  }
  void plan() {
    const PlanRequest request{&observation, instruction, 0};
    policy->planner()->plan({&request, 1}, {&planned, 1});
  }
  void refine(const IntentPlan& plan) {
    const RefineRequest request{&observation, &plan.intents[0], instruction, 1};
    ActionChunk chunk;
    policy->refiner().refine({&request, 1}, {&chunk, 1});
  }
};

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + long(v.size() / 2), v.end());
  return v[v.size() / 2];
}

int run(const std::string& checkpoint, int repeats) {
  std::map<std::string, std::vector<double>> times;
  std::vector<std::unique_ptr<Networks>> all;
  for (const int threads : {1, 2}) all.push_back(std::make_unique<Networks>(checkpoint, threads));
  for (int i = -1; i < repeats; ++i) {  // the first round warms up
    for (size_t k = 0; k < all.size(); ++k) {
      Networks& n = *all[k];
      const IntentPlan plan = n.planned;
      const std::string with = std::to_string(k + 1);
      const auto add = [&](const std::string& what, double ms) {
        if (i >= 0) times[what + with].push_back(ms);
      };
      add("planner alone ", ms_of([&] { n.plan(); }));
      add("refiner alone ", ms_of([&] { n.refine(plan); }));
      {
        const BusyNeighbour neighbour;
        add("planner neighbour ", ms_of([&] { n.plan(); }));
        add("refiner neighbour ", ms_of([&] { n.refine(plan); }));
      }
      // The other network works on and on until the measured one is done.
      std::atomic<bool> stop{false};
      std::thread other([&] {
        while (!stop) n.refine(plan);
      });
      add("planner beside ", ms_of([&] { n.plan(); }));
      stop = true;
      other.join();
      stop = false;
      std::thread another([&] {
        while (!stop) n.plan();
      });
      add("refiner beside ", ms_of([&] { n.refine(plan); }));
      stop = true;
      another.join();
    }
  }
  std::printf("%-34s %10s %10s\n", "median ms", "1 thread", "2 threads");
  for (const char* what : {"planner alone ", "planner neighbour ", "planner beside ",
                           "refiner alone ", "refiner neighbour ", "refiner beside "}) {
    std::printf("%-34s %10.1f %10.1f\n", what, median(times[std::string(what) + "1"]),
                median(times[std::string(what) + "2"]));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: threads_bench CHECKPOINT [REPEATS]\n");
    return 2;
  }
  try {
    return run(argv[1], argc > 2 ? std::max(1, std::atoi(argv[2])) : 15);
  } catch (const libra::Error& e) {
    std::fprintf(stderr, "threads_bench: %s\n", e.what());
    return e.exit_code();
  }
}
