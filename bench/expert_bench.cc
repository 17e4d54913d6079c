// How well and how fast the scripted expert works: successes over initial states, steps, and
// demonstrations an hour of one thread, with --images two cameras of 128 px rendered at every step.
// With --bins N every action is replaced by the centre of its bin, which is what a plan without a
// refiner executes: normalised by the statistics of expert episodes of the suite, put into N
// uniform bins a dimension, and back. By default each step's action is the expert's in the state
// that was reached; with --chunk C (M H = 10 for the paper's M = 2) C actions are planned ahead by
// rolling the expert, and executed open loop.
// LIBERO's own suites (scripts/setup --libero) start from regions, never from their stored states.
// Usage: expert_bench SUITE [--seeds K] [--first E] [--task I] [--seed S] [--shuffled] [--images]
//                     [--variation V] [--bins N [--chunk C]] [--trace]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "libra/action/action.h"
#include "libra/core/data_root.h"
#include "libra/core/error.h"
#include "libra/sim/libero/libero.h"
#include "libra/sim/sim.h"
#include "libra/sim/variation/variation.h"

namespace {

using namespace libra;
using namespace libra::sim;

struct Flags {
  std::string suite = "object", layout = "libero", variation;
  int episodes = 50, task = -1, bins = 0, chunk = 1;
  uint64_t seed = 0, first = 0;
  bool trace = false, images = false;
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
    } else if (is("--chunk")) {
      flags.chunk = value();
    } else if (is("--images")) {
      flags.images = true;
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

// Of the expert's own episodes, as a data set of the suite would have them.
action::NormStats expert_stats(const task::SuiteSpec& suite) {
  constexpr int kEpisodes = 2;  // a task
  constexpr uint64_t kSeed = 1'000'000;
  action::NormStatsAccumulator stats(libero_panda(), 1);
  for (const task::TaskSpec& task : suite.tasks) {
    SimEnv env(task);
    for (uint64_t episode = 0; episode < kEpisodes; ++episode) {
      Rows<float> actions;
      Rows<double> proprio;
      expert::run_expert(env, {"libero", kSeed, episode, ""},
                         [&](const expert::Expert&, const Action& clean) {
                           actions.push_back(clean);
                           proprio.push_back(env.proprio());
                           return clean;
                         });
      stats.add(actions, proprio);
    }
  }
  return stats.finish();
}

// Executes bin centres of what the expert would do, planned `chunk` steps at a time.
class BinCentres {
 public:
  BinCentres(const action::NormStats& stats, int bins, int chunk)
      : codec_(libero_panda(), stats), binner_(action::Binner::uniform(bins)), chunk_(chunk) {}
  void begin(const task::TaskSpec& task, const EpisodeKey& key) {
    planned_.clear();
    if (chunk_ <= 1) return;
    if (!ahead_ || ahead_->task().name != task.task.name) ahead_ = std::make_unique<SimEnv>(task);
    ahead_->reset(key);
  }
  Action operator()(const SimEnv& env, const Action& clean) {
    if (chunk_ <= 1) return centre(clean);
    if (planned_.empty()) {
      planned_ = expert::foresee(*ahead_, env, chunk_);
      std::reverse(planned_.begin(), planned_.end());
    }
    const Action next = planned_.back();
    planned_.pop_back();
    return centre(next);
  }

 private:
  Action centre(const Action& raw) const {
    // The robot is moved by relative commands, whatever state it is in.
    const Proprio state(static_cast<size_t>(libero_panda().proprio_dim()));
    Rows<float> rows;
    rows.push_back(raw);
    const Intent intent = binner_.intent(codec_.encode(rows, state));
    const Rows<float> back = codec_.decode(binner_.centres(intent), state);
    return {back[0].begin(), back[0].end()};
  }

  action::Codec codec_;
  action::Binner binner_;
  int chunk_;
  std::unique_ptr<SimEnv> ahead_;
  std::vector<Action> planned_;  // last first
};

void print_step(const SimEnv& env, const expert::Expert& expert, int step, const Action& a) {
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

struct TaskResult {
  int good = 0;
  int64_t steps = 0;  // of the successes
  double hours = 0;
  std::string failed;  // episodes
};

TaskResult measure(const task::TaskSpec& task, const Flags& flags, BinCentres* centres) {
  SimEnv env(task);
  Observation observation;
  TaskResult result;
  const auto start = std::chrono::steady_clock::now();
  for (int e = 0; e < flags.episodes; ++e) {
    const EpisodeKey key{.layout = flags.layout,
                         .seed = flags.seed,
                         .episode = flags.first + static_cast<uint64_t>(e),
                         .variation = flags.variation};
    if (centres) centres->begin(task, key);
    int step = 0;
    const expert::ExpertRun run =
        expert::run_expert(env, key, [&](const expert::Expert& expert, const Action& clean) {
          if (flags.images) env.observe(observation);
          const Action action = centres ? (*centres)(env, clean) : clean;
          if (flags.trace) print_step(env, expert, step++, action);
          return action;
        });
    result.good += run.success;
    if (run.success) {
      result.steps += run.steps;
    } else {
      result.failed += " " + std::to_string(key.episode);
    }
  }
  result.hours =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 3600;
  return result;
}

}  // namespace

int main(int argc, char** argv) try {
  Flags flags = parse(argc, argv);
  const bool liberos = flags.suite.starts_with("libero_");
  const auto checkout = libero::Checkout::find_in(data_root() + "/third_party/site");
  if (liberos && !checkout) {
    throw Error(ErrorCode::kNotFound, "LIBERO is not here: scripts/setup --libero brings it");
  }
  const task::SuiteSpec suite =
      liberos ? libero::load_suite(*checkout, flags.suite) : load_suite(flags.suite);
  if (liberos) flags.layout = "regions";
  std::printf("%-72s %9s %7s %7s %9s\n", "task", "success", "rate", "steps", "demos/h");
  std::fflush(stdout);
  std::unique_ptr<BinCentres> centres;
  if (flags.bins > 0)
    centres = std::make_unique<BinCentres>(expert_stats(suite), flags.bins, flags.chunk);
  int successes = 0, episodes = 0, mostly_failed = 0;
  for (size_t t = 0; t < suite.tasks.size(); ++t) {
    if (flags.task >= 0 && static_cast<size_t>(flags.task) != t) continue;
    if (const std::string why = variation::why_without(suite.tasks[t], flags.variation);
        !why.empty()) {
      std::printf("%2zu %-69s %s\n", t, suite.tasks[t].task.instruction.c_str(), why.c_str());
      continue;
    }
    const TaskResult r = measure(suite.tasks[t], flags, centres.get());
    std::printf("%2zu %-69s %4d/%-4d %5.1f %% %7.1f %9.0f%s%s\n", t,
                suite.tasks[t].task.instruction.c_str(), r.good, flags.episodes,
                100.0 * r.good / flags.episodes, r.good > 0 ? double(r.steps) / r.good : 0.0,
                r.good / r.hours, r.failed.empty() ? "" : "  failed:", r.failed.c_str());
    std::fflush(stdout);
    successes += r.good, episodes += flags.episodes, mostly_failed += 2 * r.good < flags.episodes;
  }
  std::printf("%-72s %4d/%-4d %5.1f %%\n", flags.suite.c_str(), successes, episodes,
              100.0 * successes / std::max(1, episodes));
  std::printf("tasks that fail more than half the time: %d\n", mostly_failed);
  return 0;
} catch (const libra::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
