// How well and how fast the scripted expert works: successes over initial states, steps, and
// demonstrations an hour of one thread without rendering. With --bins N every action is replaced by
// the centre of its bin (N uniform bins a dimension), which is what a plan without a refiner
// executes.
// Usage: expert_bench SUITE [--seeds K] [--task I] [--bins N] [--seed S] [--variation V]
//        [--trace]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "libra/action/bins.h"
#include "libra/core/error.h"
#include "libra/sim/sim.h"
#include "libra/sim/variation/memorisation.h"

namespace {

using namespace libra;
using namespace libra::sim;

struct Flags {
  std::string suite = "object", layout = "libero", variation;
  int episodes = 50, task = -1, bins = 0;
  uint64_t seed = 0, first = 0;
  bool trace = false;
};

Flags parse(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const auto is = [&](const char* name) { return std::strcmp(argv[i], name) == 0; };
    const auto value = [&] { return i + 1 < argc ? std::atoi(argv[++i]) : 0; };
    if (is("--seeds")) {
      flags.episodes = value();
    } else if (is("--task")) {
      flags.task = value();
    } else if (is("--bins")) {
      flags.bins = value();
    } else if (is("--seed")) {
      flags.seed = static_cast<uint64_t>(value());
    } else if (is("--first")) {
      flags.first = static_cast<uint64_t>(value());
    } else if (is("--variation")) {
      flags.variation = i + 1 < argc ? argv[++i] : "";
    } else if (is("--shuffled")) {
      flags.layout = "shuffled";
    } else if (is("--trace")) {
      flags.trace = true;
    } else {
      flags.suite = argv[i];
    }
  }
  return flags;
}

Action binned(const Action& action, int bins) {
  Action out = action;
  for (float& x : out) {
    const double y = std::clamp(std::floor((x + 1.0) / 2 * bins), 0.0, bins - 1.0);
    x = static_cast<float>(-1 + (2 * y + 1) / bins);
  }
  return out;
}

void print_step(const SimEnv& env, const Expert& expert, int step, const Action& a) {
  const auto p = env.eef_position();
  const auto f = env.finger_positions();
  std::printf(
      "%4d %-8s grip %.3f %.3f %.3f open %.4f  act %5.2f %5.2f %5.2f %5.2f %5.2f %5.2f %2.0f", step,
      expert.phase(), p[0], p[1], p[2], f[0] - f[1], a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
  for (const std::string& item : env.items()) {
    const auto at = env.item_position(item);
    std::printf("  %.6s %.3f %.3f %.3f", item.c_str(), at[0], at[1], at[2]);
  }
  std::printf("\n");
}

// Steps of the episode; 0 when it failed.
int run(SimEnv& env, const Flags& flags, uint64_t episode) {
  env.reset({.layout = flags.layout,
             .seed = flags.seed,
             .episode = episode,
             .variation = flags.variation});
  Expert expert;
  expert.reset(env);
  StepResult result;
  int steps = 0;
  while (!result.done) {
    Action action = expert.act(env);
    if (flags.bins > 0) action = binned(action, flags.bins);
    if (flags.trace) print_step(env, expert, steps, action);
    result = env.step(action);
    ++steps;
  }
  return result.success ? steps : 0;
}

}  // namespace

int main(int argc, char** argv) try {
  const Flags flags = parse(argc, argv);
  const SuiteSpec suite = load_suite(flags.suite);
  std::printf("%-72s %9s %7s %7s %9s\n", "task", "success", "rate", "steps", "demos/h");
  int successes = 0, episodes = 0;
  for (size_t t = 0; t < suite.tasks.size(); ++t) {
    if (flags.task >= 0 && static_cast<size_t>(flags.task) != t) continue;
    if (const std::string why = why_without(suite.tasks[t], parse_variation(flags.variation).kind);
        !why.empty()) {
      std::printf("%2zu %-69s %s\n", t, suite.tasks[t].task.instruction.c_str(), why.c_str());
      continue;
    }
    SimEnv env(suite.tasks[t]);
    const auto start = std::chrono::steady_clock::now();
    int good = 0;
    int64_t steps = 0;
    std::string failed;
    for (int e = 0; e < flags.episodes; ++e) {
      const uint64_t episode = flags.first + static_cast<uint64_t>(e);
      const int taken = run(env, flags, episode);
      good += taken > 0;
      steps += taken;
      if (taken == 0) failed += " " + std::to_string(episode);
    }
    const double hours =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 3600;
    std::printf("%2zu %-69s %4d/%-4d %5.1f %% %7.1f %9.0f%s%s\n", t,
                suite.tasks[t].task.instruction.c_str(), good, flags.episodes,
                100.0 * good / flags.episodes, good > 0 ? double(steps) / good : 0.0, good / hours,
                failed.empty() ? "" : "  failed:", failed.c_str());
    std::fflush(stdout);
    successes += good, episodes += flags.episodes;
  }
  std::printf("%-72s %4d/%-4d %5.1f %%\n", flags.suite.c_str(), successes, episodes,
              100.0 * successes / std::max(1, episodes));
  return 0;
} catch (const libra::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
